"""Does a picture show the same as another, or a part of it? For marks that were transplanted."""

from __future__ import annotations

import cv2
import numpy as np

from moderation.core.watermark import SHORT_SIDE, Detection

# Work at a quarter of the canonical frame: structure, not texture, is compared.
REDUCTION = 4
DETAIL = 6.0
SAME = 0.65
DIFFERENT = 0.45


def likeness(image: np.ndarray, original: np.ndarray, read: Detection) -> float:
    """Return the best correlation (-1..1) of `image` within `original`, both RGB.

    The pose at which the mark was read says how large the part is, so a crop is compared with the
    place it was cut from. Brightness and contrast do not matter.
    """
    whole = _small(original, 1.0)
    part = _small(image, read.scale, read.angle)
    if read.flipped:
        part = np.ascontiguousarray(part[:, ::-1])
    # A hair of the border is cut, so that rounding never makes the part larger than the whole.
    part = part[1:-1, 1:-1]
    rows, cols = min(part.shape[0], whole.shape[0]), min(part.shape[1], whole.shape[1])
    part = _centre(part, rows, cols)
    if part.std() < 1.0:
        return 0.0
    return float(cv2.matchTemplate(whole, part, cv2.TM_CCOEFF_NORMED).max())


def _small(image: np.ndarray, scale: float, angle: float = 0.0) -> np.ndarray:
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    factor = SHORT_SIDE * scale / REDUCTION / min(luma.shape)
    if angle:
        height, width = luma.shape
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
        luma = cv2.warpAffine(luma, turn, (width, height), borderMode=cv2.BORDER_REFLECT)
    small = cv2.resize(luma, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    # The light of the background is alike in many pictures; what stands before it is not.
    small = small.astype(np.float32)
    return small - cv2.GaussianBlur(small, (0, 0), DETAIL)


def _centre(part: np.ndarray, rows: int, cols: int) -> np.ndarray:
    top, left = (part.shape[0] - rows) // 2, (part.shape[1] - cols) // 2
    return part[top : top + rows, left : left + cols]
