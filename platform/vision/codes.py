"""QR and bar codes in a picture, with what they say and where."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

# Longest side at which codes are looked for: finer ones no phone reads from a screen either.
SIDE = 1280
MAX_TEXT = 300
# Stripes read as bars give short or monotonous numbers.
LEAST_DIGITS = 6


@dataclass(frozen=True)
class Code:
    """kind: "QR code" or "bar code". box: x, y, w, h as shares. text: "" if unreadable."""

    kind: str
    text: str
    box: tuple[float, float, float, float]


def read_codes(picture: np.ndarray) -> list[Code]:
    """Return the codes in a picture, (H, W, 3) uint8 RGB. Hostile codes yield text alone."""
    height, width = picture.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    if scale < 1.0:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = []
    for kind, detector in (("QR code", _qr()), ("bar code", _bars())):
        try:
            ok, texts, corners = detector.detectAndDecodeMulti(grey)[:3]
        except (cv2.error, UnicodeDecodeError):
            continue
        if not ok or corners is None:
            continue
        for text, points in zip(texts, corners, strict=False):
            # Fabric is full of squares and stripes: only what can be read is a code.
            if text and (kind == "QR code" or len(set(text)) >= LEAST_DIGITS):
                found.append(Code(kind, _shown(text), _box(points, grey.shape)))
    return found


def _box(points: np.ndarray, shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    height, width = shape[:2]
    left, top = np.clip(points.min(axis=0) / (width, height), 0, 1)
    right, bottom = np.clip(points.max(axis=0) / (width, height), 0, 1)
    return tuple(round(float(v), 4) for v in (left, top, right - left, bottom - top))  # type: ignore[return-value]


def _shown(text: str) -> str:
    return "".join(c for c in text if c.isprintable())[:MAX_TEXT]


@lru_cache(maxsize=1)
def _qr() -> cv2.QRCodeDetectorAruco:
    # The plain detector of several codes at once misses clean ones.
    return cv2.QRCodeDetectorAruco()


@lru_cache(maxsize=1)
def _bars() -> cv2.barcode.BarcodeDetector:
    return cv2.barcode.BarcodeDetector()
