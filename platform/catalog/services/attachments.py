"""Pictures and videos that people show in a conversation: private, kept for a time, or for good."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from catalog.models import Item
from catalog.services.storing import delete_files_of
from common.errors import NotAllowedError

if TYPE_CHECKING:
    from accounts.models import User


def keep_attachment(*, item: Item, by: User) -> Item:
    """Make an attachment a draft of its owner's, as an upload is; harmless when it is one."""
    if item.owner_id != by.pk:
        raise NotAllowedError("Only its owner can keep this item.")
    Item.objects.filter(pk=item.pk, is_attachment=True).update(is_attachment=False)
    item.is_attachment = False
    return item


def delete_attachments(
    *, owner: User | None = None, before: datetime | None = None, ids: list[int] | None = None
) -> int:
    """Delete attachments with all their files; return how many. What was kept stays.

    Of one owner, made before a time, or among these ids; the conditions hold together.
    """
    found = Item.objects.filter(is_attachment=True)
    if owner is not None:
        found = found.filter(owner=owner)
    if before is not None:
        found = found.filter(created_at__lt=before)
    if ids is not None:
        found = found.filter(pk__in=ids)
    with transaction.atomic():
        rows = list(found.select_for_update().order_by("pk"))
        for item in rows:
            delete_files_of(item)
            item.delete()
    return len(rows)
