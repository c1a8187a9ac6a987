"""A clip has its sound, its length and its captions."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest

from media.cutting import cut_video, read_frame, shift_captions
from media.encoding import encode_clip
from media.errors import BadMediaError
from media.videos import read_facts

FPS, RATE = 16, 44100


@pytest.fixture(scope="module")
def counting(tmp_path_factory) -> Path:
    """Ten seconds whose brightness tells the time; the sound is silent before the fifth second."""
    frames = [np.full((64, 48, 3), 20 + n, np.uint8) for n in range(10 * FPS)]
    wave = np.sin(2 * np.pi * 440 * np.arange(10 * RATE) / RATE)
    wave[: 5 * RATE] = 0
    sound = np.repeat(0.4 * wave[:, None], 2, axis=1).astype(np.float32)
    path = tmp_path_factory.mktemp("cut") / "counting.mp4"
    path.write_bytes(encode_clip(frames, fps=FPS, sound=sound, sound_rate=RATE))
    return path


def loudness(video: bytes) -> np.ndarray:
    """Mean level of each tenth of a second."""
    with av.open(BytesIO(video)) as container:
        parts = [frame.to_ndarray() for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].rate
    wave = np.abs(np.concatenate(parts, axis=1).mean(axis=0))
    tenth = rate // 10
    return wave[: len(wave) // tenth * tenth].reshape(-1, tenth).mean(axis=1)


def levels(video: bytes) -> list[int]:
    with av.open(BytesIO(video)) as container:
        return [int(f.to_ndarray(format="gray").mean()) for f in container.decode(video=0)]


def test_a_clip_has_the_asked_length_and_its_sound(counting):
    clip, poster = cut_video(counting, 3.0, 7.5)
    facts = read_facts(clip)
    assert facts.duration_s == pytest.approx(4.5, abs=0.08)
    assert facts.has_sound
    assert (facts.width, facts.height) == (48, 64)
    assert poster.shape == (64, 48, 3)


def test_a_clip_starts_at_the_exact_frame_though_no_key_frame_is_there(counting):
    whole = levels(counting.read_bytes())
    part = levels(cut_video(counting, 3.3125, 5.3125)[0])
    assert len(part) == 2 * FPS
    assert np.abs(np.array(part) - np.array(whole[53:85])).max() <= 2


def test_sound_stays_in_step_with_the_picture(counting):
    clip, _ = cut_video(counting, 4.0, 7.0)
    level = loudness(clip)
    # Silent for the first second, then the tone.
    assert level[:9].max() < 0.02
    assert level[12:28].min() > 0.1


def test_an_end_past_the_video_is_its_end(counting):
    assert read_facts(cut_video(counting, 8.0, 60.0)[0]).duration_s == pytest.approx(2.0, abs=0.08)


@pytest.mark.parametrize(("start", "end"), [(-1.0, 3.0), (11.0, 14.0), (4.0, 4.2), (9.9, 20.0)])
def test_times_that_hold_no_clip_are_refused_with_a_sentence(counting, start, end):
    with pytest.raises(BadMediaError, match="second"):
        cut_video(counting, start, end)


def test_cutting_can_be_stopped(counting):
    calls = []

    def stop() -> None:
        calls.append(1)
        if len(calls) > 5:
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        cut_video(counting, 1.0, 9.0, check=stop)
    assert len(calls) == 6


def test_progress_is_told_frame_by_frame(counting):
    told: list[tuple[int, int]] = []
    cut_video(counting, 1.0, 3.0, report=lambda done, total: told.append((done, total)))
    assert told[-1] == (2 * FPS, 2 * FPS)
    assert [done for done, _ in told] == list(range(1, 2 * FPS + 1))


def test_a_silent_video_stays_silent(tmp_path):
    path = tmp_path / "silent.mp4"
    path.write_bytes(encode_clip([np.full((64, 48, 3), 90, np.uint8)] * 48, fps=FPS))
    assert not read_facts(cut_video(path, 1.0, 2.5)[0]).has_sound


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "x.mp4").write_bytes(b"nothing")
    with pytest.raises(BadMediaError):
        cut_video(tmp_path / "x.mp4", 0.0, 2.0)


def test_one_frame_can_be_read_at_a_time(counting):
    assert int(read_frame(counting, 5.0).mean()) == pytest.approx(20 + 80, abs=3)
    assert int(read_frame(counting, 99.0).mean()) == pytest.approx(20 + 159, abs=3)


CAPTIONS = """WEBVTT

STYLE
::cue { color: white }

1
00:01.000 --> 00:02.500
Before

00:00:03.500 --> 00:00:05.000 line:90%
Reaches in

2
00:05.500 --> 00:06.000
Inside
on two lines

01:00:00.000 --> 01:00:02.000
Far after
"""


def test_captions_move_with_the_clip():
    assert shift_captions(CAPTIONS, 4.0, 8.0) == (
        "WEBVTT\n\nSTYLE\n::cue { color: white }\n\n"
        "00:00:00.000 --> 00:00:01.000 line:90%\nReaches in\n\n"
        "2\n00:00:01.500 --> 00:00:02.000\nInside\non two lines\n"
    )


def test_a_part_in_which_nothing_is_said_has_no_captions():
    assert shift_captions(CAPTIONS, 8.0, 12.0) == ""
    assert shift_captions("", 0.0, 5.0) == ""


def test_captions_with_other_line_ends_move_as_well():
    assert "00:00:01.500" in shift_captions(CAPTIONS.replace("\n", "\r\n"), 4.0, 8.0)


@pytest.mark.data
def test_a_real_video_is_cut_with_its_sound(shared_data: Path):
    clip, _ = cut_video(shared_data / "videos" / "flower.mp4", 1.2, 3.7)
    facts = read_facts(clip)
    assert facts.has_sound
    assert facts.duration_s == pytest.approx(2.5, abs=0.08)
