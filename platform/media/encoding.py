"""Write frames and sound that we made ourselves as an MP4 that browsers play."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def encode_clip(
    frames: Iterable[np.ndarray],
    *,
    fps: int,
    sound: np.ndarray | None = None,
    sound_rate: int = 44100,
    crf: int = 25,
    preset: str = "veryfast",
) -> bytes:
    """Return an H.264/AAC MP4, index first, with a key frame at least every two seconds.

    frames: (H, W, 3) uint8 RGB each, all of one even size. sound: (N, 2) float32 in [-1, 1].
    """
    # A real file: moving the index to the front re-opens the output by its name.
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        _write_clip(file.name, frames, fps, sound, sound_rate, {"crf": str(crf), "preset": preset})
        return Path(file.name).read_bytes()


def _write_clip(
    path: str,
    frames: Iterable[np.ndarray],
    fps: int,
    sound: np.ndarray | None,
    sound_rate: int,
    options: dict[str, str],
) -> None:
    with av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as container:
        picture = container.add_stream("libx264", rate=fps)
        picture.pix_fmt = "yuv420p"
        picture.options = {**options}
        picture.codec_context.gop_size = 2 * fps
        picture.codec_context.thread_count = 1
        voice = container.add_stream("aac", rate=sound_rate) if sound is not None else None
        for index, pixels in enumerate(frames):
            if index == 0:
                picture.height, picture.width = pixels.shape[:2]
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        if voice is not None and sound is not None:
            _write_sound(container, voice, sound, sound_rate)


def _write_sound(
    container: av.container.OutputContainer,
    stream: av.AudioStream,
    sound: np.ndarray,
    rate: int,
) -> None:
    block = 1024  # AAC's frame
    for start in range(0, len(sound), block):
        piece = np.ascontiguousarray(sound[start : start + block].T.astype(np.float32))
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = rate, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
