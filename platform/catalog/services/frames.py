"""Frames of videos: sampled and embedded once, chosen from afterwards.

The stills are files like an item's others: nobody gets one who may not see the video, and of AI
videos only those are served into which moderation has put both marks.
"""

from __future__ import annotations

import hashlib
import io
import logging
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import transaction
from PIL import Image

from catalog.models import Asset, Frame, FrameVectors, Item
from catalog.services.storing import delete_frames, new_key, replace_asset
from catalog.services.vectors import load_current_encoder
from catalog.signals import frames_made
from common.errors import ConflictError, InvalidInputError, NotAllowedError
from media.errors import BadMediaError
from media.images import make_stills

if TYPE_CHECKING:
    from accounts.models import User
    from media.frames import Still, VideoSample
    from vision.encoder import Encoder

logger = logging.getLogger(__name__)

NO_VIDEO = "The video of this item is not there any more."


def make_missing_frames(items: Iterable[Item], encoder: Encoder) -> int:
    """Sample and embed those videos that this encoder has not seen; return how many.

    A file that cannot be read costs its own frames only. Workers and commands only.
    """
    videos = [item for item in items if item.kind == Item.Kind.VIDEO]
    seen = FrameVectors.objects.filter(item__in=videos, model=encoder.name)
    known = set(seen.values_list("item_id", flat=True))
    done = 0
    for item in videos:
        if item.pk in known:
            continue
        try:
            make_frames(item=item, encoder=encoder)
            done += 1
        except (BadMediaError, InvalidInputError, FileNotFoundError) as error:
            logger.warning("Item %s has no frames: %s", item.pk, error)
    return done


def make_frames(
    *, item: Item, encoder: Encoder | None = None, sample: VideoSample | None = None
) -> FrameVectors:
    """Store the stills and the vectors of a video's samples. Safe to repeat.

    `sample` may be handed in by whoever has the frames at hand; otherwise the stored video is
    decoded. Stills stay as they are where they show the same moments (an AI video's are marked).
    Loads the encoder; no transaction should be open.
    """
    encoder = encoder or load_current_encoder()
    if sample is None:
        from media.frames import sample_video  # loads FFmpeg, which web processes do without

        with open_master(item) as path:
            sample = sample_video(path, side=encoder.side)
    vectors = sample.spread(encoder.encode_images(sample.pictures))
    with transaction.atomic():
        # Two workers on one video must not both store its stills.
        Item.objects.select_for_update().get(pk=item.pk)
        if _moments(item) != [(one.index, round(one.time_s, 3)) for one in sample.stills]:
            _store_stills(item, sample)
        row, _ = FrameVectors.objects.update_or_create(
            item=item,
            model=encoder.name,
            defaults={
                "times": [round(moment, 3) for moment in sample.times],
                "scene_starts": [round(edge, 3) for edge in sample.scene_starts],
                "details": sample.details(),
                "vectors": np.ascontiguousarray(vectors, dtype=np.float16).tobytes(),
            },
        )
    return row


@contextmanager
def open_master(item: Item) -> Iterator[Path]:
    """Give the item's MP4 as a local file for as long as the block runs."""
    asset = Asset.objects.filter(item=item, role=Asset.Role.MASTER).first()
    if asset is None or not asset.mime.startswith("video/"):
        raise InvalidInputError(NO_VIDEO)
    if isinstance(asset.file.storage, FileSystemStorage):
        yield Path(asset.file.path)
        return
    with tempfile.NamedTemporaryFile(suffix=".mp4") as copy, asset.file.open("rb") as file:
        for chunk in file.chunks():
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name)


def replace_still(*, frame: Frame, content: bytes, is_marked: bool) -> Frame:
    """Store new bytes of one still, for moderation's marked and signed ones."""
    name = default_storage.save(_key(frame), ContentFile(content))
    try:
        with transaction.atomic():
            old = str(frame.file.name)
            frame.file.name, frame.is_marked = name, is_marked
            frame.bytes, frame.sha256 = len(content), hashlib.sha256(content).hexdigest()
            frame.save(update_fields=["file", "bytes", "sha256", "is_marked"])
            transaction.on_commit(partial(default_storage.delete, old))
    except BaseException:
        default_storage.delete(name)
        raise
    return frame


