"""Intervals and tests: right about what is there, silent about what is not."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.statistics import (
    mean_interval,
    paired_test,
    set_comparison,
    set_interval,
)


def test_interval_holds_the_mean_and_counts_only_people_with_a_figure():
    values = np.array([1.0, 2.0, 3.0, np.nan])
    found = mean_interval(values)
    assert (found.value, found.n) == (2.0, 3)
    assert found.low < 2.0 < found.high


def test_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    covered = [
        found.low <= 0 <= found.high
        for found in (mean_interval(rng.normal(size=60), seed=s) for s in range(200))
    ]
    assert 0.89 <= np.mean(covered) <= 0.99


def test_clear_difference_holds_and_its_opposite_does_not():
    gap = np.random.default_rng(0).normal(0.5, 1.0, size=200)
    assert paired_test(gap).holds()
    assert not paired_test(-gap).holds()
    assert paired_test(-gap).p > 0.99


def test_noise_is_not_called_a_difference():
    rng = np.random.default_rng(1)
    found = [paired_test(rng.normal(size=40), seed=s).p for s in range(100)]
    assert np.mean(np.array(found) < 0.05) < 0.15


def test_nothing_measured_never_holds():
    assert not paired_test(np.full(5, np.nan)).holds()
    assert mean_interval(np.zeros(0)).n == 0


def test_p_value_is_never_zero():
    assert paired_test(np.full(100, 1.0)).p > 0


def test_set_statistic_resamples_people_with_all_they_have():
    rng = np.random.default_rng(2)
    results = rng.normal(size=(30, 2, 3, 4))
    results[5] = np.nan
    found = set_interval(lambda rows: float(rows.mean()), results)
    assert found.n == 29 * 6
    assert found.value == pytest.approx(np.nanmean(results))
    assert found.low < found.value < found.high


def test_set_comparison_cancels_who_the_people_are():
    rng = np.random.default_rng(4)
    people = rng.normal(0, 10.0, size=(40, 1, 2))
    better = people + rng.normal(0.3, 0.1, size=(40, 1, 2))
    worse = people + rng.normal(0.0, 0.1, size=(40, 1, 2))
    statistic = lambda rows: float(rows.mean())  # noqa: E731
    assert set_comparison(statistic, better, worse).holds(0.05)
    assert not set_comparison(statistic, worse, better).holds(0.05)
