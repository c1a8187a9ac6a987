"""Asking an owner for leave to edit their item, the answer, and taking it back.

Whether an edit may be made now is told by `generation.permissions`; here stands the record.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Restriction
from accounts.services import require_unrestricted
from catalog.models import EditMute, EditPermission, Item
from catalog.services.uploads import plain
from common.errors import ConflictError, InvalidInputError, NotAllowedError, QuotaExceededError

if TYPE_CHECKING:
    from accounts.models import User

State = EditPermission.State
MIN_PURPOSE, MAX_PURPOSE, MAX_ANSWER = 5, 500, 300
MAX_DAYS = 365
# A person may have so many requests waiting, and ask so many owners a day.
MAX_WAITING = 20
MAX_A_DAY = 20
# After a no (or a revocation) the same item can be asked for again this much later.
AFTER_NO = timedelta(days=30)
REVOKED_NOTE = (
    "No further edits can be made with this permission, and what was being made is stopped. "
    "Versions that are finished stay with those who made them and keep naming the source; "
    "report one to have it reviewed."
)


def ask_to_edit(*, person: User, item: Item, purpose: str) -> EditPermission:
    """Record a person's wish to edit another's item; the same wish again returns the first.

    Raises ConflictError where nothing need or can be asked, QuotaExceededError for too many
    requests, NotAllowedError where the owner does not hear this person.
    """
    require_unrestricted(user=person, kind=Restriction.Kind.CREATE)
    purpose = _checked(purpose, MAX_PURPOSE, "purpose")
    if len(purpose) < MIN_PURPOSE:
        raise InvalidInputError("Say in a sentence what you would like to make of it.")
    _check_askable(person, item)
    with transaction.atomic():
        # Locks the person, so that two requests at once do not slip past the limits.
        get_user_model().objects.select_for_update().get(pk=person.pk)
        current = _current(person, item)
        if current is not None and current.state == State.ASKED:
            return current
        if current is not None and current.is_in_force and current.lasting:
            raise ConflictError("You have permission to edit this already.")
        _check_patience(person, item)
        if current is not None:
            # Granted once before; asking anew gives up what is left of it.
            _move(current, State.ENDED)
        return EditPermission.objects.create(item=item, person=person, purpose=purpose)


def withdraw_request(*, permission: EditPermission, by: User) -> EditPermission:
    """Take one's own request back; harmless twice, ConflictError once it was answered."""
    if permission.person_id != by.pk:
        raise NotAllowedError("Only the person who asked can take this back.")
    return _answer(permission, State.WITHDRAWN, {State.ASKED})


def grant_request(
    *,
    permission: EditPermission,
    by: User,
    lasting: bool = False,
    days: int | None = None,
    answer: str = "",
) -> EditPermission:
    """Let this person edit this item: once or as often as they like, for good or for `days`."""
    _check_owner(permission, by)
    if permission.item.state != Item.State.PUBLISHED:
        raise ConflictError("This item is not shown any more, so nobody can edit it.")
    until = _until(days)
    return _answer(
        permission, State.GRANTED, {State.ASKED}, answer, lasting=lasting, expires_at=until
    )


def decline_request(
    *, permission: EditPermission, by: User, answer: str = "", mute: bool = False
) -> EditPermission:
    """Say no, with or without words; `mute` also ends hearing from this person."""
    _check_owner(permission, by)
    with transaction.atomic():
        if mute:
            mute_person(owner=by, person=permission.person)
        return _answer(permission, State.DECLINED, {State.ASKED}, answer)


def revoke_grant(*, permission: EditPermission, by: User, answer: str = "") -> EditPermission:
    """Take a grant back: no edit begins or ends with it any more. What was finished stays."""
    _check_owner(permission, by)
    return _answer(permission, State.REVOKED, {State.GRANTED}, answer)


def mute_person(*, owner: User, person: User) -> None:
    """Hear no more requests of this person; what they ask at present is declined."""
    if owner.pk == person.pk:
        raise InvalidInputError("You cannot mute yourself.")
    with transaction.atomic():
        EditMute.objects.get_or_create(owner=owner, person=person)
        now = timezone.now()
        EditPermission.objects.filter(item__owner=owner, person=person, state=State.ASKED).update(
            state=State.DECLINED, answered_at=now, ended_at=now
        )


