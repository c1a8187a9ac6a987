"""What every look is: layers painted from a frame, filtered through time, finished on paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from generation.core.styles.textures import Sheet

# The sizes in the looks are for pictures with this short side.
REFERENCE_SIDE = 480.0


@dataclass(frozen=True)
class Shot:
    """What the frames between two cuts share.

    samples: a few frames (h, w, 3) uint8, small, from which all statistics are taken.
    size: (H, W) of the frames to render.
    """

    samples: Sequence[np.ndarray]
    size: tuple[int, int]
    seed: int = 0

    @property
    def unit(self) -> float:
        """Return pixels per unit of the looks' sizes."""
        return min(self.size) / REFERENCE_SIDE


class Look(Protocol):
    """One style, made ready for one shot."""

    def paint(self, frame: np.ndarray) -> np.ndarray:
        """Return the layers (H, W, C) float32, C at most 4, of a frame (H, W, 3) uint8.

        They must depend on the frame alone, so that they may be blended with the last frame's.
        """

    def finish(self, layers: np.ndarray, sheet: Sheet) -> np.ndarray:
        """Return the picture (H, W, 3) float32 in 0..1 of the layers, with paper and grain."""
