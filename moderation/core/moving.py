"""The watermark in videos: the same tile in every frame, read from key frames folded together.

Motion compensation drags a mark along with what moves; key frames keep it where it was put. So
our files have one at least every two seconds, and only those are read. Sound carries no mark.
"""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import av.error
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from moderation.core import coding, reading, spread, writing
from moderation.core.watermark import (
    MIN_SIDE,
    TOO_FLAT,
    TOO_SMALL,
    Detection,
    WatermarkError,
    detect_folded,
)
from moderation.core.writing import Strength

# Encoding takes more of the mark than JPEG does, and motion hides more than a still shows. Moving
# the mark into texture spent up to 2.7 dB more here and read no better after CRF 33.
STRENGTH = Strength(40.0, 0.97, kept_power=0)
CRF = 21
KEY_FRAME_S = 2.0
# At most so many key frames are read, evenly apart.
MOST_FRAMES = 24
UNREADABLE = "This video could not be read."
# The limited range of video: 219 steps of brightness where a picture has 255.
_LIMITED = 219.0 / 255.0


@dataclass(frozen=True)
class EmbeddedVideo:
    """A marked MP4: its bytes, and the mean PSNR of the frames' brightness before encoding."""

    data: bytes
    psnr: float
    z: float


def embed_video(source: bytes | Path, payload: int, key: bytes, *, crf: int = CRF) -> EmbeddedVideo:
    """Return the video with the payload in every frame, encoded anew as H.264; sound is copied.

    Raises `WatermarkError` when a frame is too small, the video cannot be read, or the mark cannot
    be read back from the result.
    """
    marker = _Marker(payload, key)
    # A real file: moving the index to the front re-opens the output by its name.
    with tempfile.NamedTemporaryFile(suffix=".mp4") as output:
        try:
            with av.open(_opened(source), "r") as container:
                _rewrite(container, output.name, marker, crf)
        except (av.error.FFmpegError, IndexError) as error:
            raise WatermarkError(UNREADABLE) from error
        data = Path(output.name).read_bytes()
    read = detect_video(data, key, search=False)
    if read.payload != payload:
        raise WatermarkError(TOO_FLAT)
    return EmbeddedVideo(data, marker.psnr, read.z)


def detect_video(
    source: bytes | Path, key: bytes, *, search: bool = True, poses: int = 8
) -> Detection:
    """Read the mark of this key from the key frames; `WatermarkError` if there are none."""
    return detect_frames(key_frames(source), key, search=search, poses=poses)


def detect_frames(
    lumas: list[np.ndarray], key: bytes, *, search: bool = True, poses: int = 8
) -> Detection:
    """Read one mark from key frames (H, W); alone if need be, when the folded ones say nothing."""
    same = [luma for luma in lumas if luma.shape == lumas[0].shape]
    return detect_folded(same, key, search=search, poses=poses)


