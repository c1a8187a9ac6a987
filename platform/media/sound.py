"""The sound of a video: any rate and layout in, AAC in step with the picture out."""

from __future__ import annotations

from fractions import Fraction
from typing import cast

import av
import av.error
import av.filter
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer

from media.limits import MAX_VIDEO_SECONDS

RATE = 48_000
FRAME = 1024


class SoundTrack:
    """Takes decoded sound of `stream` and writes it to `output`, filling gaps with silence."""

    def __init__(self, output: OutputContainer, stream: AudioStream) -> None:
        self.output, self.stream = output, stream
        # Seconds on the source's clock at which the picture starts.
        self.start_s = 0.0
        self._graph: av.filter.Graph | None = None
        self._encoder: AudioStream | None = None
        self._waiting: list[AudioFrame] = []
        self._layout = "mono" if stream.codec_context.channels == 1 else "stereo"

    def begin(self) -> None:
        """Open the encoder; the picture's first frame has been seen, so `start_s` is known."""
        self._encoder = self.output.add_stream("aac", rate=RATE, layout=self._layout)
        self._encoder.bit_rate = 96_000 if self._layout == "mono" else 128_000
        waiting, self._waiting = self._waiting, []
        for frame in waiting:
            self.take(frame)

    def take(self, frame: AudioFrame) -> None:
        """Encode one frame; sound before the picture's start or past the limit is dropped."""
        if self._encoder is None:
            # A file may lead with a little sound; hostile ones with hours of it.
            if len(self._waiting) < 500:
                self._waiting.append(frame)
            return
        if frame.time is not None and not 0 <= frame.time - self.start_s <= MAX_VIDEO_SECONDS:
            return
        if self._graph is None:
            self._graph = self._build(frame)
        if frame.time is not None:
            frame.pts = round((frame.time - self.start_s) * frame.sample_rate)
            frame.time_base = Fraction(1, frame.sample_rate)
        try:
            self._graph.push(frame)
        except (av.error.FFmpegError, ValueError):
            # Rate or layout changed half-way: go on with a graph for the new one.
            self._graph = self._build(frame)
            self._graph.push(frame)
        self._drain()

    def finish(self) -> None:
        """Flush what filter and encoder still hold."""
        if self._graph:
            self._graph.push(None)
            self._drain()
        if self._encoder and self._graph:
            self.output.mux(self._encoder.encode(None))

    def _drain(self) -> None:
        assert self._graph
        assert self._encoder
        while True:
            try:
                ready = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            self.output.mux(self._encoder.encode(cast(AudioFrame, ready)))

    def _build(self, frame: AudioFrame) -> av.filter.Graph:
        graph = av.filter.Graph()
        source = graph.add_abuffer(
            sample_rate=frame.sample_rate,
            format=frame.format.name,
            layout=frame.layout.name,
            time_base=Fraction(1, frame.sample_rate),
        )
        last = source
        for name, arguments in (
            ("aresample", f"{RATE}:async=1:first_pts=0"),
            ("aformat", f"sample_fmts=fltp:sample_rates={RATE}:channel_layouts={self._layout}"),
            ("asetnsamples", f"n={FRAME}:p=0"),
            ("abuffersink", ""),
        ):
            node = graph.add(name, arguments or None)
            last.link_to(node)
            last = node
        graph.configure()
        return graph
