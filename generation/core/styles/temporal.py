"""Steadiness in time: layers blended along the motion, pictures held to their source's pace."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

from generation.core.styles.filters import smoothstep
from generation.core.styles.motion import EDGE, Motion, MotionEstimator, flow_grid
from generation.core.styles.textures import Sheet

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
# A source that changes so much from frame to frame, rms of 255, has grain at its full pace.
FULL_UNREST = 3.5
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


def unrest_of(frame: np.ndarray, carried: np.ndarray) -> float:
    """Return the root mean square, of 255, by which a frame differs from the carried last one.

    Both (H, W, 3) uint8. What came into sight counts no more than noise may.
    """
    apart = np.minimum(cv2.absdiff(frame, carried), np.uint8(NEW_FROM))
    return float(cv2.norm(apart) / apart.size**0.5)


class TemporalFilter:
    """Steadies a shot, in two places, along the optical flow from each frame to the one before.

    `blend` mixes the layers with the last frame's, so that noise in the source does not become
    flicker in lines and cels. `limit` lets the finished picture change hardly faster than its
    source does, so that no look can multiply unrest. Where the flow explains nothing (something new
    came into sight), what is new counts alone. One instance for one shot.
    """

    def __init__(self, size: tuple[int, int], samples: Sequence[np.ndarray] = ()) -> None:
        """`size`: (H, W) of the frames. samples: some frames of the shot, of any size."""
        self._size, self._motion = size, MotionEstimator(size)
        self._small = self._motion.small
        self._before: np.ndarray | None = None
        self._layers: np.ndarray | None = None
        self._picture: np.ndarray | None = None
        self._motion_now: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        self._at_rest = rest_of(samples, self._small)
        self._rest = self._at_rest
        self._shift = np.zeros(2)
        self._tick = 0.0
        change = np.arange(256, dtype=np.float32)
        self._trust = (MOST_KEPT * np.exp(-((change / DOUBT) ** 2))).astype(np.float32)
        self._reach = (
            LEAST_STEP + STEP_PER_CHANGE * change / 255.0 + smoothstep(NEW_FROM, NEW_SURELY, change)
        ).astype(np.float32)

    def blend(self, frame: np.ndarray, layers: np.ndarray) -> np.ndarray:
        """Return the layers (H, W, C) float32 of this frame (H, W, 3) uint8, steadied.

        To be called once for each frame, before `sheet` and `limit`.
        """
        before, self._before = self._before, frame
        if before is None or self._layers is None:
            self._layers = layers
            return layers
        motion = self._motion.between(before, frame)
        self._follow(motion)
        grid = flow_grid(motion.flow)
        seen = cv2.remap(before, *grid, cv2.INTER_LINEAR, borderMode=EDGE)
        change = self._apart(frame, seen)
        self._motion_now = (*grid, change)
        self._tick += min(1.0, unrest_of(frame, seen) / FULL_UNREST)
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
        carried = cv2.remap(image, columns, rows, cv2.INTER_LINEAR, borderMode=EDGE)
        return carried.reshape(image.shape)

    def sheet(self) -> Sheet:
        """Return what lies under the frame of the last `blend`."""
        shift = (float(self._shift[0]), float(self._shift[1]))
        rest = None if self._rest.min() >= 1.0 else self._enlarged(self._rest)
        return Sheet(self._tick, shift, rest)

    def _follow(self, motion: Motion) -> None:
        """Move the sheet with the camera, and note where the scene moves across it."""
        settled = cv2.resize(motion.flow, self._small, interpolation=cv2.INTER_AREA)
        settled = settled / self._motion.per_pixel
        camera = np.median(settled[::4, ::4].reshape(-1, 2), axis=0)
        self._shift -= camera * self._motion.per_pixel
        across = np.minimum(
            np.hypot(*cv2.split(motion.estimated - camera)),
            np.hypot(*cv2.split(settled - camera)),
        )
        # A margin around what moves: it will be there in the next frames.
        across = cv2.dilate(across, np.ones((9, 9), np.uint8))
        aim = 1.0 - cv2.blur(smoothstep(MOVES_FROM, MOVES_SURELY, across), (7, 7))
        aim = np.minimum(aim, self._at_rest)
        self._rest = self._rest + np.clip(aim - self._rest, -FADE, RETURN)

    def _apart(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return (h, w) uint8: the largest difference of the channels of two frames, smoothed."""
        first, second = (
            cv2.resize(one, self._small, interpolation=cv2.INTER_AREA) for one in (first, second)
        )
        difference = cv2.absdiff(first, second)
        largest = cv2.max(cv2.max(difference[..., 0], difference[..., 1]), difference[..., 2])
        return cv2.blur(largest, (3, 3))

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
