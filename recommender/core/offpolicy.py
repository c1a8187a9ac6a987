"""Off-line evaluation: what another policy would have earned, told from a log with propensities.

IPS (Horvitz and Thompson 1952), SNIPS (Swaminathan and Joachims 2015) and the doubly robust
estimate (Dudík, Langford and Li 2011) with a cross-fitted reward model. Intervals resample people
with all their decisions, as decisions of one person hang together. All three need the logging
policy to have given every arm of the other policy some probability: on a log without exploration
they say nothing about an arm that was not taken (`Estimate.covered` tells).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from recommender.core.policy import LinearPolicy, fit_policy

# Above any weight that 5 % shared by four arms can give (80): it bites on other logs only.
CLIP = 100.0
RESAMPLES = 1000
FOLDS = 5


@dataclass(frozen=True)
class Log:
    """Decisions with a choice: N of them, K arms, D features."""

    contexts: np.ndarray  # (N, D)
    arms: np.ndarray  # (N,) index into ARMS
    probabilities: np.ndarray  # (N, K) with which the logging policy chose; 0 where not allowed
    rewards: np.ndarray  # (N,)
    people: np.ndarray  # (N,) whose decision it was
    rules: np.ndarray  # (N,) the arm that the rules would have taken

    def __len__(self) -> int:
        return len(self.arms)

    @property
    def propensities(self) -> np.ndarray:
        """Return (N,) the probability of what was done."""
        return self.probabilities[np.arange(len(self)), self.arms]

    @property
    def allowed(self) -> np.ndarray:
        """Return (N, K) bool, the arms that could be chosen."""
        return self.probabilities > 0

    def subset(self, rows: np.ndarray) -> Log:
        """Return the decisions of these rows (indices or a mask)."""
        return Log(
            self.contexts[rows],
            self.arms[rows],
            self.probabilities[rows],
            self.rewards[rows],
            self.people[rows],
            self.rules[rows],
        )


@dataclass(frozen=True)
class Estimate:
    """A policy's mean reward with its 95 % interval, and how much of the log bears on it."""

    value: float
    low: float
    high: float
    n: int
    effective_n: float
    largest_weight: float
    clipped: int
    # Share of the policy's probability on arms that the logging policy could have taken.
    covered: float

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict; numbers rounded to what they can tell."""
        return {
            "value": round(self.value, 5),
            "low": round(self.low, 5),
            "high": round(self.high, 5),
            "n": self.n,
            "effective_n": round(self.effective_n, 1),
            "largest_weight": round(self.largest_weight, 2),
            "clipped": self.clipped,
            "clip": CLIP,
            "covered": round(self.covered, 4),
        }


def target_of(log: Log, policy: LinearPolicy | None, exploration: float = 0.0) -> np.ndarray:
    """Return (N, K) the probabilities of a policy on the log's contexts; None means the rules."""
    if not len(log):
        return np.zeros_like(log.probabilities)
    rows, allowed = np.arange(len(log)), log.allowed
    best = log.rules if policy is None else policy.best_of(log.contexts, allowed, log.rules)
    # As `mix` gives it; where one arm alone is allowed the two come to the same.
    found: np.ndarray = allowed * (exploration / allowed.sum(axis=1, keepdims=True))
    found[rows, best] += 1.0 - exploration
    return found


def ips(log: Log, target: np.ndarray, seed: int = 0) -> Estimate:
    """Return the inverse propensity estimate of a policy with probabilities (N, K)."""
    weights, clipped = _weights(log, target)
    return _estimate(log, target, weights, clipped, weights * log.rewards, np.ones(len(log)), seed)


def snips(log: Log, target: np.ndarray, seed: int = 0) -> Estimate:
    """Return the self-normalised estimate: the weights' sum stands for the number of decisions."""
    weights, clipped = _weights(log, target)
    return _estimate(log, target, weights, clipped, weights * log.rewards, weights, seed)


