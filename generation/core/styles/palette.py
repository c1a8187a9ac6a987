"""Palette: the scene in a person's own colours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from generation.core.styles.colour import ColourTable, sample_pixels, to_lab
from generation.core.styles.looks import Shot
from generation.core.styles.textures import Sheet
from generation.core.styles.transport import palette_map

GROUPS = 8


class Palette:
    """The shot's main colours transported onto the palette; one table for the shot."""

    def __init__(self, shot: Shot, colours: Sequence[tuple[tuple[int, int, int], float]]) -> None:
        """`colours`: sRGB of 0..255 with how much each counts; at least one."""
        if not colours:
            raise ValueError("a palette needs a colour")
        rgb = np.array([colour for colour, _ in colours], np.float32) / 255.0
        weights = np.array([weight for _, weight in colours], np.float32)
        pixels = to_lab(sample_pixels(shot.samples, 8_000, shot.seed))
        self.table = ColourTable(
            palette_map(pixels, to_lab(rgb), weights, groups=GROUPS, seed=shot.seed)
        )

    def paint(self, frame: np.ndarray) -> np.ndarray:
        """Return the frame in the palette, (H, W, 3)."""
        return self.table(frame).astype(np.float32) * np.float32(1 / 255)

    def finish(self, layers: np.ndarray, sheet: Sheet) -> np.ndarray:
        """Return the layers as they are."""
        return layers
