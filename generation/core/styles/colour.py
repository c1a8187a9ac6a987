"""Colour as a table: any mapping of colours, evaluated once per shot, applied to every frame.

One table for a whole shot cannot flicker, whatever made it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import cv2
import numpy as np

# Points per axis at which a mapping is evaluated, and of the table that frames are looked up in.
GRID = 33
CELLS = 128

# Colours (N, 3) float32 sRGB in 0..1 to the same.
ColourMap = Callable[[np.ndarray], np.ndarray]


def to_lab(rgb: np.ndarray) -> np.ndarray:
    """Return (N, 3) CIE Lab, L in 0..100, of (N, 3) sRGB in 0..1."""
    return cv2.cvtColor(rgb.reshape(-1, 1, 3).astype(np.float32), cv2.COLOR_RGB2LAB)[:, 0]


def to_rgb(lab: np.ndarray) -> np.ndarray:
    """Return (N, 3) sRGB in 0..1 of (N, 3) CIE Lab; what no screen can show is clipped."""
    rgb = cv2.cvtColor(lab.reshape(-1, 1, 3).astype(np.float32), cv2.COLOR_LAB2RGB)[:, 0]
    return np.clip(rgb, 0.0, 1.0)


class ColourTable:
    """A colour mapping as a 128 x 128 x 128 table, linear between the points of a 33-grid."""

    def __init__(self, mapping: ColourMap) -> None:
        axis = np.linspace(0.0, 1.0, GRID, dtype=np.float32)
        grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
        mapped = mapping(grid.reshape(-1, 3)).reshape(GRID, GRID, GRID, 3)
        cube = np.clip(mapped, 0.0, 1.0).astype(np.float32) * 255.0
        cells = _between_grid_points()
        for axis_index in range(3):
            cube = np.moveaxis(np.tensordot(cells, cube, axes=(1, axis_index)), 0, axis_index)
        packed = np.zeros((CELLS**3, 4), np.uint8)
        packed[:, :3] = np.round(cube.reshape(-1, 3))
        self._cells = packed.view(np.uint32)[:, 0]

    def __call__(self, rgb: np.ndarray) -> np.ndarray:
        """Return (H, W, 3) uint8 of (H, W, 3) uint8."""
        red, green, blue = (plane.astype(np.int32) >> 1 for plane in cv2.split(rgb))
        found = self._cells[(red << 14) | (green << 7) | blue]
        mapped = found.view(np.uint8).reshape(*rgb.shape[:2], 4)[..., :3]
        # The bit that the table cannot see: without it, skies would show steps.
        return cv2.add(mapped, rgb & 1)


@cache
def _between_grid_points() -> np.ndarray:
    """Return (CELLS, GRID): the linear weights of the grid's points at each cell's lower value."""
    place = np.arange(CELLS) * 2.0 / 255.0 * (GRID - 1)
    low = np.minimum(place.astype(int), GRID - 2)
    weights = np.zeros((CELLS, GRID), np.float32)
    weights[np.arange(CELLS), low] = 1.0 - (place - low)
    weights[np.arange(CELLS), low + 1] = place - low
    return weights


def sample_pixels(frames: Sequence[np.ndarray], count: int, seed: int) -> np.ndarray:
    """Return (count, 3) float32 sRGB in 0..1, drawn evenly from the frames' pixels."""
    rng = np.random.default_rng(seed)
    pixels = np.concatenate([frame.reshape(-1, 3) for frame in frames])
    return pixels[rng.integers(0, len(pixels), count)].astype(np.float32) / 255.0


def group_colours(lab: np.ndarray, groups: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return k-means centres (G, 3) in Lab and their shares (G,), largest first; G <= `groups`."""
    distinct = len(np.unique(np.round(lab), axis=0))
    groups = max(1, min(groups, distinct))
    cv2.setRNGSeed(seed % 2**31)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 0.2)
    # OpenCV's stubs do not know that the labels to begin from may be None.
    _, labels, centres = cv2.kmeans(  # type: ignore[call-overload]
        np.ascontiguousarray(lab, np.float32), groups, None, stop, 2, cv2.KMEANS_PP_CENTERS
    )
    shares = np.bincount(labels[:, 0], minlength=groups) / len(lab)
    order = np.argsort(-shares, kind="stable")
    return centres[order], shares[order].astype(np.float32)
