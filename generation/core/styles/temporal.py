"""Steadiness in time: blending along the motion, and the warp error that measures it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from generation.core.styles.filters import pixel_grid, smoothstep
from generation.core.styles.textures import Sheet

# Motion is estimated at this short side.
MOTION_SIDE = 240
# At most this share of a pixel comes from the frames before.
MOST_KEPT = 0.85
# Difference, of 255, between a pixel and where it came from at which little of it is kept.
DOUBT = 14.0
# The source's noise, of 255, is what the middle pixel changed, and at most this.
MOST_NOISE = 6
# The picture changes by at most this, of 1, plus this many times what its source changed ...
LEAST_STEP, STEP_PER_CHANGE = 0.002, 0.4
# ... unless something new came into sight: a difference, of 255, from the first on, at all events
# from the second on.
NEW_FROM, NEW_SURELY = 20.0, 56.0
# The scene moves across its sheet from the first of these on (pixels of the small frame a frame),
# surely from the second on.
MOVES_FROM, MOVES_SURELY = 0.08, 0.4
# How fast textures fade where it begins to move, and return where it has come to rest.
FADE, RETURN = 0.4, 0.03
# Change of lightness, of 255, over a shot from which on a place counts as moving, surely from the
# second on.
VARIES_FROM, VARIES_SURELY = 10.0, 26.0
# A shift between samples, in pixels of the small frame, by which a camera is not on a tripod, and
# how far the scene then counts as resting on its sheet.
SHIFTS_FROM, HELD_BY_HAND = 0.35, 0.25


class TemporalFilter:
    """Steadies a shot, in two places, along the optical flow from each frame to the one before.

    `blend` mixes the layers with the last frame's, so that noise in the source does not become
    flicker in lines and cels. `limit` lets the finished picture change hardly faster than its
    source does, so that no look can multiply unrest. Where the flow explains nothing (something new
    came into sight), what is new counts alone. One instance for one shot.
    """

    def __init__(self, size: tuple[int, int], samples: Sequence[np.ndarray] = ()) -> None:
        """`size`: (H, W) of the frames. samples: some frames of the shot, of any size."""
        height, width = self._size = size
        scale = min(1.0, MOTION_SIDE / min(size))
        self._small = (max(16, round(width * scale)), max(16, round(height * scale)))
        self._per_pixel = np.array([width / self._small[0], height / self._small[1]], np.float32)
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        # The frames are small already.
        self._flow.setFinestScale(0)
        self._before: tuple[np.ndarray, np.ndarray] | None = None
        self._layers: np.ndarray | None = None
        self._picture: np.ndarray | None = None
        self._motion_now: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        self._at_rest = rest_of(samples, self._small)
        self._rest = self._at_rest
        self._shift = np.zeros(2)
        self._tick = 0
        change = np.arange(256, dtype=np.float32)
        self._trust = (MOST_KEPT * np.exp(-((change / DOUBT) ** 2))).astype(np.float32)
        self._reach = (
            LEAST_STEP + STEP_PER_CHANGE * change / 255.0 + smoothstep(NEW_FROM, NEW_SURELY, change)
        ).astype(np.float32)

    def blend(self, frame: np.ndarray, layers: np.ndarray) -> np.ndarray:
        """Return the layers (H, W, C) float32 of this frame (H, W, 3) uint8, steadied.

        To be called once for each frame, before `sheet` and `limit`.
        """
        small = cv2.resize(frame, self._small, interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        before, self._before = self._before, (small, grey)
        if before is None or self._layers is None:
            self._layers = layers
            return layers
        self._tick += 1
        flow, change = self._motion(small, grey, *before)
        large = self._enlarged(flow * self._per_pixel)
        columns, rows = pixel_grid(*self._size)
        self._motion_now = (columns + large[..., 0], rows + large[..., 1], change)
        noise = np.uint8(min(MOST_NOISE, np.median(change)))
        kept = self._enlarged(cv2.LUT(change - np.minimum(change, noise), self._trust))[..., None]
        self._layers = layers + (self._carried(self._layers) - layers) * kept
        return self._layers

    def limit(self, picture: np.ndarray) -> np.ndarray:
        """Return the finished picture (H, W, 3) float32 in 0..1, no further from the last than
        its source is.
        """
        if self._picture is not None and self._motion_now is not None:
            last = self._carried(self._picture)
            reach = self._enlarged(cv2.LUT(self._motion_now[2], self._reach))[..., None]
            picture = last + np.clip(picture - last, -reach, reach)
        self._picture = picture
        return picture

    def _carried(self, image: np.ndarray) -> np.ndarray:
        """Return the last frame's image (H, W, C) where its parts are now."""
        assert self._motion_now is not None
        columns, rows, _ = self._motion_now
        carried = cv2.remap(image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return carried.reshape(image.shape)

    def sheet(self) -> Sheet:
        """Return what lies under the frame of the last `blend`."""
        shift = (float(self._shift[0]), float(self._shift[1]))
        rest = None if self._rest.min() >= 1.0 else self._enlarged(self._rest)
        return Sheet(self._tick, shift, rest)

    def _follow(self, estimated: np.ndarray, settled: np.ndarray) -> None:
        """Move the sheet with the camera, and note where the scene moves across it.

        Both flows (h, w, 2): as estimated, and with what may as well be at rest set to rest.
        """
        camera = np.median(settled[::4, ::4].reshape(-1, 2), axis=0)
        self._shift -= camera * self._per_pixel
        across = np.minimum(
            np.hypot(*cv2.split(estimated - camera)), np.hypot(*cv2.split(settled - camera))
        )
        # A margin around what moves: it will be there in the next frames.
        across = cv2.dilate(across, np.ones((9, 9), np.uint8))
        aim = 1.0 - cv2.blur(smoothstep(MOVES_FROM, MOVES_SURELY, across), (7, 7))
        aim = np.minimum(aim, self._at_rest)
        self._rest = self._rest + np.clip(aim - self._rest, -FADE, RETURN)

    def _motion(
        self, small: np.ndarray, grey: np.ndarray, small_before: np.ndarray, grey_before: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return where each small pixel was (h, w, 2), and its change since (h, w) uint8."""
        # OpenCV's stubs do not know that it may make the array itself.
        flow = self._flow.calc(grey, grey_before, None)  # type: ignore[call-overload]
        seen = cv2.remap(
            small_before, *self._grid(flow), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        moved, stayed = _apart(small, seen), _apart(small, small_before)
        # What motion hardly explains better than rest did not move: carrying it would only blur it.
        # The middle pixel tells how much noise alone can seem to gain by moving.
        noise = np.float32(min(MOST_NOISE, np.median(stayed)))
        at_rest = stayed <= np.float32(1.0) + 0.6 * noise + moved
        settled = np.where(at_rest[..., None], np.float32(0.0), flow)
        self._follow(flow, settled)
        return settled, np.where(at_rest, stayed, moved)

    def _grid(self, flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        columns, rows = pixel_grid(*flow.shape[:2])
        return columns + flow[..., 0], rows + flow[..., 1]

    def _enlarged(self, field: np.ndarray) -> np.ndarray:
        return cv2.resize(field, self._size[::-1], interpolation=cv2.INTER_LINEAR)


def rest_of(samples: Sequence[np.ndarray], small: tuple[int, int]) -> np.ndarray:
    """Return (h, w) float32 of the size `small` (width, height): 1 where a shot never changes.

    samples: frames of the shot. What moves in the course of it is known from the first frame on, so
    that textures need not vanish under the viewer's eyes.
    """
    if len(samples) < 2:
        return np.ones(small[::-1], np.float32)
    greys = [
        cv2.GaussianBlur(cv2.resize(cv2.cvtColor(s, cv2.COLOR_RGB2GRAY), small), (0, 0), 2.0)
        for s in samples
    ]
    fixed = 1.0 if camera_rests(greys) else HELD_BY_HAND
    varies = np.max(greys, axis=0) - np.min(greys, axis=0)
    varies = cv2.dilate(varies, np.ones((9, 9), np.uint8)).astype(np.float32)
    return fixed * cv2.blur(1.0 - smoothstep(VARIES_FROM, VARIES_SURELY, varies), (9, 9))


def camera_rests(greys: Sequence[np.ndarray]) -> bool:
    """Return whether the camera stood on a tripod while these frames (h, w) uint8 were taken.

    Along the strongest edges, a difference over a gradient is a distance (normal flow); where most
    of the edges are where they were, only things move.
    """
    for before, now in pairwise(grey.astype(np.float32) for grey in greys):
        gradient = np.hypot(cv2.Sobel(before, -1, 1, 0), cv2.Sobel(before, -1, 0, 1)) / 8.0
        edges = gradient > max(1.0, float(np.percentile(gradient, 85)))
        if edges.any() and np.median(np.abs(now - before)[edges] / gradient[edges]) > SHIFTS_FROM:
            return False
    return True


def _apart(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return (h, w) uint8: the largest difference of the channels, averaged over 3 x 3 pixels."""
    difference = cv2.absdiff(first, second)
    largest = cv2.max(cv2.max(difference[..., 0], difference[..., 1]), difference[..., 2])
    return cv2.blur(largest, (3, 3))


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
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    first, second = (cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in (earlier, later))
    back = estimator.calc(second, first, None)  # type: ignore[call-overload]
    forth = estimator.calc(first, second, None)  # type: ignore[call-overload]
    grid_x, grid_y = pixel_grid(*first.shape)
    carried = cv2.remap(earlier, grid_x + back[..., 0], grid_y + back[..., 1], cv2.INTER_LINEAR)
    moved, stayed = (_mean_apart(later, seen) for seen in (carried, earlier))
    at_rest = stayed <= moved + 1.0
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


def _mean_apart(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return (H, W) float32: mean difference of the channels over 7 x 7 pixels, 0..255."""
    difference = cv2.absdiff(first, second).astype(np.float32)
    return cv2.blur(difference.mean(axis=2), (7, 7))


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
