"""Frames of a video, sampled once in a single decode: for vectors, for posters, for scenes.

For videos that we wrote ourselves only (`media.videos.transcode`, `encode_clip`): it runs in the
worker itself. A stranger's file goes through the child process first.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import av.error
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from PIL import Image

from media.errors import DAMAGED, BadMediaError
from media.limits import POSTER_BOX
from media.scenes import PLANAR, SceneDetector, Shrinker, difference, plane_pixels
from media.videos import poster_score

# Two frames a second show all that a person would tell apart; long videos get fewer.
STEP_S = 0.5
MAX_SAMPLES = 128
MAX_STILLS = 16
# Short side of the sampled pictures where no encoder asks for another.
ENCODER_SIDE = 224
# Sixteen comparisons a second place a cut as exactly as anybody sees.
COMPARE_EVERY_S = 1 / 16
# Mean difference, of 255, below which two frames count as the same picture.
SAME = 1.6
ALIKE = 5.0
STILL_QUALITY = 85


@dataclass(frozen=True)
class Still:
    """A frame that may serve as poster: which sample it is, and how it looks."""

    index: int
    time_s: float
    starts_scene: bool
    source: VideoFrame | np.ndarray

    def pixels(self) -> np.ndarray:
        """Return the picture, (H, W, 3) uint8, in the source's shape within the poster's box."""
        if isinstance(self.source, np.ndarray):
            height, width = self.source.shape[:2]
            return _resized(self.source, _within(width, height, POSTER_BOX))
        width, height = _within(self.source.width, self.source.height, POSTER_BOX)
        return self.source.reformat(
            width, height, "rgb24", interpolation=Interpolation.BICUBIC
        ).to_ndarray()

    def as_jpeg(self) -> bytes:
        """Return the picture as a file for the catalogue."""
        buffer = io.BytesIO()
        Image.fromarray(self.pixels()).save(buffer, "JPEG", quality=STILL_QUALITY)
        return buffer.getvalue()


@dataclass(frozen=True)
class VideoSample:
    """What is kept of a video's N samples; `pictures` holds each distinct one once."""

    # (N,) seconds since the video's start, evenly apart.
    times: list[float]
    # (N,) row in `pictures` of each sample.
    picture_of: list[int]
    # (h, w, 3) uint8 each, their short side as it was asked for.
    pictures: list[np.ndarray]
    stills: list[Still]
    # Seconds at which a new scene begins, without 0.
    scene_starts: list[float]
    duration_s: float

    def spread(self, vectors: np.ndarray) -> np.ndarray:
        """Return (N, D) vectors of all samples from (P, D) of the distinct pictures."""
        return vectors[self.picture_of]

    def details(self) -> list[float]:
        """Return (N,) how much there is to see in each sample: the spread of its brightness.

        From 0 for a blank picture to 1 for one that is half black and half white.
        """
        spreads = [float(picture.mean(axis=2).std()) / 127.5 for picture in self.pictures]
        return [round(spreads[row], 4) for row in self.picture_of]


def sample_video(
    source: Path | bytes,
    *,
    side: int = ENCODER_SIDE,
    check: Callable[[], None] = lambda: None,
) -> VideoSample:
    """Return the samples of a video of ours: every half second, at most 128, and up to 16 stills.

    side: the encoder's input size, to which the short side of the sampled pictures is brought.
    `check` is called for every frame; it may raise to stop. A file without a readable picture is a
    `BadMediaError`.
    """
    opened = io.BytesIO(source) if isinstance(source, bytes) else str(source)
    try:
        with av.open(opened, "r") as container:
            if not container.streams.video:
                raise BadMediaError(DAMAGED)
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            declared = float(container.duration or 0) / av.time_base
            sampler = _Sampler(step_of(declared), declared, side)
            for frame in container.decode(stream):
                check()
                sampler.take(frame)
    except av.error.FFmpegError as error:
        raise BadMediaError(DAMAGED) from error
    return sampler.finish()


def sample_pictures(
    pictures: list[np.ndarray], *, fps: float, scene_starts: list[float] | None = None
) -> VideoSample:
    """Return the samples of a clip whose frames are at hand, (H, W, 3) uint8 each, undecoded.

    For what we draw ourselves: the same choice of times as `sample_video`, without the decode.
    """
    duration = len(pictures) / fps
    step = step_of(duration)
    starts = scene_starts or []
    rows = sorted({min(len(pictures) - 1, int(t * fps)) for t in sample_times(duration, step)})
    times = [row / fps for row in rows]
    height, width = pictures[0].shape[:2]
    size = _short_side(width, height, ENCODER_SIDE)
    distinct = [_resized(pictures[row], size) for row in rows]
    cells: dict[int, tuple[float, int]] = {}
    for at, row in enumerate(rows):
        cell = int(times[at] / max(step, duration / MAX_STILLS))
        cells[cell] = max(cells.get(cell, (-1.0, 0)), (poster_score(pictures[row][..., 1]), at))
    chosen: list[int] = []
    for at in sorted(at for _, at in cells.values()):
        if all(
            float(cv2.norm(distinct[at], distinct[one], cv2.NORM_L1)) >= ALIKE * distinct[at].size
            for one in chosen
        ):
            chosen.append(at)
    first = _firsts_of_scenes(times, starts)
    stills = [Still(at, times[at], at in first, pictures[rows[at]]) for at in chosen]
    return VideoSample(times, list(range(len(rows))), distinct, stills, starts, duration)


