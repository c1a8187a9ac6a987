"""The warp error: how much a video changes beyond its source's motion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from generation.core.styles.filters import pixel_grid
from generation.core.styles.motion import MotionEstimator, difference_near


@dataclass(frozen=True)
class Correspondence:
    """Which pixels of two frames of a source show the same point.

    columns, rows: (H, W) float32, where each pixel of the later frame was in the earlier one.
    valid: (H, W) bool, False where it was hidden or the motion is torn.
    """

    columns: np.ndarray
    rows: np.ndarray
    valid: np.ndarray


def correspond(earlier: np.ndarray, later: np.ndarray) -> Correspondence:
    """Return the correspondence of two frames (H, W, 3) uint8 by dense inverse search flow.

    Occlusions and motion boundaries are left out by the two conditions of Sundaram et al. 2010 as
    used by Ruder et al. 2016, "Artistic style transfer for videos", equations 5 and 6. Motion that
    explains the source no better than rest, to one step of 255 over 7 x 7 pixels, counts as rest:
    in a flat wall the flow is any, which the source does not show and a texture on it would.
    """
    estimator = MotionEstimator(earlier.shape[:2])
    first, second = (cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in (earlier, later))
    back, forth = estimator.search(first, second), estimator.search(second, first)
    grid_x, grid_y = pixel_grid(*first.shape)
    carried = cv2.remap(earlier, grid_x + back[..., 0], grid_y + back[..., 1], cv2.INTER_LINEAR)
    at_rest = difference_near(later, earlier) <= difference_near(later, carried) + 1.0
    back[at_rest] = 0.0
    columns, rows = grid_x + back[..., 0], grid_y + back[..., 1]
    there = cv2.remap(forth, columns, rows, cv2.INTER_LINEAR)
    squared = (back**2).sum(axis=2)
    disagree = ((back + there) ** 2).sum(axis=2) > 0.01 * (squared + (there**2).sum(axis=2)) + 0.5
    torn = sum(
        cv2.Sobel(back[..., axis], cv2.CV_32F, dx, 1 - dx, ksize=1, scale=0.5) ** 2
        for axis in (0, 1)
        for dx in (0, 1)
    )
    inside = (columns >= 0) & (columns <= first.shape[1] - 1)
    inside &= (rows >= 0) & (rows <= first.shape[0] - 1)
    visible = at_rest | ~(disagree | (torn > 0.01 * squared + 0.002))
    return Correspondence(columns, rows, inside & visible)


def warp_error(earlier: np.ndarray, later: np.ndarray, where: Correspondence) -> float:
    """Return the mean squared difference of two frames along a correspondence; NaN without pixels.

    earlier, later: (H, W, 3) uint8, counted in 0..1 and averaged over the channels. This is E_warp
    of Lai et al. 2018, "Learning blind video temporal consistency", for one pair of frames.
    """
    if not where.valid.any():
        return float("nan")
    carried = cv2.remap(earlier.astype(np.float32), where.columns, where.rows, cv2.INTER_LINEAR)
    apart = ((later.astype(np.float32) - carried) * np.float32(1 / 255)) ** 2
    return float(apart.mean(axis=2)[where.valid].mean())


def warp_errors(
    source: Iterable[np.ndarray], results: Iterable[np.ndarray]
) -> Iterator[tuple[float, float]]:
    """Yield the warp errors of source and result for each pair of neighbouring frames.

    Both along the source's motion, so that a style cannot help itself by hiding its own.
    """
    for (before, made_before), (now, made_now) in pairwise(zip(source, results, strict=True)):
        where = correspond(before, now)
        yield warp_error(before, now, where), warp_error(made_before, made_now, where)
