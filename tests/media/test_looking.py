"""One look at a whole video: flashes, loudness, pictures."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from media.errors import BadMediaError
from media.looking import look_at


def clip(*, flash_hz: float = 0.0, level: float | None = None, seconds: float = 2.0) -> bytes:
    """A small clip of ours; `level`: of a square wave, 1 is full scale."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        picture = output.add_stream("h264", rate=30)
        picture.width = picture.height = 64
        sound = output.add_stream("aac", rate=48_000, layout="stereo") if level else None
        for index in range(round(seconds * 30)):
            is_lit = flash_hz and (index / 30 * flash_hz) % 1 < 0.5
            frame = np.full((64, 64, 3), 250 if is_lit else 10, np.uint8)
            output.mux(picture.encode(av.VideoFrame.from_ndarray(frame)))
        output.mux(picture.encode(None))
        if sound is not None and level is not None:
            times = np.arange(round(48_000 * seconds)) / 48_000
            wave = np.sign(np.sin(2 * np.pi * 500 * times)) * level
            for index in range(0, len(wave), 1024):
                part = np.stack([wave[index : index + 1024]] * 2).astype(np.float32)
                heard = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
                heard.sample_rate, heard.pts = 48_000, index
                output.mux(sound.encode(heard))
            output.mux(sound.encode(None))
    return buffer.getvalue()


def test_a_strobe_is_counted_and_a_calm_clip_is_not() -> None:
    assert look_at(clip(flash_hz=6)).general_flashes > 3
    assert look_at(clip()).general_flashes == 0
    assert look_at(clip(flash_hz=2)).general_flashes <= 3


def test_loudness_follows_the_level() -> None:
    loud, soft = look_at(clip(level=0.9, seconds=3)), look_at(clip(level=0.05, seconds=3))
    assert loud.loudness is not None
    assert soft.loudness is not None
    assert loud.loudness - soft.loudness == pytest.approx(25, abs=2)
    assert look_at(clip()).loudness is None


def test_every_clip_has_a_picture_to_search() -> None:
    looked = look_at(clip(seconds=0.2))
    assert len(looked.searched) == 1
    assert looked.searched[0].shape == (64, 64, 3)


@pytest.mark.parametrize("data", [b"", b"not a video", clip()[:300]])
def test_what_cannot_be_played_says_so(data: bytes) -> None:
    with pytest.raises(BadMediaError):
        look_at(data)
