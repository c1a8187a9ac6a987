"""Neon: a dark room, and every outline a glowing tube."""

from __future__ import annotations

import cv2
import numpy as np

from generation.core.styles.cartoon import line_scale
from generation.core.styles.filters import (
    blur,
    fine_grey,
    flatten,
    line_response,
    luma,
    smoothstep,
)
from generation.core.styles.looks import Shot
from generation.core.styles.textures import Sheet

NIGHT = np.array([0.030, 0.018, 0.070], np.float32)
# Tubes: magenta, violet, blue, cyan, in the order of the scene's tone.
TUBES = np.array(
    [[1.00, 0.10, 0.62], [0.66, 0.20, 1.00], [0.16, 0.42, 1.00], [0.05, 0.95, 0.95]], np.float32
)


class Neon:
    """Coherent outlines as light: white-hot cores, coloured glow at three widths, night behind."""

    def __init__(self, shot: Shot) -> None:
        self.unit = shot.unit
        self.scale = line_scale(shot, share=0.05, floor=0.010)
        self.tubes = _tube_colours(shot)

    def paint(self, frame: np.ndarray) -> np.ndarray:
        """Return the light of tubes and room, (H, W, 3), before its glow."""
        small = cv2.resize(
            flatten(frame, contrast=0.10, rounds=4),
            None,
            fx=0.5,
            fy=0.5,
            interpolation=cv2.INTER_AREA,
        ).astype(np.float32) * np.float32(1 / 255)
        grey = luma(small)[..., None]
        colour = self._colours(blur(small, 4 * self.unit))
        room = NIGHT + (0.10 * grey + 0.04) * grey * colour
        both = cv2.resize(np.dstack([colour, room]), frame.shape[1::-1])
        response = line_response(fine_grey(frame), width=1.35 * self.unit, coherence=7 * self.unit)
        tube = smoothstep(0.45, 1.05, response / self.scale)
        return both[..., 3:] + both[..., :3] * tube[..., None]

    def finish(self, layers: np.ndarray, sheet: Sheet) -> np.ndarray:
        """Return the light with its glow, as a camera sees it."""
        light = layers
        glow = (
            0.60 * blur(light, 3.0 * self.unit)
            + 0.75 * blur(light, 9.0 * self.unit)
            + 0.65 * blur(light, 26.0 * self.unit)
        )
        core = np.clip(light.max(axis=2, keepdims=True) - 0.55, 0.0, 1.0) * 1.1
        seen = light + glow + core
        return 1.0 - np.exp(-1.25 * seen)

    def _colours(self, around: np.ndarray) -> np.ndarray:
        """Return the tube colour at each pixel: the scene's own hue where it has one."""
        grey = luma(around)
        chosen = self.tubes[(np.clip(grey, 0, 1) * 255).astype(np.uint8)]
        vivid = around - around.min(axis=2, keepdims=True)
        peak = vivid.max(axis=2, keepdims=True)
        own = vivid / np.maximum(peak, 1e-3)
        share = smoothstep(0.10, 0.35, peak)
        return chosen * (1.0 - share) + (0.08 + 0.92 * own) * share


def _tube_colours(shot: Shot) -> np.ndarray:
    """Return (256, 3): the tube for each grey, spread over the greys that this shot has."""
    greys = np.concatenate([cv2.cvtColor(s, cv2.COLOR_RGB2GRAY).ravel() for s in shot.samples])
    rank = np.cumsum(np.bincount(greys, minlength=256)) / len(greys)
    smooth = np.convolve(np.pad(rank, 12, mode="edge"), np.ones(25) / 25, mode="valid")
    stops = np.linspace(0, 1, len(TUBES))
    return np.stack([np.interp(smooth, stops, TUBES[:, c]) for c in range(3)], axis=1).astype(
        np.float32
    )
