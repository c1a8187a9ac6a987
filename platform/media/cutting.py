"""A part of one of our own videos as a file of its own: exact times, sound and captions kept."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from media.errors import DAMAGED, BadMediaError
from media.sound import SoundTrack

# A cut may start this much before a frame and still mean that frame.
SLACK_S = 1e-3
LEAST_S = 0.5
TOO_SHORT = "A clip needs at least half a second. Please choose a later end."
OUTSIDE = "This video is only {length:.1f} seconds long. Please choose times within it."


def cut_video(
    source: Path,
    start_s: float,
    end_s: float,
    *,
    report: Callable[[int, int], None] = lambda done, total: None,
    check: Callable[[], None] = lambda: None,
) -> tuple[bytes, np.ndarray]:
    """Return the part from `start_s` to `end_s` as H.264/AAC MP4, and its first frame (H, W, 3).

    Encoded anew, since a copied stream could begin at a key frame only. The picture keeps its size
    and rate. An end past the video's own is its own. `check` may raise to stop; `report` is told
    (frames done, frames in all).
    """
    with tempfile.TemporaryDirectory(prefix="weft-cut-") as folder:
        target = Path(folder) / "clip.mp4"
        try:
            with av.open(str(source), "r") as container:
                end_s = _checked_end(container, start_s, end_s)
                with av.open(
                    str(target), "w", format="mp4", options={"movflags": "faststart"}
                ) as output:
                    cut = _Cut(container, output, start_s, end_s, report, check)
                    poster = cut.run()
        except av.error.FFmpegError as error:
            raise BadMediaError(DAMAGED) from error
        return target.read_bytes(), poster


def read_frame(source: Path, at_s: float) -> np.ndarray:
    """Return the frame on screen at this time, (H, W, 3) uint8; the last one past the end."""
    shown: VideoFrame | None = None
    with av.open(str(source), "r") as container:
        stream = container.streams.video[0]
        container.seek(int(max(at_s, 0.0) * av.time_base), backward=True)
        first = stream.start_time or 0
        for frame in container.decode(stream):
            moment = float(((frame.pts or 0) - first) * (frame.time_base or 0))
            if shown is not None and moment > at_s + SLACK_S:
                break
            shown = frame
    if shown is None:
        raise BadMediaError(DAMAGED)
    return shown.to_ndarray(format="rgb24")


def _checked_end(container: InputContainer, start_s: float, end_s: float) -> float:
    if not container.streams.video:
        raise BadMediaError(DAMAGED)
    length = float(container.duration or 0) / av.time_base
    if start_s < 0 or start_s >= length:
        raise BadMediaError(OUTSIDE.format(length=length))
    end_s = min(end_s, length)
    if end_s - start_s < LEAST_S:
        raise BadMediaError(TOO_SHORT)
    return end_s


class _Cut:
    """One pass from the key frame before the start to the end."""

    def __init__(
        self,
        container: InputContainer,
        output: OutputContainer,
        start_s: float,
        end_s: float,
        report: Callable[[int, int], None],
        check: Callable[[], None],
    ) -> None:
        self._container, self._output = container, output
        self._video = container.streams.video[0]
        self._video.thread_type = "AUTO"
        self._start, self._end = start_s, end_s
        self._report, self._check = report, check
        self._rate = self._video.average_rate or Fraction(25)
        self._total = max(1, round((end_s - start_s) * float(self._rate)))
        self._encoder: VideoStream | None = None
        self._written = 0
        self._held: VideoFrame | None = None
        self._poster: np.ndarray | None = None
        voices = container.streams.audio
        self._sound = SoundTrack(output, voices[0]) if voices else None
        # Both streams count from the picture's first frame.
        self._zero = float((self._video.start_time or 0) * (self._video.time_base or 0))

    def run(self) -> np.ndarray:
        streams: list[VideoStream | AudioStream] = [self._video]
        if self._sound:
            self._sound.start_s = self._zero + self._start
            streams.append(self._sound.stream)
        self._container.seek(int((self._zero + self._start) * av.time_base), backward=True)
        for frame in self._decoded(streams):
            self._check()
            if isinstance(frame, VideoFrame):
                self._take_picture(frame)
            elif self._sound:
                self._take_sound(frame)
        self._write_until(self._end)
        if self._encoder is None or self._poster is None:
            raise BadMediaError(DAMAGED)
        self._output.mux(self._encoder.encode(None))
        if self._sound:
            self._sound.finish()
        return self._poster

    def _decoded(
        self, streams: list[VideoStream | AudioStream]
    ) -> Iterator[VideoFrame | AudioFrame]:
        """Yield frames until every stream has passed the end."""
        past: set[int] = set()
        for packet in self._container.demux(*streams):
            for frame in packet.decode():
                assert isinstance(frame, VideoFrame | AudioFrame)
                if frame.time is not None and frame.time - self._zero >= self._end - SLACK_S:
                    past.add(packet.stream_index)
                    continue
                yield frame
            if len(past) == len(streams):
                return

    def _take_picture(self, frame: VideoFrame) -> None:
        if frame.time is None:
            return
        # Ticks before this frame's time still show the one before it.
        self._write_until(frame.time - self._zero)
        self._held = frame

    def _write_until(self, moment: float) -> None:
        while self._held is not None and self._written < self._total:
            due = self._start + self._written / float(self._rate)
            if due + SLACK_S >= moment:
                return
            self._write(self._held)

    def _write(self, frame: VideoFrame) -> None:
        if self._encoder is None:
            self._begin(frame)
        assert self._encoder
        ready = frame.reformat(format="yuv420p")
        ready.pts, ready.time_base = self._written, 1 / self._rate
        # Key frames of the source must not become some of the copy's.
        ready.pict_type = 0
        self._output.mux(self._encoder.encode(ready))
        self._written += 1
        self._report(self._written, self._total)

    def _begin(self, frame: VideoFrame) -> None:
        encoder = self._output.add_stream("libx264", rate=self._rate)
        encoder.width, encoder.height = frame.width // 2 * 2, frame.height // 2 * 2
        encoder.pix_fmt = "yuv420p"
        encoder.codec_context.gop_size = max(1, round(2 * self._rate))
        encoder.codec_context.thread_count = 1
        encoder.options = {"crf": "22", "preset": "veryfast", "profile": "high"}
        encoder.time_base = encoder.codec_context.time_base = 1 / self._rate
        self._encoder = encoder
        self._poster = frame.to_ndarray(format="rgb24")
        if self._sound:
            self._sound.begin()

    def _take_sound(self, frame: AudioFrame) -> None:
        """Pass sound on from the start to the end, cut to the sample."""
        assert self._sound
        if frame.time is None:
            return
        begins = frame.time - self._zero
        first = max(0, round((self._start - begins) * frame.sample_rate))
        last = min(frame.samples, round((self._end - begins) * frame.sample_rate))
        if first >= last:
            return
        if (first, last) != (0, frame.samples):
            frame = _part(frame, first, last)
        self._sound.take(frame)


def _part(frame: AudioFrame, first: int, last: int) -> AudioFrame:
    """Return some samples of a frame, with the time at which they sound."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        channels = len(frame.layout.channels)
        cut = samples[:, first * channels : last * channels]
    else:
        cut = samples[:, first:last]
    part = AudioFrame.from_ndarray(
        cast(Any, np.ascontiguousarray(cut)), format=frame.format.name, layout=frame.layout.name
    )
    part.sample_rate = frame.sample_rate
    begins = (frame.time or 0.0) + first / frame.sample_rate
    part.pts, part.time_base = round(begins * frame.sample_rate), Fraction(1, frame.sample_rate)
    return part


