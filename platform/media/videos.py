"""Videos: read the uploads that are safe to read, and write the one MP4 that we serve.

A single pass decodes picture and sound, brings the picture to a constant frame rate, upright, at
most 720p, and keeps the best-looking frame as poster. Runs in a child process only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import cast

import av
import av.error
import av.filter
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from media.errors import DAMAGED, BadMediaError
from media.images import Rendition, make_stills
from media.limits import (
    MAX_FPS,
    MAX_VIDEO_FRAMES,
    MAX_VIDEO_SECONDS,
    MAX_VIDEO_SIDE,
    MIN_SIDE,
    VIDEO_SHORT_SIDE,
)
from media.sound import SoundTrack

DEMUXERS = {"mov": "mov,mp4,m4a,3gp,3g2,mj2", "matroska": "matroska,webm"}
VIDEO_CODECS = frozenset(("h264", "hevc", "vp8", "vp9", "av1", "mpeg4"))
AUDIO_CODECS = frozenset(("aac", "mp3", "opus", "vorbis", "flac", "pcm_s16le", "pcm_s16be"))
# Names of decoders, which FFmpeg's own probing is held to as well.
DECODERS = sorted(VIDEO_CODECS | AUDIO_CODECS | {"libdav1d", "libopus", "libvorbis", "mp3float"})

NO_PICTURE = "This file has no video in it, only sound. Please upload a video with a picture."
TOO_LONG = f"This video is too long. Please keep it under {MAX_VIDEO_SECONDS / 60:.0f} minutes."
TOO_LARGE = f"This video is too large: neither side may exceed {MAX_VIDEO_SIDE} pixels."
TOO_SMALL = f"This video is too small: each side needs at least {MIN_SIDE} pixels."
TOO_MANY = "This video has too many frames. Please export it at 60 frames a second or fewer."
CODEC = "This video's format is not supported. Please export it as H.264, HEVC, VP9 or AV1."
INCOMPLETE = "This video is incomplete: only its first part arrived. Please upload it again."

RATES = tuple(
    Fraction(rate)
    for rate in (10, 12, 15, 20, Fraction(24000, 1001), 24, 25, Fraction(30000, 1001), 30)
)
# Damaged packets are skipped up to this share of all.
MAX_BAD_SHARE = 0.1
LOOK_EVERY_S = 0.5


@dataclass(frozen=True)
class VideoFacts:
    """What a video of ours says of itself."""

    width: int
    height: int
    duration_s: float
    has_sound: bool


def read_facts(video: Path | bytes) -> VideoFacts:
    """Return size, length and sound of an MP4 that we made; only its header is read."""
    source = BytesIO(video) if isinstance(video, bytes) else str(video)
    with av.open(source, "r", format="mov") as container:
        picture = container.streams.video[0]
        seconds = float(container.duration or 0) / av.time_base
        return VideoFacts(picture.width, picture.height, seconds, bool(container.streams.audio))


def transcode(source: Path, demuxer: str, folder: Path) -> list[Rendition]:
    """Write `source` as H.264/AAC MP4 into `folder`; return master, poster and thumb."""
    target = folder / "master.mp4"
    with open_stranger(source, demuxer) as container:
        video = checked_video(container)
        sound = _first_readable_sound(container)
        with av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as output:
            job = _Transcode(container, output, video, sound)
            job.run()
    if job.poster is None:
        raise BadMediaError(DAMAGED)
    facts = read_facts(target)
    master = Rendition(
        "master", "video/mp4", facts.width, facts.height, target, facts.duration_s, facts.has_sound
    )
    return [master, *make_stills(job.poster)]


def open_stranger(source: Path, demuxer: str) -> InputContainer:
    """Open a local file with one demuxer, no protocol but `file`, and no decoder but ours."""
    try:
        return av.open(
            f"file:{source.resolve()}",
            format=demuxer,
            options={
                "protocol_whitelist": "file",
                "format_whitelist": DEMUXERS[demuxer],
                "codec_whitelist": ",".join(DECODERS),
            },
            metadata_errors="replace",
        )
    except (av.error.FFmpegError, ValueError) as error:
        raise BadMediaError(DAMAGED) from error


def checked_video(container: InputContainer) -> VideoStream:
    """Return the picture's stream if everything its header says lies within limits."""
    # A cover picture inside a sound file is a video stream by name only.
    moving = [s for s in container.streams.video if not _is_cover(s)]
    if not moving:
        raise BadMediaError(NO_PICTURE if container.streams.audio else DAMAGED)
    video = moving[0]
    context = video.codec_context
    if context is None or context.codec.canonical_name not in VIDEO_CODECS:
        raise BadMediaError(CODEC)
    if container.duration and container.duration / av.time_base > MAX_VIDEO_SECONDS:
        raise BadMediaError(TOO_LONG)
    _check_size(context.width, context.height)
    context.thread_count = 2
    return video


