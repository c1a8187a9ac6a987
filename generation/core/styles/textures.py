"""Paper, hatching and grain: tiles that repeat without a seam, drawn once per shot.

Every tile is noise with a chosen spectrum: white noise multiplied by a filter in the frequency
domain, which makes it periodic of itself. A `Sheet` lays tiles under a frame: fixed to the screen,
or to the scene while the camera pans.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

TILE = 768


@lru_cache(maxsize=32)
def band_noise(seed: int, period: float, octaves: float = 1.0, tile: int = TILE) -> np.ndarray:
    """Return (tile, tile) float32 noise, mean 0 and deviation 1, of features about `period` wide.

    The spectrum is a Gaussian over the logarithm of the frequency, `octaves` wide.
    """
    fy, fx = _frequencies(tile)
    radius = np.hypot(fx, fy)
    radius[0, 0] = 1e-9
    return _shaped(seed, np.exp(-0.5 * (np.log2(radius * period) / octaves) ** 2))


@lru_cache(maxsize=16)
def stroke_noise(
    seed: int, angle: float, length: float, period: float, tile: int = TILE
) -> np.ndarray:
    """Return (tile, tile) float32 noise, mean 0, deviation 1, in strokes along `angle` (radians).

    Strokes are about `length` long and repeat across about every `period` pixels.
    """
    fy, fx = _frequencies(tile)
    along = fx * np.cos(angle) + fy * np.sin(angle)
    across = np.abs(fy * np.cos(angle) - fx * np.sin(angle))
    rows = np.exp(-0.5 * (np.log2(np.maximum(across, 1e-9) * period) / 0.55) ** 2)
    return _shaped(seed, rows * np.exp(-0.5 * (along * length) ** 2))


@lru_cache(maxsize=8)
def paper_relief(seed: int, grain: float, tile: int = TILE) -> np.ndarray:
    """Return (tile, tile) float32 height of paper, mean 0 and deviation 1; `grain` in pixels."""
    relief = (
        band_noise(seed, grain, 0.5, tile)
        + 0.55 * band_noise(seed + 1, 2.2 * grain, 0.6, tile)
        + 0.35 * band_noise(seed + 2, 9.0 * grain, 0.9, tile)
    )
    return (relief / relief.std()).astype(np.float32)


def covering(tile: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return (H, W) of the endless tile; a view where one tile is enough."""
    height, width = size
    if height <= tile.shape[0] and width <= tile.shape[1]:
        return tile[:height, :width]
    return np.take(np.take(tile, range(height), 0, mode="wrap"), range(width), 1, mode="wrap")


@dataclass(frozen=True)
class Sheet:
    """What lies under one frame of a shot.

    tick: how far moving grain has come since the shot began, in frames of a restless source; a
    still source has still grain. shift: how far (x, y) the camera has moved the scene
    since the shot began, in pixels; a pan takes the paper along. rest: (H, W) float32, 1 where the
    scene lies still on the sheet, 0 where it moves across it; None where all of it lies still.
    """

    tick: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    rest: np.ndarray | None = None

    def lay(self, tile: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Return (H, W) of the tile as it lies under this frame."""
        x, y = self.shift[0] % tile.shape[1], self.shift[1] % tile.shape[0]
        if x == 0.0 and y == 0.0:
            return covering(tile, size)
        height, width = size
        left, top = int(np.ceil(x)), int(np.ceil(y))
        columns = (np.arange(width + 1) - left) % tile.shape[1]
        rows = (np.arange(height + 1) - top) % tile.shape[0]
        window = tile[rows[:, None], columns[None, :]]
        part = np.array([[1.0, 0.0, x - left], [0.0, 1.0, y - top]])
        moved = cv2.warpAffine(
            window, part, (width + 1, height + 1), borderMode=cv2.BORDER_REPLICATE
        )
        return moved[:height, :width]


STILL = Sheet()


def _frequencies(tile: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows' and columns' frequencies in cycles per pixel, for `rfft2`."""
    return np.fft.fftfreq(tile)[:, None], np.fft.rfftfreq(tile)[None, :].repeat(tile, axis=0)


def _shaped(seed: int, spectrum: np.ndarray) -> np.ndarray:
    tile = spectrum.shape[0]
    white = np.random.default_rng(seed).standard_normal((tile, tile))
    spectrum[0, 0] = 0.0
    noise = np.fft.irfft2(np.fft.rfft2(white) * spectrum, s=(tile, tile))
    return (noise / noise.std()).astype(np.float32)