def unmute_person(*, owner: User, person: User) -> None:
    """Hear this person's requests again; harmless when they were not muted."""
    EditMute.objects.filter(owner=owner, person=person).delete()


def _check_askable(person: User, item: Item) -> None:
    owner = item.owner
    if owner is None:
        raise ConflictError("This was made by Weft for somebody, and nobody can lend it out.")
    if owner.pk == person.pk:
        raise ConflictError("This is your own; you need nobody's permission.")
    if item.allows_edits:
        raise ConflictError("Its maker lets everybody edit it; you need not ask.")
    if item.state != Item.State.PUBLISHED or item.is_attachment:
        raise ConflictError("Only what is published can be asked for.")
    if not owner.is_active or EditMute.objects.filter(owner=owner, person=person).exists():
        raise NotAllowedError("Its owner takes no requests from you.")


def _check_patience(person: User, item: Item) -> None:
    now = timezone.now()
    mine = EditPermission.objects.filter(person=person)
    refused = mine.filter(item=item, state__in=[State.DECLINED, State.REVOKED])
    last = refused.order_by("-ended_at").first()
    if last is not None and last.ended_at and last.ended_at > now - AFTER_NO:
        again = (last.ended_at + AFTER_NO).date()
        raise QuotaExceededError(f"Its owner said no. You can ask again from {again:%-d %B %Y} on.")
    if mine.filter(state=State.ASKED).count() >= MAX_WAITING:
        raise QuotaExceededError(f"{MAX_WAITING} of your requests still wait for an answer.")
    if mine.filter(asked_at__gt=now - timedelta(days=1)).count() >= MAX_A_DAY:
        raise QuotaExceededError(f"You can ask {MAX_A_DAY} times a day. Try again tomorrow.")


def _current(person: User, item: Item) -> EditPermission | None:
    return EditPermission.objects.filter(
        person=person, item=item, state__in=[State.ASKED, State.GRANTED]
    ).first()


def _check_owner(permission: EditPermission, by: User) -> None:
    if permission.item.owner_id != by.pk:
        raise NotAllowedError("Only the item's owner can answer this.")


def _checked(text: str, limit: int, what: str) -> str:
    text = plain(text)
    if len(text) > limit:
        raise InvalidInputError(f"Keep the {what} under {limit} characters.")
    return text


def _until(days: int | None) -> datetime | None:
    if days is None:
        return None
    if not 1 <= days <= MAX_DAYS:
        raise InvalidInputError(f"A permission lasts 1 to {MAX_DAYS} days, or without end.")
    return timezone.now() + timedelta(days=days)


def _answer(
    permission: EditPermission,
    state: str,
    may_come_from: set[str],
    answer: str = "",
    **terms: object,
) -> EditPermission:
    """Move the locked row on; the same answer twice is harmless, another one a conflict."""
    answer = _checked(answer, MAX_ANSWER, "answer")
    with transaction.atomic():
        locked = EditPermission.objects.select_for_update().get(pk=permission.pk)
        if locked.state != state:
            if locked.state not in may_come_from:
                now = State(locked.state).label.lower()
                raise ConflictError(f"This request was settled before: {now}.")
            for name, value in terms.items():
                setattr(locked, name, value)
            locked.answer = answer or locked.answer
            _move(locked, state)
        for field in ("state", "lasting", "expires_at", "answer", "answered_at", "ended_at"):
            setattr(permission, field, getattr(locked, field))
    return permission


def _move(permission: EditPermission, state: str) -> None:
    now = timezone.now()
    permission.state = state
    if state in {State.GRANTED, State.DECLINED}:
        permission.answered_at = now
    if state != State.GRANTED:
        permission.ended_at = now
    try:
        with transaction.atomic():
            permission.save()
    except IntegrityError as error:
        raise ConflictError("There is another request for this item already.") from error
