"""Faces in a picture: OpenCV's Haar cascade, or YuNet where its weights are configured."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

# Longest side at which faces are looked for; a face smaller than a 24th of it names nobody.
SIDE = 640
LEAST = 28
# A cascade takes patterns for faces: so many overlapping finds make one. With 6 it found faces on
# 2 of 150 photographs of garments, with 10 on none.
AGREEING = 10
YUNET_SCORE = 0.8
Box = tuple[float, float, float, float]


def find_faces(picture: np.ndarray, yunet: str = "") -> list[Box]:
    """Return (x, y, w, h) of each face as shares of width and height, largest first.

    picture: (H, W, 3) uint8 RGB. `yunet`: path of the ONNX file; "" for the cascades.
    """
    height, width = picture.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    found = _by_yunet(small, yunet) if yunet and Path(yunet).is_file() else _by_cascades(small)
    boxes = [(x / size[0], y / size[1], w / size[0], h / size[1]) for x, y, w, h in found]
    return sorted(boxes, key=lambda box: -box[2] * box[3])


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
        coarse = cv2.resize(part, (6, 6), interpolation=cv2.INTER_AREA)
        covered = cv2.resize(coarse, part.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        mask = np.zeros(part.shape[:2], np.uint8)
        middle = part.shape[1] // 2, part.shape[0] // 2
        cv2.ellipse(mask, middle, middle, 0, 0, 360, 255, -1)
        result[top:bottom, left:right] = np.where(mask[..., None] > 0, covered, part)
    return result


def _by_cascades(small: np.ndarray) -> list[tuple[int, int, int, int]]:
    grey = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
    boxes = _cascade().detectMultiScale(grey, 1.1, AGREEING, minSize=(LEAST, LEAST))
    return [(int(x), int(y), int(w), int(h)) for x, y, w, h in boxes]


@lru_cache(maxsize=1)
def _cascade() -> cv2.CascadeClassifier:
    folder = Path(cv2.__file__).parent / "data"
    return cv2.CascadeClassifier(str(folder / "haarcascade_frontalface_alt2.xml"))


def _by_yunet(small: np.ndarray, path: str) -> list[tuple[int, int, int, int]]:
    height, width = small.shape[:2]
    detector = cv2.FaceDetectorYN.create(path, "", (width, height), YUNET_SCORE)
    _, rows = detector.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
    found = [] if rows is None else [[int(max(0, v)) for v in row[:4]] for row in rows]
    return [(x, y, w, h) for x, y, w, h in found]
