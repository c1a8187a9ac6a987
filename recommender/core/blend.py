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
# Published by somebody the person follows.
FOLLOWED = "followed"
# What the person told us in so many words that they like.
WISHES = "wishes"
FRESH_HALF_LIFE_S = 3 * 24 * 3600.0
# What an old item of somebody followed still counts, beside a new one's 1.
FOLLOWED_LEAST = 0.4
# A part smaller than this share of a score is not worth naming.
LEAST_SHARE = 0.05
# Scores from which the median is read when there are more.
MEDIAN_OF = 10_000


@dataclass(frozen=True)
class Blend:
    """Scores of N items, what each of S sources gave to each, and the source that gave most."""

    scores: np.ndarray  # (N,)
    sources: np.ndarray  # (N,) of str
    names: list[str]
    weighted: np.ndarray  # (S, N)

    def shares(self, at: int) -> dict[str, float]:
        """Return how much of what speaks for an item each source gave, largest first; sums to 1.

        Sources that speak against it, or hardly count, are left out.
        """
        given = np.maximum(self.weighted[:, at], 0.0)
        total = float(given.sum())
        if total <= 0:
            return {}
        order = np.argsort(-given, kind="stable")
        return {
            self.names[source]: round(float(given[source]) / total, 2)
            for source in order
            if given[source] >= LEAST_SHARE * total
        }


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
        WISHES: 0.6,
        FOLLOWED: 0.6,
    }


def blend(parts: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> Blend:
    """Return the weighted sum of `parts` (source -> (N,) in [-1, 1]) and the leading source."""
    names = list(parts)
    weighted = np.stack([weights[name] * parts[name] for name in names])  # (S, N)
    leading = np.array(names)[weighted.argmax(axis=0)]
    return Blend(weighted.sum(axis=0), leading, names, weighted)


def scaled(scores: np.ndarray, among: np.ndarray | None = None) -> np.ndarray:
    """Return scores with the median at 0 and the best at 1, cut to [-1, 1]; zeros when all equal.

    among: the scores whose median and best are meant, when they are not `scores` themselves.
    """
    among = scores if among is None else among
    if not len(among):
        return np.zeros(len(scores), dtype=np.float32)
    middle = np.median(among[:: max(1, len(among) // MEDIAN_OF)])
    spread = among.max() - middle
    if spread < 1e-9:
        return np.minimum(np.sign(scores - middle), 0.0).astype(np.float32)
    return np.clip((scores - middle) / spread, -1.0, 1.0).astype(np.float32)


def freshness(published: np.ndarray, now: float) -> np.ndarray:
    """Return 1 for an item published now, half of it every three days, (N,)."""
    return np.exp2(-np.maximum(now - published, 0.0) / FRESH_HALF_LIFE_S).astype(np.float32)


def following(is_followed: np.ndarray, fresh: np.ndarray) -> np.ndarray:
    """Return the part of what followed people published: more the newer it is, 0 for others."""
    part = is_followed * (FOLLOWED_LEAST + (1 - FOLLOWED_LEAST) * fresh)
    return part.astype(np.float32)


def cap_per_owner(owners: np.ndarray, order: np.ndarray, most: int) -> np.ndarray:
    """Return `order` with what exceeds `most` items of one owner moved to its end, in order.

    owners: (N,), 0 for the platform, which is not capped; order: positions, best first.
    """
    counts: dict[int, int] = {}
    kept: list[int] = []
    later: list[int] = []
    for at in order:
        owner = int(owners[at])
        counts[owner] = counts.get(owner, 0) + 1
        (later if owner and counts[owner] > most else kept).append(int(at))
    return np.array(kept + later, dtype=np.int64)
