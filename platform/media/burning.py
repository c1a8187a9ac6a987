"""Write captions into the frames of a video of ours; its sound is copied as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from av.container import InputContainer, OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from media.caption_drawing import Overlay, draw_caption
from media.captions import Cue
from media.errors import DAMAGED, BadMediaError

# A little finer than uploads get: these frames were encoded before.
OPTIONS = {"crf": "20", "preset": "veryfast", "profile": "high"}


def burn_captions(
    source: Path,
    target: Path,
    cues: Sequence[Cue],
    *,
    font_path: str = "",
    on_frame: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Write the MP4 `source` with the captions drawn on it as `target`.

    `on_frame(done, total)` is called after each frame; it may raise to stop. `BadCaptionsError`
    comes before any frame when the font lacks a letter.
    """
    try:
        with av.open(str(source), "r") as read:
            video = read.streams.video[0]
            size = (video.codec_context.width // 2 * 2, video.codec_context.height // 2 * 2)
            overlays = [(cue, draw_caption(cue.text, *size, font_path)) for cue in cues]
            with av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as made:
                _Burner(read, made, video, overlays, on_frame).run()
    except (av.error.FFmpegError, IndexError) as error:
        raise BadMediaError(DAMAGED) from error


class _Burner:
    def __init__(
        self,
        read: InputContainer,
        made: OutputContainer,
        video: VideoStream,
        overlays: list[tuple[Cue, Overlay]],
        on_frame: Callable[[int, int], None],
    ) -> None:
        self._read, self._made, self._video = read, made, video
        self._overlays, self._on_frame = overlays, on_frame
        self._reformatter = VideoReformatter()
        self._total = video.frames or 0
        self._done = 0
        context = video.codec_context
        self._encoder = made.add_stream("libx264", rate=video.average_rate or 25)
        self._encoder.width, self._encoder.height = context.width // 2 * 2, context.height // 2 * 2
        self._encoder.pix_fmt = "yuv420p"
        rate = float(video.average_rate or 25)
        self._encoder.codec_context.gop_size = max(1, round(2 * rate))
        self._encoder.codec_context.thread_count = 2
        self._encoder.codec_context.time_base = video.time_base or 1 / Fraction(rate)
        self._encoder.options = {**OPTIONS}
        self._sound = {
            stream.index: made.add_stream_from_template(stream) for stream in read.streams.audio[:1]
        }

    def run(self) -> None:
        streams = [self._video, *self._read.streams.audio[:1]]
        for packet in self._read.demux(*streams):
            if packet.stream.index in self._sound:
                if packet.dts is not None:
                    packet.stream = self._sound[packet.stream.index]
                    self._made.mux(packet)
                continue
            for frame in packet.decode():
                if isinstance(frame, VideoFrame):
                    self._take(frame)
        self._made.mux(self._encoder.encode(None))

    def _take(self, frame: VideoFrame) -> None:
        now = frame.time or 0.0
        shown = [drawn for cue, drawn in self._overlays if cue.start_s <= now < cue.end_s]
        ready = self._drawn_on(frame, shown)
        ready.pts, ready.time_base = frame.pts, frame.time_base
        self._made.mux(self._encoder.encode(ready))
        self._done += 1
        self._on_frame(self._done, max(self._total, self._done))

    def _drawn_on(self, frame: VideoFrame, shown: list[Overlay]) -> VideoFrame:
        width, height = self._encoder.width, self._encoder.height
        plain = self._reformatter.reformat(frame, width, height, "yuv420p")
        # The encoder decides for itself which frames are key frames.
        plain.pict_type = 0
        if not shown:
            return plain
        # A copy: later frames of the decoder refer to this one.
        planes = np.array(plain.to_ndarray(), np.uint8)  # (height * 3 / 2, width)
        for overlay in shown:
            overlay.lay_over(planes, width, height)
        return VideoFrame.from_ndarray(planes, format="yuv420p")
