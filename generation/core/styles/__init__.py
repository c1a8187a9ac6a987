"""Looks for pictures and videos, made without a network: cartoon, pencil, watercolour, neon,
vintage film, a person's palette, and the manner of an exemplar.

`Recipe` says which; `restyle_picture` and `video.restyle_video` apply it. All statistics are those
of a shot, never of a frame, and what is painted is steadied along the motion: no video flickers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from common.errors import InvalidInputError
from common.vocabulary import LAID_STYLES
from generation.core.styles.cartoon import Cartoon
from generation.core.styles.exemplar import Exemplar, Manner, study
from generation.core.styles.looks import Look, Shot
from generation.core.styles.neon import Neon
from generation.core.styles.palette import Palette
from generation.core.styles.pencil import Pencil
from generation.core.styles.textures import STILL
from generation.core.styles.vintage import Vintage
from generation.core.styles.watercolour import Watercolour

# Changes whenever a look does: the same request then gives another picture.
REVISION = "2"
PALETTE, EXEMPLAR = "palette", "exemplar"
SAMPLE_SIDE = 240
LEAST_SIDE = 16

_DRAWN: dict[str, Callable[[Shot], Look]] = {
    "cartoon": Cartoon,
    "pencil": Pencil,
    "watercolour": Watercolour,
    "neon": Neon,
    "vintage": Vintage,
}
RENDERED = LAID_STYLES
assert set(RENDERED) == {*_DRAWN, PALETTE, EXEMPLAR}

# Colours in sRGB of 0..255 with how much each counts.
Colours = tuple[tuple[tuple[int, int, int], float], ...]


@dataclass(frozen=True)
class Recipe:
    """A style and what it needs: "palette" its colours, "exemplar" a picture (H, W, 3) uint8."""

    style: str
    palette: Colours = ()
    exemplar: np.ndarray | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.style not in RENDERED:
            raise InvalidInputError(f"There is no style called {self.style[:40]}.")
        if self.style == PALETTE and not self.palette:
            raise InvalidInputError("A palette needs at least one colour.")
        if self.style == EXEMPLAR and self.exemplar is None:
            raise InvalidInputError("Choose the item whose style should be taken.")

    @cached_property
    def manner(self) -> Manner:
        """What is taken from the exemplar; studied once for all shots."""
        assert self.exemplar is not None
        return study(self.exemplar, self.seed)

    def look(self, shot: Shot) -> Look:
        """Return the style made ready for one shot."""
        if self.style == PALETTE:
            return Palette(shot, self.palette)
        if self.style == EXEMPLAR:
            return Exemplar(shot, self.manner)
        return _DRAWN[self.style](shot)


def restyle_picture(picture: np.ndarray, recipe: Recipe, *, degree: float = 1.0) -> np.ndarray:
    """Return the picture (H, W, 3) uint8 in the style; degree 0 is the picture, 1 all of the style.

    The same picture, recipe and degree give the same bytes.
    """
    if min(picture.shape[:2]) < LEAST_SIDE:
        raise InvalidInputError(f"A picture to restyle needs at least {LEAST_SIDE} pixels a side.")
    shot = Shot([sample_of(picture)], picture.shape[:2], seed=recipe.seed)
    look = recipe.look(shot)
    return mixed(picture, look.finish(look.paint(picture), STILL), degree)


def sample_of(frame: np.ndarray) -> np.ndarray:
    """Return the frame small enough to take statistics from."""
    scale = SAMPLE_SIDE / min(frame.shape[:2])
    if scale >= 1.0:
        return frame
    return cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def mixed(frame: np.ndarray, styled: np.ndarray, degree: float) -> np.ndarray:
    """Return (H, W, 3) uint8 between the frame, uint8, and its styled self, float in 0..1."""
    if degree >= 1.0:
        return cv2.convertScaleAbs(styled, alpha=255.0)
    part = cv2.convertScaleAbs(styled, alpha=255.0)
    return cv2.addWeighted(part, degree, frame, 1.0 - degree, 0.0)
