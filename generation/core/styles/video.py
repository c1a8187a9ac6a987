"""Restyling a video: one pass to find shots and their statistics, one to render.

For videos that we wrote ourselves, or that a trusted hand names: it runs in the worker itself.
Frames are streamed; picture times, shape and sound stay as they are.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import cv2
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from av.video.stream import VideoStream

from generation.core.styles import LEAST_SIDE, Recipe, mixed, sample_of
from generation.core.styles.looks import Look, Shot
from generation.core.styles.temporal import TemporalFilter
from media.errors import DAMAGED, BadMediaError
from media.limits import MAX_VIDEO_SECONDS
from media.scenes import SceneDetector, Shrinker
from media.sound import SoundTrack
from media.videos import poster_score

MOST_SIDE = 1080
SAMPLE_EVERY_S = 0.5
MOST_SAMPLES = 6
# Frames painted ahead of the one that is being filtered and encoded.
AHEAD = 2
TOO_LONG = f"Only videos of up to {MAX_VIDEO_SECONDS / 60:.0f} minutes can be restyled."
TOO_SMALL = f"A video to restyle needs at least {LEAST_SIDE} pixels a side."

Report = Callable[[int, int], None]
Check = Callable[[], None]


@dataclass(frozen=True)
class Rendered:
    """What a restyled video is: its poster (H, W, 3) uint8, and figures for the manifest."""

    poster: np.ndarray
    frames: int
    shots: int
    duration_s: float
    ms: dict[str, float]


@dataclass
class Survey:
    """What the first pass saw.

    starts: seconds at which shots begin, the first at 0. samples: for each shot, small frames.
    poster_s: time of the frame that looks best.
    """

    starts: list[float]
    samples: list[list[np.ndarray]]
    frames: int
    duration_s: float
    poster_s: float


def restyle_video(
    source: Path,
    target: Path,
    recipe: Recipe,
    *,
    degree: float = 1.0,
    report: Report = lambda done, total: None,
    check: Check = lambda: None,
) -> Rendered:
    """Write `source` in the style to `target`, an H.264/AAC MP4; return poster and figures.

    Every picture keeps its time, so varying rates stay; AAC sound is copied, other sound encoded.
    `report` is told (frames done, frames in all) over both passes; `check` is called for every
    frame and may raise to stop. A file that cannot be read is a BadMediaError.
    """
    started = time.perf_counter()
    try:
        survey = survey_video(source, check=check, report=report)
        looked = time.perf_counter()
        with remaking(source, target) as remake:
            rendering = _Rendering(remake, survey, recipe, degree)
            rendering.run(report, check)
    except av.error.FFmpegError as error:
        raise BadMediaError(DAMAGED) from error
    if rendering.poster is None:
        raise BadMediaError(DAMAGED)
    ms = {"survey": looked - started, "render": time.perf_counter() - looked}
    return Rendered(
        poster=rendering.poster,
        frames=remake.written,
        shots=len(survey.starts),
        duration_s=round(survey.duration_s, 3),
        ms={name: round(1000 * seconds, 1) for name, seconds in ms.items()},
    )


@contextmanager
def open_video_file(source: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Give an opened file and its picture; a file without one is a BadMediaError."""
    with av.open(str(source), "r") as container:
        if not container.streams.video:
            raise BadMediaError(DAMAGED)
        video = container.streams.video[0]
        video.thread_type = "AUTO"
        yield container, video


def survey_video(source: Path, *, check: Check, report: Report = lambda d, t: None) -> Survey:
    """Return where the shots of a video begin and what they look like; decodes it once."""
    detector, shrinker, clock = SceneDetector(), Shrinker(), Clock()
    reformatter = VideoReformatter()
    samples: list[tuple[float, np.ndarray]] = []
    best, poster_s, due = -1.0, 0.0, 0.0
    frames, now, last = 0, 0.0, None
    with open_video_file(source) as (container, video):
        for frame in container.decode(video):
            check()
            now = clock.time_of(frame)
            if now > MAX_VIDEO_SECONDS + 1.0:
                raise BadMediaError(TOO_LONG)
            if min(frame.width, frame.height) < LEAST_SIDE:
                raise BadMediaError(TOO_SMALL)
            detector.take(shrinker.shrink(frame), now)
            frames, last = frames + 1, frame
            if now >= due:
                due = now + SAMPLE_EVERY_S
                pixels = sample_of(to_pixels(frame, reformatter))
                samples.append((now, pixels))
                score = poster_score(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
                if score > best:
                    best, poster_s = score, now
                report(frames, 4 * max(video.frames, frames))
    if last is None:
        raise BadMediaError(DAMAGED)
    samples.append((now, sample_of(to_pixels(last, reformatter))))
    starts = [0.0, *detector.edges()]
    return Survey(starts, _by_shot(samples, starts), frames, now, poster_s)


def _by_shot(
    samples: list[tuple[float, np.ndarray]], starts: list[float]
) -> list[list[np.ndarray]]:
    """Return up to `MOST_SAMPLES` samples of each shot, evenly spread, at least one."""
    shots: list[list[np.ndarray]] = [[] for _ in starts]
    for moment, pixels in samples:
        shots[bisect_right(starts, moment + 1e-6) - 1].append(pixels)
    for number, found in enumerate(shots):
        if not found:
            shots[number] = shots[number - 1][-1:]
        elif len(found) > MOST_SAMPLES:
            chosen = np.linspace(0, len(found) - 1, MOST_SAMPLES).round().astype(int)
            shots[number] = [found[index] for index in chosen]
    return shots


def to_pixels(frame: VideoFrame, reformatter: VideoReformatter) -> np.ndarray:
    """Return the frame as (H, W, 3) uint8, upright, even sides, the short one at most 1080."""
    scale = min(1.0, MOST_SIDE / min(frame.width, frame.height))
    width, height = (max(2, round(side * scale / 2) * 2) for side in (frame.width, frame.height))
    ready = reformatter.reformat(frame, width, height, "rgb24", src_colorspace=_space_of(frame))
    pixels = ready.to_ndarray()
    quarter_turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, quarter_turns)) if quarter_turns else pixels


