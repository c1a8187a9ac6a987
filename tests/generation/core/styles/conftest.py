"""A picture with edges, tones and colours, and small videos of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from media.encoding import encode_clip


@pytest.fixture(scope="session")
def picture() -> np.ndarray:
    """A red coat with two buttons before a wall and a floor, (160, 120, 3)."""
    page = np.full((160, 120, 3), (205, 205, 195), np.uint8)
    page[120:] = (120, 84, 58)
    cv2.rectangle(page, (35, 30), (85, 130), (176, 34, 46), -1)
    cv2.line(page, (60, 30), (60, 130), (90, 16, 26), 2)
    for y in (60, 90):
        cv2.circle(page, (66, y), 3, (240, 210, 120), -1)
    shade = np.linspace(1.0, 0.75, 120)[None, :, None]
    return (page * shade).astype(np.uint8)


@pytest.fixture(scope="session")
def moving(picture: np.ndarray) -> list[np.ndarray]:
    """Twelve frames in which the coat moves to the right before a still, slightly noisy wall."""
    rng = np.random.default_rng(1)
    frames = []
    for step in range(12):
        frame = picture.copy()
        frame[30:131, 20:100] = np.roll(picture, 2 * step - 8, axis=1)[30:131, 20:100]
        noise = rng.normal(0, 1.5, frame.shape)
        frames.append(np.clip(frame + noise, 0, 255).astype(np.uint8))
    return frames


@pytest.fixture
def clip_of(tmp_path: Path) -> Callable[..., Path]:
    """Write frames as an MP4 of ours, with a tone or without."""

    def write(frames: Iterable[np.ndarray], *, fps: int = 12, sound: bool = False) -> Path:
        shown = list(frames)
        seconds = len(shown) / fps
        tone = np.sin(np.arange(round(44100 * seconds)) * 0.06)[:, None].repeat(2, axis=1) * 0.3
        path = tmp_path / f"clip-{len(list(tmp_path.iterdir()))}.mp4"
        path.write_bytes(
            encode_clip(shown, fps=fps, sound=tone.astype(np.float32) if sound else None, crf=12)
        )
        return path

    return write


@pytest.fixture
def uneven_clip(tmp_path: Path, moving: list[np.ndarray]) -> tuple[Path, list[float]]:
    """A video whose frames stay for different times, and the second of each."""
    ticks = [0, 1, 2, 5, 6, 10, 11, 12, 18, 19, 20, 24]
    path = tmp_path / "uneven.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=24)
        stream.height, stream.width, stream.pix_fmt = *moving[0].shape[:2], "yuv420p"
        stream.codec_context.time_base = Fraction(1, 24)
        for tick, pixels in zip(ticks, moving, strict=True):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = tick, Fraction(1, 24)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path, [tick / 24 for tick in ticks]
