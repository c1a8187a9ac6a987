"""The bipartite graph of people and items, as the graph models walk it (NumPy half)."""

from __future__ import annotations

import numpy as np
from scipy import sparse


def to_likes(interactions: np.ndarray, n_users: int, n_items: int) -> sparse.csr_matrix:
    """Return (n, 2) rows of (user, item) as a (U, I) float32 matrix of ones; repeats count once.

    Raises ValueError for a wrong shape and for indices outside the graph.
    """
    pairs = np.asarray(interactions)
    if pairs.ndim != 2 or pairs.shape[1] < 2:
        raise ValueError(f"interactions must be (n, 2) rows of user and item, got {pairs.shape}")
    users, items = pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64)
    if len(pairs) and (min(users.min(), items.min()) < 0):
        raise ValueError("user and item numbers start at 0")
    if len(pairs) and (users.max() >= n_users or items.max() >= n_items):
        raise ValueError(f"a user or item number lies outside {n_users} users, {n_items} items")
    likes = sparse.csr_matrix(
        (np.ones(len(pairs), dtype=np.float32), (users, items)), shape=(n_users, n_items)
    )
    likes.sum_duplicates()
    likes.data[:] = 1.0
    return likes


MEAN, ROOT = "mean", "root"


class Bipartite:
    """The (U + I, U + I) symmetric 0/1 adjacency of people (first) and items."""

    def __init__(self, likes: sparse.csr_matrix) -> None:
        ordered = likes.sorted_indices()
        self.people = ordered.shape[0]
        self.full = sparse.bmat([[None, ordered], [ordered.T, None]], format="csr").astype(
            np.float32
        )
        self.full.sort_indices()
        # The entries of the upper half are the edges in order; where is each in the lower half?
        edges = sparse.csr_matrix(
            (np.arange(1, ordered.nnz + 1), ordered.indices, ordered.indptr), shape=ordered.shape
        )
        order = edges.T.tocsr().sorted_indices().data - 1
        self._mirrored = np.empty(len(order), dtype=np.int64)
        self._mirrored[order] = np.arange(len(order)) + len(order)

    def without(self, edges: np.ndarray) -> sparse.csr_matrix:
        """Return the adjacency without these edges, numbered as the entries of the likes."""
        keep = np.ones(self.full.nnz, dtype=bool)
        keep[edges] = False
        keep[self._mirrored[edges]] = False
        passed = np.concatenate([[0], np.cumsum(keep)])
        return sparse.csr_matrix(
            (self.full.data[keep], self.full.indices[keep], passed[self.full.indptr]),
            shape=self.full.shape,
        )


def averaged(
    graph: sparse.csr_matrix, how: str, column_degrees: np.ndarray | None = None
) -> sparse.csr_matrix:
    """Return a 0/1 pattern (R, N) scaled so that a product with it averages over neighbours.

    "mean" divides each row by its number of entries d; "root" each entry by the root of d and of
    the column's degree (column_degrees, (N,)), so that what many are joined to stays larger.
    """
    counts = np.diff(graph.indptr)
    rows = np.repeat(np.maximum(counts, 1), counts).astype(np.float32)
    scaled = graph.astype(np.float32).copy()
    if how == MEAN:
        scaled.data = 1.0 / rows
    else:
        columns = degrees(graph.T.tocsr()) if column_degrees is None else column_degrees
        scaled.data = (1.0 / np.sqrt(rows * columns[graph.indices])).astype(np.float32)
    return scaled


def degrees(graph: sparse.csr_matrix) -> np.ndarray:
    """Return each node's number of neighbours, at least 1, (N,) float32."""
    return np.maximum(np.diff(graph.indptr), 1).astype(np.float32)


class NegativeSampler:
    """Draws, for each given user, an item that the user has no interaction with (BPR)."""

    def __init__(self, likes: sparse.csr_matrix, rng: np.random.Generator) -> None:
        self._items = likes.shape[1]
        rows = np.repeat(np.arange(likes.shape[0], dtype=np.int64), np.diff(likes.indptr))
        self._known = np.sort(rows * self._items + likes.indices)
        self._rng = rng

    def draw(self, users: np.ndarray, tries: int = 8) -> np.ndarray:
        """Return one item per user, (n,); a user of nearly everything may get a known one."""
        items = self._rng.integers(self._items, size=len(users))
        for _ in range(tries):
            taken = np.flatnonzero(self._is_known(users, items))
            if not len(taken):
                break
            items[taken] = self._rng.integers(self._items, size=len(taken))
        return items

    def _is_known(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        if not len(self._known):
            return np.zeros(len(users), dtype=bool)
        keys = users.astype(np.int64) * self._items + items
        at = np.minimum(np.searchsorted(self._known, keys), len(self._known) - 1)
        return self._known[at] == keys
