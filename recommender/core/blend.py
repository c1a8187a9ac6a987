"""One score per item out of several sources, and which source counted most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

COLLECTIVE, CONTENT, INTERESTS, POPULAR, FRESH = (
    "collective",
    "content",
    "interests",
    "popular",
    "fresh",
)
EXPLORE = "explore"
FRESH_HALF_LIFE_S = 3 * 24 * 3600.0


@dataclass(frozen=True)
class Blend:
    """Scores of N items and, for each, the source with the largest part in it."""

    scores: np.ndarray  # (N,)
    sources: np.ndarray  # (N,) of str


def source_weights(likes: int) -> dict[str, float]:
    """Return how much each source counts for a person with this many positive opinions.

    Nothing is known of a newcomer, so popular, fresh and their stated interests decide; every like
    halves what is left to those.
    """
    known = 1.0 - 0.5**likes
    return {
        COLLECTIVE: known,
        CONTENT: 0.6 * known,
        INTERESTS: 0.8 * (1 - known) + 0.05,
        POPULAR: 0.6 * (1 - known) + 0.08,
        FRESH: 0.4 * (1 - known) + 0.12,
    }


def blend(parts: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> Blend:
    """Return the weighted sum of `parts` (source -> (N,) in [-1, 1]) and the leading source."""
    names = list(parts)
    weighted = np.stack([weights[name] * parts[name] for name in names])  # (S, N)
    return Blend(weighted.sum(axis=0), np.array(names)[weighted.argmax(axis=0)])


def scaled(scores: np.ndarray) -> np.ndarray:
    """Return scores with the median at 0 and the best at 1, cut at -1; zeros when all are equal."""
    if not len(scores):
        return scores.astype(np.float32)
    middle = np.median(scores)
    spread = scores.max() - middle
    if spread < 1e-9:
        return np.minimum(np.sign(scores - middle), 0.0).astype(np.float32)
    return np.clip((scores - middle) / spread, -1.0, 1.0).astype(np.float32)


def freshness(published: np.ndarray, now: float) -> np.ndarray:
    """Return 1 for an item published now, half of it every three days, (N,)."""
    return np.exp2(-np.maximum(now - published, 0.0) / FRESH_HALF_LIFE_S).astype(np.float32)


def order_with_exploration(
    scores: np.ndarray, limit: int, epsilon: float, rng: np.random.Generator
) -> list[tuple[int, float, bool]]:
    """Return up to `limit` (index, propensity, explored), best first but for explored places.

    With probability epsilon a place goes to an item drawn evenly from those not yet placed. The
    propensity is the probability with which this rule puts that item in that place, given the
    ones before: 1 - epsilon + epsilon / n for the best one left, epsilon / n for any other.
    """
    order = np.argsort(-scores, kind="stable")
    placed: set[int] = set()
    result: list[tuple[int, float, bool]] = []
    head = 0
    while len(result) < min(limit, len(order)):
        while int(order[head]) in placed:
            head += 1
        best, left = int(order[head]), len(order) - len(placed)
        pick = best
        if rng.random() < epsilon:
            while (pick := int(rng.integers(len(order)))) in placed:
                continue
        placed.add(pick)
        share = epsilon / left
        result.append((pick, 1 - epsilon + share if pick == best else share, pick != best))
    return result
