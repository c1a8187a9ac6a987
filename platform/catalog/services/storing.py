"""Files that we made of an item: storing, replacing, and whole items made by the generator."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage, default_storage
from django.db import transaction
from PIL import Image

from catalog.models import Asset, EditPermission, Item
from catalog.services import vectors
from common.errors import DomainError, InvalidInputError
from media.images import Rendition, make_image_renditions, make_stills

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)

EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "video/mp4": "mp4", "text/vtt": "vtt"}
# A colour of a tenth of the garment is worth naming; three names are enough.
LEAST_COLOUR_SHARE = 0.15
MOST_COLOURS = 3


def store_media(
    *,
    item: Item,
    image: np.ndarray | Image.Image | None = None,
    video: Path | bytes | None = None,
    poster: np.ndarray | Image.Image | None = None,
    renditions: Sequence[Rendition] | None = None,
) -> list[Asset]:
    """Store an item's files and mark its media ready; older files of the same roles go.

    One of: `image`, a decoded picture; `video` with `poster`, an H.264 MP4 that we encoded
    ourselves (stored as it is, not decoded); `renditions`, ready-made files, for callers that
    render in other processes. Never hand in a stranger's file: those go through `create_upload`.
    """
    made = list(renditions) if renditions is not None else _renditions(image, video, poster)
    names = [_save_file(item, one) for one in made]
    try:
        with transaction.atomic():
            assets = _record(item, made, names)
            item.media_state, item.media_lease_until = Item.MediaState.READY, None
            item.problem = ""
            item.save(update_fields=["media_state", "media_lease_until", "problem", "updated_at"])
    except BaseException:
        for name in names:
            default_storage.delete(name)
        raise
    return assets


def create_generated_item(
    *,
    image: np.ndarray | None = None,
    video: Path | bytes | None = None,
    poster: np.ndarray | None = None,
    captions: str = "",
    made_for: User | None,
    owner: User | None,
    origin: str,
    authorship: str,
    title: str,
    description: str = "",
    guidance: dict[str, Any],
    manifest: dict[str, Any],
    parent: Item | None = None,
    garment_type: str = "",
    colours: Sequence[str] = (),
    pattern: str = "",
    look: str = "",
    exposure: str = Item.Exposure.RANKED,
    permission: EditPermission | None = None,
) -> Item:
    """Return a draft with its media stored and embedded. Workers only.

    `image` (H, W, 3) uint8, or `video`, our own MP4, with its `poster`, and captions (WebVTT) if it
    has some. Colours that are not given are measured. Nobody but its owner sees it before it is
    published.
    """
    still = image if image is not None else poster
    if still is None:
        raise ValueError("a generated item is a picture, or a video with its poster")
    item = Item(
        owner=owner,
        made_for=made_for,
        kind=Item.Kind.VIDEO if image is None else Item.Kind.IMAGE,
        origin=origin,
        authorship=authorship,
        title=title[:120],
        description=description[:2000],
        guidance=guidance,
        manifest=manifest,
        parent=parent,
        version=parent.version + 1 if parent else 1,
        garment_type=garment_type,
        colours=list(colours) or name_colours(Image.fromarray(still)),
        pattern=pattern,
        look=look,
        exposure=exposure,
        permission=permission,
    )
    renditions = _renditions(image, video, poster)
    if captions:
        renditions.append(Rendition("captions", "text/vtt", 0, 0, captions.encode()))
    with transaction.atomic():
        save_checked(item)
        store_media(item=item, renditions=renditions)
    embed_if_possible(item)
    return item


def replace_asset(*, item: Item, role: str, content: bytes, mime: str) -> Asset:
    """Store new bytes for one role under a new key; the old file goes after commit.

    For moderation's marked and signed files. Size and length stay those of the file replaced; where
    there was none, they are read from the bytes.
    """
    name = default_storage.save(new_key(item, role, mime), ContentFile(content))
    try:
        with transaction.atomic():
            old = Asset.objects.select_for_update().filter(item=item, role=role).first()
            asset = old or Asset(item=item, role=role)
            _delete_after_commit(asset.file.storage, asset.file.name)
            asset.file.name, asset.mime = name, mime
            asset.bytes, asset.sha256 = len(content), hashlib.sha256(content).hexdigest()
            if old is None and mime.startswith("image/"):
                asset.width, asset.height = Image.open(ContentFile(content)).size
            save_checked(asset)
    except BaseException:
        default_storage.delete(name)
        raise
    forget_assets(item)
    return asset


def delete_asset(*, item: Item, role: str) -> None:
    """Take one file of an item away; its bytes go after commit. Harmless when there is none."""
    for asset in item.assets.filter(role=role):
        _delete_after_commit(asset.file.storage, asset.file.name)
        asset.delete()
    forget_assets(item)


def name_colours(picture: Image.Image) -> list[str]:
    """Return the names of the garment's main colours, largest first; none if it is too small."""
    from vision.colours import measure_colours  # loads OpenCV, which web processes do without

    try:
        measured = measure_colours(picture)
    except DomainError:
        return []
    return [name for name, share in measured if share >= LEAST_COLOUR_SHARE][:MOST_COLOURS]


