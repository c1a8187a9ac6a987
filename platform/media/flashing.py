"""Photosensitivity: how often a video flashes within a second, over enough of its picture.

After WCAG 2.2 (2.3.1, "general flash and red flash thresholds") and ITU-R BT.1702. A flash is a
pair of opposing changes of the same place: in general, of relative luminance by a tenth of the
full range where the darker state is below .80; of red, by 20 of (R - G - B) * 320 where either
state is a saturated red (R at least .8 of R + G + B).

Places that change together must fill a quarter of some window of 341 by 256 of the 1024 by 768
points that the picture is shown on. Together is: more of them in one direction than in the other
by that much, or nearly all that change there at all at one moment, whichever way (a pattern that
is reversed). A pattern that moves brightens one place while it darkens the next, at moments of
their own, and is no flash. What is finer than a small frame's pixel evens out, as the rule allows.
"""

from __future__ import annotations

import numpy as np

AREA = 0.25
WINDOW_S = 1.0
LUMINANCE_STEP = 0.1
DARKER_BELOW = 0.8
RED_STEP = 20.0
RED_SHARE = 0.8
# The display that the rule speaks of, and the window within it.
DISPLAY = (1024, 768)
WINDOW = (341, 256)
# Changes of a window within a second that are remembered.
MOST_CHANGES = 32
# A change that is spread over this long is one; this share of all that change is nearly all.
TOGETHER_S = 0.05
NEARLY_ALL = 0.8
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
        worst = max(self._general, self._red, key=lambda swings: swings.most)
        return self._general.most, self._red.most, round(worst.at_s, 2)


class _Swings:
    """Counts the flashes of each window of the picture, and keeps the most within a second."""

    # Of each pixel: the least and greatest value since its last turn, whether they may count,
    # which way it went, and when it turned.
    _low: np.ndarray
    _high: np.ndarray
    _low_counts: np.ndarray
    _high_counts: np.ndarray
    _heading: np.ndarray
    _last_turn: np.ndarray

    def __init__(self, step: float) -> None:
        self._step = step
        self.most = 0
        self.at_s = 0.0
        self._is_begun = False

    def take(self, value: np.ndarray, counts: np.ndarray, time_s: float) -> None:
        """`counts` is true where this state may be one side of a flash."""
        if not self._is_begun:
            self._begin(value, counts)
            return
        rose, fell = self._turned(value, counts)
        turned = rose | fell
        if not turned.any():
            return
        self._last_turn[turned] = time_s
        self._note(self._changed(turned, time_s), time_s)

    def _begin(self, value: np.ndarray, counts: np.ndarray) -> None:
        self._is_begun = True
        self._low, self._high = value.copy(), value.copy()
        self._low_counts, self._high_counts = counts.copy(), counts.copy()
        self._heading = np.zeros(value.shape, np.int8)
        self._last_turn = np.full(value.shape, -np.inf)
        self._window = window_of(value.shape)
        windows = shares_of(counts, self._window).shape
        self._times = np.full((*windows, MOST_CHANGES), -np.inf)
        self._next = np.zeros(windows, np.intp)
        self._direction = np.zeros(windows, np.int8)

    def _changed(self, turned: np.ndarray, time_s: float) -> np.ndarray:
        """Return the windows that change the other way now, and turn their direction."""
        recent = self._last_turn >= time_s - TOGETHER_S
        up = shares_of(recent & (self._heading > 0), self._window)
        down = shares_of(recent & (self._heading < 0), self._window)
        net = up - down
        now = shares_of(turned, self._window)
        active = shares_of(self._last_turn > time_s - WINDOW_S, self._window)
        reversed_ = (now >= AREA) & (now >= NEARLY_ALL * active) & (np.abs(net) < AREA)
        way = np.where(net >= AREA, 1, np.where(net <= -AREA, -1, 0)).astype(np.int8)
        way = np.where(reversed_, np.where(self._direction > 0, -1, 1), way).astype(np.int8)
        changed = (way != 0) & (way != self._direction)
        self._direction = np.where(changed, way, self._direction)
        return changed

    def _note(self, changed: np.ndarray, time_s: float) -> None:
        self._times[changed, self._next[changed]] = time_s
        self._next[changed] = (self._next[changed] + 1) % MOST_CHANGES
        many = int((self._times > time_s - WINDOW_S + 1e-4).sum(axis=2).max())
        # Seven changes are more than three flashes, so an odd one counts as a whole flash.
        if (many + 1) // 2 > self.most:
            self.most, self.at_s = (many + 1) // 2, max(0.0, time_s - WINDOW_S)

    def _turned(self, value: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where the value rose and where it fell by a step; it is measured from there on."""
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
        # From its turn on, a pixel's next change is measured from here.
        self._low = np.where(turned, value, self._low)
        self._high = np.where(turned, value, self._high)
        self._low_counts = np.where(turned, counts, self._low_counts)
        self._high_counts = np.where(turned, counts, self._high_counts)
        return rose, fell


def window_of(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return rows and columns of the rule's window in a frame (h, w) shown as large as it fits."""
    height, width = shape
    scale = min(DISPLAY[0] / width, DISPLAY[1] / height)
    rows, columns = round(WINDOW[1] / scale), round(WINDOW[0] / scale)
    return min(height, max(1, rows)), min(width, max(1, columns))


def shares_of(places: np.ndarray, window: tuple[int, int]) -> np.ndarray:
    """Return the share of true places in every window (rows, columns) of `places`, (h, w)."""
    rows, columns = window
    sums = np.pad(places.astype(np.int32).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    inside = sums[rows:, columns:] - sums[:-rows, columns:] - sums[rows:, :-columns]
    return (inside + sums[:-rows, :-columns]) / (rows * columns)
