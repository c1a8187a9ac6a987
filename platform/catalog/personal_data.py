"""What this app knows of a person, and what becomes of their items when they leave."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from django.db import transaction

from accounts.exporting import plain_rows, register_eraser, register_part
from accounts.models import User
from catalog.models import Asset, EditMute, EditPermission, HiddenItem, Item
from catalog.services import remove_item
from catalog.services.storing import delete_files_of
from common.errors import ConflictError

logger = logging.getLogger(__name__)

ITEM_FIELDS = (
    *("id", "kind", "origin", "authorship", "state", "title", "description", "garment_type"),
    *("colours", "pattern", "look", "allows_edits", "parent_id", "version", "guidance", "problem"),
    *("manifest", "exposure", "age_rating"),
    *("created_at", "submitted_at", "published_at"),
)
# What of a guidance says something of the person it served; the rest says how it was made.
PERSONAL_GUIDANCE: dict[str, Any] = {
    "user_id": 0,
    "instruction": "",
    "turns": [],
    "script": "",
    "reference_item_ids": [],
    "liked_item_ids": [],
    "liked_weights": [],
    "user_vector": [],
    "user_vector_model": None,
}
# Emptied after viewing: nothing is left to hand out.
EXPIRED = Item.State.EXPIRED
GONE = "Its owner has left Weft."


def _files(user: User) -> Iterator[dict[str, Any]]:
    for asset in Asset.objects.filter(item__owner=user).order_by("pk").iterator(chunk_size=500):
        yield {
            "item_id": asset.item_id,
            "role": asset.role,
            "mime": asset.mime,
            "bytes": asset.bytes,
            "address": asset.url,
        }


register_part(
    "items",
    "What you uploaded or had edited, in every state.",
    lambda user: plain_rows(Item.objects.filter(owner=user).exclude(state=EXPIRED), *ITEM_FIELDS),
)
register_part(
    "made_for_you",
    "What Weft made for you.",
    lambda user: plain_rows(
        Item.objects.filter(made_for=user).exclude(state=EXPIRED), *ITEM_FIELDS
    ),
)
register_part(
    "hidden_items",
    "What you do not want to see again.",
    lambda user: plain_rows(HiddenItem.objects.filter(user=user), "item_id", "created_at"),
)
register_part(
    "edit_requests",
    "Whose items you asked to edit, what for, and what came of it.",
    lambda user: plain_rows(
        EditPermission.objects.filter(person=user),
        *("item_id", "purpose", "state", "lasting", "expires_at", "answer", "asked_at"),
        *("answered_at", "ended_at"),
    ),
)
register_part(
    "edit_answers",
    "Requests to edit your items, and what you answered. Who asked is theirs to take along.",
    lambda user: plain_rows(
        EditPermission.objects.filter(item__owner=user),
        *("item_id", "state", "lasting", "expires_at", "answer", "asked_at", "answered_at"),
        "ended_at",
    ),
)
register_part(
    "muted",
    "People whose requests to edit you do not hear.",
    lambda user: plain_rows(EditMute.objects.filter(owner=user), "person_id", "created_at"),
)
register_part("files", "The files of your items; fetch them while you are signed in.", _files)


def erase_items(user: User) -> None:
    """Take down and delete the person's items and what was made for them alone.

    What was made for them and shown to others stays, without their words and likes. One item at a
    time, so that a failure half-way leaves whole items behind and the next try goes on.
    """
    theirs = Item.objects.filter(owner=user) | Item.objects.filter(
        made_for=user, exposure=Item.Exposure.DIRECT
    )
    for item in theirs.distinct().order_by("-pk"):
        _delete(item)
    for item in Item.objects.filter(made_for=user):
        _depersonalise(item)


def _delete(item: Item) -> None:
    """Take an item down, so that caches and indexes hear of it, and delete it with its files."""
    try:
        remove_item(item=item, problem=GONE)
    except ConflictError:
        logger.debug("item %s was not visible", item.pk)
    with transaction.atomic():
        delete_files_of(item)
        item.delete()


def _depersonalise(item: Item) -> None:
    guidance = dict(item.guidance or {})
    words = str(guidance.get("instruction", "")).strip()
    if words and item.title.casefold() == words[:120].casefold():
        item.title = "Untitled creation"
    item.guidance = {
        key: PERSONAL_GUIDANCE.get(key, value) for key, value in guidance.items()
    } or None
    item.made_for = None
    item.save(update_fields=["title", "guidance", "made_for", "updated_at"])


register_eraser("catalog", erase_items)
