"""What a job can do, one function for each mode and kind of result.

An operation takes its `Work` and returns a `Product`; the runner holds the lease, judges what came
back and stores it. Operations load models, so only workers import their modules.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from django.utils.module_loading import import_string
from PIL import Image

from catalog.models import Asset, Item
from common.errors import InvalidInputError
from common.guidance import Attributes, Guidance
from generation.cache import StageCache
from generation.core.backends import GenerationCancelled

# (mode, kind of the result) -> the function that makes it.
OPERATIONS: dict[tuple[str, str], str] = {
    ("create", "image"): "generation.operations.pictures.create",
    ("edit", "image"): "generation.operations.edits.edit",
    ("create", "video"): "generation.operations.videos.create",
    ("revise", "video"): "generation.operations.videos.revise",
    ("style", "image"): "generation.operations.styles.restyle",
    ("style", "video"): "generation.operations.styles.restyle",
    ("thumbnail", "image"): "generation.operations.thumbnails.generate",
    ("clip", "video"): "generation.operations.clips.cut",
    ("caption", "video"): "generation.operations.captions.caption",
    ("blur", "image"): "generation.operations.faces.blur",
    ("blur", "video"): "generation.operations.faces.blur",
}
# Kinds of source that a mode works on; modes that are absent need none.
SOURCE_KINDS: dict[str, tuple[str, ...]] = {
    "edit": ("image",),
    "revise": ("video",),
    "style": ("image", "video"),
    "thumbnail": ("video",),
    "clip": ("video",),
    "caption": ("video",),
    "blur": ("image", "video"),
}


def _tell_nobody(doing: str) -> None:
    """Stand in for `announce` where nobody looks on."""


@dataclass(frozen=True)
class Work:
    """What one job hands to its operation.

    guidance: complete. source: the item that is edited. report(done, total): how far it came, cheap
    to call at every step. should_stop(): whether the person cancelled; asked at least once per
    step, after which the operation raises GenerationCancelled (`check` does both). announce(doing):
    what it does now, in words for the person ("Reading the frames"), "" for the usual words; steps
    begin anew. revision: of the model that must be used, "" for the one in force.
    granted_ids: items of others that a grant lets this job paint over.
    """

    guidance: Guidance
    source: Item | None
    report: Callable[[int, int], None]
    should_stop: Callable[[], bool]
    cache: StageCache = field(default_factory=StageCache)
    announce: Callable[[str], None] = _tell_nobody
    revision: str = ""
    granted_ids: frozenset[int] = frozenset()

    def check(self) -> None:
        """Raise GenerationCancelled if the person cancelled."""
        if self.should_stop():
            raise GenerationCancelled("This creation was cancelled.")


@dataclass(frozen=True)
class Product:
    """What an operation made: a picture, or a video with its poster.

    manifest: everything needed to make it again. image and poster: (H, W, 3) uint8. video: an
    H.264/AAC MP4 of our own encoding, as bytes or as a file in `folder`, which is deleted with the
    product. captions: WebVTT. attributes: what the result shows, where that is known better than
    from the guidance. plain: the picture before a style was laid over it, (H, W, 3) uint8.
    """

    manifest: dict[str, Any]
    image: np.ndarray | None = None
    video: bytes | Path | None = None
    poster: np.ndarray | None = None
    captions: str = ""
    attributes: Attributes | None = None
    folder: tempfile.TemporaryDirectory[str] | None = None
    plain: np.ndarray | None = None

    def __post_init__(self) -> None:
        if (self.image is None) == (self.video is None):
            raise ValueError("a product is a picture or a video")
        if self.video is not None and self.poster is None:
            raise ValueError("a video needs a poster")

    @property
    def kind(self) -> str:
        return "image" if self.image is not None else "video"

    @property
    def still(self) -> np.ndarray:
        """The picture, or the video's poster."""
        still = self.image if self.image is not None else self.poster
        assert still is not None
        return still

    @property
    def drawn(self) -> np.ndarray:
        """What is judged: a style takes colours and sharpness away on purpose."""
        return self.still if self.plain is None else self.plain


Operation = Callable[[Work], Product]


def load_operation(guidance: Guidance) -> Operation:
    """Return the function that makes what this guidance asks for; loads its models' libraries."""
    path = OPERATIONS.get((guidance.mode, guidance.kind))
    if path is None:
        raise InvalidInputError("Weft cannot do that with this kind of item.")
    return import_string(path)


def read_picture(item: Item) -> np.ndarray:
    """Return the item's full-size picture, or a video's poster, as (H, W, 3) uint8."""
    role = Asset.Role.POSTER if item.kind == Item.Kind.VIDEO else Asset.Role.MASTER
    asset = Asset.objects.filter(item=item, role=role).first()
    if asset is None or not asset.mime.startswith("image/"):
        raise InvalidInputError("The picture that should be edited is not there any more.")
    with asset.file.open("rb") as file, Image.open(file) as picture:
        return np.asarray(picture.convert("RGB"))


@contextmanager
def open_video(item: Item) -> Iterator[Path]:
    """Give the item's MP4 as a local file for as long as the block runs."""
    asset = Asset.objects.filter(item=item, role=Asset.Role.MASTER).first()
    if asset is None or not asset.mime.startswith("video/"):
        raise InvalidInputError("The video that should be edited is not there any more.")
    with tempfile.NamedTemporaryFile(suffix=".mp4") as copy, asset.file.open("rb") as file:
        for chunk in file.chunks():
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name)
