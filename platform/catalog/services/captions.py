"""Captions of a video of one's own: read, replaced, taken away. Safe to repeat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import transaction

from catalog.models import Asset, Item
from catalog.services.storing import delete_asset, replace_asset
from common.errors import ConflictError, InvalidInputError, NotAllowedError
from media.caption_files import read_caption_text
from media.captions import MIME, BadCaptionsError, Cue, write_vtt

if TYPE_CHECKING:
    from accounts.models import User

NO_VIDEO = "Captions belong to videos. This item is a picture."
NOT_READY = "This video is still being prepared. Its captions can be changed after that."
SUBMITTED = (
    "The captions of a video that was submitted cannot be changed. Make a new version with them."
)


def get_vtt(item: Item) -> str:
    """Return the item's captions as WebVTT; empty without any."""
    asset = item.asset(Asset.Role.CAPTIONS)
    if asset is None:
        return ""
    with asset.file.open("rb") as file:
        return file.read().decode("utf-8", "replace")


def get_cues(item: Item) -> list[Cue]:
    """Return the item's captions as cues, in order of time."""
    vtt = get_vtt(item)
    if not vtt:
        return []
    try:
        return read_caption_text(vtt).cues
    except BadCaptionsError:
        # We wrote the file, so this is a file without cues.
        return []


def save_captions(*, item: Item, by: User, cues: Sequence[Cue]) -> None:
    """Store these cues as the captions of a draft, or of what was rejected; none takes them away.

    What was screened cannot be changed afterwards: a new version goes through screening again.
    """
    if item.owner_id != by.pk:
        raise NotAllowedError("Only its owner can change this item's captions.")
    if item.kind != Item.Kind.VIDEO:
        raise InvalidInputError(NO_VIDEO)
    with transaction.atomic():
        locked = Item.objects.select_for_update().get(pk=item.pk)
        if locked.media_state != Item.MediaState.READY:
            raise ConflictError(NOT_READY)
        if locked.state not in {Item.State.DRAFT, Item.State.REJECTED}:
            raise ConflictError(SUBMITTED)
        if cues:
            content = write_vtt(cues).encode()
            replace_asset(item=item, role=Asset.Role.CAPTIONS, content=content, mime=MIME)
        else:
            delete_asset(item=item, role=Asset.Role.CAPTIONS)
