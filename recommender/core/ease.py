"""Collective EASE: a linear item-to-item model in closed form, with item features as extra rows.

Steck, "Embarrassingly Shallow Autoencoders" (WWW 2019); Jeunen et al., "Closed-Form Models for
Collaborative Filtering with Side-Information" (RecSys 2020). With X (U, I) interactions and F
(I, D) features, G = X'X + beta FF' + lambda 1, P = G^-1 and B_ij = -P_ij / P_jj, B_jj = 0.
A person's scores are x B: a new like changes them at once, without training.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

# P costs I^3 operations and I^2 floats: about a minute and 0.9 GB at the cap on two cores.
MAX_ITEMS = 15_000


def fit_ease(
    interactions: sparse.csr_matrix,
    *,
    l2: float,
    features: np.ndarray | None = None,
    feature_weight: float = 0.0,
) -> np.ndarray:
    """Return the item-to-item weights B, (I, I) float32 with a zero diagonal.

    interactions: (U, I) non-negative weights. features: (I, D), zero rows where unknown.
    """
    items = interactions.shape[1]
    if items > MAX_ITEMS:
        raise ValueError(f"{items} items are more than the closed form's cap of {MAX_ITEMS}")
    if l2 <= 0:
        raise ValueError(f"l2 must be positive, got {l2}")
    gram = (interactions.T @ interactions).toarray().astype(np.float32, order="F")  # (I, I)
    if features is not None and feature_weight > 0:
        if features.shape[0] != items:
            raise ValueError(f"{features.shape[0]} feature rows for {items} items")
        wide = features.astype(np.float32)
        gram += np.float32(feature_weight) * (wide @ wide.T)
    gram[np.diag_indices(items)] += np.float32(l2)
    inverse = _invert_in_place(gram)
    weights = inverse / -np.diag(inverse)[None, :]
    np.fill_diagonal(weights, 0.0)
    return weights


def _invert_in_place(gram: np.ndarray) -> np.ndarray:
    """Return the inverse of a symmetric positive matrix; `gram` is overwritten."""
    factor, info = lapack.spotrf(gram, lower=1, overwrite_a=1)
    if info:
        raise ValueError("the item matrix is not positive definite; use a larger l2")
    lower, info = lapack.spotri(factor, lower=1, overwrite_c=1)
    if info:
        raise ValueError("the item matrix cannot be inverted; use a larger l2")
    # LAPACK fills the lower triangle only.
    lower = np.tril(lower)
    lower += np.tril(lower, -1).T
    return lower


def keep_strongest(weights: np.ndarray, per_item: int) -> sparse.csr_matrix:
    """Return B with only the `per_item` largest magnitudes of each row, as float32 CSR.

    Row i holds what a like of item i says about others, so a person's scores stay a sum of a few
    short rows: 10,000 items take 16 MB instead of 400.
    """
    items = weights.shape[0]
    per_item = min(per_item, items)
    columns = np.argpartition(-np.abs(weights), per_item - 1, axis=1)[:, :per_item]  # (I, N)
    columns.sort(axis=1)
    values = np.take_along_axis(weights, columns, axis=1).astype(np.float32)
    pointers = np.arange(0, items * per_item + 1, per_item, dtype=np.int64)
    kept = sparse.csr_matrix(
        (values.ravel(), columns.ravel().astype(np.int32), pointers), shape=weights.shape
    )
    kept.eliminate_zeros()
    return kept


def fold_in(weights: sparse.csr_matrix, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return one person's scores of all items, (I,): the sum of their items' rows of B.

    rows: indices of the items they have an opinion on. values: those opinions, signed.
    """
    scores = np.zeros(weights.shape[1], dtype=np.float32)
    for row, value in zip(rows, values, strict=True):
        span = slice(weights.indptr[row], weights.indptr[row + 1])
        # Columns within one row are distinct, so plain fancy addition is exact.
        scores[weights.indices[span]] += np.float32(value) * weights.data[span]
    return scores


def contributions(
    weights: sparse.csr_matrix, rows: np.ndarray, values: np.ndarray, columns: np.ndarray
) -> np.ndarray:
    """Return how much each opinion adds to the score of each of `columns`, (rows, columns)."""
    if not len(rows):
        return np.zeros((0, len(columns)), dtype=np.float32)
    picked = weights[rows][:, columns].toarray()
    return picked * np.asarray(values, dtype=np.float32)[:, None]
