"""Changes to people: roles, preferences, consents."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import timezone

from accounts.models import Consent, Restriction, User
from accounts.signals import personalisation_refused
from common.errors import NotAllowedError


def become_uploader(*, user: User) -> User:
    """Let a viewer publish; safe to repeat. Moderators stay what they are."""
    if user.role == User.Role.MODERATOR:
        raise NotAllowedError(
            "Moderators review what others publish and do not publish themselves."
        )
    if user.role == User.Role.VIEWER:
        user.role = User.Role.UPLOADER
        user.full_clean(exclude=["password"])
        user.save(update_fields=["role"])
    return user


def get_consent(*, user: User, kind: str) -> bool:
    """Return the newest answer; without one, no. Learning from what is watched is asked first."""
    return (
        Consent.objects.filter(user=user, kind=kind)
        .order_by("-answered_at", "-id")
        .values_list("granted", flat=True)
        .first()
        or False
    )


def list_consents(*, user: User) -> dict[str, bool]:
    """Return every kind of consent with the answer in force."""
    answers = dict.fromkeys(Consent.Kind.values, False)
    for consent in Consent.objects.filter(user=user).order_by("answered_at", "id"):
        answers[consent.kind] = consent.granted
    return answers


@transaction.atomic
def record_consents(*, user: User, answers: dict[str, bool]) -> None:
    """Add a row for every answer that changed; old answers stay as the record of what held."""
    before = list_consents(user=user)
    for kind, granted in answers.items():
        if before[kind] == granted and Consent.objects.filter(user=user, kind=kind).exists():
            continue
        consent = Consent(user=user, kind=kind, granted=granted)
        consent.full_clean()
        consent.save()
        if kind == Consent.Kind.PERSONALISATION and not granted:
            refused = partial(personalisation_refused.send_robust, sender=User, user_id=user.pk)
            transaction.on_commit(refused)


def restrict(*, user: User, kind: str, until: datetime | None, why: str = "") -> None:
    """Stop a person from doing this until then; `until=None` lifts it. Safe to repeat."""
    if until is None:
        Restriction.objects.filter(user=user, kind=kind).delete()
        return
    Restriction.objects.update_or_create(
        user=user, kind=kind, defaults={"until": until, "why": why[:300]}
    )


def list_restrictions(*, user: User) -> list[Restriction]:
    """Return what this person may not do now."""
    return list(Restriction.objects.filter(user=user, until__gt=timezone.now()).order_by("kind"))


def require_unrestricted(*, user: User, kind: str) -> None:
    """Refuse, with the reason and the end, while this person may not do this."""
    found = Restriction.objects.filter(user=user, kind=kind, until__gt=timezone.now()).first()
    if found is not None:
        raise NotAllowedError(f"{found.why} This ends on {found.until:%d %B %Y}.")