def embed_if_possible(item: Item) -> None:
    """Embed one item; without an encoder it stays findable by words, and `reembed` makes it up."""
    try:
        vectors.embed_items(items=[item])
    except DomainError as error:
        logger.warning("Item %s has no vector: %s", item.pk, error)


def save_checked(row: Item | Asset) -> None:
    """Save after `full_clean`; what is wrong becomes a sentence."""
    try:
        row.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        raise InvalidInputError(" ".join(error.messages)) from error
    row.save()


def new_key(item: Item, role: str, mime: str) -> str:
    """Return a storage key that nobody can guess and no upload can influence."""
    extension = EXTENSIONS.get(mime, "bin")
    return f"assets/{item.pk}/{role}-{secrets.token_urlsafe(12)}.{extension}"


def forget_assets(item: Item) -> None:
    """Drop prefetched assets, which no longer match the rows."""
    getattr(item, "_prefetched_objects_cache", {}).pop("assets", None)


def delete_files_of(item: Item) -> None:
    """Delete all files of an item once its deletion is committed."""
    files = [asset.file for asset in item.assets.all()]
    files += [frame.file for frame in item.frames.all()]
    for file in files:
        _delete_after_commit(file.storage, file.name)
    _delete_after_commit(item.incoming.storage, item.incoming.name)


def delete_frames(item: Item) -> None:
    """Delete the stills and vectors of a video's frames; the files go after commit."""
    for frame in item.frames.all():
        _delete_after_commit(frame.file.storage, frame.file.name)
    item.frames.all().delete()
    item.frame_vectors.all().delete()


def _renditions(
    image: np.ndarray | Image.Image | None,
    video: Path | bytes | None,
    poster: np.ndarray | Image.Image | None,
) -> list[Rendition]:
    if image is not None:
        return make_image_renditions(image)
    if video is None or poster is None:
        raise ValueError("store_media needs an image, a video with its poster, or renditions")
    still = Image.fromarray(poster) if isinstance(poster, np.ndarray) else poster
    from media.videos import read_facts  # loads FFmpeg, which web processes do without

    facts = read_facts(video)
    master = Rendition(
        "master", "video/mp4", facts.width, facts.height, video, facts.duration_s, facts.has_sound
    )
    return [master, *make_stills(still.convert("RGB"))]


def _save_file(item: Item, made: Rendition) -> str:
    key = new_key(item, made.role, made.mime)
    if isinstance(made.data, bytes):
        return default_storage.save(key, ContentFile(made.data))
    with made.data.open("rb") as file:
        return default_storage.save(key, File(file))


def _record(item: Item, made: Sequence[Rendition], names: Sequence[str]) -> list[Asset]:
    """Write one row per file in place of the rows of the same roles."""
    old = item.assets.filter(role__in=[one.role for one in made])
    for asset in old:
        _delete_after_commit(asset.file.storage, asset.file.name)
    old.delete()
    if any(one.mime == "video/mp4" for one in made):
        # They show the video that was there before.
        delete_frames(item)
    rows = [_row(item, one, name) for one, name in zip(made, names, strict=True)]
    forget_assets(item)
    return Asset.objects.bulk_create(rows)


def _row(item: Item, made: Rendition, name: str) -> Asset:
    return Asset(
        item=item,
        role=made.role,
        file=name,
        mime=made.mime,
        width=made.width,
        height=made.height,
        duration_s=made.duration_s,
        has_sound=made.has_sound,
        bytes=len(made.data) if isinstance(made.data, bytes) else made.data.stat().st_size,
        sha256=_sha256(made.data),
    )


def _sha256(data: bytes | Path) -> str:
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest()
    with data.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _delete_after_commit(storage: Storage, name: str | None) -> None:
    if name:
        transaction.on_commit(partial(storage.delete, name))
