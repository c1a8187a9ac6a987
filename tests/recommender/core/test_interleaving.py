"""Team-draft interleaving: fair, without repeats, and it credits who picked."""

from __future__ import annotations

import numpy as np

from recommender.core.interleaving import Interleaved, team_draft


def test_every_item_comes_once_and_each_ranker_picks_its_best_left() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        merged = team_draft([1, 2, 3, 4], [3, 1, 5, 6], 6, rng)
        assert sorted(merged.items) == [1, 2, 3, 4, 5, 6]
        assert abs(merged.teams.count(0) - merged.teams.count(1)) <= 1
        assert merged.items[0] in {1, 3}


def test_equal_rankings_favour_nobody() -> None:
    rng = np.random.default_rng(1)
    credits = [team_draft(range(10), range(10), 10, rng).credit({0, 1, 2}) for _ in range(4000)]
    assert abs(np.mean(credits)) < 0.06


def test_the_ranker_whose_picks_are_liked_wins() -> None:
    merged = Interleaved(items=(7, 8, 9), teams=(0, 1, 0))
    assert merged.credit({7, 9}) == 2
    assert merged.credit({8}) == -1
    assert merged.credit(set()) == 0


def test_short_and_empty_rankings_end() -> None:
    rng = np.random.default_rng(2)
    assert team_draft([], [], 5, rng).items == ()
    assert set(team_draft([1], [1, 2], 5, rng).items) == {1, 2}
