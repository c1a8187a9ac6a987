"""Intervals over people, against tables worked by hand and against the plain slow way."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.intervals import Bootstrap, estimate, wilson


def test_a_ratio_of_sums_and_nothing_where_there_is_nothing():
    top = np.array([[1.0, 0.0], [2.0, 0.0]])
    bottom = np.array([[4.0, 0.0], [2.0, 0.0]])
    drawn = Bootstrap(2, draws=10).ratios(top, bottom)
    assert drawn.shape == (11, 2)
    assert drawn[0, 0] == pytest.approx(0.5)
    assert np.isnan(drawn[:, 1]).all()


def test_medians_by_hand():
    values = np.array([[1.0, np.nan], [9.0, np.nan], [2.0, np.nan], [3.0, 7.0]])
    drawn = Bootstrap(4, draws=5).medians(values)
    assert drawn[0].tolist() == [2.0, 7.0]


def test_draws_are_the_same_for_the_same_seed_and_for_every_figure():
    values = np.arange(30.0)[:, None]
    ones = np.ones_like(values)
    first, again = (Bootstrap(30, draws=250, seed=3).ratios(values, ones) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = Bootstrap(30, draws=250, seed=4).ratios(values, ones)
    assert not np.array_equal(first, other)


def test_it_equals_the_plain_way_of_drawing_people():
    rng = np.random.default_rng(0)
    top = rng.poisson(3, size=(60, 1)).astype(float)
    bottom = top + rng.poisson(5, size=(60, 1))
    fast = Bootstrap(60, draws=4000, seed=1).ratios(top, bottom)[1:, 0]
    plain = []
    for _ in range(4000):
        drawn = rng.integers(60, size=60)
        plain.append(top[drawn].sum() / bottom[drawn].sum())
    np.testing.assert_allclose(
        np.quantile(fast, [0.025, 0.975]), np.quantile(plain, [0.025, 0.975]), atol=0.01
    )


def test_one_person_with_many_events_makes_the_interval_wide():
    """Drawing events instead would call this figure sure."""
    bottom = np.array([[1000.0], *[[10.0]] * 9])
    top = np.array([[900.0], *[[1.0]] * 9])
    drawn = Bootstrap(10, seed=0).ratios(top, bottom)
    one = estimate(drawn[:, 0], 10)
    assert one.high - one.low > 0.5


def test_too_few_people_get_no_interval():
    drawn = Bootstrap(4).ratios(np.ones((4, 1)), np.full((4, 1), 2.0))
    one = estimate(drawn[:, 0], 4)
    assert (one.value, one.low, one.high) == (0.5, None, None)


def test_nobody_is_no_error():
    drawn = Bootstrap(0).ratios(np.zeros((0, 2)), np.zeros((0, 2)))
    assert estimate(drawn[:, 0], 0).value is None
    assert np.isnan(Bootstrap(0).medians(np.zeros((0, 1)))).all()


@pytest.mark.parametrize(
    ("count", "total", "low", "high"), [(5, 10, 0.2366, 0.7634), (0, 10, 0.0, 0.2775)]
)
def test_wilson_by_hand(count, total, low, high):
    one = wilson(count, total)
    assert (one.low, one.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_wilson_of_nobody():
    assert wilson(0, 0).value is None
