"""Deleting one's account: closed at once, erased by a task, with everything that hangs on it."""

from __future__ import annotations

import logging
from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.utils import timezone
from rest_framework.authtoken.models import Token

from accounts.exporting import list_erasers
from accounts.models import User
from common.errors import NotAllowedError

logger = logging.getLogger(__name__)
# A message may be lost: after this a beat task sends it again.
LOST_AFTER = timedelta(minutes=5)


def close_account(*, user: User) -> None:
    """Lock the person out everywhere, take their name off, and queue the erasure. Safe to repeat.

    From here on there is no way back: the name and address are gone with the transaction.
    """
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        _require_another_operator(locked)
        for log in (AccessAttempt, AccessLog, AccessFailureLog):
            log.objects.filter(username=locked.username).delete()
        EmailAddress.objects.filter(user=locked).delete()
        Token.objects.filter(user=locked).delete()
        for session in UserSession.objects.filter(user=locked):
            session.end()
        locked.username, locked.email = f"deleted-{locked.pk}", ""
        locked.first_name = locked.last_name = ""
        locked.is_active = locked.is_staff = locked.is_superuser = False
        locked.deletion_requested_at = locked.deletion_requested_at or timezone.now()
        locked.set_unusable_password()
        locked.save()
        from accounts.tasks import erase_account_task  # breaks the import cycle

        erase_account_task.delay_on_commit(locked.pk)


def _require_another_operator(user: User) -> None:
    """Somebody must be able to run the site."""
    others = User.objects.filter(role=User.Role.OPERATOR, is_active=True).exclude(pk=user.pk)
    if user.can_operate and not others.exists():
        raise NotAllowedError(
            "You are the only operator. Make somebody else an operator before you leave."
        )


def erase_account(*, user_id: int) -> bool:
    """Erase a closed account with all that belongs to it; False when there was none. Repeatable.

    First every app does its part (items come down, their files go), then the row goes and the
    database takes the rest with it.
    """
    user = User.objects.filter(pk=user_id, deletion_requested_at__isnull=False).first()
    if user is None:
        return False
    for erase in list_erasers():
        erase(user)
    with transaction.atomic():
        LogEntry.objects.filter(user=user).delete()
        user.delete()
    logger.info("account %s is erased", user_id)
    return True


def requeue_lost_erasures() -> int:
    """Queue closed accounts again whose message was lost or whose worker died; returns how many."""
    from accounts.tasks import erase_account_task  # breaks the import cycle

    lost = User.objects.filter(deletion_requested_at__lt=timezone.now() - LOST_AFTER)
    ids = list(lost.values_list("pk", flat=True))
    for user_id in ids:
        erase_account_task.delay_on_commit(user_id)
    return len(ids)
