"""From a log to a policy that may serve: learn a candidate, put it on trial, judge the trial.

1. `learn` fits a candidate on the whole log, and foretells its gain by cross-fitting: each person's
decisions are judged by a policy and a reward model that never saw that person.
2. A candidate that is not surely worse goes on trial (`policy.mix`): only where it departs from
what serves, its arm is taken with a known probability.
3. `judge_trial` estimates its gain on the decisions of the trial alone, from which it learnt
nothing, and `verdict` says what follows. The log is looked at whenever it has doubled, so that
looking often does not let a bad candidate through by luck.

Why a trial: exploration by lot takes a rare arm in a sixtieth of the choices. Of 25,000 decisions
some thirty then bear on where a candidate departs, and their mean says nothing of a small gain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from recommender.core.offpolicy import FOLDS, Estimate, Log, gain_over, target_of
from recommender.core.policy import LinearPolicy, fit_policy

# Open decisions of a trial at which it is judged; after the last one a candidate is given up. On
# fewer the bootstrap rests on a handful of tried choices and its intervals are too narrow.
LOOKS = (2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000)
# Of the intervals that decide: one side is wrong in 1 of 100 looks.
LEVEL = 0.98
Verdict = Literal["serves", "dropped", "on trial"]


@dataclass(frozen=True)
class Candidate:
    """A policy, its gain over what serves as the log foretells it, and how often it departs."""

    policy: LinearPolicy
    gain: Estimate
    departs: float

    @property
    def is_promising(self) -> bool:
        """Whether a trial is worth its while: it departs at all, and is not surely worse."""
        return self.departs > 0 and self.gain.high > 0


def learn(log: Log, base: LinearPolicy | None = None, seed: int = 0) -> Candidate:
    """Return what the log teaches. base: the policy that serves, None for the rules."""
    policy = fit_policy(log.contexts, log.arms, log.rewards)
    gain = _cross_fitted_gain(log, base, seed)
    return Candidate(policy, gain, float(departures(log, policy, base).mean()))


def departures(log: Log, policy: LinearPolicy, base: LinearPolicy | None) -> np.ndarray:
    """Return (N,) bool, the decisions in which a policy takes another arm than what serves."""
    found: np.ndarray = (target_of(log, policy) != target_of(log, base)).any(axis=1)
    return found


def _cross_fitted_gain(log: Log, base: LinearPolicy | None, seed: int) -> Estimate:
    """Return the gain of policies learnt in this way, each judged on people it never saw."""
    people, who = np.unique(log.people, return_inverse=True)
    folds = min(FOLDS, len(people))
    if folds < 2:
        raise ValueError("learning needs the decisions of two people at least")
    fold = (np.random.default_rng(len(people)).permutation(len(people)) % folds)[who]
    target = np.zeros_like(log.probabilities)
    for number in range(folds):
        own = fold == number
        others = log.subset(~own)
        model = fit_policy(others.contexts, others.arms, others.rewards)
        target[own] = target_of(log.subset(own), model)
    return gain_over(log, target, target_of(log, base), seed, level=LEVEL)


def judge_trial(
    log: Log, policy: LinearPolicy, base: LinearPolicy | None = None, seed: int = 0
) -> Estimate:
    """Return the candidate's gain over what serves on the decisions of its trial, at `LEVEL`."""
    return gain_over(log, target_of(log, policy), target_of(log, base), seed, level=LEVEL)


def is_due(decisions: int, looked_at: int) -> bool:
    """Return whether a trial of so many decisions is to be looked at again."""
    return any(looked_at < look <= decisions for look in LOOKS)


def verdict(gain: Estimate) -> Verdict:
    """Return what follows from a look at a trial."""
    if gain.low > 0:
        return "serves"
    if gain.high < 0 or gain.n >= LOOKS[-1]:
        return "dropped"
    return "on trial"