# ---- captions ---------------------------------------------------------------------------------

_MOMENT = r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_TIMING = re.compile(rf"^{_MOMENT}[ \t]+-->[ \t]+{_MOMENT}(.*)$", re.MULTILINE)


def shift_captions(captions: str, start_s: float, end_s: float) -> str:
    """Return the WebVTT of the part from `start_s` to `end_s`; "" where nothing is said in it.

    Cues that only reach into the part are cut to it. Styles, regions and notes stay.
    """
    blocks = re.split(r"\n{2,}", captions.replace("\r\n", "\n").replace("\r", "\n").strip())
    kept, cues = [], 0
    for block in blocks:
        found = _TIMING.search(block)
        if found is None:
            kept.append(block)
            continue
        begins, ends = _seconds(found.groups()[:4]), _seconds(found.groups()[4:8])
        begins, ends = max(begins, start_s) - start_s, min(ends, end_s) - start_s
        if ends > begins:
            timing = f"{_written(begins)} --> {_written(ends)}{found.group(9)}"
            kept.append(block[: found.start()] + timing + block[found.end() :])
            cues += 1
    return "\n\n".join(kept) + "\n" if cues else ""


def _seconds(parts: tuple[str, ...]) -> float:
    hours, minutes, seconds, thousandths = parts
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + int(thousandths) / 1000


def _written(seconds: float) -> str:
    thousandths = round(seconds * 1000)
    minutes, thousandths = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{thousandths // 1000:02}.{thousandths % 1000:03}"
