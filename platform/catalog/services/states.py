"""The item's way: draft -> pending -> in review -> published, rejected or removed.

Every move locks the row, so that two people or two deliveries of one message cannot both make it.
Repeating the move that was made last is harmless and sends no second signal.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from accounts.models import Restriction
from accounts.services import require_unrestricted
from catalog.models import Item
from catalog.services.removing import give_back, note_removal
from catalog.services.storing import forget_assets
from catalog.signals import item_published, item_removed, item_submitted
from common.errors import ConflictError, NotAllowedError

if TYPE_CHECKING:
    from accounts.models import User

State = Item.State
# Where an item may come from to reach a state. An appeal takes it back to a person.
MAY_COME_FROM: dict[str, frozenset[str]] = {
    State.PENDING: frozenset((State.DRAFT, State.REJECTED)),
    State.IN_REVIEW: frozenset((State.PENDING, State.REJECTED, State.REMOVED)),
    State.PUBLISHED: frozenset((State.PENDING, State.IN_REVIEW)),
    State.REJECTED: frozenset((State.PENDING, State.IN_REVIEW)),
    State.REMOVED: frozenset((State.PENDING, State.IN_REVIEW, State.PUBLISHED)),
}
WITHDRAWN = "You took this item down."


def submit_item(*, item: Item, by: User | None) -> Item:
    """Hand a draft in for screening; the owner does, or with `by=None` the generator.

    Harmless when it was handed in before: an item under way or published comes back as it is.
    """
    if by is not None and item.owner_id != by.pk:
        raise NotAllowedError("Only its owner can submit this item.")
    if by is not None:
        require_unrestricted(user=by, kind=Restriction.Kind.UPLOAD)
    if item.is_attachment:
        raise ConflictError("This belongs to your conversation. Edit it there first to keep it.")
    with transaction.atomic():
        locked = _lock(item)
        if locked.state in {State.PENDING, State.IN_REVIEW, State.PUBLISHED}:
            return _synced(item, locked)
        _require_media(locked)
        locked.submitted_at = timezone.now()
        return _move(item, locked, State.PENDING, item_submitted)


def hold_item(*, item: Item) -> Item:
    """Leave the item to a person. Only moderation calls this."""
    with transaction.atomic():
        locked = _lock(item)
        was_removed = locked.state == State.REMOVED
        _move(item, locked, State.IN_REVIEW)
        if was_removed:
            give_back(item=locked)
            forget_assets(item)
        return item


def publish_item(*, item: Item) -> Item:
    """Make the item visible. The only way to do so, and only moderation calls it."""
    with transaction.atomic():
        locked = _lock(item)
        _require_media(locked)
        if locked.state != State.PUBLISHED:
            locked.published_at = timezone.now()
        return _move(item, locked, State.PUBLISHED, item_published)


def reject_item(*, item: Item, problem: str) -> Item:
    """Refuse the item; `problem` tells its owner why. Only moderation calls this."""
    with transaction.atomic():
        return _move(item, _lock(item), State.REJECTED, problem=problem)


def remove_item(*, item: Item, problem: str, keep_for: timedelta = timedelta()) -> Item:
    """Take the item down; `problem` tells its owner why.

    keep_for: how long its files are kept in quarantine, because an appeal or the law may need them.
    """
    with transaction.atomic():
        locked = _lock(item)
        if locked.state != State.REMOVED:
            _move(item, locked, State.REMOVED, item_removed, problem=problem)
            note_removal(item=locked, keep_for=keep_for)
        return _synced(item, locked)


def withdraw_item(*, item: Item, by: User) -> Item:
    """Let the owner take down an item of theirs that is published or under way."""
    if item.owner_id != by.pk:
        raise NotAllowedError("Only its owner can take this item down.")
    return remove_item(item=item, problem=WITHDRAWN)


def _lock(item: Item) -> Item:
    return Item.objects.select_for_update().get(pk=item.pk)


def _require_media(item: Item) -> None:
    if item.media_state != Item.MediaState.READY:
        raise ConflictError("This item's file is not ready yet.")


def _move(
    item: Item, locked: Item, state: str, signal: Signal | None = None, problem: str = ""
) -> Item:
    """Write the new state of a locked row and tell the apps above once it is committed."""
    if locked.state == state:
        return _synced(item, locked)
    if locked.state not in MAY_COME_FROM[state]:
        now, wanted = State(locked.state).label.lower(), State(state).label.lower()
        raise ConflictError(f"This item is {now}, so it cannot become {wanted}.")
    locked.state, locked.problem = state, problem[:500]
    locked.save(update_fields=["state", "problem", "submitted_at", "published_at", "updated_at"])
    if signal:
        transaction.on_commit(partial(signal.send_robust, sender=Item, item_id=locked.pk))
    return _synced(item, locked)


def _synced(item: Item, locked: Item) -> Item:
    """Bring the caller's object up to date with the row, and return it."""
    for name in ("state", "problem", "submitted_at", "published_at", "updated_at"):
        setattr(item, name, getattr(locked, name))
    return item
