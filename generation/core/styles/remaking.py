"""Reading a video and writing it anew: other pictures at the same times, the same sound."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from av.video.stream import VideoStream

from media.errors import DAMAGED, BadMediaError
from media.sound import SoundTrack

MOST_SIDE = 1080


@contextmanager
def open_video_file(source: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Give an opened file and its picture; a file without one is a BadMediaError."""
    with av.open(str(source), "r") as container:
        if not container.streams.video:
            raise BadMediaError(DAMAGED)
        video = container.streams.video[0]
        video.thread_type = "AUTO"
        yield container, video


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
        # Fine, and alike in all kinds of frames and parts: paper and hatching must not pulse. A
        # change that is less than a step is left out, or it would come back as a jump of a step.
        encoder.options = {
            "crf": "18",
            "preset": "veryfast",
            "profile": "high",
            "x264-params": "ipratio=1.1:pbratio=1.0:bframes=0"
            ":aq-mode=0:no-mbtree=1:qcomp=1:trellis=0:deadzone-inter=32",
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