def step_of(duration_s: float) -> float:
    """Return the seconds between two samples of a video of this length."""
    return max(STEP_S, duration_s / MAX_SAMPLES)


def sample_times(duration_s: float, step_s: float) -> Iterator[float]:
    """Yield the middle of every step of the video; of a shorter one, its middle."""
    count = min(MAX_SAMPLES, max(1, round(duration_s / step_s)))
    for index in range(count):
        yield min((index + 0.5) * step_s, duration_s * (index + 0.5) / count)


@dataclass
class _Candidate:
    """The best-looking sample of one stretch of the video."""

    score: float
    index: int
    frame: VideoFrame
    small: np.ndarray = field(repr=False)


class _Sampler:
    """Watches every frame; keeps the one on screen at each sampling time."""

    def __init__(self, step_s: float, declared_s: float, side: int) -> None:
        self.step = step_s
        self._cell_s = max(step_s, declared_s / MAX_STILLS)
        self._side = side
        self._start: float | None = None
        self._held: tuple[VideoFrame, np.ndarray, float] | None = None
        self._times: list[float] = []
        self._picture_of: list[int] = []
        self._pictures: list[np.ndarray] = []
        self._last_small: np.ndarray | None = None
        self._cells: dict[int, _Candidate] = {}
        self._compared_at = 0.0
        self._scenes = SceneDetector()
        self._shrinker = Shrinker()
        # One for the whole video: setting one up takes longer than using it.
        self._for_encoder = VideoReformatter()

    def take(self, frame: VideoFrame) -> None:
        if self._start is None:
            self._start = frame.time or 0.0
        last = self._held[2] if self._held else 0.0
        now = last if frame.time is None else max(last, frame.time - self._start)
        self._sample_until(now)
        small = self._held[1] if self._held else None
        if small is None or now - self._compared_at >= COMPARE_EVERY_S:
            small = self._shrinker.shrink(frame)
            self._scenes.take(small, now)
            self._compared_at = now
        self._held = (frame, small, now)

    def finish(self) -> VideoSample:
        if self._held is None:
            raise BadMediaError(DAMAGED)
        frame, small, end = self._held
        length = float((frame.duration or 0) * (frame.time_base or 0)) or 0.04
        self._sample_until(end + length)
        if not self._times:
            self._keep(frame, small, 0.0)
        edges = self._scenes.edges()
        return VideoSample(
            self._times, self._picture_of, self._pictures, self._stills(edges), edges, end + length
        )

    def _sample_until(self, now: float) -> None:
        """Sample the frame held at every sampling time before `now`: until then it is on screen."""
        if self._held is None:
            return
        frame, small, _ = self._held
        while len(self._times) < MAX_SAMPLES:
            due = (len(self._times) + 0.5) * self.step
            if due >= now:
                return
            self._keep(frame, small, due)

    def _keep(self, frame: VideoFrame, small: np.ndarray, time_s: float) -> None:
        index = len(self._times)
        self._times.append(time_s)
        same = self._last_small is not None and difference(small, self._last_small) < SAME
        if not same:
            self._pictures.append(self._small_picture(frame))
            self._last_small = small
        self._picture_of.append(len(self._pictures) - 1)
        score = _score(frame)
        cell = int(time_s / self._cell_s)
        best = self._cells.get(cell)
        if best is None or score > best.score:
            self._cells[cell] = _Candidate(score, index, frame, small)

    def _small_picture(self, frame: VideoFrame) -> np.ndarray:
        width, height = _short_side(frame.width, frame.height, self._side)
        # Two neighbours are enough down to half the size; below that they would miss pixels.
        smooth = Interpolation.FAST_BILINEAR if 2 * width >= frame.width else Interpolation.AREA
        # Straight from the decoder's planes to the size that the encoder looks at.
        return self._for_encoder.reformat(
            frame, width, height, "rgb24", interpolation=smooth, threads=1
        ).to_ndarray()

    def _stills(self, edges: list[float]) -> list[Still]:
        first = _firsts_of_scenes(self._times, edges)
        kept: list[_Candidate] = []
        for one in sorted(self._cells.values(), key=lambda candidate: candidate.index):
            if all(difference(one.small, other.small) >= ALIKE for other in kept):
                kept.append(one)
        return [
            Still(one.index, self._times[one.index], one.index in first, one.frame)
            for one in kept[:MAX_STILLS]
        ]


def _firsts_of_scenes(times: list[float], edges: list[float]) -> set[int]:
    """Return the first sample of each scene."""
    firsts = {int(np.searchsorted(times, edge)) for edge in edges}
    return {0} | {at for at in firsts if at < len(times)}


def _score(frame: VideoFrame) -> float:
    if frame.format.name not in PLANAR:
        return poster_score(frame.to_ndarray(format="gray"))
    return poster_score(plane_pixels(frame, 0))


def _short_side(width: int, height: int, side: int) -> tuple[int, int]:
    """Return the size with the short side at `side`; never larger than the frame."""
    scale = min(1.0, side / min(width, height))
    return max(2, round(width * scale)), max(2, round(height * scale))


def _within(width: int, height: int, box: tuple[int, int]) -> tuple[int, int]:
    """Return the size within a box, in the same shape; never larger than the frame."""
    scale = min(1.0, box[0] / width, box[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _resized(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if size == pixels.shape[1::-1]:
        return pixels
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