def _space_of(frame: VideoFrame) -> Colorspace:
    # Files that do not say are ITU 601 to the decoder and to us, there and back.
    return Colorspace.ITU709 if frame.colorspace == Colorspace.ITU709 else Colorspace.ITU601


class Clock:
    """Seconds since a video's first frame; a frame without a time follows the last one."""

    def __init__(self) -> None:
        self._first: float | None = None
        self.now = 0.0

    def time_of(self, frame: VideoFrame) -> float:
        moment = frame.time
        if moment is not None and self._first is None:
            self._first = moment
        if moment is None:
            self.now += 0.04
        else:
            self.now = max(self.now, moment - (self._first or 0.0))
        return self.now


@dataclass(frozen=True)
class Shown:
    """A picture of the source: (H, W, 3) uint8, and the second at which it appears."""

    pixels: np.ndarray
    moment: float
    colorspace: Colorspace = Colorspace.ITU601


class Remake:
    """Reads a video's pictures and writes others in their place, at the same times, same sound."""

    def __init__(
        self, container: InputContainer, video: VideoStream, output: OutputContainer
    ) -> None:
        self._container, self._video, self._output = container, video, output
        self._clock = Clock()
        self._to_rgb, self._to_yuv = VideoReformatter(), VideoReformatter()
        self._encoder: VideoStream | None = None
        self._sound = _Sound(container, output)
        self._base = video.time_base or Fraction(1, 1000)
        self._last_pts = -1
        self.written = 0

    @property
    def expected(self) -> int:
        """Return how many pictures the source should have, as far as it says."""
        seconds = float((self._video.duration or 0) * self._base)
        return self._video.frames or round(seconds * float(self._video.average_rate or 25))

    def pictures(self) -> Iterator[Shown]:
        """Yield the pictures in order; sound is passed on as it comes."""
        streams = [self._video, *self._sound.streams]
        for packet in self._container.demux(*streams):
            if packet.stream is not self._video:
                self._sound.take(packet)
                continue
            for frame in packet.decode():
                assert isinstance(frame, VideoFrame)
                moment = self._clock.time_of(frame)
                pixels = to_pixels(frame, self._to_rgb)
                if self._encoder is None:
                    self._open_encoder(frame, pixels)
                yield Shown(pixels, moment, _space_of(frame))

    def write(self, made: np.ndarray, shown: Shown) -> None:
        """Write a picture, (H, W, 3) uint8 of the source's size, at the time of `shown`."""
        assert self._encoder
        ready = self._to_yuv.reformat(
            VideoFrame.from_ndarray(made, format="rgb24"),
            format="yuv420p",
            dst_colorspace=shown.colorspace,
            dst_color_range=ColorRange.MPEG,
        )
        # Two pictures at one time would stop the encoder.
        pts = max(self._last_pts + 1, round(shown.moment / self._base))
        ready.pts, ready.time_base, self._last_pts = pts, self._base, pts
        self._output.mux(self._encoder.encode(ready))
        self.written += 1

    def finish(self) -> None:
        """Write what encoder and sound still hold."""
        if self._encoder is None:
            raise BadMediaError(DAMAGED)
        self._output.mux(self._encoder.encode(None))
        self._sound.finish()

    def _open_encoder(self, frame: VideoFrame, pixels: np.ndarray) -> None:
        rate = self._video.average_rate or Fraction(25)
        encoder = self._output.add_stream("libx264", rate=rate)
        encoder.height, encoder.width = pixels.shape[:2]
        encoder.pix_fmt = "yuv420p"
        context = encoder.codec_context
        context.time_base = self._base
        context.gop_size = max(1, round(2 * float(rate)))
        context.thread_count = 2
        context.colorspace, context.color_range = frame.colorspace, ColorRange.MPEG
        context.color_primaries, context.color_trc = frame.color_primaries, frame.color_trc
        if self._video.sample_aspect_ratio:
            context.sample_aspect_ratio = self._video.sample_aspect_ratio
        # Fine, and alike in all kinds of frames: paper and hatching must not pulse.
        encoder.options = {
            "crf": "18",
            "preset": "veryfast",
            "profile": "high",
            "x264-params": "ipratio=1.1:pbratio=1.0:bframes=0",
        }
        self._encoder = encoder
        self._sound.begin(frame.time or 0.0)


