"""Changes to people: roles, preferences, consents."""

from __future__ import annotations

from django.db import transaction

from accounts.models import Consent, User
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
