"""Chance on a page: the probabilities that are logged are the frequencies that come about."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from recommender.core.exploration import Lot, draw, explore


@dataclass(frozen=True)
class Item:
    item_id: int


def page_of(rng: np.random.Generator, epsilon: float):
    """Lay out one page of four places: two of each group, out of seven and three items."""
    page = [Item(0), Item(10), Item(1), Item(11)]
    groups = ["others", "ai", "others", "ai"]
    lots = {
        name: Lot([Item(int(n)) for n in rng.choice(ids, size=len(ids), replace=False)], len(ids))
        for name, ids in {"others": np.arange(7), "ai": np.arange(10, 13)}.items()
    }
    return explore(page, groups, lots, rng, epsilon=epsilon)


def test_logged_probabilities_are_the_frequencies_of_item_and_place():
    rng, pages = np.random.default_rng(2), 20_000
    seen: Counter[tuple[int, int]] = Counter()
    stated: dict[tuple[int, int], float] = {}
    for _ in range(pages):
        for at, place in enumerate(page_of(rng, 0.3)):
            key = (at, place.item.item_id)
            seen[key] += 1
            assert stated.setdefault(key, place.propensity) == pytest.approx(place.propensity)
    # Two places with five other items each, one with one, and one that is not left to chance:
    # what is drawn for the place before may be the last.
    assert len(seen) == 2 * (1 + 5) + (1 + 1) + 1
    assert stated[3, 11] == 1.0
    for key, probability in stated.items():
        error = 4 * np.sqrt(probability * (1 - probability) / pages)
        assert abs(seen[key] / pages - probability) <= error, key
    for at in range(4):
        total = sum(p for (place, _), p in stated.items() if place == at)
        assert total == pytest.approx(1.0)


def test_groups_keep_their_places_and_nothing_comes_twice():
    rng = np.random.default_rng(4)
    for _ in range(300):
        ids = [place.item.item_id for place in page_of(rng, 0.9)]
        assert len(set(ids)) == 4
        assert [item >= 10 for item in ids] == [False, True, False, True]


def test_where_nothing_else_is_left_nothing_is_left_to_chance():
    page = [Item(1), Item(2)]
    lots = {"ai": Lot([Item(2), Item(1)], 2)}
    places = explore(page, ["ai", "ai"], lots, np.random.default_rng(0), epsilon=1.0)
    assert [(p.item.item_id, p.propensity, p.explored) for p in places] == [
        (1, 1.0, False),
        (2, 1.0, False),
    ]


def test_what_was_made_for_a_person_is_not_left_to_chance():
    lots = {"ai": Lot([Item(7), Item(8), Item(9)], 10)}
    places = explore(
        [Item(1), Item(2)], ["ai", "ai"], lots, np.random.default_rng(0), fixed=1, epsilon=1.0
    )
    assert [(p.item.item_id, p.explored) for p in places] == [(1, False), (7, True)]
    assert places[1].propensity == pytest.approx(1 / 8)


@pytest.mark.parametrize("excluded", [[], [3], [0, 1, 2, 3, 4, 5, 20], [99]])
def test_draws_are_even_over_what_is_not_excluded(excluded):
    parts = [np.arange(8), np.array([], dtype=np.int64), np.array([20, 21, 22])]
    left = sorted({*range(8), 20, 21, 22} - set(excluded))
    rng, counts = np.random.default_rng(1), Counter()
    for _ in range(4000):
        ids, total = draw(parts, np.array(excluded, dtype=np.int64), 2, rng)
        assert total == len(left)
        assert len(set(ids.tolist())) == 2
        counts.update(ids.tolist())
    assert sorted(counts) == left
    expected = 8000 / len(left)
    assert all(abs(count - expected) < 5 * np.sqrt(expected) for count in counts.values())


def test_draws_from_nothing_are_nothing():
    ids, total = draw([np.arange(3)], np.arange(3), 5, np.random.default_rng(0))
    assert (len(ids), total) == (0, 0)
    assert draw([], np.arange(3), 5, np.random.default_rng(0))[1] == 0
