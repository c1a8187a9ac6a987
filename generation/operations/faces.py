"""Faces made unknowable, in a picture or all through a video; nothing else changes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av.error
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter
from django.conf import settings

from catalog.models import Item
from catalog.services.captions import get_vtt
from common.errors import InvalidInputError
from generation.core.hub import library_versions
from generation.core.retouch.masks import read_mask
from generation.core.styles.remaking import Clock, open_video_file, remaking, to_pixels
from generation.operations import Product, Work, open_video, read_picture
from media.errors import DAMAGED, BadMediaError
from media.videos import poster_score
from vision.face_tracks import FaceTracks
from vision.faces import blur_faces, blur_painted, find_sights

BACKEND, REVISION = "faces", "1"
NONE_IN_PICTURE = (
    "No face was found here. Brush over the faces that should be blurred, or say that everybody "
    "in it agreed."
)
NONE_IN_VIDEO = "No face was found in this video, so there is nothing to blur."
POSTER_EVERY_S = 0.5
# The first pass searches, the second only covers and encodes.
FIRST_PASS = 3


def blur(work: Work) -> Product:
    """Return the source with all that may be faces, and what is painted over, coarsened.

    In a picture painted parts count beside what is found; in a video faces are followed, so that
    no frame shows what its neighbours hide.
    """
    source = work.source
    assert source is not None
    if source.kind == Item.Kind.VIDEO:
        return _blurred_video(work, source)
    return _blurred_picture(work, source)


def _blurred_picture(work: Work, source: Item) -> Product:
    started = time.perf_counter()
    work.check()
    picture = read_picture(source)
    boxes = [sight.box for sight in find_sights(picture, settings.FACE_DETECTOR_PATH)]
    mask_png = work.guidance.mask_png
    if not boxes and not mask_png:
        raise InvalidInputError(NONE_IN_PICTURE)
    image = blur_faces(picture, boxes)
    if mask_png:
        image = blur_painted(image, read_mask(mask_png, picture))
    work.report(1, 1)
    manifest = _manifest(work, started) | {
        "faces": len(boxes),
        "boxes": [[round(side, 4) for side in box] for box in boxes],
        "painted": bool(mask_png),
    }
    return Product(image=image, manifest=manifest)


def _blurred_video(work: Work, source: Item) -> Product:
    started = time.perf_counter()
    folder = TemporaryDirectory(prefix="weft-faces-")
    target = Path(folder.name) / "blurred.mp4"
    try:
        with open_video(source) as original:
            work.announce("Looking for faces")
            tracks = _find_tracks(work, original)
            work.announce("Blurring them")
            covered = _cover(work, original, target, tracks)
    except av.error.FFmpegError as error:
        folder.cleanup()
        raise BadMediaError(DAMAGED) from error
    except BaseException:
        folder.cleanup()
        raise
    manifest = _manifest(work, started) | {"faces": tracks.faces, "frames_blurred": covered.frames}
    return Product(
        video=target,
        poster=covered.poster,
        captions=get_vtt(source),
        manifest=manifest,
        folder=folder,
    )


def _find_tracks(work: Work, original: Path) -> FaceTracks:
    """Look through the video once; refuse it where nobody is seen."""
    tracks, clock = FaceTracks(yunet=settings.FACE_DETECTOR_PATH), Clock()
    reformatter = VideoReformatter()
    with open_video_file(original) as (container, video):
        for number, frame in enumerate(container.decode(video), 1):
            work.check()
            now = clock.time_of(frame)
            if tracks.wants(now):
                tracks.look(to_pixels(frame, reformatter), now)
                total = max(video.frames, number)
                work.report(FIRST_PASS * number, (FIRST_PASS + 1) * total)
    if not tracks.finish():
        raise InvalidInputError(NONE_IN_VIDEO)
    return tracks


@dataclass
class _Covered:
    """How many frames were changed, and the frame that looks best, (H, W, 3) uint8, blurred."""

    frames: int
    poster: np.ndarray


def _cover(work: Work, original: Path, target: Path, tracks: FaceTracks) -> _Covered:
    best, due, frames = -1.0, 0.0, 0
    poster: np.ndarray | None = None
    with remaking(original, target) as remake:
        total = max(1, remake.expected)
        for number, shown in enumerate(remake.pictures(), 1):
            work.check()
            boxes = tracks.at(shown.moment)
            made = blur_faces(shown.pixels, boxes) if boxes else shown.pixels
            frames += bool(boxes)
            if shown.moment >= due:
                due = shown.moment + POSTER_EVERY_S
                score = poster_score(cv2.cvtColor(made, cv2.COLOR_RGB2GRAY))
                if score > best:
                    best, poster = score, made
            remake.write(made, shown)
            total = max(total, number)
            work.report(FIRST_PASS * total + number, (FIRST_PASS + 1) * total)
    if poster is None:
        raise BadMediaError(DAMAGED)
    return _Covered(frames, poster)


def _manifest(work: Work, started: float) -> dict[str, Any]:
    return {
        "backend": BACKEND,
        "revision": REVISION,
        "detector": "yunet" if settings.FACE_DETECTOR_PATH else "haar",
        "seed": work.guidance.seed,
        "ms": {"blur": round(1000 * (time.perf_counter() - started), 1)},
        "versions": library_versions(),
    }
