"""How a video runs: dark and frozen stretches, flicker, silence, and whether sound keeps up.

Fed with the frames of `media.looking` as they are decoded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from av.audio.frame import AudioFrame

# Mean grey level below which a frame is black, and of difference below which two are the same.
BLACK_LEVEL = 20.0
STILL_LEVEL = 0.15
# RMS of full scale below which nothing is heard: -60 dB.
SILENT_LEVEL = 0.001


@dataclass(frozen=True)
class Course:
    """Seconds unless said otherwise; sound's figures are None without sound.

    black, frozen, silent: the longest stretch; flicker: grey levels by which brightness swings from
    frame to frame and back, on average.
    """

    seconds: float
    frames: int
    black: float
    frozen: float
    flicker: float
    picture_start: float
    sound_start: float | None = None
    sound_end: float | None = None
    silent: float | None = None


class CourseWriter:
    """Takes frames in order and tells the course in the end."""

    def __init__(self) -> None:
        self._means: list[float] = []
        self._times: list[float] = []
        self._last: np.ndarray | None = None
        self._black, self._frozen, self._silent = _Stretch(), _Stretch(), _Stretch()
        self._sound: list[float] = []

    def see(self, small: np.ndarray, time_s: float) -> None:
        """Take one frame, (h, w, 3) uint8, made small."""
        picture = small.astype(np.float32)
        mean = float(picture.mean())
        same = self._last is not None and (float(np.abs(picture - self._last).mean()) < STILL_LEVEL)
        # A black stretch is told as that.
        self._frozen.take(same and mean >= BLACK_LEVEL, time_s)
        self._black.take(mean < BLACK_LEVEL, time_s)
        self._means.append(mean)
        self._times.append(time_s)
        self._last = picture

    def hear(self, frame: AudioFrame) -> None:
        """Take one frame of sound."""
        if frame.time is None:
            return
        samples = frame.to_ndarray()
        # Whole numbers of n bytes reach 2 to the power of 8n - 1; floats reach 1.
        scale = 1.0 if samples.dtype.kind == "f" else 2.0 ** (8 * samples.dtype.itemsize - 1)
        rms = float(np.sqrt(np.mean((samples.astype(np.float32) / scale) ** 2)))
        end = frame.time + frame.samples / frame.sample_rate
        self._sound = [self._sound[0] if self._sound else frame.time, end]
        self._silent.take(rms < SILENT_LEVEL, frame.time)
        self._silent.finish(end)

    def finish(self) -> Course:
        """Return the course of all frames taken so far."""
        step = self._step()
        end = (self._times[-1] if self._times else 0.0) + step
        start = self._times[0] if self._times else 0.0
        for stretch in (self._black, self._frozen):
            stretch.finish(end)
        return Course(
            seconds=round(end - start, 3),
            frames=len(self._means),
            black=round(self._black.longest, 3),
            frozen=round(self._frozen.longest, 3),
            flicker=round(_flicker(np.array(self._means)), 3),
            picture_start=round(start, 3),
            sound_start=round(self._sound[0], 3) if self._sound else None,
            sound_end=round(self._sound[1], 3) if self._sound else None,
            silent=round(self._silent.longest, 3) if self._sound else None,
        )

    def _step(self) -> float:
        if len(self._times) < 2:
            return 0.04
        return float(np.median(np.diff(self._times)))


class _Stretch:
    """The longest time for which something held."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._since: float | None = None

    def take(self, holds: bool, time_s: float) -> None:
        if holds and self._since is None:
            self._since = time_s
        elif not holds:
            self.finish(time_s)
            self._since = None

    def finish(self, time_s: float) -> None:
        """Count what still holds; it may go on afterwards."""
        if self._since is not None:
            self.longest = max(self.longest, time_s - self._since)


def _flicker(means: np.ndarray) -> float:
    """Mean swing back: what a frame's brightness goes against the step before."""
    if len(means) < 3:
        return 0.0
    steps = np.diff(means)
    back = steps[:-1] * steps[1:] < 0
    swing = np.minimum(np.abs(steps[:-1]), np.abs(steps[1:]))
    return float((swing * back).mean())
