"""Where the pixels of a frame were in the one before, as far as pictures can tell."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from generation.core.styles.filters import pixel_grid

# Motion is estimated and judged at about this short side.
MOTION_SIDE = 240
# Detail is what a Gaussian of this deviation takes away, and is judged over so wide a square; both
# in pixels of the small frame.
DETAIL, NEIGHBOURHOOD = 3.0, 9
# Motion counts where it explains so much more, of 255, than rest does: of the colours, over
# COLOUR_SIDE pixels of the frame, and of the detail.
LEAST_GAIN, COLOUR_SIDE, LEAST_DETAIL = 1.0, 7, 0.25

EDGE = cv2.BORDER_REPLICATE


@dataclass(frozen=True)
class Motion:
    """What happened between two frames.

    flow: (H, W, 2) float32, from each pixel to where it was; 0 where it may as well have rested.
    estimated: (h, w, 2), in pixels of the small frame, before what may have rested was set to rest.
    """

    flow: np.ndarray
    estimated: np.ndarray


class MotionEstimator:
    """Dense inverse search flow (Kroeger et al. 2016) between frames of one size, with rest told.

    On a flat wall the flow is any: it explains a change of light by moving along a faint gradient,
    and would smear whatever is drawn on the wall. So motion counts only where it explains detail.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        """`size`: (H, W) of the frames."""
        height, width = self.size = size
        scale = min(1.0, MOTION_SIDE / min(size))
        self.small = (max(16, round(width * scale)), max(16, round(height * scale)))
        self.per_pixel = np.array([width / self.small[0], height / self.small[1]], np.float32)
        self._search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        # Halved so often that the finest frame searched has about the small frame's size.
        self._search.setFinestScale(max(0, round(np.log2(min(size) / MOTION_SIDE))))

    def between(self, before: np.ndarray, now: np.ndarray) -> Motion:
        """Return the motion from `before` to `now`, frames (H, W, 3) uint8."""
        greys = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (before, now)]
        flow = self.search(greys[0], greys[1])
        estimated = cv2.resize(flow, self.small, interpolation=cv2.INTER_AREA) / self.per_pixel
        carried = cv2.remap(before, *flow_grid(flow), cv2.INTER_LINEAR, borderMode=EDGE)
        gain = difference_near(now, before) - difference_near(now, carried)
        moves = (gain > LEAST_GAIN) & self._explains_detail(greys[0], greys[1], estimated)
        flow[~moves] = 0.0
        return Motion(flow, estimated)

    def search(self, before: np.ndarray, now: np.ndarray) -> np.ndarray:
        """Return the flow (H, W, 2) as it was found, from each pixel of `now` to where it was."""
        # OpenCV's stubs do not know that it may make the array itself.
        found: np.ndarray = self._search.calc(now, before, None)  # type: ignore[call-overload]
        return found

    def _explains_detail(self, before: np.ndarray, now: np.ndarray, flow: np.ndarray) -> np.ndarray:
        """Return (H, W) bool: where the flow (h, w, 2) explains detail better than rest."""
        fine, fine_before = self._detail(now), self._detail(before)
        carried = cv2.remap(fine_before, *flow_grid(flow), cv2.INTER_LINEAR, borderMode=EDGE)
        gain = cv2.absdiff(fine, fine_before) - cv2.absdiff(fine, carried)
        nearby = cv2.blur(gain, (NEIGHBOURHOOD, NEIGHBOURHOOD))
        return cv2.resize(nearby, self.size[::-1], interpolation=cv2.INTER_LINEAR) > LEAST_DETAIL

    def _detail(self, grey: np.ndarray) -> np.ndarray:
        small = cv2.resize(grey, self.small, interpolation=cv2.INTER_AREA).astype(np.float32)
        return small - cv2.GaussianBlur(small, (0, 0), DETAIL)


def flow_grid(flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return columns and rows, (H, W) float32 each, where a flow (H, W, 2) says each pixel was."""
    columns, rows = pixel_grid(*flow.shape[:2])
    return columns + flow[..., 0], rows + flow[..., 1]


def difference_near(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return (H, W) float32: mean difference of the channels over a small square, 0..255."""
    difference = cv2.absdiff(first, second)
    mean = cv2.transform(difference.astype(np.float32), np.full((1, 3), 1 / 3, np.float32))
    return cv2.blur(mean, (COLOUR_SIDE, COLOUR_SIDE))
