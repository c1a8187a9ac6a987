"""Where a video's scenes begin, found from every frame of one decode.

The method is that of PySceneDetect's AdaptiveDetector (https://www.scenedetect.com), written anew
since that package would bring a second OpenCV: a cut is a frame that differs from the one before by
far more than the frames around it do, so that fast movement alone is none. Fades through black are
found as well. Only the frames' own times are used: numbers of frames mean nothing at varying rates.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

# Every frame is compared at this size, (height, width).
SMALL = (24, 42)
# A cut differs from the frame before by this many times what its neighbours do ...
RATIO = 3.5
# ... and by at least this much, of 255, in the mean over lightness and both colours.
LEAST_CHANGE = 7.0
NEIGHBOURS = 3
LEAST_SCENE_S = 0.6
# Mean lightness (16 is black in video) below which a frame is a pause between scenes.
DARK = 22.0
PLANAR = frozenset(("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"))


class Shrinker:
    """Makes frames small enough to compare: (72, 42) uint8, the planes Y, U and V in a column.

    Pixels are picked, not averaged: a mean over the differences of a thousand of them is as good,
    and OpenCV's resizing would keep its other threads busy for every frame.
    """

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._places: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}

    def shrink(self, frame: VideoFrame) -> np.ndarray:
        if frame.format.name not in PLANAR:
            frame = self._reformatter.reformat(frame, format="yuv420p")
        return np.concatenate([self._picked(plane_pixels(frame, index)) for index in range(3)])

    def _picked(self, pixels: np.ndarray) -> np.ndarray:
        height, width = pixels.shape
        if (height, width) not in self._places:
            rows, columns = ((np.arange(n) + 0.5) / n for n in SMALL)
            self._places[height, width] = (
                (rows * height).astype(np.intp),
                (columns * width).astype(np.intp),
            )
        rows, columns = self._places[height, width]
        return pixels[rows].take(columns, axis=1)


def plane_pixels(frame: VideoFrame, index: int) -> np.ndarray:
    """Return one plane of a planar 8-bit frame as (H, W) uint8, without a copy."""
    plane = frame.planes[index]
    # A plane can be read as a buffer, which its type does not say.
    rows = np.frombuffer(memoryview(cast(bytes, plane)), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def difference(first: np.ndarray, second: np.ndarray) -> float:
    """Return the mean difference, 0..255, of two frames as `Shrinker` makes them."""
    return cv2.norm(first, second, cv2.NORM_L1) / first.size


class SceneDetector:
    """Takes every frame in order; `edges` are the times at which a new scene begins."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._changes: list[float] = []
        self._lightness: list[float] = []
        self._last: np.ndarray | None = None

    def take(self, small: np.ndarray, time_s: float) -> None:
        """small: a frame as `Shrinker` makes it; time_s: its own time."""
        last = small if self._last is None else self._last
        self._changes.append(difference(small, last))
        self._times.append(time_s)
        self._lightness.append(cv2.mean(small[: SMALL[0]])[0])
        self._last = small

    def edges(self) -> list[float]:
        """Return the seconds at which scenes begin, ascending, without the video's start."""
        found = sorted({*self._cuts(), *self._fades()})
        kept: list[float] = []
        for edge in found:
            before = kept[-1] if kept else (self._times[0] if self._times else 0.0)
            if edge - before >= LEAST_SCENE_S:
                kept.append(edge)
        return kept

    def _cuts(self) -> list[float]:
        changes = np.array(self._changes)
        cuts = []
        for at in range(1, len(changes)):
            if changes[at] < LEAST_CHANGE:
                continue
            # The first value is no change but the lack of one.
            around = [*changes[max(1, at - NEIGHBOURS) : at], *changes[at + 1 :][:NEIGHBOURS]]
            usual = float(np.mean(around)) if around else 0.0
            if changes[at] >= RATIO * max(usual, 0.5):
                cuts.append(self._times[at])
        return cuts

    def _fades(self) -> list[float]:
        """Return the middle of every dark pause that has picture on both sides."""
        dark = np.array(self._lightness) < DARK
        fades, begun = [], None
        for at in range(1, len(dark)):
            if dark[at] and not dark[at - 1]:
                begun = at
            elif not dark[at] and begun is not None:
                fades.append((self._times[begun] + self._times[at]) / 2)
                begun = None
        return fades
