"""Rows, verdicts and controls on results whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.metrics import unit
from evaluation.report import Result, Table
from evaluation.rows import COSINE, Audience, compare, controls_table, derangement, fill, measure

PEOPLE, RUNS, K, D = 200, 2, 3, 16


@pytest.fixture
def tastes() -> np.ndarray:
    return unit(np.random.default_rng(0).normal(size=(PEOPLE, D)))


@pytest.fixture
def audience(tastes: np.ndarray) -> Audience:
    rng = np.random.default_rng(1)

    def likes(count: int) -> list[np.ndarray]:
        return [unit(taste + rng.normal(0, 0.1, size=(count, D))) for taste in tastes]

    return Audience(likes(6), likes(2))


def _random(seed: int = 2) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(PEOPLE, RUNS, K, D)))


def test_personal_results_beat_random_ones(tastes, audience):
    personal = measure("Personal", unit(_random() + tastes[:, None, None]), audience)
    chance = measure("Random", _random(), audience)
    assert compare(personal, chance, COSINE, K).holds
    assert not compare(chance, personal, COSINE, K).holds


def test_rows_are_compared_on_what_both_have(tastes, audience):
    """A row made for a few people must not win because those people are easy to please."""
    everywhere = _random()
    few = np.full_like(everywhere, np.nan)
    few[:8, 0] = everywhere[:8, 0]
    gap = compare(measure("Few", few, audience), measure("All", everywhere, audience), COSINE, K)
    assert gap.comparison.difference.n == 8
    assert gap.comparison.difference.value == pytest.approx(0.0, abs=1e-9)
    assert not gap.holds


def test_personal_gain_vanishes_with_persons_permuted(tastes, audience):
    baseline = measure("Random", _random(), audience)
    personal = measure("Personal", unit(_random(5) + tastes[:, None, None]), audience)
    _, (test,) = controls_table([baseline, personal], baseline, audience, seed=0)
    assert test["vanishes_when_permuted"]
    assert test["personal_gain"]["value"] > 0.3


def test_gain_that_pleases_everybody_is_not_called_personal(audience, tastes):
    common = unit(tastes.mean(axis=0))
    liked = [unit(rows + 2 * common) for rows in audience.history]
    crowd = Audience(liked, audience.future)
    baseline = measure("Random", _random(), crowd)
    popular = measure("Popular", unit(_random(6) + 3 * common), crowd)
    _, (test,) = controls_table([baseline, popular], baseline, crowd, seed=0)
    assert not test["vanishes_when_permuted"]
    assert "no gain that is the person's own" in test["sentence"]


def test_copies_of_liked_items_are_counted(audience):
    copies = np.stack([rows[:K][None].repeat(RUNS, axis=0) for rows in audience.history])
    baseline = measure("Random", _random(), audience)
    table, _ = controls_table(
        [baseline, measure("Copies", copies, audience)], baseline, audience, seed=0
    )
    assert table.rows["Copies"]["Copies"].value == 1.0
    assert table.rows["Random"]["Copies"].value == 0.0


def test_derangement_leaves_nobody_in_place():
    rng = np.random.default_rng(0)
    for count in (2, 3, 50):
        order = derangement(count, rng)
        assert sorted(order) == list(range(count))
        assert (order != np.arange(count)).all()


def test_report_says_what_does_not_hold(tastes, audience):
    chance = measure("Random", _random(), audience)
    personal = measure("Personal", unit(_random() + tastes[:, None, None]), audience)
    table = Table("Title", ["Cosine@2", "PS@2"])
    fill(table, chance, [COSINE], [2])
    fill(table, personal, [COSINE], [2])
    verdicts = [compare(chance, personal, COSINE, 2), compare(personal, chance, COSINE, 2)]
    result = Result("tested", table, verdicts, [], {"seed": 1})
    text = result.as_text()
    assert "does not hold" in text
    assert "holds p<.01" in text
    assert f" {PEOPLE}\n" in text
    found = result.as_dict()
    assert found["orderings_hold"] is False
    assert found["table"]["rows"]["Personal"]["Cosine@2"]["n"] == PEOPLE
