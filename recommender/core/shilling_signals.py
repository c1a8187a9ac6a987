"""What is measured of a profile and of each of its opinions, to tell attacks from people.

All take `given` (U, C), a CSR matrix of ones: a column is an item that is liked, or one that is
disliked. Signals of an opinion are aligned with `given.indices`.

DegSim: Chirita, Nejdl & Zamfir, "Preventing Shilling Attacks in Online Recommender Systems" (WIDM
2005), as is RDMA, the deviation from an item's mean weighted by how few know the item; with likes
alone every deviation is 1 and the weight remains. PCA variable selection: Mehta & Nejdl,
"Unsupervised Strategies for Shilling Detection" (UMUAI 2009). Length: Burke et al.,
"Classification Features for Attack Detection" (KDD 2006). Bursts: Zhang et al., "Attack Detection
in Time Series" (SDM 2006). What members of one group share: Zhou et al., target item analysis
("Shilling attacks detection by a two-phase method", 2014), and Hooi et al., FRAUDAR (KDD 2016).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

BLOCK = 512
NEIGHBOURS = 25
BURST_S = 6 * 3600.0
NONE = np.nan


def row_of_entries(given: sparse.csr_matrix) -> np.ndarray:
    """Return the row that each entry stands in, (n,)."""
    return np.repeat(np.arange(given.shape[0]), np.diff(given.indptr))


def degree_similarity(given: sparse.csr_matrix, k: int = NEIGHBOURS) -> np.ndarray:
    """Return each profile's mean cosine with its `k` nearest others, (U,)."""
    unit = _unit_rows(given)
    others = unit.T.tocsr()
    found = np.zeros(given.shape[0])
    k = min(k, given.shape[0] - 1)
    if k < 1:
        return found
    for start in range(0, given.shape[0], BLOCK):
        near = (unit[start : start + BLOCK] @ others).toarray()  # (B, U)
        within = np.arange(len(near))
        near[within, start + within] = 0
        found[start : start + BLOCK] = -np.partition(-near, k - 1, axis=1)[:, :k].mean(axis=1)
    return found


def principal_weight(given: sparse.csr_matrix, components: int = 3) -> np.ndarray:
    """Return each profile's weight in the first principal components, (U,).

    The first direction is what everybody shares and is left out. Attack profiles agree with few
    people, so that theirs is small (random fillers), or they are a component of their own.
    """
    wanted = min(components + 1, min(given.shape) - 1)
    if wanted < 2:
        return np.zeros(given.shape[0])
    left, values, _ = svds(_unit_rows(given).astype(np.float64), k=wanted, random_state=0)
    ordered = left[:, np.argsort(-values)]
    weights: np.ndarray = np.abs(ordered[:, 1:]).sum(axis=1) * np.sqrt(given.shape[0])
    return weights


def coherence(given: sparse.csr_matrix) -> np.ndarray:
    """Return how often others like together what this profile does, (U,); NaN below two entries.

    The mean over pairs of the number of other people who have both, over the geometric mean of
    how many have each.
    """
    root = 1.0 / np.sqrt(np.maximum(_popularity(given), 1.0))
    together = (given.T @ given).tocsr()
    together.setdiag(0)
    scaled = sparse.diags(root) @ together @ sparse.diags(root)
    lengths = np.diff(given.indptr)
    total = np.zeros(given.shape[0])
    for start in range(0, given.shape[0], BLOCK):
        part = given[start : start + BLOCK]
        total[start : start + BLOCK] = np.asarray(
            (part @ scaled).multiply(part).sum(axis=1)
        ).ravel()
    own = (given @ root) ** 2 - given @ root**2
    pairs = lengths * (lengths - 1.0)
    return np.where(pairs > 0, (total - own) / np.maximum(pairs, 1.0), NONE)


def rdma_of_ratings(ratings: np.ndarray) -> np.ndarray:
    """Return Chirita's RDMA of each profile, (U,): mean |rating - item's mean| / item's count.

    ratings: (U, I), 0 where there is none.
    """
    given = ratings > 0
    counts = np.maximum(given.sum(axis=0), 1)
    means = ratings.sum(axis=0) / counts
    deviation = np.where(given, np.abs(ratings - means) / counts, 0.0)
    found: np.ndarray = deviation.sum(axis=1) / np.maximum(given.sum(axis=1), 1)
    return found


