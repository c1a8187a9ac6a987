"""Items that their person wants deleted after viewing: the clock, and what the end of it takes."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from catalog.expiry import AFTER_VIEW, UNSEEN
from catalog.models import Expiry, Item
from catalog.services.removing import wipe
from catalog.signals import item_expired, item_removed

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

logger = logging.getLogger(__name__)

EXPIRED = "It was deleted after viewing, as asked for."
BATCH = 200


def delete_after_viewing(*, item: Item) -> Expiry:
    """Make the item its person's alone, and have it deleted after they saw it. Repeatable."""
    with transaction.atomic():
        item.is_personal = True
        item.save(update_fields=["is_personal", "updated_at"])
        clock, _ = Expiry.objects.get_or_create(
            item=item, defaults={"expires_at": timezone.now() + UNSEEN}
        )
    return clock


def note_view(*, item: Item, user: User | AnonymousUser | None) -> Expiry | None:
    """Start the clock when its person sees the item for the first time; return the clock if any.

    Nobody else's look counts, a moderator's for one. Later looks do not put it off.
    """
    clock = Expiry.objects.filter(item=item).first() if item.is_personal else None
    if clock is None or user is None or user.pk not in {item.made_for_id, item.owner_id}:
        return clock
    # A draft of one's own is seen in the studio, long before or without being published.
    if clock.first_viewed_at is None and (item.is_public or item.owner_id == user.pk):
        now = timezone.now()
        started = Expiry.objects.filter(pk=clock.pk, first_viewed_at=None).update(
            first_viewed_at=now, expires_at=now + AFTER_VIEW
        )
        logger.debug("clock of item %s started: %s", item.pk, bool(started))
        clock.refresh_from_db()
    return clock


def expire_due_items() -> int:
    """Delete what is due; return how many. A beat task calls it every minute."""
    due = Expiry.objects.filter(expires_at__lte=timezone.now()).exclude(
        item__state=Item.State.EXPIRED
    )
    return sum(expire_item(item_id=pk) for pk in due.values_list("pk", flat=True)[:BATCH])


def expire_item(*, item_id: int) -> bool:
    """Delete an item's files, words and vectors for good; False when there was nothing to do.

    A bare row stays, so that lists and other versions that name it do not break. The apps above
    hear of it after commit and drop what they know.
    """
    with transaction.atomic():
        item = Item.objects.select_for_update().filter(pk=item_id).first()
        if item is None or item.state == Item.State.EXPIRED:
            return False
        item.state, item.problem = Item.State.EXPIRED, EXPIRED
        wipe(item)
        for signal in (item_removed, item_expired):
            transaction.on_commit(partial(signal.send_robust, sender=Item, item_id=item.pk))
    return True
