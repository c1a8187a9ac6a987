"""Restyled videos: times, sound, shots, steadiness, cancelling."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from generation.core.backends import GenerationCancelled
from generation.core.styles import Recipe
from generation.core.styles.remaking import to_pixels
from generation.core.styles.steadiness import correspond, warp_error, warp_errors
from generation.core.styles.survey import survey_video
from generation.core.styles.temporal import TemporalFilter
from generation.core.styles.video import restyle_video
from media.errors import BadMediaError

CARTOON = Recipe("cartoon", seed=2)


def frames_of(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        reformatter = VideoReformatter()
        return [to_pixels(frame, reformatter) for frame in container.decode(video=0)]


def times_of(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [frame.time for frame in container.decode(video=0)]


def sound_of(path: Path) -> list[tuple[float, bytes]]:
    with av.open(str(path)) as container:
        return [(float(f.time), bytes(f.planes[0])) for f in container.decode(audio=0)]


def ratio(source: Path, made: Path) -> float:
    errors = np.array(list(warp_errors(frames_of(source), frames_of(made))))
    before, after = np.nanmean(errors, axis=0)
    return float(after / before)


def test_every_frame_keeps_its_time(uneven_clip, tmp_path):
    source, times = uneven_clip
    made = restyle_video(source, tmp_path / "out.mp4", CARTOON)
    assert made.frames == len(times)
    assert times_of(tmp_path / "out.mp4") == pytest.approx(times, abs=1e-3)


def test_sound_is_copied_untouched(clip_of, moving, tmp_path):
    source = clip_of(moving, sound=True)
    restyle_video(source, tmp_path / "out.mp4", CARTOON)
    assert sound_of(tmp_path / "out.mp4") == sound_of(source)


@pytest.mark.parametrize("turn", [0, 1])
def test_portrait_and_landscape_keep_their_size(turn, clip_of, moving, tmp_path):
    frames = [np.ascontiguousarray(np.rot90(frame, turn)) for frame in moving[:4]]
    made = restyle_video(clip_of(frames), tmp_path / "out.mp4", CARTOON)
    assert frames_of(tmp_path / "out.mp4")[0].shape == frames[0].shape == made.poster.shape


def test_degree_nothing_leaves_the_colours_of_the_video(clip_of, moving, tmp_path):
    source = clip_of(moving[:4])
    restyle_video(source, tmp_path / "out.mp4", Recipe("neon"), degree=0.0)
    for before, after in zip(frames_of(source), frames_of(tmp_path / "out.mp4"), strict=True):
        assert np.abs(before.astype(float).mean((0, 1)) - after.mean((0, 1))).max() < 1.5


@pytest.mark.parametrize("style", ["cartoon", "pencil", "watercolour", "neon", "vintage"])
def test_still_scenes_do_not_flicker(style, clip_of, picture, tmp_path):
    rng = np.random.default_rng(3)
    large = picture.repeat(2, 0).repeat(2, 1)
    noise = [rng.normal(0, 3, large.shape) for _ in range(10)]
    source = clip_of([np.clip(large + n, 0, 255).astype(np.uint8) for n in noise])
    restyle_video(source, tmp_path / "out.mp4", Recipe(style, seed=1))
    assert ratio(source, tmp_path / "out.mp4") < 1.3


def test_each_scene_gets_statistics_of_its_own(clip_of, picture, tmp_path):
    dark = (picture // 4)[:, ::-1].copy()
    source = clip_of([picture] * 10 + [dark] * 10)
    survey = survey_video(source, check=lambda: None)
    assert survey.starts == [0.0, pytest.approx(10 / 12, abs=0.01)]
    assert [shot[0].mean() > 100 for shot in survey.samples] == [True, False]
    made = restyle_video(source, tmp_path / "out.mp4", Recipe("pencil", seed=1))
    assert made.shots == 2
    # Nothing of the first scene shines through in the second's first picture.
    _, first, second = frames_of(tmp_path / "out.mp4")[9:12]
    assert np.abs(first.astype(int) - second).mean() < 4


def test_cancelling_stops_within_a_few_frames(clip_of, moving, tmp_path):
    asked = []

    def check() -> None:
        asked.append(1)
        if len(asked) > len(moving) + 3:
            raise GenerationCancelled("This creation was cancelled.")

    with pytest.raises(GenerationCancelled):
        restyle_video(clip_of(moving), tmp_path / "out.mp4", CARTOON, check=check)
    assert len(asked) == len(moving) + 4


def test_progress_only_grows_and_ends_complete(clip_of, moving, tmp_path):
    seen = []
    restyle_video(
        clip_of(moving), tmp_path / "out.mp4", CARTOON, report=lambda d, t: seen.append(d / t)
    )
    assert all(earlier <= later for earlier, later in pairwise(seen))
    assert seen[-1] == 1.0


@pytest.mark.parametrize("content", [b"", b"no video at all", b"\0\0\0\x18ftypmp42" + bytes(99)])
def test_files_that_are_no_videos_are_refused(content, tmp_path):
    source = tmp_path / "broken.mp4"
    source.write_bytes(content)
    with pytest.raises(BadMediaError):
        restyle_video(source, tmp_path / "out.mp4", CARTOON)


def test_a_video_that_breaks_off_is_refused_or_made_as_far_as_it_goes(clip_of, moving, tmp_path):
    source = clip_of(moving)
    source.write_bytes(source.read_bytes()[:-3000])
    try:
        made = restyle_video(source, tmp_path / "out.mp4", CARTOON)
    except BadMediaError:
        return
    assert 0 < made.frames <= len(moving)


def test_warp_error_of_a_moved_picture_is_small_and_of_flicker_is_what_it_is():
    rng = np.random.default_rng(0)
    page = rng.integers(0, 255, (30, 40, 3), np.uint8)
    large = np.kron(page, np.ones((6, 6, 1), np.uint8))
    first, second = large[:160, :220], large[:160, 4:224]
    where = correspond(first, second)
    assert where.valid.mean() > 0.6
    assert warp_error(first, second, where) < 0.01
    still = correspond(first, first)
    flicker = np.clip(first.astype(int) + 10, 0, 255).astype(np.uint8)
    expected = ((flicker.astype(float) - first) ** 2).mean() / 255**2
    assert warp_error(first, flicker, still) == pytest.approx(expected, rel=0.05)


def test_what_comes_into_sight_is_shown_at_once():
    steady = TemporalFilter((64, 64))
    dark, light = np.zeros((64, 64, 3), np.uint8), np.full((64, 64, 3), 220, np.uint8)
    for frame in (dark, dark, light):
        picture = frame.astype(np.float32) / 255
        steady.blend(frame, picture)
        shown = steady.limit(picture)
    assert shown.min() > 0.8


def test_flicker_without_change_in_the_source_is_held_back():
    steady = TemporalFilter((64, 64))
    frame = np.full((64, 64, 3), 120, np.uint8)
    shown = []
    for level in (0.2, 0.8, 0.2):
        steady.blend(frame, np.full((64, 64, 1), level, np.float32))
        shown.append(steady.limit(np.full((64, 64, 3), level, np.float32)).mean())
    assert np.ptp(shown) < 0.02
