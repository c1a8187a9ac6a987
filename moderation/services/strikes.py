"""Strikes: given with a decision, ended by time or by an appeal, with what they lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from accounts.models import Restriction
from accounts.models import User as Person
from accounts.services import restrict
from moderation.core.strikes import ActiveStrike, Consequence, consequence_of, lasts
from moderation.models import Decision, Strike
from moderation.services import audit

if TYPE_CHECKING:
    from accounts.models import User

ALL_KINDS = (Restriction.Kind.UPLOAD, Restriction.Kind.CREATE)


def give_strike(*, user: User, decision: Decision, points: int, by: User) -> Consequence:
    """Add a strike and put its consequence in force; return that. Call it in a transaction."""
    # Two decisions about one person at once must both be counted.
    Person.objects.select_for_update().get(pk=user.pk)
    now = timezone.now()
    strike = Strike(
        user=user,
        decision=decision,
        points=points,
        reason_code=decision.reason_code,
        created_at=now,
        expires_at=now + lasts(points),
    )
    strike.full_clean()
    strike.save()
    audit.record(
        action="strike_given",
        actor=by,
        item_id=decision.item_id,
        person=user.pk,
        points=points,
        decision=decision.pk,
    )
    return refresh_restrictions(user=user)


def revoke_strike(*, decision: Decision, by: User) -> bool:
    """Take back the strike of a decision, if it gave one, and lift what it led to."""
    strike = Strike.objects.filter(decision=decision, revoked_at=None).first()
    if strike is None:
        return False
    Person.objects.select_for_update().get(pk=strike.user_id)
    strike.revoked_at = timezone.now()
    strike.save(update_fields=["revoked_at"])
    audit.record(
        action="strike_revoked",
        actor=by,
        item_id=decision.item_id,
        person=strike.user_id,
        decision=decision.pk,
    )
    refresh_restrictions(user=strike.user)
    return True


def refresh_restrictions(*, user: User) -> Consequence:
    """Bring what the person may not do in line with the strikes that count now."""
    found = standing_of(user=user)
    for kind in ALL_KINDS:
        until = found.until if kind.value in found.kinds else None
        restrict(user=user, kind=kind, until=until, why=found.sentence)
    return found


def standing_of(*, user: User) -> Consequence:
    """Return what the person's strikes lead to now."""
    return consequence_of(active_strikes(user=user), timezone.now())


def active_strikes(*, user: User) -> list[ActiveStrike]:
    """Return the strikes of a person that count now."""
    rows = Strike.objects.filter(user=user, revoked_at=None, expires_at__gt=timezone.now())
    return [ActiveStrike(one.points, one.created_at, one.expires_at) for one in rows]
