"""A picture moved as a camera would see it: what a created clip is denoised from.

The embedded video model is small. From pure noise it loses the garment within a few blocks; from a
good picture that already moves it has only to correct what disagrees with the words.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

# Noise level from which the sketch is denoised: above it the small model washes patterns out.
SKETCH_STRENGTH = 0.3
# The turn to either side in radians, steps a clip of the walk, and sizes from far to near.
TURN, STEPS, FAR, NEAR = 0.62, 1.6, 0.86, 1.06
CLOSE = (1.25, 1.7)


def sketch_clip(still: np.ndarray, camera: str, frames: int) -> np.ndarray:
    """Return `frames` views (T, H, W, 3) uint8 of a picture (H, W, 3): a turn, a walk, a zoom.

    A turn ends where it began, so that it loops.
    """
    view = {"turntable": _turned, "close-up": _closer}.get(camera, _walking)
    return np.stack([view(still, index / frames) for index in range(frames)])


def _turned(still: np.ndarray, share: float) -> np.ndarray:
    """Return the picture turned about its upright middle, nearer edges a little taller."""
    height, width = still.shape[:2]
    angle = TURN * math.sin(math.tau * share)
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    down = np.arange(height, dtype=np.float32)[:, None]
    columns = (across / math.cos(angle) + 1) * (width - 1) / 2
    rows = (down - height / 2) * (1 + 0.1 * math.sin(angle) * across) + height / 2
    columns = np.broadcast_to(columns, (height, width)).astype(np.float32)
    return _sampled(still, np.ascontiguousarray(columns), rows.astype(np.float32))


def _walking(still: np.ndarray, share: float) -> np.ndarray:
    """Return the picture coming nearer with a sway that rests at the end."""
    height, width = still.shape[:2]
    walked = share * share * (3 - 2 * share)
    sway = math.sin(math.tau * STEPS * share) * (1 - walked)
    zoom = FAR + (NEAR - FAR) * walked
    matrix = cv2.getRotationMatrix2D((width / 2, height * 0.6), 1.6 * sway, zoom)
    matrix[0, 2] += 0.012 * width * sway
    return _warped(still, matrix)


def _closer(still: np.ndarray, share: float) -> np.ndarray:
    """Return the camera gliding down over the cloth."""
    height, width = still.shape[:2]
    glide = share * share * (3 - 2 * share)
    zoom = CLOSE[1] + (CLOSE[0] - CLOSE[1]) * glide
    matrix = cv2.getRotationMatrix2D((width / 2, height * (0.38 + 0.2 * glide)), 0.0, zoom)
    return _warped(still, matrix)


def _warped(still: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    size = (still.shape[1], still.shape[0])
    return cv2.warpAffine(still, matrix, size, borderMode=cv2.BORDER_REFLECT)


def _sampled(still: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return cv2.remap(still, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
