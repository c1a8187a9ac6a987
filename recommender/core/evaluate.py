"""Score a ranker on held-out likes: the whole catalogue ranked, items of the training masked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from recommender.core.metrics import ndcg_at_k, recall_at_k

# Scores a block of users: (B, I) train rows in, (B, I) scores out.
Scorer = Callable[[sparse.csr_matrix], np.ndarray]
# The same from their positions in the matrix, (B,).
PeopleScorer = Callable[[np.ndarray], np.ndarray]
BLOCK = 512


def evaluate(
    scorer: Scorer, train: sparse.csr_matrix, test: sparse.csr_matrix, k: int = 20
) -> dict[str, float]:
    """Return {"recall@k", "ndcg@k", their errors, "users"} over users with a held-out like.

    train, test: (U, I), the same users and items; only positive test entries count.
    `recall_error` and `ndcg_error` are the standard errors of the two means.
    """
    return evaluate_people(lambda users: scorer(train[users]), train, test, k)


def evaluate_people(
    scorer: PeopleScorer, train: sparse.csr_matrix, test: sparse.csr_matrix, k: int = 20
) -> dict[str, float]:
    """Return what `evaluate` does, for a ranker that knows people by their position."""
    k = min(k, train.shape[1])
    recalls, ndcgs = per_person(scorer, train, test, k)
    if not len(recalls):
        empty = {f"recall@{k}": 0.0, f"ndcg@{k}": 0.0, "recall_error": 0.0, "ndcg_error": 0.0}
        return {**empty, "users": 0}
    return {
        f"recall@{k}": round(float(recalls.mean()), 5),
        f"ndcg@{k}": round(float(ndcgs.mean()), 5),
        "recall_error": round(float(recalls.std() / np.sqrt(len(recalls))), 5),
        "ndcg_error": round(float(ndcgs.std() / np.sqrt(len(ndcgs))), 5),
        "users": len(recalls),
    }


def per_person(
    scorer: PeopleScorer, train: sparse.csr_matrix, test: sparse.csr_matrix, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return (recall@k, NDCG@k) of each user with a held-out like, in order of position."""
    relevant = (test > 0).tocsr()
    users = np.flatnonzero(np.diff(relevant.indptr))
    recalls, ndcgs = [np.zeros(0)], [np.zeros(0)]
    for start in range(0, len(users), BLOCK):
        block = users[start : start + BLOCK]
        scores = scorer(block).astype(np.float32)  # (B, I)
        scores[train[block].toarray() != 0] = -np.inf
        ranked = _top_first(scores, k)
        wanted = relevant[block].toarray()
        recalls.append(recall_at_k(ranked, wanted, k))
        ndcgs.append(ndcg_at_k(ranked, wanted, k))
    return np.concatenate(recalls), np.concatenate(ndcgs)


def _top_first(scores: np.ndarray, k: int) -> np.ndarray:
    """Return the indices of the k best per row, best first, (B, k)."""
    best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1)


def popularity_scorer(train: sparse.csr_matrix) -> Scorer:
    """Return the ranker that gives everybody what most people liked: the honest floor."""
    popularity = np.asarray((train > 0).sum(axis=0)).ravel().astype(np.float32)
    return lambda rows: np.tile(popularity, (rows.shape[0], 1))


def linear_scorer(weights: np.ndarray | sparse.csr_matrix) -> Scorer:
    """Return the ranker x B of an item-to-item matrix."""

    def score(rows: sparse.csr_matrix) -> np.ndarray:
        scores = rows @ weights
        return scores.toarray() if sparse.issparse(scores) else np.asarray(scores)

    return score


def content_scorer(vectors: np.ndarray) -> Scorer:
    """Return the ranker by cosine to the weighted mean of what the person liked."""

    def score(rows: sparse.csr_matrix) -> np.ndarray:
        return (rows @ vectors) @ vectors.T

    return score