def _is_cover(stream: Stream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _check_size(width: int, height: int) -> None:
    if max(width, height) > MAX_VIDEO_SIDE:
        raise BadMediaError(TOO_LARGE)
    if min(width, height) < MIN_SIDE:
        raise BadMediaError(TOO_SMALL)


def _first_readable_sound(container: InputContainer) -> AudioStream | None:
    """Return the first sound that we can decode; a telephone may add others beside it."""
    for stream in container.streams.audio:
        context = stream.codec_context
        if context is not None and context.codec.canonical_name in AUDIO_CODECS:
            return stream
    return None


def output_rate(average: Fraction | None) -> Fraction:
    """Return the constant rate to write: the source's or an even part of it, 30 or less."""
    rate = average or Fraction(MAX_FPS)
    rate /= ceil(rate / (MAX_FPS + Fraction(1, 2)))
    return next((usual for usual in RATES if usual >= rate * Fraction(99, 100)), RATES[-1])


def output_size(width: int, height: int) -> tuple[int, int]:
    """Return even sides with the short one at most 720, in the same shape."""
    scale = min(1.0, VIDEO_SHORT_SIDE / min(width, height))
    # A very wide strip keeps its long side within what players decode.
    scale = min(scale, MAX_VIDEO_SIDE / 2 / max(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


class _Transcode:
    """One pass over one file; `poster` is the best frame seen."""

    def __init__(
        self,
        container: InputContainer,
        output: OutputContainer,
        video: VideoStream,
        sound: AudioStream | None,
    ) -> None:
        self.container, self.output, self.video = container, output, video
        self.rate = output_rate(video.average_rate or video.guessed_rate)
        self.encoder: VideoStream | None = None
        self.sound = SoundTrack(output, sound) if sound else None
        self.poster: Image.Image | None = None
        self._poster_score = -1.0
        self._looked_at = -LOOK_EVERY_S
        self._transform: _Transform | None = None
        self._start: float | None = None
        self._held: VideoFrame | None = None
        self._tick = 0
        self._frames = self._packets = self._bad = 0
        self._last_time = 0.0

    def run(self) -> None:
        streams: list[VideoStream | AudioStream] = [self.video]
        if self.sound:
            streams.append(self.sound.stream)
        for frame in self._decoded(streams):
            if isinstance(frame, VideoFrame):
                self._take_picture(frame)
            elif self.sound:
                self.sound.take(frame)
        if self._held is None or self.encoder is None:
            raise BadMediaError(DAMAGED)
        self._check_complete()
        # The last picture stays for one tick.
        self._write_until(self._last_time + float(1 / self.rate) / 2)
        if self._tick == 0:
            self._write(self._held)
        self.output.mux(self.encoder.encode(None))
        if self.sound:
            self.sound.finish()

    def _decoded(
        self, streams: list[VideoStream | AudioStream]
    ) -> Iterator[VideoFrame | AudioFrame]:
        """Yield frames of all streams in file order, skipping a few damaged packets."""
        try:
            for packet in self.container.demux(*streams):
                self._packets += 1
                try:
                    yield from cast("list[VideoFrame | AudioFrame]", packet.decode())
                except (av.error.InvalidDataError, av.error.ExternalError):
                    self._bad += 1
        except av.error.FFmpegError:
            # The file ends in the middle: what came so far decides.
            self._bad += 1
        if self._bad > max(1, self._packets * MAX_BAD_SHARE):
            raise BadMediaError(DAMAGED)

    def _check_complete(self) -> None:
        declared = float((self.video.duration or 0) * (self.video.time_base or 0))
        if declared and self._last_time < declared * 0.9 - 0.5:
            raise BadMediaError(INCOMPLETE)

    def _take_picture(self, frame: VideoFrame) -> None:
        self._frames += 1
        if self._frames > MAX_VIDEO_FRAMES:
            raise BadMediaError(TOO_MANY)
        _check_size(frame.width, frame.height)
        if self._start is None:
            self._begin(frame)
        now = self._time_of(frame)
        if now > MAX_VIDEO_SECONDS:
            raise BadMediaError(TOO_LONG)
        # Ticks before this frame's time still show the one before it.
        self._write_until(now - float(1 / self.rate) / 2)
        self._last_time = max(self._last_time, now)
        self._held = frame

    def _time_of(self, frame: VideoFrame) -> float:
        """Return seconds since the first frame; a frame without a time follows the last one."""
        if frame.time is None:
            return self._last_time + float(1 / self.rate)
        return frame.time - (self._start or 0.0)

    def _begin(self, frame: VideoFrame) -> None:
        self._start = frame.time or 0.0
        if self.sound:
            self.sound.start_s = self._start
        self._transform = _Transform(self.video.sample_aspect_ratio)
        width, height = self._transform.size_of(frame)
        encoder = self.output.add_stream("libx264", rate=self.rate)
        encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
        encoder.codec_context.gop_size = max(1, round(2 * self.rate))
        encoder.codec_context.thread_count = 2
        encoder.options = {"crf": "23", "preset": "veryfast", "profile": "high"}
        encoder.time_base = encoder.codec_context.time_base = 1 / self.rate
        self.encoder = encoder
        if self.sound:
            self.sound.begin()

    def _write_until(self, seconds: float) -> None:
        while self._held is not None and self._tick / float(self.rate) <= seconds:
            self._write(self._held)

    def _write(self, frame: VideoFrame) -> None:
        assert self.encoder
        assert self._transform
        ready = self._transform.apply(frame, (self.encoder.width, self.encoder.height))
        ready.pts, ready.time_base = self._tick, 1 / self.rate
        seconds = self._tick / float(self.rate)
        self._tick += 1
        self.output.mux(self.encoder.encode(ready))
        if seconds - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = seconds
            self._look(ready, seconds)

    def _look(self, frame: VideoFrame, seconds: float) -> None:
        """Keep this frame as poster if it looks better than the best so far."""
        luma = np.frombuffer(bytes(frame.planes[0]), np.uint8).reshape(
            -1, frame.planes[0].line_size
        )
        score = poster_score(luma[: frame.height, : frame.width])
        # Among frames alike, an early one tells best what is coming.
        score *= 1.0 - 0.1 * min(1.0, seconds / MAX_VIDEO_SECONDS * 6)
        if score > self._poster_score:
            self._poster_score = score
            self.poster = frame.to_image()


def poster_score(luma: np.ndarray) -> float:
    """Return how well a frame serves as poster: contrast and detail, little when dark or blown out.

    luma: (H, W) uint8.
    """
    small = luma[:: max(1, luma.shape[0] // 90), :: max(1, luma.shape[1] // 90)].astype(np.float32)
    mean, contrast = float(small.mean()), float(small.std())
    detail = float(np.abs(np.diff(small, axis=0)).mean() + np.abs(np.diff(small, axis=1)).mean())
    exposure = float(np.clip(min(mean - 16, 245 - mean) / 40, 0.02, 1.0))
    return exposure * (contrast + detail + 1.0)


class _Transform:
    """Turns frames upright and scales them to the output's size, through one filter graph.

    Where a source changes its size half-way, the graph is built again; the output keeps its own.
    """

    def __init__(self, pixel_aspect: Fraction | None) -> None:
        # Width of a pixel over its height; a nonsensical one counts as square.
        sane = pixel_aspect is not None and Fraction(1, 4) <= pixel_aspect <= 4
        self._pixel_aspect = pixel_aspect if sane and pixel_aspect else Fraction(1)
        self._graph: av.filter.Graph | None = None
        self._built_for: tuple[object, ...] = ()

    def size_of(self, frame: VideoFrame) -> tuple[int, int]:
        """Return the output size for a source that starts with this frame."""
        width, height = round(frame.width * self._pixel_aspect), frame.height
        return output_size(height, width) if frame.rotation % 180 else output_size(width, height)

    def apply(self, frame: VideoFrame, size: tuple[int, int]) -> VideoFrame:
        rotation = round(frame.rotation / 90) * 90 % 360
        key = (frame.width, frame.height, frame.format.name, rotation, size)
        if key != self._built_for:
            self._graph = _build_graph(frame, rotation, size)
            self._built_for = key
        assert self._graph
        frame.pts, frame.time_base = 0, Fraction(1, 1000)
        self._graph.vpush(frame)
        return self._graph.vpull()


# Display rotation, anti-clockwise as FFmpeg reports it -> filters that undo it.
UPRIGHT = {
    0: (),
    90: (("transpose", "cclock"),),
    180: (("hflip", ""), ("vflip", "")),
    270: (("transpose", "clock"),),
}


def _build_graph(frame: VideoFrame, rotation: int, size: tuple[int, int]) -> av.filter.Graph:
    graph = av.filter.Graph()
    last = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=Fraction(1, 1000),
    )
    steps = [
        *UPRIGHT[rotation],
        ("scale", f"{size[0]}:{size[1]}:flags=bicubic:out_range=tv"),
        ("setsar", "1"),
        ("format", "yuv420p"),
        ("buffersink", ""),
    ]
    for name, arguments in steps:
        node = graph.add(name, arguments or None)
        last.link_to(node)
        last = node
    graph.configure()
    return graph
