"""Faces over a whole video: found every few frames, followed between, so that no blur flickers.

1. `look` searches a frame for what may be a face.
2. What nobody can be sure of counts only if it is seen again near there soon.
3. From each look on, a face is followed forwards and backwards by optical flow (Lucas and Kanade
   1981, points kept that flow back to where they came from: Kalal 2010) until it is found again,
   lost, or `REACH_S` have passed: people turn their heads, detectors see frontal faces.
4. At any moment the boxes of the looks just before and after hold, overlapping ones united.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import cv2
import numpy as np

from vision.faces import Box, Sight, find_sights, overlap

LOOK_EVERY_S = 0.15
# A box holds this long before and after the look that saw it.
HOLD_S = 0.22
REACH_S = 2.0
# What may be a face is one if this many other looks within that time see something there.
CONFIRM_S, CONFIRMED_BY = 1.0, 2
NEAR = round(CONFIRM_S / LOOK_EVERY_S) + 1
SAME_PLACE = 0.3
# Long side of the pictures in which faces are followed; three minutes of them are 40 MB.
SMALL = 240
LEAST_POINTS = 5
MOST_ERROR = 1.0
MOST_GROWTH = 1.3
Finder = Callable[[np.ndarray], list[Sight]]


@dataclass
class _Look:
    time_s: float
    grey: np.ndarray = field(repr=False)
    sights: list[Sight]


class FaceTracks:
    """Takes a video's frames in order; then says where faces are at any moment."""

    def __init__(self, *, yunet: str = "", find: Finder | None = None) -> None:
        self._find = find or (lambda picture: find_sights(picture, yunet))
        self._looks: list[_Look] = []
        self._boxes: list[list[Box]] = []
        self._times: list[float] = []
        self.faces = 0

    def wants(self, time_s: float) -> bool:
        """Return whether a look is due."""
        return not self._looks or time_s >= self._looks[-1].time_s + LOOK_EVERY_S - 1e-6

    def look(self, picture: np.ndarray, time_s: float) -> None:
        """Search a frame, (H, W, 3) uint8 RGB."""
        scale = SMALL / max(picture.shape[:2])
        size = [max(8, round(side * scale)) for side in picture.shape[1::-1]]
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        self._looks.append(_Look(time_s, grey, self._find(picture)))

    def finish(self) -> int:
        """Follow what was seen; return at how many looks there is a face."""
        found = [self._confirmed(number) for number in range(len(self._looks))]
        self._boxes = [list(boxes) for boxes in found]
        for step in (1, -1):
            for number, boxes in enumerate(found):
                for box in boxes:
                    self._follow(number, box, step, found)
        self._times = [look.time_s for look in self._looks]
        self.faces = max((len(united(boxes)) for boxes in self._boxes), default=0)
        return sum(bool(boxes) for boxes in self._boxes)

    def at(self, time_s: float) -> list[Box]:
        """Return the boxes to cover at this moment."""
        first = bisect_left(self._times, time_s - HOLD_S)
        last = bisect_right(self._times, time_s + HOLD_S)
        return united([box for boxes in self._boxes[first:last] for box in boxes])

    def _confirmed(self, number: int) -> list[Box]:
        look = self._looks[number]
        return [
            sight.box
            for sight in look.sights
            if sight.is_sure or self._seen_again(number, sight.box) >= CONFIRMED_BY
        ]

    def _seen_again(self, number: int, box: Box) -> int:
        here = self._looks[number]
        near = self._looks[max(0, number - NEAR) : number + NEAR + 1]
        return sum(
            any(overlap(box, other.box) >= SAME_PLACE for other in look.sights)
            for look in near
            if look is not here and abs(look.time_s - here.time_s) <= CONFIRM_S
        )

    def _follow(self, number: int, box: Box, step: int, found: list[list[Box]]) -> None:
        """Add the box to the looks after (before) this one, as far as it can be followed."""
        start, place = self._looks[number].time_s, number + step
        while 0 <= place < len(self._looks):
            look = self._looks[place]
            moved = flow(self._looks[place - step].grey, look.grey, box)
            if moved is None or abs(look.time_s - start) > REACH_S:
                return
            if any(overlap(moved, other) >= SAME_PLACE for other in found[place]):
                # Found there: that find is followed from there.
                return
            box = moved
            self._boxes[place].append(box)
            place += step


def flow(before: np.ndarray, after: np.ndarray, box: Box) -> Box | None:
    """Return where what is in the box went, between two small grey pictures; None when lost."""
    height, width = before.shape
    x, y, w, h = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    columns, rows = np.meshgrid(np.linspace(x + w / 6, x + w * 5 / 6, 6), np.linspace(y, y + h, 6))
    points = np.stack([columns.ravel(), rows.ravel()], 1).astype(np.float32)[:, None]
    # Nothing to begin from, which OpenCV's own types do not allow for.
    unknown = cast(Any, None)
    there, seen, _ = cv2.calcOpticalFlowPyrLK(before, after, points, unknown)
    back, seen_back, _ = cv2.calcOpticalFlowPyrLK(after, before, there, unknown)
    error = np.linalg.norm(back - points, axis=2).ravel()
    good = (seen.ravel() > 0) & (seen_back.ravel() > 0) & (error < MOST_ERROR)
    if good.sum() < LEAST_POINTS:
        return None
    old, new = points[good, 0], there[good, 0]
    growth = _growth(old, new)
    shift = np.median(new - old, axis=0)
    if not 1 / MOST_GROWTH < growth < MOST_GROWTH:
        return None
    middle = x + w / 2 + float(shift[0]), y + h / 2 + float(shift[1])
    if not (0 <= middle[0] < width and 0 <= middle[1] < height):
        return None
    w, h = w * growth, h * growth
    return ((middle[0] - w / 2) / width, (middle[1] - h / 2) / height, w / width, h / height)


def _growth(old: np.ndarray, new: np.ndarray) -> float:
    """Return the median ratio of the distances between points, (N, 2) each."""
    first, second = np.triu_indices(len(old), 1)
    before = np.linalg.norm(old[first] - old[second], axis=1)
    after = np.linalg.norm(new[first] - new[second], axis=1)
    return float(np.median(after / np.maximum(before, 1e-3)))


def united(boxes: Sequence[Box]) -> list[Box]:
    """Return the boxes with those that overlap replaced by one around both."""
    merged: list[Box] = []
    for box in boxes:
        while True:
            touching = [one for one in merged if overlap(one, box) > 0.1]
            if not touching:
                break
            merged = [one for one in merged if one not in touching]
            box = _around([box, *touching])
        merged.append(box)
    return merged


def _around(boxes: Sequence[Box]) -> Box:
    left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, bottom = max(b[0] + b[2] for b in boxes), max(b[1] + b[3] for b in boxes)
    return (left, top, right - left, bottom - top)