def length_classes(given: sparse.csr_matrix) -> np.ndarray:
    """Return the class of each profile's length, (U,) whole numbers: two to a doubling."""
    return np.minimum(2 * np.log2(np.maximum(np.diff(given.indptr), 1)), 20).astype(int)


def rest_mean(given: sparse.csr_matrix, per_column: np.ndarray) -> np.ndarray:
    """Return the mean of `per_column` over the profile's other entries, (n,); NaN without any."""
    rows = row_of_entries(given)
    lengths = np.diff(given.indptr)[rows]
    rest = (given @ per_column)[rows] - per_column[given.indices]
    return np.where(lengths > 1, rest / np.maximum(lengths - 1, 1), NONE)


def popularity_of_rest(given: sparse.csr_matrix) -> np.ndarray:
    """Return how popular the other items of the profile are, (n,), by mean logarithm."""
    return rest_mean(given, np.log(np.maximum(_popularity(given), 1.0)))


def rarity_of_rest(given: sparse.csr_matrix) -> np.ndarray:
    """Return the RDMA of likes over the other items, (n,): the mean of 1 / popularity."""
    return rest_mean(given, 1.0 / np.maximum(_popularity(given), 1.0))


def agreement(given: sparse.csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Return what the other people with the same column share with the profile beside it, 2 x (n,).

    First the mean share of them who have each of the profile's other columns; then the logarithm
    of that overlap over what chance would give for columns of that popularity.
    """
    rows, columns = row_of_entries(given), given.indices
    popularity = _popularity(given)
    others = (np.diff(given.indptr)[rows] - 1).astype(float)
    mates = popularity[columns] - 1
    together = (given.T @ given).tocsr()
    overlap = np.zeros(len(columns))
    for start in range(0, given.shape[0], BLOCK):
        part = given[start : start + BLOCK]
        span = slice(given.indptr[start], given.indptr[min(start + BLOCK, given.shape[0])])
        shared = (part @ together).toarray()  # (B, C)
        overlap[span] = shared[rows[span] - start, columns[span]]
    overlap -= popularity[columns] + others
    fillers = np.asarray(together.sum(axis=1)).ravel() - popularity
    rest = (given @ popularity)[rows] - popularity[columns] - others
    share = (fillers[columns] - others) / max(float(popularity.sum()), 1.0)
    by_chance = np.maximum(rest, 0) * np.maximum(share, 0)
    known = (others > 0) & (mates > 0)
    mean_share = np.where(known, overlap / np.maximum(others * mates, 1), NONE)
    lift = np.where(known, np.log((np.maximum(overlap, 0) + 0.5) / (by_chance + 0.5)), NONE)
    return mean_share, lift


def burst(given: sparse.csr_matrix, at: np.ndarray) -> np.ndarray:
    """Return the share of a column's other entries that came within six hours of each, (n,)."""
    found = np.full(len(at), NONE)
    order = np.lexsort((at, given.indices))
    columns = given.indices[order]
    edges = np.flatnonzero(np.diff(columns)) + 1
    for group in np.split(order, edges):
        if len(group) < 4:
            continue
        moments = at[group]
        first = np.searchsorted(moments, moments - BURST_S, side="left")
        last = np.searchsorted(moments, moments + BURST_S, side="right")
        found[group] = (last - first - 1) / (len(group) - 1)
    return found


def account_age(given: sparse.csr_matrix, at: np.ndarray, joined: np.ndarray) -> np.ndarray:
    """Return how old the account was at each entry, (n,), by logarithm of its hours."""
    hours = np.maximum(at - joined[row_of_entries(given)], 0.0) / 3600.0
    return np.log1p(hours)


def _popularity(given: sparse.csr_matrix) -> np.ndarray:
    return np.asarray(given.sum(axis=0)).ravel()


def _unit_rows(given: sparse.csr_matrix) -> sparse.csr_matrix:
    lengths = np.maximum(np.diff(given.indptr), 1)
    return (sparse.diags(1.0 / np.sqrt(lengths)) @ given).tocsr()