def use_as_poster(*, video: Item, by: User, still: Frame | Item) -> Item:
    """Make a still the poster that everybody sees: one of the video's own, or a drawn one.

    A drawn poster makes the video AI-assisted, so it goes through screening with the video: the
    video must not have been submitted yet.
    """
    from catalog.tasks import embed_item_task  # breaks the import cycle

    if video.owner_id != by.pk:
        raise NotAllowedError("Only its owner can change the poster of this video.")
    if video.kind != Item.Kind.VIDEO:
        raise InvalidInputError("Only a video has a poster that can be chosen.")
    if isinstance(still, Frame):
        _require_own_frame(video, still)
        content = _read(still)
    else:
        content = _read(_drawn_poster(video, still, by))
    with transaction.atomic():
        locked = Item.objects.select_for_update().get(pk=video.pk)
        if locked.state not in {Item.State.DRAFT, Item.State.REJECTED}:
            raise ConflictError(
                "This video was submitted, so its poster stays. Make a new version to change it."
            )
        for made in make_stills(_as_picture(content)):
            assert isinstance(made.data, bytes)
            replace_asset(item=video, role=made.role, content=made.data, mime=made.mime)
        if isinstance(still, Item) and locked.origin == Item.Origin.HUMAN:
            locked.origin = Item.Origin.AI_ASSISTED
            locked.guidance, locked.manifest = still.guidance, still.manifest
            locked.save(update_fields=["origin", "guidance", "manifest", "updated_at"])
            video.origin = locked.origin
            video.guidance, video.manifest = locked.guidance, locked.manifest
            _tell(video)
        # Ranking goes by the vector of the poster.
        embed_item_task.delay_on_commit(video.pk)
    return video


def _require_own_frame(video: Item, still: Frame) -> None:
    if still.item_id != video.pk:
        raise InvalidInputError("This still belongs to another video.")


def _drawn_poster(video: Item, still: Item, by: User) -> Asset:
    """Return the file of a still that was drawn from this video for its owner."""
    made_by_thumbnail = (still.guidance or {}).get("mode") == "thumbnail"
    theirs = by.pk in {still.owner_id, still.made_for_id}
    asset = still.asset(Asset.Role.MASTER)
    if still.parent_id != video.pk or not made_by_thumbnail or not theirs or asset is None:
        raise InvalidInputError("This picture was not made as a poster of this video.")
    return asset


def _read(row: Frame | Asset) -> bytes:
    with row.file.open("rb") as file:
        return file.read()


def _as_picture(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content), formats=["JPEG", "PNG", "WEBP"]) as picture:
        return picture.convert("RGB")


def _moments(item: Item) -> list[tuple[int, float]]:
    return list(item.frames.order_by("index").values_list("index", "time_s"))


def _store_stills(item: Item, sample: VideoSample) -> None:
    """Store the stills in place of older ones."""
    delete_frames(item)
    names: list[str] = []
    try:
        for still in sample.stills:
            frame, content = _frame_of(item, still)
            frame.file.name = default_storage.save(_key(frame), ContentFile(content))
            names.append(frame.file.name)
            frame.save()
    except BaseException:
        for name in names:
            default_storage.delete(name)
        raise
    _tell(item)


def _tell(item: Item) -> None:
    """Tell the apps above, once it is committed, that there are stills which need marks."""
    if item.is_ai:
        send = partial(frames_made.send_robust, sender=Item, item_id=item.pk)
        transaction.on_commit(send)


def _frame_of(item: Item, still: Still) -> tuple[Frame, bytes]:
    content = still.as_jpeg()
    height, width = still.pixels().shape[:2]
    frame = Frame(
        item=item,
        index=still.index,
        time_s=round(still.time_s, 3),
        starts_scene=still.starts_scene,
        width=width,
        height=height,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    return frame, content


def _key(frame: Frame) -> str:
    return new_key(frame.item, f"frame-{frame.index}", frame.mime)
