"""One look at a whole video of ours for screening: flashes, loudness, and a few of its pictures.

Every frame is decoded once, and once made small; sound runs through FFmpeg's EBU R 128 meter in
the same pass.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from fractions import Fraction

import av
import av.error
import av.filter
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from media.course import Course, CourseWriter
from media.errors import DAMAGED, BadMediaError
from media.flashing import FlashCounter

SMALL_SIDE = 24
MAX_STILLS = 8
FRAMES_PER_SEARCH = 250
# The meter's value for silence; what is below is not heard.
SILENCE_LUFS = -69.0


@dataclass(frozen=True)
class Looked:
    """What all of a video shows: flashes per second at worst, sound, pictures (H, W, 3) uint8."""

    general_flashes: int
    red_flashes: int
    flashes_at_s: float
    has_sound: bool
    # LUFS and dBTP; None for silence.
    loudness: float | None
    peak: float | None
    stills: list[np.ndarray]
    frames: int
    course: Course | None = None

    @property
    def searched(self) -> list[np.ndarray]:
        """The stills worth a closer search: one for every 250 frames, as that takes its time."""
        count = min(len(self.stills), max(1, self.frames // FRAMES_PER_SEARCH))
        places = {int((one + 0.5) * len(self.stills) / count) for one in range(count)}
        return [self.stills[place] for place in sorted(places)]


def look_at(video: bytes) -> Looked:
    """Return what a video of our own encoding shows; `BadMediaError` when it cannot be played."""
    try:
        with av.open(io.BytesIO(video), "r") as container:
            if not container.streams.video:
                raise BadMediaError(DAMAGED)
            picture = container.streams.video[0]
            sound = next(iter(container.streams.audio), None)
            seconds = float(container.duration or 0) / av.time_base
            eye, ear, course = _Eye(seconds), _Ear(), CourseWriter()
            for frame in container.decode(*([picture, sound] if sound else [picture])):
                if isinstance(frame, VideoFrame):
                    course.see(eye.take(frame), float(frame.time or 0.0))
                elif isinstance(frame, AudioFrame):
                    ear.take(frame)
                    course.hear(frame)
    except av.error.FFmpegError as error:
        raise BadMediaError(DAMAGED) from error
    if not eye.frames:
        raise BadMediaError(DAMAGED)
    general, red, at = eye.counter.most()
    loudness, peak = ear.finish()
    return Looked(
        general, red, at, ear.has_heard, loudness, peak, eye.stills, eye.frames, course.finish()
    )


class _Eye:
    def __init__(self, seconds: float) -> None:
        self.counter = FlashCounter()
        self.stills: list[np.ndarray] = []
        self.frames = 0
        self._step = max(seconds / MAX_STILLS, 0.5)
        self._due = self._step / 2
        self._small, self._full = VideoReformatter(), VideoReformatter()
        self._size: tuple[int, int] | None = None

    def take(self, frame: VideoFrame) -> np.ndarray:
        """Look at a frame; return it made small, (h, w, 3) uint8."""
        time_s = float(frame.time or 0.0)
        if self._size is None:
            scale = SMALL_SIDE / min(frame.width, frame.height)
            self._size = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
        small = self._small.reformat(frame, *self._size, "rgb24", interpolation=Interpolation.AREA)
        pixels = small.to_ndarray()
        self.counter.take(pixels, time_s)
        self.frames += 1
        if not self.stills or (time_s >= self._due and len(self.stills) < MAX_STILLS):
            full = self._full.reformat(frame, frame.width, frame.height, "rgb24")
            self.stills.append(full.to_ndarray())
            self._due += self._step
        return pixels


class _Ear:
    """FFmpeg's meter of EBU R 128; the last frame's figures hold for all of the sound."""

    def __init__(self) -> None:
        self.has_heard = False
        self._graph: av.filter.Graph | None = None
        self._figures: dict[str, str] = {}

    def take(self, frame: AudioFrame) -> None:
        self.has_heard = True
        if self._graph is None:
            self._graph = _meter(frame)
        frame.pts = None
        self._graph.push(frame)
        self._drain()

    def finish(self) -> tuple[float | None, float | None]:
        if self._graph is None:
            return None, None
        self._graph.push(None)
        self._drain()
        loudness = float(self._figures.get("lavfi.r128.I", "-70"))
        peak = float(self._figures.get("lavfi.r128.true_peak", "0"))
        if not (math.isfinite(loudness) and loudness > SILENCE_LUFS and peak > 0):
            return None, None
        return round(loudness, 1), round(20 * math.log10(peak), 1)

    def _drain(self) -> None:
        assert self._graph
        while True:
            try:
                heard = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            self._figures = dict(heard.metadata) or self._figures


def _meter(frame: AudioFrame) -> av.filter.Graph:
    graph = av.filter.Graph()
    last = graph.add_abuffer(
        sample_rate=frame.sample_rate,
        format=frame.format.name,
        layout=frame.layout.name,
        time_base=Fraction(1, frame.sample_rate),
    )
    for name, arguments in (("ebur128", "metadata=1:peak=true"), ("abuffersink", None)):
        node = graph.add(name, arguments)
        last.link_to(node)
        last = node
    graph.configure()
    return graph
