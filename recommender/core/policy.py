"""A learned policy of activation: a contextual bandit over retrieve, ask, edit and create.

One linear model of the reward for each arm (disjoint LinUCB: Li, Chu, Langford and Schapire 2010),
with the sign of its confidence width turned round: it is learnt from a log, and there an arm that
was tried rarely must not win by luck (pessimism: Jin, Yang and Wang 2021). Where the log says
little, the rules' arm stands (as in SPIBB: Laroche, Trichelair and Tachet des Combes 2019).

Exploration is a mixture with known probabilities: all but ε goes to the best arm, ε is shared
evenly by the arms that are allowed. So every propensity is exact, none is below ε/K, and the share
of exploration is bounded by 5 %. Sampling after Thompson would give neither.

ε says little of any one policy: where it departs from the rules, a sixtieth to a fortieth of the
choices are its own. A candidate that looks better is therefore put on trial (`share_of_trial`):
only where it departs, its arm is taken with a known, larger probability.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, cast

import numpy as np

Arm = Literal["retrieve", "ask", "edit", "create"]
ARMS: tuple[Arm, ...] = ("retrieve", "ask", "edit", "create")
FEATURES = (
    "bias",
    "rejections",
    "matches",
    "no_match",
    "near",
    "similarity",
    "specificity",
    "ai_satisfaction",
    "ai_share",
    "wait",
    "desires",
)
MAX_EXPLORATION = 0.05
# While a candidate is on trial it has this part of the exploration; and where it departs from what
# serves, its arm is taken in half of the choices at most.
TRIAL_PART, MOST_TRIED = 0.6, 0.5
MOST_COUNTED = 6
LONGEST_WAIT_S = 60.0
# Opinions of AI items count as if so many neutral ones had come before them.
PRIOR_OPINIONS = 4.0
# Standard errors taken off an estimate. Chosen among 0, 0.5, 1 and 1.645 on simulated people (seed
# 99) who are not those of the figures: the highest lower bound of the gain foretold off-line.
CAUTION = 1.0


def features(
    *,
    rejections: int,
    matches: int,
    near: int,
    similarity: float,
    said: int,
    ai_satisfaction: float,
    ai_share: int,
    wait_s: float,
    desires: bool,
) -> dict[str, float]:
    """Return the context of one decision by name, each about between -1 and 1.

    rejections: among the last exposures to human-made items. matches, near: items that fit every
    wish, and that share the garment. similarity: cosine of the best of them to the person's taste,
    0 where it is unknown. said: wishes stated. ai_satisfaction: `shrunk_mean` of opinions on AI
    items. ai_share: 0 to 100. wait_s: until something made would be there.
    """
    return {
        "bias": 1.0,
        "rejections": min(rejections, 5) / 5,
        "matches": min(matches, MOST_COUNTED) / MOST_COUNTED,
        "no_match": float(matches == 0),
        "near": min(near, MOST_COUNTED) / MOST_COUNTED,
        "similarity": similarity,
        "specificity": min(said, 4) / 4,
        "ai_satisfaction": ai_satisfaction,
        "ai_share": ai_share / 100,
        "wait": min(wait_s, LONGEST_WAIT_S) / LONGEST_WAIT_S,
        "desires": float(desires),
    }


def shrunk_mean(opinions: Sequence[float]) -> float:
    """Return the mean of opinions between -1 and 1, drawn towards 0 while there are few."""
    return sum(opinions) / (len(opinions) + PRIOR_OPINIONS)


def as_vector(context: Mapping[str, Any]) -> np.ndarray:
    """Return (D,) the features in their order; what an older log does not have is 0."""
    return np.array([float(context.get(name, 0.0)) for name in FEATURES])


def share_of_trial(departs: float, exploration: float) -> float:
    """Return how often a candidate's arm is taken where it departs, given how often it does.

    So that it takes at most `TRIAL_PART` of the exploration of all open choices; the rest is left
    to lots, so that both together are no more than exploration may be.
    """
    return min(MOST_TRIED, TRIAL_PART * exploration / departs) if departs > 0 else 0.0


def mix(
    best: Arm,
    allowed: Sequence[Arm],
    exploration: float,
    tried: Arm | None = None,
    share: float = 0.0,
) -> dict[Arm, float]:
    """Return the probability of each allowed arm: the best, with `exploration` shared by all.

    tried: the arm of a candidate on trial, which is given this share of what the best would have.
    """
    if not 0 <= exploration <= MAX_EXPLORATION:
        raise ValueError(f"exploration must lie in 0..{MAX_EXPLORATION}, got {exploration}")
    if best not in allowed:
        raise ValueError(f"{best} is not among {allowed}")
    if tried is not None and (tried not in allowed or not 0 <= share <= MOST_TRIED):
        raise ValueError(f"{tried} cannot be tried with {share} among {allowed}")
    least = exploration / len(allowed) if len(allowed) > 1 else 0.0
    rest = 1.0 - least * len(allowed)
    found = dict.fromkeys(allowed, least)
    found[best] += rest
    if tried is not None and tried != best:
        found[best] -= rest * share
        found[tried] += rest * share
    return found


def pick(probabilities: Mapping[Arm, float], lot: float) -> Arm:
    """Return the arm that a lot in [0, 1) falls on; the arms' order is that of `ARMS`."""
    bound = 0.0
    drawn = [arm for arm in ARMS if probabilities.get(arm, 0.0) > 0]
    for arm in drawn:
        bound += probabilities[arm]
        if lot < bound:
            return arm
    return drawn[-1]


