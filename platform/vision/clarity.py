"""How clear a picture is: edges, contrast, whether there is anything at all. No torch."""

from __future__ import annotations

import cv2
import numpy as np

WORK_SIDE = 320


def measure(image: np.ndarray) -> dict[str, float]:
    """Return edge strength (99th percentile of the gradient), contrast and deviation of luma.

    The percentile, not the mean: a drawn garment on a smooth ground has few edges, but sharp ones.
    """
    luma: np.ndarray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    factor = WORK_SIDE / min(luma.shape)
    if factor < 1.0:
        luma = cv2.resize(luma, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    gradient = np.hypot(
        cv2.Sobel(luma, cv2.CV_32F, 1, 0, scale=0.25), cv2.Sobel(luma, cv2.CV_32F, 0, 1, scale=0.25)
    )
    low, high = np.percentile(luma, (2, 98))
    return {
        "edge": round(float(np.percentile(gradient, 99)), 2),
        "contrast": round(float(high - low), 2),
        "deviation": round(float(luma.std()), 2),
    }
