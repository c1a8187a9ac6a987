"""Means with intervals, and tests of one row against another. People are the unit throughout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

RESAMPLES = 2000
SIGN_FLIPS = 10_000
# Frechet distances cost tens of milliseconds each.
SET_RESAMPLES = 100
NORMAL_95 = 1.96


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval and the number of people (or pictures) it rests on."""

    value: float
    low: float
    high: float
    n: int

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict; what could not be measured is null."""
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        finite = {k: round(v, 6) if np.isfinite(v) else None for k, v in numbers.items()}
        return {**finite, "n": self.n}


@dataclass(frozen=True)
class Comparison:
    """A paired difference: its mean with interval, and the chance of it if there were none."""

    difference: Interval
    p: float

    def holds(self, level: float = 0.01) -> bool:
        """Return whether the difference is above zero beyond chance."""
        return self.difference.value > 0 and self.p < level


NOT_MEASURED = Interval(np.nan, np.nan, np.nan, 0)


def mean_interval(values: np.ndarray, seed: int = 0) -> Interval:
    """Return the mean of (P,) per-person figures with its percentile bootstrap interval.

    People without a figure (NaN) are left out.
    """
    kept = values[np.isfinite(values)]
    if len(kept) == 0:
        return NOT_MEASURED
    rng = np.random.default_rng(seed)
    means = kept[rng.integers(len(kept), size=(RESAMPLES, len(kept)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(kept.mean()), float(low), float(high), len(kept))


def paired_test(differences: np.ndarray, seed: int = 0) -> Comparison:
    """Return whether (P,) per-person differences lie above zero: one-sided sign-flip test.

    The p-value counts the observed signs among the random ones, so that it is never 0.
    """
    kept = differences[np.isfinite(differences)]
    if len(kept) == 0:
        return Comparison(NOT_MEASURED, 1.0)
    rng = np.random.default_rng(seed)
    signs = rng.choice(np.array([-1.0, 1.0]), size=(SIGN_FLIPS, len(kept)))
    reached = (signs @ kept / len(kept) >= kept.mean() - 1e-12).sum()
    return Comparison(mean_interval(kept, seed), float((reached + 1) / (SIGN_FLIPS + 1)))


def set_interval(
    statistic: Callable[[np.ndarray], float], results: np.ndarray, seed: int = 0
) -> Interval:
    """Return a statistic of a whole set, from results (P, ..., D) of P people, with an interval.

    People are resampled with all their results. A resample holds duplicates, which alone moves
    Frechet and kernel distances up: so the interval is the value plus and minus 1.96 standard
    deviations of the resampled values, not their percentiles. `n` counts results.
    """
    own = [rows for rows in _rows_of(results) if len(rows)]
    if sum(map(len, own)) < 2:
        return NOT_MEASURED
    rng = np.random.default_rng(seed)
    value = statistic(np.concatenate(own))
    drawn = [statistic(np.concatenate([own[i] for i in pick])) for pick in _picks(len(own), rng)]
    spread = NORMAL_95 * float(np.std(drawn, ddof=1))
    return Interval(value, value - spread, value + spread, sum(map(len, own)))


def set_comparison(
    statistic: Callable[[np.ndarray], float],
    larger: np.ndarray,
    smaller: np.ndarray,
    seed: int = 0,
) -> Comparison:
    """Return whether a statistic of one set lies above that of another, both (P, ..., D).

    The same people are drawn for both, so that who they are cancels out; p is the share of draws
    without the difference.
    """
    first, second = _rows_of(larger), _rows_of(smaller)
    both = [i for i in range(len(first)) if len(first[i]) and len(second[i])]
    if len(both) < 2:
        return Comparison(NOT_MEASURED, 1.0)

    def gap(people: np.ndarray | list[int]) -> float:
        return statistic(np.concatenate([first[i] for i in people])) - statistic(
            np.concatenate([second[i] for i in people])
        )

    rng = np.random.default_rng(seed)
    value = gap(both)
    drawn = np.array([gap([both[i] for i in pick]) for pick in _picks(len(both), rng)])
    spread = NORMAL_95 * float(drawn.std(ddof=1))
    p = float(((drawn <= 0).sum() + 1) / (len(drawn) + 1))
    return Comparison(Interval(value, value - spread, value + spread, len(both)), p)


def _rows_of(results: np.ndarray) -> list[np.ndarray]:
    """Return, per person, the results (n, D) that there are."""
    flat = results.reshape(len(results), -1, results.shape[-1])
    return [rows[np.isfinite(rows[:, 0])] for rows in flat]


def _picks(count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(count, size=(SET_RESAMPLES, count))