def key_frames(source: bytes | Path, most: int = MOST_FRAMES) -> list[np.ndarray]:
    """Return the brightness (H, W) float32 of up to `most` key frames, evenly apart."""
    frames: list[np.ndarray] = []
    step = 1
    try:
        with av.open(_opened(source), "r") as container:
            stream = container.streams.video[0]
            stream.codec_context.skip_frame = "NONKEY"
            for number, frame in enumerate(container.decode(stream)):
                if number % step:
                    continue
                frames.append(_luma(frame))
                if len(frames) == 2 * most:
                    # A long video: half of those kept, and half as many from here on.
                    frames, step = frames[::2], 2 * step
    except (av.error.FFmpegError, IndexError) as error:
        raise WatermarkError(UNREADABLE) from error
    if not frames:
        raise WatermarkError(UNREADABLE)
    return frames[:: -(-len(frames) // most)]


def _luma(frame: VideoFrame) -> np.ndarray:
    return frame.to_ndarray(format="gray").astype(np.float32)


def _opened(source: bytes | Path) -> io.BytesIO | str:
    return io.BytesIO(source) if isinstance(source, bytes) else str(source)


@dataclass
class _Marker:
    """Adds the mark to frames; its mask follows the picture once in every key frame's distance."""

    payload: int
    key: bytes
    _change: np.ndarray | None = None
    _gains: np.ndarray | None = None
    _errors: list[float] = field(default_factory=list)

    @property
    def psnr(self) -> float:
        """The mean PSNR in dB of the frames that were looked at."""
        error = float(np.mean(self._errors)) if self._errors else 0.0
        return float("inf") if error == 0 else 10.0 * float(np.log10(255.0**2 / error))

    def mark(self, luma: np.ndarray, *, look: bool) -> np.ndarray:
        """Return luma (H, W) uint8 of limited range with the mark; `look`: fit the mask anew."""
        if look or self._change is None or self._change.shape != luma.shape:
            self._change = self._fitted((luma.astype(np.float32) - 16.0) / _LIMITED)
        return cv2.add(luma, self._change, dtype=cv2.CV_8U)

    def _fitted(self, luma: np.ndarray) -> np.ndarray:
        place = spread.place_of(self.key, self.payload)
        code, coded = spread.codes_of(self.key)[place.number], coding.encode(self.payload)
        if self._gains is None:
            self._gains, mask = writing.informed_gains(luma, code, place, coded, STRENGTH)
        else:
            small = reading.canonical(luma) if min(luma.shape) > reading.SHORT_SIDE else luma
            mask = writing.shape_of(small, STRENGTH)
        pattern = writing.pattern_for(luma.shape, code, place, coded, self._gains, mask)
        change = writing.amplitude(luma, pattern, STRENGTH) * pattern
        self._errors.append(float((change * change).mean()))
        return (np.rint(change * _LIMITED)).astype(np.int16)


def _rewrite(
    container: av.container.InputContainer, output: str, marker: _Marker, crf: int
) -> None:
    source = container.streams.video[0]
    if min(source.codec_context.width, source.codec_context.height) < MIN_SIDE:
        raise WatermarkError(TOO_SMALL)
    sound = container.streams.audio[0] if container.streams.audio else None
    with av.open(output, "w", format="mp4", options={"movflags": "faststart"}) as target:
        picture = _encoder(target, source, crf)
        voice = target.add_stream_from_template(sound) if sound else None
        streams = [stream for stream in (source, sound) if stream is not None]
        looked = -KEY_FRAME_S
        for packet in container.demux(*streams):
            if packet.stream is not source:
                if packet.dts is not None and voice is not None:
                    packet.stream = voice
                    target.mux(packet)
                continue
            for frame in packet.decode():
                assert isinstance(frame, VideoFrame)
                now = frame.time or 0.0
                look = now - looked >= KEY_FRAME_S
                looked = now if look else looked
                target.mux(picture.encode(_marked(frame, marker, look=look)))
        target.mux(picture.encode(None))


def _encoder(target: av.container.OutputContainer, source: VideoStream, crf: int) -> VideoStream:
    rate = source.average_rate or Fraction(25)
    picture = target.add_stream("libx264", rate=rate)
    picture.width, picture.height = source.codec_context.width, source.codec_context.height
    picture.pix_fmt = "yuv420p"
    picture.codec_context.gop_size = max(1, round(KEY_FRAME_S * rate))
    picture.codec_context.thread_count = 2
    picture.options = {"crf": str(crf), "preset": "veryfast", "profile": "high"}
    if source.time_base:
        picture.time_base = picture.codec_context.time_base = source.time_base
    return picture


def _marked(frame: VideoFrame, marker: _Marker, *, look: bool) -> VideoFrame:
    ready = frame.reformat(format="yuv420p")
    planes = ready.to_ndarray()  # (H * 3 / 2, W)
    planes[: ready.height] = marker.mark(planes[: ready.height], look=look)
    marked = VideoFrame.from_ndarray(planes, format="yuv420p")
    marked.pts, marked.time_base = frame.pts, frame.time_base
    return marked
