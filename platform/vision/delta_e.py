"""How different two colours look: CIEDE2000 (Sharma, Wu, Dalal, 2005). No torch."""

from __future__ import annotations

import numpy as np


def delta_e(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return CIEDE2000 of two arrays (…, 3) of CIE Lab, broadcast: 1 is just seen, 100 opposite."""
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    chroma = (np.hypot(a[..., 1], a[..., 2]) + np.hypot(b[..., 1], b[..., 2])) / 2
    stretch = 1.5 - 0.5 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
    a_red, b_red = a[..., 1] * stretch, b[..., 1] * stretch
    a_chroma, b_chroma = np.hypot(a_red, a[..., 2]), np.hypot(b_red, b[..., 2])
    a_hue = np.degrees(np.arctan2(a[..., 2], a_red)) % 360
    b_hue = np.degrees(np.arctan2(b[..., 2], b_red)) % 360
    grey = a_chroma * b_chroma == 0
    turn = np.where(grey, 0.0, (b_hue - a_hue + 180) % 360 - 180)
    # Exactly opposite hues: the formula takes +180.
    turn = np.where(turn == -180, 180.0, turn)
    d_light = b[..., 0] - a[..., 0]
    d_chroma = b_chroma - a_chroma
    d_hue = 2 * np.sqrt(a_chroma * b_chroma) * np.sin(np.radians(turn) / 2)
    light, mean_chroma = (a[..., 0] + b[..., 0]) / 2, (a_chroma + b_chroma) / 2
    hue = _mean_hue(a_hue, b_hue, grey)
    weight = (
        1
        - 0.17 * np.cos(np.radians(hue - 30))
        + 0.24 * np.cos(np.radians(2 * hue))
        + 0.32 * np.cos(np.radians(3 * hue + 6))
        - 0.20 * np.cos(np.radians(4 * hue - 63))
    )
    s_light = 1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2)
    s_chroma, s_hue = 1 + 0.045 * mean_chroma, 1 + 0.015 * mean_chroma * weight
    bend = 30 * np.exp(-(((hue - 275) / 25) ** 2))
    rotation = -2 * np.sqrt(mean_chroma**7 / (mean_chroma**7 + 25.0**7))
    rotation = rotation * np.sin(np.radians(2 * bend))
    chroma_part, hue_part = d_chroma / s_chroma, d_hue / s_hue
    squared = (d_light / s_light) ** 2 + chroma_part**2 + hue_part**2
    return np.sqrt(np.maximum(squared + rotation * chroma_part * hue_part, 0.0))


def _mean_hue(first: np.ndarray, second: np.ndarray, grey: np.ndarray) -> np.ndarray:
    total = first + second
    apart = np.abs(first - second) > 180
    around = np.where(total < 360, (total + 360) / 2, (total - 360) / 2)
    return np.where(grey, total, np.where(apart, around, total / 2))
