"""Intervals over people: a person's many events hang together, so people are drawn, not events."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

DRAWS = 1000
LEVEL = 0.95
# With fewer people an interval would be a guess about a guess.
LEAST_PEOPLE = 5
# Draws at a time: 100 x 100,000 people of 8 bytes are 80 MB.
CHUNK = 100


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval; None where there is nothing, or too few people for one."""

    value: float | None
    low: float | None = None
    high: float | None = None
    people: int = 0

    def as_dict(self) -> dict[str, float | int | None]:
        """Return it as plain data."""
        return {"value": self.value, "low": self.low, "high": self.high, "people": self.people}


class Bootstrap:
    """The same seeded draws of people for every figure, so that differences are paired.

    Percentile bootstrap (Efron 1979) with people as units. Figures are ratios of sums over people,
    or medians over people.
    """

    def __init__(self, people: int, *, draws: int = DRAWS, seed: int = 0) -> None:
        self.people = people
        self.draws = draws
        self.seed = seed

    def ratios(self, top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
        """Return (1 + draws, M): sums of `top` over sums of `bottom`, both (P, M); NaN for 0 / 0.

        The first row is the figure itself, the others are draws.
        """
        both = np.concatenate([top, bottom], axis=1).astype(np.float64)
        sums = np.concatenate(
            [both.sum(axis=0, keepdims=True), *(weights @ both for weights in self._weights())]
        )
        tops, bottoms = np.split(sums, 2, axis=1)
        return np.divide(tops, bottoms, out=np.full_like(tops, np.nan), where=bottoms > 0)

    def medians(self, values: np.ndarray) -> np.ndarray:
        """Return (1 + draws, M): the median over people of `values` (P, M), NaN where one has none.

        Of an even number of people the lower of the two in the middle.
        """
        rows = [_medians(values, np.ones((1, self.people)))]
        rows += [_medians(values, weights) for weights in self._weights()]
        return np.concatenate(rows)

    def _weights(self) -> Iterator[np.ndarray]:
        return iter(_Draws(self.people, self.draws, self.seed) if self.people else ())


@dataclass(frozen=True)
class _Draws:
    """Yields (chunk, P): how often each person was drawn; the same every time."""

    people: int
    draws: int
    seed: int

    def __iter__(self) -> Iterator[np.ndarray]:
        rng = np.random.default_rng(self.seed)
        for begin in range(0, self.draws, CHUNK):
            size = min(CHUNK, self.draws - begin)
            drawn = rng.integers(self.people, size=(size, self.people))
            # One count for all rows: each row's people get numbers of their own.
            drawn += np.arange(size)[:, None] * self.people
            counts = np.bincount(drawn.ravel(), minlength=size * self.people)
            yield counts.reshape(size, self.people).astype(np.float64)


def _medians(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (B, M): weighted medians of the columns of (P, M) under each row of (B, P)."""
    result = np.full((len(weights), values.shape[1]), np.nan)
    for column in range(values.shape[1]):
        known = np.flatnonzero(~np.isnan(values[:, column]))
        if not len(known):
            continue
        order = known[np.argsort(values[known, column], kind="stable")]
        reached = np.cumsum(weights[:, order], axis=1)
        total = reached[:, -1]
        middle = (reached * 2 >= np.maximum(total, 1)[:, None]).argmax(axis=1)
        result[:, column] = np.where(total > 0, values[order[middle], column], np.nan)
    return result


def estimate(replicates: np.ndarray, people: int) -> Estimate:
    """Return the figure of one column of `ratios` or `medians` (1 + draws,) with its interval."""
    value, drawn = replicates[0], replicates[1:]
    if np.isnan(value):
        return Estimate(None, people=people)
    drawn = drawn[~np.isnan(drawn)]
    if people < LEAST_PEOPLE or not len(drawn):
        return Estimate(float(value), people=people)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Estimate(float(value), float(low), float(high), people)


def wilson(count: int, total: int) -> Estimate:
    """Return a share of people with Wilson's 95 % interval (1927)."""
    if not total:
        return Estimate(None)
    z = 1.959964
    share = count / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + (z / total / 2) ** 2)
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half), total)
