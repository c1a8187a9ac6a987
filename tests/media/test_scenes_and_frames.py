"""Samples and scenes of videos: when, which, how many; a real video among them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media.encoding import encode_clip
from media.errors import BadMediaError
from media.frames import MAX_SAMPLES, MAX_STILLS, sample_pictures, sample_times, sample_video
from media.scenes import LEAST_SCENE_S
from tests.media_files import clip

COLOURS = ((200, 40, 40), (40, 60, 200), (40, 170, 60), (210, 200, 60))


def scene(colour, frames, *, seed=0, width=96, height=128):
    """Frames of one coloured block that slides over a textured ground."""
    rng = np.random.default_rng(seed)
    ground = rng.integers(90, 160, (height, width, 3)).astype(np.uint8)
    for number in range(frames):
        picture = ground.copy()
        left = 4 + number % (width // 2)
        picture[24:104, left : left + 36] = colour
        yield picture


@pytest.fixture(scope="module")
def four_scenes() -> list[np.ndarray]:
    """Four scenes of two seconds at 16 frames a second."""
    return [
        picture for seed, colour in enumerate(COLOURS) for picture in scene(colour, 32, seed=seed)
    ]


@pytest.fixture(scope="module")
def four_scenes_video(four_scenes) -> bytes:
    return encode_clip(four_scenes, fps=16)


def test_samples_lie_in_the_middle_of_each_half_second(four_scenes_video):
    sample = sample_video(four_scenes_video)
    assert sample.duration_s == pytest.approx(8.0, abs=0.1)
    assert sample.times == pytest.approx([0.25 + 0.5 * n for n in range(16)])
    assert all(picture.shape == (128, 96, 3) for picture in sample.pictures)
    assert len(sample.picture_of) == 16


def test_every_sample_shows_its_own_moment(four_scenes_video):
    sample = sample_video(four_scenes_video)
    for at, time in enumerate(sample.times):
        picture = sample.pictures[sample.picture_of[at]]
        block = picture[60, 4 + int(time * 16) % 32 + 18].astype(int)
        assert np.abs(block - COLOURS[int(time // 2)]).max() < 40


def test_cuts_are_found_where_they_are(four_scenes_video):
    assert sample_video(four_scenes_video).scene_starts == pytest.approx([2, 4, 6], abs=0.07)


def test_movement_alone_is_no_cut():
    moving = encode_clip(scene(COLOURS[0], 46), fps=16)
    assert sample_video(moving).scene_starts == []


def test_a_fade_through_black_is_one_edge():
    bright = [next(scene(COLOURS[0], 1))] * 40
    levels = np.concatenate([np.linspace(1, 0, 14), np.zeros(4), np.linspace(0, 1, 14)])
    fade = [(bright[0] * level).astype(np.uint8) for level in levels]
    edges = sample_video(encode_clip([*bright, *fade, *bright], fps=16)).scene_starts
    assert len(edges) == 1
    assert edges[0] == pytest.approx((40 + 16) / 16, abs=0.3)


def test_scenes_are_never_shorter_than_the_least():
    flicker = [picture for n in range(12) for picture in scene(COLOURS[n % 4], 4, seed=n)]
    edges = [0.0, *sample_video(encode_clip(flicker, fps=16)).scene_starts]
    assert all(np.diff(edges) >= LEAST_SCENE_S)


def test_stills_are_few_unlike_each_other_and_know_the_scene_starts(four_scenes_video):
    sample = sample_video(four_scenes_video)
    assert 4 <= len(sample.stills) <= MAX_STILLS
    assert any(still.starts_scene for still in sample.stills)
    assert {int(still.time_s // 2) for still in sample.stills} == {0, 1, 2, 3}
    for still in sample.stills:
        assert still.time_s == sample.times[still.index]
        assert still.pixels().shape == (128, 96, 3)
        assert still.as_jpeg()[:2] == b"\xff\xd8"


def test_a_picture_that_stands_still_is_kept_once():
    standing = [np.full((128, 96, 3), COLOURS[0], np.uint8)] * 80
    sample = sample_video(encode_clip(standing, fps=16))
    assert len(sample.times) == 10
    assert len(sample.pictures) == 1
    assert len(sample.stills) == 1
    assert sample.spread(np.eye(1, 3)).shape == (10, 3)


def test_a_frame_that_stays_long_is_sampled_as_long_as_it_is_shown(tmp_path):
    # A variable rate: nothing new between the first second and the third.
    clip(tmp_path / "v.mp4", times=[0, 0.1, 0.9, 3.0, 3.1, 4.0])
    sample = sample_video(tmp_path / "v.mp4")
    assert sample.times[:8] == pytest.approx([0.25 + 0.5 * n for n in range(8)])
    assert sample.picture_of[2] == sample.picture_of[5]


def test_a_clip_of_one_frame_has_one_sample():
    sample = sample_video(encode_clip([next(scene(COLOURS[0], 1))], fps=16))
    assert (len(sample.times), len(sample.stills)) == (1, 1)


def test_long_videos_get_wider_steps():
    times = list(sample_times(180.0, 180 / 128))
    assert len(times) == MAX_SAMPLES
    assert times[-1] < 180.0


@pytest.mark.parametrize("content", [b"", b"no video at all" * 50])
def test_what_is_no_video_is_refused_with_a_sentence(content):
    with pytest.raises(BadMediaError, match="damaged"):
        sample_video(content)


def test_sound_alone_is_refused(tmp_path):
    clip(tmp_path / "s.mp4", picture_stream=False, sound_rate=44100)
    with pytest.raises(BadMediaError):
        sample_video(tmp_path / "s.mp4")


def test_known_pictures_are_sampled_as_the_decoder_would(four_scenes, four_scenes_video):
    known = sample_pictures(four_scenes, fps=16, scene_starts=[2.0, 4.0, 6.0])
    decoded = sample_video(four_scenes_video)
    assert known.times == pytest.approx(decoded.times)
    assert known.scene_starts == pytest.approx(decoded.scene_starts, abs=0.07)
    for one, other in zip(known.pictures, decoded.pictures, strict=False):
        assert np.abs(one.astype(int) - other.astype(int)).mean() < 12


@pytest.mark.data
def test_real_videos_are_sampled_and_hold_no_false_cuts(shared_data: Path):
    for name in ("flower.mp4", "friday.mp4", "gesture-walk.mkv"):
        sample = sample_video(shared_data / "videos" / name)
        assert sample.scene_starts == []
        assert sample.stills
        assert sample.times[0] == 0.25
