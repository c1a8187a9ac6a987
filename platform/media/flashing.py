"""Photosensitivity: how often a video flashes within a second, over a quarter of its picture.

After ITU-R BT.1702 and WCAG 2.3.1. A flash is a pair of opposing changes: in general, of relative
luminance by a tenth of the full range where the darker state is below .80; of red, by 20 of
(R - G - B) * 320 where either state is a saturated red (R at least .8 of R + G + B).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

AREA = 0.25
WINDOW_S = 1.0
LUMINANCE_STEP = 0.1
DARKER_BELOW = 0.8
RED_STEP = 20.0
RED_SHARE = 0.8
# A change that is spread over this long still counts as one change of the whole area.
TOGETHER_S = 0.05
_LINEAR = (np.arange(256, dtype=np.float32) / 255.0) ** 2.2
_WEIGHTS = np.array([0.2126, 0.7152, 0.0722], np.float32)


class FlashCounter:
    """Looks at frames in order and remembers only the extremes of each pixel."""

    def __init__(self) -> None:
        self._general = _Swings(LUMINANCE_STEP)
        self._red = _Swings(RED_STEP)

    def take(self, frame: np.ndarray, time_s: float) -> None:
        """Look at one small frame, (h, w, 3) uint8 RGB, always of one size."""
        linear = _LINEAR[frame]
        luminance = linear @ _WEIGHTS
        self._general.take(luminance, luminance < DARKER_BELOW, time_s)
        total = linear.sum(axis=2)
        saturated = (linear[..., 0] >= RED_SHARE * total) & (total > 0.05)
        redness = np.maximum(2 * linear[..., 0] - total, 0.0) * 320.0
        self._red.take(redness, saturated, time_s)

    def most(self) -> tuple[int, int, float]:
        """Return (general flashes, red flashes, second at which the worst second begins)."""
        general, at = _most_in_a_second(self._general.changes)
        red, red_at = _most_in_a_second(self._red.changes)
        return general, red, round(at if general >= red else red_at, 2)


class _Swings:
    """Times at which a quarter of the picture changed by a step, up and down in turn."""

    def __init__(self, step: float) -> None:
        self._step = step
        self.changes: list[float] = []
        self._last_direction = 0
        self._low: np.ndarray | None = None

    def take(self, value: np.ndarray, counts: np.ndarray, time_s: float) -> None:
        """`counts` is true where this state may be one side of a flash."""
        if self._low is None:
            self._low, self._high = value.copy(), value.copy()
            self._low_counts, self._high_counts = counts.copy(), counts.copy()
            self._heading = np.zeros(value.shape, np.int8)
            self._turned = np.full(value.shape, -1e9, np.float32)
            return
        lower, higher = value < self._low, value > self._high
        self._low_counts = np.where(lower, counts, self._low_counts)
        self._high_counts = np.where(higher, counts, self._high_counts)
        self._low = np.minimum(self._low, value)
        self._high = np.maximum(self._high, value)
        rose = (value - self._low >= self._step) & (self._heading <= 0)
        rose &= self._low_counts | counts
        fell = (self._high - value >= self._step) & (self._heading >= 0) & ~rose
        fell &= self._high_counts | counts
        turned = rose | fell
        self._heading = np.where(rose, 1, np.where(fell, -1, self._heading)).astype(np.int8)
        self._turned = np.where(turned, time_s, self._turned).astype(np.float32)
        # From its turn on, a pixel's next change is measured from here.
        self._low = np.where(turned, value, self._low)
        self._high = np.where(turned, value, self._high)
        self._low_counts = np.where(turned, counts, self._low_counts)
        self._high_counts = np.where(turned, counts, self._high_counts)
        recent = self._turned >= time_s - TOGETHER_S
        for direction in (1, -1):
            if direction == self._last_direction:
                continue
            if float((recent & (self._heading == direction)).mean()) >= AREA:
                self.changes.append(time_s)
                self._last_direction = direction
                break


def _most_in_a_second(changes: Sequence[float]) -> tuple[int, float]:
    """Return the most pairs of opposing changes in any second, and its beginning."""
    most, at, first = 0, 0.0, 0
    for last, time_s in enumerate(changes):
        while time_s - changes[first] > WINDOW_S:
            first += 1
        # Seven changes are more than three flashes, so an odd one counts as a whole flash.
        flashes = (last - first + 2) // 2
        if flashes > most:
            most, at = flashes, changes[first]
    return most, at
