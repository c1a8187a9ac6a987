"""Frames and sound of a part of a video, as arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media.encoding import encode_clip
from media.errors import BadMediaError
from media.parts import SOUND_RATE, read_frames, read_sound

FPS = 10


def write(path: Path, *, seconds: float = 2.0, sound: np.ndarray | None = None, size=(64, 48)):
    """Write a video whose frames become brighter by 10 each."""
    count = round(seconds * FPS)
    frames = (np.full((*size, 3), 20 + 10 * i, np.uint8) for i in range(count))
    path.write_bytes(encode_clip(frames, fps=FPS, sound=sound, sound_rate=SOUND_RATE, crf=10))
    return path


def level(frame: np.ndarray) -> int:
    """The number of the source's frame, by its brightness."""
    return round((float(frame.mean()) - 20) / 10)


@pytest.mark.parametrize(
    ("start", "fps", "count", "seen"),
    [
        (0.0, 10, 4, [0, 1, 2, 3]),
        (0.5, 10, 3, [5, 6, 7]),
        (0.0, 5, 4, [0, 2, 4, 6]),
        (0.0, 20, 5, [0, 0, 1, 1, 2]),
        (1.7, 10, 9, [17, 18, 19]),
        (9.0, 10, 3, [19]),
    ],
)
def test_frames_are_those_on_screen_at_each_moment(tmp_path, start, fps, count, seen):
    path = write(tmp_path / "a.mp4")
    frames = read_frames(path, start_s=start, fps=fps, count=count)
    assert [level(frame) for frame in frames] == seen
    assert frames.dtype == np.uint8


def test_large_frames_are_made_smaller_in_the_same_shape(tmp_path):
    path = write(tmp_path / "a.mp4", seconds=0.3, size=(240, 480))
    frames = read_frames(path, start_s=0, fps=10, count=2, most_pixels=100 * 50)
    assert frames.shape[1:3] == (50, 100)


def test_reading_can_be_stopped(tmp_path):
    path = write(tmp_path / "a.mp4")
    seen = []

    def check() -> None:
        seen.append(1)
        if len(seen) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        read_frames(path, start_s=0, fps=10, count=10, check=check)
    assert len(seen) == 3


def test_sound_is_in_step_with_the_picture(tmp_path):
    beep = np.zeros((2 * SOUND_RATE, 2), np.float32)
    tone = np.sin(2 * np.pi * 440 * np.arange(SOUND_RATE // 2) / SOUND_RATE)
    beep[SOUND_RATE : SOUND_RATE + len(tone)] = 0.5 * tone[:, None]
    path = write(tmp_path / "a.mp4", sound=beep)
    part = read_sound(path, start_s=0.75, end_s=1.75)
    assert part.shape == (SOUND_RATE, 2)
    loud = np.abs(part[:, 0]) > 0.2
    assert np.flatnonzero(loud)[0] / SOUND_RATE == pytest.approx(0.25, abs=0.03)
    assert np.flatnonzero(loud)[-1] / SOUND_RATE == pytest.approx(0.75, abs=0.03)


def test_silence_follows_a_track_that_ends_early_and_no_track_is_none(tmp_path):
    short = np.full((SOUND_RATE, 2), 0.3, np.float32)
    path = write(tmp_path / "a.mp4", sound=short)
    part = read_sound(path, start_s=0.0, end_s=2.0)
    assert part.shape == (2 * SOUND_RATE, 2)
    assert np.abs(part[round(1.3 * SOUND_RATE) :]).max() == 0
    assert read_sound(write(tmp_path / "b.mp4"), start_s=0, end_s=1) is None


def test_a_file_that_is_no_video_is_refused_with_a_sentence(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"not a video at all")
    with pytest.raises(BadMediaError):
        read_frames(tmp_path / "a.mp4", start_s=0, fps=10, count=2)
    with pytest.raises(BadMediaError):
        read_sound(tmp_path / "a.mp4", start_s=0, end_s=1)
