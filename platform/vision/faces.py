"""Faces in a picture: OpenCV's Haar cascades, or YuNet where its weights are configured.

Two thresholds. Who checks asks for faces it can be sure of; who blurs asks for all that may be
faces, as one too many costs little and one too few shows somebody.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from common.errors import DomainError

# Longest side at which faces are looked for; a face smaller than a 24th of it names nobody.
SIDE = 640
LEAST = 28
# The same for all that may be faces, which is asked many times for each second of a video.
QUICK_SIDE = 480
QUICK_LEAST = 21
# A cascade takes patterns for faces: so many overlapping finds make one. With 6 it found faces on
# 2 of 150 photographs of garments, with 10 on none.
AGREEING = 10
# For what may be a face, also one that looks aside.
LIKELY = 4
YUNET_SCORE = 0.8
YUNET_LIKELY = 0.5
# Of two boxes this much alike the surer one is the face.
SAME = 0.3
# A blurred face is drawn from so few cells a side.
CELLS = 6
FRONTAL, PROFILE = "frontalface_alt2", "profileface"
Box = tuple[float, float, float, float]


class FaceDetectorError(DomainError):
    """The detector that is configured cannot be used; the message says why."""


@dataclass(frozen=True)
class Sight:
    """What may be a face: x, y, w, h as shares of width and height, and whether it surely is."""

    box: Box
    is_sure: bool


def find_faces(picture: np.ndarray, yunet: str = "") -> list[Box]:
    """Return (x, y, w, h) of each face as shares of width and height, largest first.

    picture: (H, W, 3) uint8 RGB. `yunet`: path of the ONNX file; "" for the cascades. Raises
    FaceDetectorError where a file is named that is none.
    """
    small = _shrunk(picture, SIDE)
    if yunet:
        found = _by_yunet(small, yunet, YUNET_SCORE)
    else:
        found = _by_cascade(_grey(small), FRONTAL, AGREEING, LEAST)
    return [sight.box for sight in _as_shares(found, small)]


def find_sights(picture: np.ndarray, yunet: str = "") -> list[Sight]:
    """Return all that may be faces, those that look aside too, largest first."""
    small = _shrunk(picture, QUICK_SIDE)
    if yunet:
        return _as_shares(_by_yunet(small, yunet, YUNET_LIKELY), small)
    grey = _grey(small)
    found = _by_cascade(grey, FRONTAL, LIKELY, QUICK_LEAST)
    found += [one for one in _profiles(grey) if all(overlap(one[0], o[0]) < SAME for o in found)]
    return _as_shares(found, small)


def overlap(one: Box, other: Box) -> float:
    """Return the intersection of two boxes over their union, 0 to 1."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    both = max(0.0, width) * max(0.0, height)
    return both / max(one[2] * one[3] + other[2] * other[3] - both, 1e-12)


def blur_faces(picture: np.ndarray, boxes: list[Box]) -> np.ndarray:
    """Return the picture with an ellipse over each face coarsened beyond recognition."""
    result = picture.copy()
    height, width = picture.shape[:2]
    for x, y, w, h in boxes:
        # A detector's box ends at brows and chin.
        left, top = max(0, int((x - 0.15 * w) * width)), max(0, int((y - 0.2 * h) * height))
        right = min(width, int((x + 1.15 * w) * width) + 1)
        bottom = min(height, int((y + 1.2 * h) * height) + 1)
        part = result[top:bottom, left:right]
        if not part.size:
            continue
        coarse = cv2.resize(part, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
        covered = cv2.resize(coarse, part.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        mask = np.zeros(part.shape[:2], np.uint8)
        middle = part.shape[1] // 2, part.shape[0] // 2
        cv2.ellipse(mask, middle, middle, 0, 0, 360, 255, -1)
        result[top:bottom, left:right] = np.where(mask[..., None] > 0, covered, part)
    return result


def blur_painted(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the picture coarsened where `mask`, (H, W) in 0..1, is painted."""
    rows, columns = np.nonzero(mask > 0.5)
    if not rows.size:
        return picture
    cell = max(int(np.ptp(rows)), int(np.ptp(columns)), CELLS) / CELLS
    height, width = picture.shape[:2]
    size = max(1, round(width / cell)), max(1, round(height / cell))
    coarse = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    covered = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(mask[..., None] > 0.5, covered, picture)


Found = list[tuple[Box, bool]]


def _shrunk(picture: np.ndarray, side: int) -> np.ndarray:
    height, width = picture.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _as_shares(found: Found, small: np.ndarray) -> list[Sight]:
    height, width = small.shape[:2]
    sights = [
        Sight((x / width, y / height, w / width, h / height), is_sure)
        for (x, y, w, h), is_sure in found
    ]
    return sorted(sights, key=lambda one: -one.box[2] * one.box[3])


def _grey(small: np.ndarray) -> np.ndarray:
    return cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))


def _profiles(grey: np.ndarray) -> Found:
    """Return faces that look aside; the cascade knows one side, the mirror image the other."""
    width = grey.shape[1]
    mirrored = _by_cascade(np.ascontiguousarray(grey[:, ::-1]), PROFILE, LIKELY, QUICK_LEAST)
    turned = [((width - x - w, y, w, h), False) for (x, y, w, h), _ in mirrored]
    straight = _by_cascade(grey, PROFILE, LIKELY, QUICK_LEAST)
    return [(box, False) for box, _ in straight] + turned


def _by_cascade(grey: np.ndarray, name: str, agreeing: int, least: int) -> Found:
    boxes, counts = _cascade(name).detectMultiScale2(grey, 1.1, agreeing, minSize=(least, least))
    return [
        ((float(x), float(y), float(w), float(h)), int(count) >= AGREEING)
        for (x, y, w, h), count in zip(boxes, np.ravel(counts), strict=True)
    ]


@lru_cache(maxsize=2)
def _cascade(name: str) -> cv2.CascadeClassifier:
    folder = Path(cv2.__file__).parent / "data"
    return cv2.CascadeClassifier(str(folder / f"haarcascade_{name}.xml"))


def _by_yunet(small: np.ndarray, path: str, least: float) -> Found:
    """Return boxes of OpenCV's `FaceDetectorYN` (YuNet); scores from `YUNET_SCORE` on are sure."""
    height, width = small.shape[:2]
    try:
        detector = _yunet(path)
        detector.setInputSize((width, height))
        detector.setScoreThreshold(least)
        _, rows = detector.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
    except cv2.error as error:
        raise FaceDetectorError(f"{path} is not a YuNet model that OpenCV can run.") from error
    found = []
    for row in [] if rows is None else rows:
        x, y = max(0.0, float(row[0])), max(0.0, float(row[1]))
        right, bottom = min(width, float(row[0] + row[2])), min(height, float(row[1] + row[3]))
        if right > x and bottom > y:
            found.append(((x, y, right - x, bottom - y), float(row[-1]) >= YUNET_SCORE))
    return found


@lru_cache(maxsize=1)
def _yunet(path: str) -> cv2.FaceDetectorYN:
    if not Path(path).is_file():
        raise FaceDetectorError(f"FACE_DETECTOR_PATH names {path}, and there is no such file.")
    return cv2.FaceDetectorYN.create(path, "", (SIDE, SIDE), YUNET_SCORE)