@contextmanager
def remaking(source: Path, target: Path) -> Iterator[Remake]:
    """Give a `Remake` of one file into another, which is finished when the block ends well."""
    with (
        open_video_file(source) as (container, video),
        av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as output,
    ):
        remake = Remake(container, video, output)
        yield remake
        remake.finish()


@dataclass
class _Scene:
    """The shot that is being rendered."""

    number: int
    look: Look
    filter: TemporalFilter


@dataclass
class _Pending:
    """A picture whose layers are being painted."""

    shown: Shown
    scene: _Scene
    layers: Future[np.ndarray] = field(repr=False)


class _Rendering:
    """The second pass: paints ahead in threads, then steadies and finishes in order."""

    def __init__(self, remake: Remake, survey: Survey, recipe: Recipe, degree: float) -> None:
        self._remake, self._survey = remake, survey
        self._recipe, self._degree = recipe, degree
        self._scene: _Scene | None = None
        self.poster: np.ndarray | None = None

    def run(self, report: Report, check: Check) -> None:
        """Render all frames; the survey counts as a quarter of the work."""
        waiting: deque[_Pending] = deque()
        surveyed = max(1, self._survey.frames // 3)
        with ThreadPoolExecutor(AHEAD) as pool:
            try:
                for shown in self._remake.pictures():
                    check()
                    scene = self._scene_of(shown)
                    layers = pool.submit(scene.look.paint, shown.pixels)
                    waiting.append(_Pending(shown, scene, layers))
                    if len(waiting) > AHEAD:
                        self._end(waiting.popleft())
                        report(surveyed + self._remake.written, surveyed + self._survey.frames)
                while waiting:
                    check()
                    self._end(waiting.popleft())
                    report(surveyed + self._remake.written, surveyed + self._survey.frames)
            finally:
                for pending in waiting:
                    pending.layers.cancel()

    def _scene_of(self, shown: Shown) -> _Scene:
        number = bisect_right(self._survey.starts, shown.moment + 1e-6) - 1
        if self._scene is None or self._scene.number != number:
            size = (shown.pixels.shape[0], shown.pixels.shape[1])
            shot = Shot(self._survey.samples[number], size, seed=self._recipe.seed)
            self._scene = _Scene(
                number, self._recipe.look(shot), TemporalFilter(size, shot.samples)
            )
        return self._scene

    def _end(self, pending: _Pending) -> None:
        scene, shown = pending.scene, pending.shown
        layers = scene.filter.blend(shown.pixels, pending.layers.result())
        styled = scene.filter.limit(scene.look.finish(layers, scene.filter.sheet()))
        made = mixed(shown.pixels, styled, self._degree)
        if self.poster is None or abs(shown.moment - self._survey.poster_s) < 1e-6:
            self.poster = made
        self._remake.write(made, shown)


class _Sound:
    """The first sound of a file: AAC is copied packet by packet, anything else encoded once."""

    def __init__(self, container: InputContainer, output: OutputContainer) -> None:
        self._output = output
        self.streams: list[AudioStream] = list(container.streams.audio[:1])
        self._copy: Any = None
        self._track: SoundTrack | None = None
        self._early: list[Packet[Any]] | None = []
        self._start_s = 0.0

    def begin(self, start_s: float) -> None:
        """Open the output; `start_s` is the first picture's second on the source's clock."""
        if not self.streams:
            return
        stream, self._start_s = self.streams[0], start_s
        if stream.codec_context.codec.canonical_name == "aac":
            self._copy = self._output.add_stream_from_template(stream)
        else:
            self._track = SoundTrack(self._output, stream)
            self._track.start_s = start_s
            self._track.begin()
        early, self._early = self._early or [], None
        for packet in early:
            self.take(packet)

    def take(self, packet: Packet[Any]) -> None:
        """Pass one packet on; what comes before the first picture waits for it."""
        if self._early is not None:
            self._early.append(packet)
        elif self._copy is not None:
            self._pass_on(packet)
        elif self._track is not None:
            for frame in packet.decode():
                assert isinstance(frame, AudioFrame)
                self._track.take(frame)

    def finish(self) -> None:
        if self._track is not None:
            self._track.finish()

    def _pass_on(self, packet: Packet[Any]) -> None:
        if packet.dts is None or packet.pts is None:
            return
        offset = round(self._start_s / packet.time_base)
        packet.pts, packet.dts = packet.pts - offset, packet.dts - offset
        packet.stream = self._copy
        self._output.mux(packet)
