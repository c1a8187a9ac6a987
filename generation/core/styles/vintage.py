"""Vintage film: faded dyes, warm light, halation, grain, and dark corners."""

from __future__ import annotations

import numpy as np

from generation.core.styles.colour import ColourMap, ColourTable, to_lab, to_rgb
from generation.core.styles.filters import blur, luma, pixel_grid, smoothstep
from generation.core.styles.looks import Shot
from generation.core.styles.textures import Sheet, band_noise

GRAIN = 0.032
# Frames over which one grain takes the place of another, and how many there are.
GRAIN_FRAMES, GRAINS = 10, 5


class Vintage:
    """A print of the seventies: one colour table per shot, light that spills red, moving grain."""

    def __init__(self, shot: Shot) -> None:
        self.size, self.unit, self.seed = shot.size, shot.unit, shot.seed
        self.table = ColourTable(_faded())
        self._corners = _corners(shot.size)
        self._leak = _light_leak(shot)

    def paint(self, frame: np.ndarray) -> np.ndarray:
        """Return the print without grain, (H, W, 3)."""
        print_ = self.table(frame).astype(np.float32) * np.float32(1 / 255)
        soft = blur(print_, 0.7 * self.unit)
        bright = smoothstep(0.62, 0.95, luma(soft))[..., None]
        spill = blur(soft * bright, 14 * self.unit)
        halo = spill * np.array([0.26, 0.12, 0.04], np.float32)
        return 1.0 - (1.0 - soft) * (1.0 - halo) * (1.0 - self._leak)

    def finish(self, layers: np.ndarray, sheet: Sheet) -> np.ndarray:
        """Return the print as projected: grain in the middle tones, a darker rim."""
        grey = luma(layers)
        # Each grain fades into another over some frames: fresh grain in every frame would be
        # more unrest than the source has.
        number, part = divmod(sheet.tick / GRAIN_FRAMES, 1.0)
        angle = part * np.pi / 2
        tiles = (self._grain(int(number)), self._grain(int(number) + 1))
        grain = sheet.lay(np.cos(angle) * tiles[0] + np.sin(angle) * tiles[1], self.size)
        if sheet.rest is not None:
            grain = grain * (0.25 + 0.75 * sheet.rest)
        amount = GRAIN * (0.35 + 2.6 * grey * (1.0 - grey))
        grainy = layers + (grain * amount)[..., None]
        return np.clip(grainy * self._corners, 0.0, 1.0)

    def _grain(self, number: int) -> np.ndarray:
        return band_noise(self.seed + 60 + number % GRAINS, 2.4 * self.unit, 0.6)


def _corners(size: tuple[int, int]) -> np.ndarray:
    """Return (H, W, 1) light of the projector: 1 in the middle, warm and dark in the corners."""
    height, width = size
    x, y = pixel_grid(height, width)
    across = (x / max(width - 1, 1) - 0.5) * 2.0
    down = (y / max(height - 1, 1) - 0.5) * 2.0
    out = np.sqrt(across**2 + down**2) / np.sqrt(2.0)
    fall = 0.46 * smoothstep(0.45, 1.08, out)
    tint = np.array([0.85, 1.0, 1.12], np.float32)
    return (1.0 - fall[..., None] * tint).astype(np.float32)


def _light_leak(shot: Shot) -> np.ndarray:
    """Return (H, W, 3): daylight that crept into the camera along one side, orange to red."""
    height, width = shot.size
    x, y = pixel_grid(height, width)
    rng = np.random.default_rng([shot.seed, 71])
    side = x / width if rng.random() < 0.5 else 1.0 - x / width
    middle, spread = rng.uniform(0.15, 0.5), 0.42
    reach = np.exp(-side / 0.16) * np.exp(-(((y / height - middle) / spread) ** 2))
    return reach[..., None] * np.array([0.50, 0.20, 0.05], np.float32)


def _faded() -> ColourMap:
    """Return the mapping of colours to those of an old print."""

    def mapping(rgb: np.ndarray) -> np.ndarray:
        lab = to_lab(rgb)
        lightness = lab[:, 0] / 100.0
        # A long toe and a shoulder: blacks lift, whites roll off.
        curve = lightness + 0.10 * np.sin(2 * np.pi * (lightness - 0.5)) * 0.9
        lab[:, 0] = 100.0 * (0.13 + 0.82 * np.clip(curve, 0, 1))
        lab[:, 1:] *= 0.80
        # Dyes fade unevenly: shadows go to teal, lights to amber.
        shadow = (1.0 - lightness) ** 2
        light = lightness**1.2
        lab[:, 1] += -4.0 * shadow + 4.5 * light
        lab[:, 2] += -4.0 * shadow + 19.0 * light
        return to_rgb(lab)

    return mapping
