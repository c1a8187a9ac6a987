"""How long what people watched is kept: a setting for all, and not at all for who says no.

Reactions, shares, stars and remarks were made on purpose and stay until they are taken back or the
account goes. What was merely watched, and what was shown, is kept for `FEEDBACK_RETENTION_DAYS`.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Consent, User
from recommender.models import Impression, Interaction, Rating, Remark, UserEmbedding
from recommender.services.feedback import PASSIVE, learning_allowed

# Rows in one DELETE: short locks, whatever has piled up.
CHUNK = 10_000


def forget_old_events() -> int:
    """Delete what was watched and shown too long ago; returns how many rows. Safe to repeat."""
    before = timezone.now() - timedelta(days=settings.FEEDBACK_RETENTION_DAYS)
    return _delete(Interaction.objects.filter(kind__in=PASSIVE, created_at__lt=before)) + _delete(
        Impression.objects.filter(created_at__lt=before)
    )


def forget_watched(*, user_id: int) -> int:
    """Delete what a person watched and was shown, and the vector of their taste.

    Only while they refuse to be learned from: who changed their mind again meanwhile keeps all.
    Returns how many rows went; safe to repeat.
    """
    user = User.objects.filter(pk=user_id).first()
    if user is None or learning_allowed(user) is not False:
        return 0
    UserEmbedding.objects.filter(user=user).delete()
    return _delete(Interaction.objects.filter(user=user, kind__in=PASSIVE)) + _delete(
        Impression.objects.filter(user=user)
    )


def forget_item(*, item_id: int) -> int:
    """Delete what people did with an item that was deleted for good; returns how many rows."""
    rows = (Interaction, Impression, Rating, Remark)
    return sum(_delete(model.objects.filter(item_id=item_id)) for model in rows)


def forget_watched_by_refusing() -> int:
    """Do so for everybody who refuses: what a lost message left behind."""
    return sum(forget_watched(user_id=user) for user in refusing_user_ids())


def refusing_user_ids() -> list[int]:
    """Return everybody whose newest answer on personalisation is no."""
    newest = (
        Consent.objects.filter(kind=Consent.Kind.PERSONALISATION)
        .order_by("user_id", "-answered_at", "-id")
        .distinct("user_id")
        .values_list("user_id", "granted")
    )
    return [user for user, granted in newest if not granted]


def _delete(rows: QuerySet) -> int:
    total = 0
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        total += rows.model._default_manager.filter(pk__in=ids).delete()[0]
    return total
