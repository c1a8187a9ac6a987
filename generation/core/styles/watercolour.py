"""Watercolour: transparent washes with dark rims, granulation, and the white of the paper."""

from __future__ import annotations

import cv2
import numpy as np

from generation.core.styles.cartoon import line_scale
from generation.core.styles.filters import (
    blur,
    fine_grey,
    flatten,
    line_response,
    pixel_grid,
    smoothstep,
)
from generation.core.styles.looks import Shot
from generation.core.styles.textures import Sheet, band_noise, covering, paper_relief

PAPER = np.array([0.992, 0.984, 0.966], np.float32)
# Washes laid over one another, from the lightest to the darkest tone.
WASHES = 5


class Watercolour:
    """Layered washes with a hand's wobble; pigment gathers at their rims and in the paper.

    Pigment: Bousseau et al. 2006, "Interactive watercolor rendering with temporal coherence and
    abstraction", C' = C (1 - (1 - C)(d - 1)), with density d from turbulence, dried rims and paper.
    """

    def __init__(self, shot: Shot) -> None:
        self.size, self.unit, self.seed = shot.size, shot.unit, shot.seed
        self.scale = line_scale(shot, share=0.03)
        x, y = pixel_grid(*shot.size)
        wide, narrow = 90 * self.unit, 24 * self.unit
        moved = [
            self.unit
            * (2.2 * band_noise(shot.seed + n, wide, 0.7) + 0.3 * band_noise(shot.seed + n, narrow))
            for n in (20, 21)
        ]
        self._x = x + covering(moved[0], shot.size)
        self._y = y + covering(moved[1], shot.size)
        self._layers = _wash_curve()

    def paint(self, frame: np.ndarray) -> np.ndarray:
        """Return washes and rims, (H, W, 4)."""
        flat = flatten(frame, contrast=0.11, rounds=6)
        soft = cv2.medianBlur(flat, 2 * max(1, round(1.6 * self.unit)) + 1)
        lab = cv2.cvtColor(soft, cv2.COLOR_RGB2LAB)
        lab[..., 0] = cv2.LUT(cv2.GaussianBlur(lab[..., 0], (0, 0), self.unit), self._layers)
        washed = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
        response = line_response(fine_grey(frame), width=1.0 * self.unit, coherence=4 * self.unit)
        stroke = smoothstep(0.45, 1.3, response / self.scale)
        wash = washed.astype(np.float32) * np.float32(1 / 255)
        near, far = blur(wash, 0.9 * self.unit), blur(wash, 4.5 * self.unit)
        # Pigment gathers on the darker side of a wash's border as it dries.
        rim = smoothstep(0.012, 0.15, (far - near).max(axis=2))
        made = cv2.merge([near, np.maximum(rim, 0.8 * stroke)])
        return cv2.remap(made, self._x, self._y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def finish(self, layers: np.ndarray, sheet: Sheet) -> np.ndarray:
        """Return the washes on cold-pressed paper."""
        wash, rim = layers[..., :3], layers[..., 3]
        relief = sheet.lay(paper_relief(self.seed, 2.2 * self.unit), self.size)
        pool = sheet.lay(band_noise(self.seed + 30, 150 * self.unit, 0.8), self.size)
        colour = _diluted(wash)
        # Granules settle in the paper's valleys; they show most where the wash is neither thin
        # nor full.
        grey = colour.mean(axis=2)
        granules = 0.30 * relief * grey * (1.0 - grey)
        density = 1.0 + 0.13 * pool + granules + 0.9 * rim
        colour = colour * (1.0 - (1.0 - colour) * (density[..., None] - 1.0))
        # A brush that runs dry leaves the paper's hills white in light washes.
        light = colour.min(axis=2)
        dry = smoothstep(1.5, 2.6, 0.7 * relief + pool) * smoothstep(0.5, 0.85, light)
        colour = colour + (1.0 - colour) * (0.4 * dry)[..., None]
        lit = 1.0 + 0.013 * (relief - cv2.warpAffine(relief, _FROM_ABOVE, relief.shape[::-1]))
        return np.clip(colour * PAPER * lit[..., None], 0.0, 1.0)


_FROM_ABOVE = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])


def _wash_curve() -> np.ndarray:
    """Return (256,) uint8: lightness in soft steps, one for each wash that lies over the others."""
    level = np.linspace(0, 1, 256) * WASHES
    step = np.minimum(np.floor(level), WASHES - 1)
    soft = 0.5 + 0.5 * np.tanh(4.0 * (level - step - 0.5)) / np.tanh(2.0)
    mixed = 0.65 * (step + soft) / WASHES + 0.35 * level / WASHES
    return np.round(255 * mixed).clip(0, 255).astype(np.uint8)


def _diluted(wash: np.ndarray) -> np.ndarray:
    """Return the washes lighter and clearer: pigment thinned with water."""
    grey = wash.mean(axis=2, keepdims=True)
    clear = np.clip(grey + (wash - grey) * 1.45, 0.0, 1.0)
    return 0.20 + 0.80 * np.power(clear, 0.60)
