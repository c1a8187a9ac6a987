"""Looking for our mark in a file, with every key that is or was in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from moderation.core import moving, reading, watermark
from moderation.core.watermark import Detection
from moderation.services import keys, second_marks
from moderation.services.gathering import decode


@dataclass(frozen=True)
class Found:
    """The best reading, and the id of the key it was read with; empty for a model's own mark."""

    read: Detection
    key_id: str


def lumas_of(data: bytes, mime: str) -> list[np.ndarray]:
    """Return a picture's brightness, or that of a video's key frames. Files of our own making.

    Raises `watermark.WatermarkError` when nothing can be decoded.
    """
    if mime.startswith("video/"):
        return moving.key_frames(data)
    picture = decode(data)
    if picture is None:
        raise watermark.WatermarkError("This picture could not be read.")
    return [reading.luma_of(picture)]


def find_mark(pictures: Sequence[np.ndarray], *, search: bool = True, poses: int = 8) -> Found:
    """Return what several pictures of one file, grey or RGB, say together.

    First as they stand with every key, which is quick: folded, and one by one, since a video may
    hold a few seconds of ours. Then at other scales and angles, then by configured models.
    """
    lumas = [reading.luma_of(picture) for picture in pictures]
    lumas = [luma for luma in lumas if luma.shape == lumas[0].shape]
    ids = keys.known_ids()
    found = _best(lumas, ids, search=False, poses=poses)
    if len(lumas) > 1 and not found.read.found:
        alone = (_best([luma], ids, search=False, poses=poses) for luma in lumas)
        found = next((one for one in alone if one.read.found), found)
    if search and not found.read.found:
        found = _best(lumas, ids, search=True, poses=poses)
    if found.read.found or not search:
        return found
    read = second_marks.detect([one for one in pictures if one.ndim == 3])
    return Found(read, "") if read is not None else found


def _best(lumas: list[np.ndarray], ids: list[str], *, search: bool, poses: int) -> Found:
    best = Found(Detection(found=False), "")
    for key_id in ids:
        key = keys.watermark_key(key_id)
        read = watermark.detect_folded(lumas, key, search=search, poses=poses)
        if read.found:
            return Found(read, key_id)
        if read.z >= best.read.z:
            best = Found(read, key_id)
    return best
