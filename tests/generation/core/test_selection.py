"""Eq. 1 and eq. 2 on numbers that can be worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from generation.core.selection import (
    Window,
    best_window,
    select_frame,
    select_window,
    snap,
    user_vector,
    users_without,
    window_scores,
    window_span,
)

EAST, NORTH = np.array([1.0, 0.0]), np.array([0.0, 1.0])


def test_the_user_is_the_mean_of_the_liked():
    vector = user_vector(np.stack([EAST, NORTH]))
    assert vector == pytest.approx([0.5**0.5, 0.5**0.5])


def test_normalising_first_gives_every_like_the_same_say():
    liked = np.stack([3.0 * EAST, 1.0 * NORTH])
    assert user_vector(liked) == pytest.approx([0.7071, 0.7071], abs=1e-4)
    # As the authors' code does it: (3, 1) / sqrt(10).
    assert user_vector(liked, normalise_first=False) == pytest.approx([0.9487, 0.3162], abs=1e-4)


@pytest.mark.parametrize("liked", [np.zeros((0, 2)), np.stack([EAST, -EAST])])
def test_there_is_no_user_without_likes_or_when_they_cancel_out(liked):
    assert user_vector(liked) is None


def test_one_vector_instead_of_rows_is_an_error():
    with pytest.raises(ValueError, match=r"\(M, D\)"):
        user_vector(EAST)


def test_the_history_excludes_the_item_itself():
    users = users_without(np.stack([EAST, NORTH]), [0, None, 1])
    assert users == pytest.approx(np.array([[0, 1], [0.7071, 0.7071], [1, 0]]), abs=1e-4)


def test_a_person_who_likes_nothing_else_has_no_vector_for_it():
    assert users_without(EAST[None], [0]).tolist() == [[0.0, 0.0]]


def test_the_thumbnail_is_the_frame_nearest_to_the_user():
    frames = np.array([[0.6, 0.8], [0.8, 0.6], [0.0, 1.0]])
    assert select_frame(frames, EAST) == (1, pytest.approx(0.8))
    assert select_frame(frames, NORTH) == (2, pytest.approx(1.0))
    assert select_frame(frames, EAST, np.array([True, False, True])) == (0, pytest.approx(0.6))


def test_no_frame_is_an_error():
    with pytest.raises(ValueError, match="no frame"):
        select_frame(np.zeros((0, 2)), EAST)
    with pytest.raises(ValueError, match="no frame"):
        select_frame(EAST[None], EAST, np.array([False]))


def test_every_window_is_scored_by_its_mean():
    scores = np.array([1.0, 2.0, 3.0, 4.0, 0.0])
    assert window_scores(scores, 2).tolist() == [1.5, 2.5, 3.5, 2.0]
    assert window_scores(scores, 5).tolist() == [2.0]


def test_window_scores_agree_with_the_plain_loop():
    scores = np.random.default_rng(3).normal(size=40)
    for length in (4, 8, 16, 32):
        plain = [scores[at : at + length].mean() for at in range(40 - length + 1)]
        assert window_scores(scores, length) == pytest.approx(plain)


@pytest.mark.parametrize("length", [0, -1, 6])
def test_a_window_must_fit(length):
    with pytest.raises(ValueError):
        window_scores(np.ones(5), length)


def test_the_last_window_is_not_penalised():
    frames = np.stack([NORTH] * 8 + [EAST] * 4)
    best = select_window(frames, EAST, 4)
    assert (best.start, best.stop, best.score) == (8, 12, pytest.approx(1.0))


def test_of_equal_windows_the_first_is_taken():
    assert select_window(np.stack([EAST] * 10), EAST, 4).start == 0


def test_a_video_shorter_than_the_window_is_one_window():
    best = select_window(np.stack([EAST, NORTH]), EAST, 8)
    assert (best.start, best.stop, best.score) == (0, 2, pytest.approx(0.5))


def test_a_clip_ends_at_a_scene_edge_that_is_near():
    assert snap(3.9, 8.2, [4.0, 8.0, 20.0], 0.5) == (4.0, 8.0)
    assert snap(3.0, 7.0, [4.0, 8.0], 0.5) == (3.0, 7.0)
    assert snap(3.9, 6.0, [4.0], 0.5) == (4.0, 6.0)


def test_snapping_never_swallows_the_clip():
    assert snap(3.9, 4.3, [4.1], 0.5) == (3.9, 4.3)


def test_a_window_stands_for_the_seconds_around_its_samples():
    times = [0.25 + 0.5 * n for n in range(40)]
    assert window_span(Window(8, 16, 0.0), times, [], 20.0) == (4.0, 8.0)
    # An edge three quarters of a second away is near, one a second away is not.
    assert window_span(Window(8, 16, 0.0), times, [4.7, 9.0], 20.0) == (4.7, 8.0)
    assert window_span(Window(32, 40, 0.0), times, [], 19.9) == (16.0, 19.9)


def test_a_blank_stretch_is_no_best_part():
    """A wall that happens to point towards the person's taste is not what they want to see."""
    scores = np.array([0.1] * 8 + [0.9] * 8 + [0.5] * 8)
    details = [0.4] * 8 + [0.02] * 8 + [0.4] * 8
    assert best_window(scores, 8).start == 8
    assert best_window(scores, 8, details).start == 16
    assert best_window(scores, 8, [0.02] * 24).start == 8, "a dull video still has a best part"
