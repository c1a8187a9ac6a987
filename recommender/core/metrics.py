"""Ranking metrics; NaN for users who have nothing to find."""

from __future__ import annotations

import numpy as np


def recall_at_k(ranked: np.ndarray, relevant: np.ndarray, k: int) -> np.ndarray:
    """Recall@k per user: the share of a user's held-out items found in the first k.

    ranked: (U, I) item indices, best first; train items already masked out.
    relevant: (U, I) bool, True where the user has the item in the test split.
    Returns (U,); NaN for users with no test item, so that `nanmean` skips them.
    """
    _check_k(ranked, k)
    hits = np.take_along_axis(relevant, ranked[:, :k], axis=1)  # (U, k)
    total = relevant.sum(axis=1)  # (U,)
    return np.divide(hits.sum(axis=1), total, out=np.full(len(total), np.nan), where=total > 0)


def ndcg_at_k(ranked: np.ndarray, relevant: np.ndarray, k: int) -> np.ndarray:
    """NDCG@k per user with binary gains; shapes and NaN as in `recall_at_k`."""
    _check_k(ranked, k)
    discount = 1.0 / np.log2(np.arange(2, k + 2))  # (k,)
    hits = np.take_along_axis(relevant, ranked[:, :k], axis=1)  # (U, k)
    gained = (hits * discount).sum(axis=1)
    total = relevant.sum(axis=1)
    best = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(total, k)]
    return np.divide(gained, best, out=np.full(len(total), np.nan), where=total > 0)


def _check_k(ranked: np.ndarray, k: int) -> None:
    if not 0 < k <= ranked.shape[1]:
        raise ValueError(f"k must be in 1..{ranked.shape[1]}, got {k}")