def doubly_robust(log: Log, target: np.ndarray, seed: int = 0) -> Estimate:
    """Return the doubly robust estimate: a reward model, put right by weighted residuals.

    It is unbiased when either the propensities or the model are right. Nobody's rewards are
    predicted by a model that saw them: people are dealt into folds.
    """
    weights, clipped = _weights(log, target)
    terms = doubly_robust_terms(log, target)
    return _estimate(log, target, weights, clipped, terms, np.ones(len(log)), seed)


def doubly_robust_terms(log: Log, target: np.ndarray) -> np.ndarray:
    """Return (N,) each decision's part in the doubly robust estimate; their mean is the value."""
    weights, _ = _weights(log, target)
    predicted = _cross_fitted(log)  # (N, K)
    expected = (target * predicted).sum(axis=1)
    return expected + weights * (log.rewards - predicted[np.arange(len(log)), log.arms])


def gain_over(
    log: Log, target: np.ndarray, base: np.ndarray, seed: int = 0, level: float = 0.95
) -> Estimate:
    """Return the doubly robust estimate of how much more `target` earns than `base`.

    Decision by decision, so that what both have in common cancels out. level: of the interval.
    """
    weights, clipped = _weights(log, target)
    terms = doubly_robust_terms(log, target) - doubly_robust_terms(log, base)
    return _estimate(log, target, weights, clipped, terms, np.ones(len(log)), seed, level)


def _weights(log: Log, target: np.ndarray) -> tuple[np.ndarray, int]:
    """Return (N,) importance weights, and how many had to be clipped."""
    if (log.propensities <= 0).any():
        raise ValueError("a logged decision has no propensity")
    taken = target[np.arange(len(log)), log.arms]
    weights = taken / log.propensities
    return np.minimum(weights, CLIP), int((weights > CLIP).sum())


def _cross_fitted(log: Log) -> np.ndarray:
    """Return (N, K) predicted rewards, each by a model of other people's decisions."""
    people = np.unique(log.people)
    folds = min(FOLDS, len(people))
    if folds < 2:
        return np.full(log.probabilities.shape, float(log.rewards.mean()))
    dealt = np.random.default_rng(len(people)).permutation(len(people)) % folds
    fold = dealt[np.searchsorted(people, log.people)]
    predicted = np.zeros_like(log.probabilities)
    for number in range(folds):
        own, others = fold == number, fold != number
        model = fit_policy(log.contexts[others], log.arms[others], log.rewards[others])
        predicted[own] = model.estimates(log.contexts[own])[0]
    return predicted


def _estimate(
    log: Log,
    target: np.ndarray,
    weights: np.ndarray,
    clipped: int,
    above: np.ndarray,
    below: np.ndarray,
    seed: int,
    level: float = 0.95,
) -> Estimate:
    """Return Σ above / Σ below with the percentile bootstrap interval over people."""
    if len(log) == 0:
        raise ValueError("the log holds no decision")
    _, who = np.unique(log.people, return_inverse=True)
    tops, bottoms = np.bincount(who, above), np.bincount(who, below)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(tops), np.full(len(tops), 1 / len(tops)), size=RESAMPLES)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = (drawn @ tops) / (drawn @ bottoms)
        value = float(above.sum() / below.sum())
    ends = [50 * (1 - level), 50 * (1 + level)]
    low, high = np.nanpercentile(ratios, ends) if np.isfinite(value) else (np.nan, np.nan)
    squares = float((weights**2).sum())
    return Estimate(
        value=value,
        low=float(low),
        high=float(high),
        n=len(log),
        effective_n=float(weights.sum() ** 2 / squares) if squares else 0.0,
        largest_weight=float(weights.max()),
        clipped=clipped,
        covered=float((target * log.allowed).sum() / len(log)),
    )


ESTIMATORS: dict[str, Callable[[Log, np.ndarray, int], Estimate]] = {
    "ips": ips,
    "snips": snips,
    "dr": doubly_robust,
}