@dataclass(frozen=True)
class LinearPolicy:
    """One ridge regression of the reward for each arm, with what it does not know.

    precision: (K, D, D) ridge·I + Σ x xᵀ; response: (K, D) Σ x (reward - offset); noise: standard
    deviation of what the models leave unexplained; caution: standard errors taken off an estimate.
    """

    precision: np.ndarray
    response: np.ndarray
    offset: float
    noise: float
    caution: float = CAUTION

    def estimates(self, context: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return expected rewards and their standard errors, both (N, K), of contexts (N, D)."""
        means = context @ self._weights.T + self.offset
        spread = ((context @ self._covariance) * context).sum(axis=2).T  # (K, N, D) -> (N, K)
        return means, self.noise * np.sqrt(np.maximum(spread, 0.0))

    @cached_property
    def _covariance(self) -> np.ndarray:
        return np.linalg.inv(self.precision)  # (K, D, D)

    @cached_property
    def _weights(self) -> np.ndarray:
        weights: np.ndarray = np.einsum("kij,kj->ki", self._covariance, self.response)
        return weights

    def best(self, context: np.ndarray, allowed: Sequence[Arm], rule: Arm) -> Arm:
        """Return the arm to take in context (D,); another than the rules' only when surely better.

        An arm competes by the lower bound of its reward, the rules' arm by its estimate.
        """
        if len(allowed) == 1:
            return allowed[0]
        may = np.array([[arm in allowed for arm in ARMS]])
        return ARMS[int(self.best_of(context[None], may, np.array([ARMS.index(rule)]))[0])]

    def best_of(self, contexts: np.ndarray, allowed: np.ndarray, rules: np.ndarray) -> np.ndarray:
        """Return (N,) the arm `best` takes in each of contexts (N, D).

        allowed: (N, K) bool. rules: (N,) the rules' arms; what equals one does not replace it.
        """
        means, errors = self.estimates(contexts)
        rows = np.arange(len(contexts))
        bounds = np.where(allowed, means - self.caution * errors, -np.inf)
        bounds[rows, rules] = means[rows, rules]
        best = bounds.argmax(axis=1)
        stays = bounds[rows, rules] >= bounds[rows, best]
        found: np.ndarray = np.where(stays, rules, best)
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready lists."""
        return {
            "features": list(FEATURES),
            "arms": list(ARMS),
            "precision": np.round(self.precision, 8).tolist(),
            "response": np.round(self.response, 8).tolist(),
            "offset": self.offset,
            "noise": self.noise,
            "caution": self.caution,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LinearPolicy:
        """Read `as_dict` back; raises ValueError for parameters of other features or arms."""
        same = tuple(data.get("features", ())) == FEATURES
        if not same or tuple(data.get("arms", ())) != ARMS:
            raise ValueError("These parameters belong to other features or arms.")
        return cls(
            precision=np.array(data["precision"]),
            response=np.array(data["response"]),
            offset=float(data["offset"]),
            noise=float(data["noise"]),
            caution=float(data["caution"]),
        )


def fit_policy(
    contexts: np.ndarray,
    arms: np.ndarray,
    rewards: np.ndarray,
    *,
    ridge: float = 1.0,
    caution: float = CAUTION,
) -> LinearPolicy:
    """Fit the models of all arms on contexts (N, D), arm indices (N,) and rewards (N,)."""
    if not len(contexts) == len(arms) == len(rewards) or len(rewards) == 0:
        raise ValueError("contexts, arms and rewards must be of one length, and not empty")
    offset = float(rewards.mean())
    size = contexts.shape[1]
    precision = np.stack([ridge * np.eye(size)] * len(ARMS))
    response = np.zeros((len(ARMS), size))
    for k in range(len(ARMS)):
        own = contexts[arms == k]
        precision[k] += own.T @ own
        response[k] = own.T @ (rewards[arms == k] - offset)
    plain = LinearPolicy(precision, response, offset, noise=1.0)
    means, _ = plain.estimates(contexts)
    left = rewards - means[np.arange(len(arms)), arms]
    return LinearPolicy(precision, response, offset, max(0.05, float(left.std())), caution)


def as_arm(name: str) -> Arm:
    """Return the arm of this name; raises ValueError for any other."""
    if name not in ARMS:
        raise ValueError(f"{name} is not an arm")
    return cast(Arm, name)
