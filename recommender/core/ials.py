"""iALS: factors of implicit feedback by alternating least squares, with exact fold-in.

Hu, Koren, Volinsky, "Collaborative Filtering for Implicit Feedback Datasets" (ICDM 2008). An
opinion of weight r has confidence c = alpha |r| and preference p = 1 (0 for a negative one);
unseen pairs have confidence 1 and preference 0. For a person with rows V of the items' factors,

    x = A^-1 V' c p,   A = G + V' diag(c - 1) V,   G = Y'Y + lambda 1,

which by the Woodbury identity needs only an (n, n) system in the n opinions once G^-1 is known:
x = G^-1 V' z with (1 + diag(c - 1) K) z = c p and K = V G^-1 V'. Most people have few opinions,
so a sweep costs little more than reading them, and a new like is folded in at once. The score of
item j is a sum of z_i (V G^-1 Y')_ij. The reason of a score is what it would lose without each
opinion, exactly, which has a closed form too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

# People with about as many opinions are solved together, up to this many padded entries.
BLOCK_ENTRIES = 200_000


@dataclass(frozen=True)
class IALS:
    """Trained item factors and what folding in needs."""

    items: np.ndarray  # Y (I, f) float32
    inverse: np.ndarray  # G^-1 (f, f) float32
    alpha: float

    def fold_in(self, rows: sparse.csr_matrix) -> np.ndarray:
        """Return the factors of people with these signed opinions (n, I), (n, f) float32."""
        return _solve(self.items, self.inverse, rows, self.alpha)

    def item_vectors(self) -> np.ndarray:
        """Return the items' factors, (I, f)."""
        return self.items

    def scores(self, rows: sparse.csr_matrix) -> np.ndarray:
        """Return the scores of all items for these opinions, (n, I)."""
        result: np.ndarray = self.fold_in(rows) @ self.items.T
        return result

    def contributions(
        self, rows: np.ndarray, values: np.ndarray, columns: np.ndarray
    ) -> np.ndarray:
        """Return by how much each score of `columns` falls without each opinion, (rows, columns).

        Exact, in closed form: taking opinion i out of x = A^-1 b is a change of rank one, and with
        u = A^-1 v_i, k = c_i - 1 and s = v_i' x the factor loses u (c_i p_i - k s) / (1 - k v_i'u).
        """
        if not len(rows):
            return np.zeros((0, len(columns)), dtype=np.float32)
        values = np.asarray(values, dtype=np.float32)
        known = np.asarray(self.items[rows])
        confidence = self.alpha * np.abs(values)
        solved = self._seen_from(known, confidence)
        wanted = np.where(values > 0, confidence, 0.0)
        scores = known @ (solved.T @ wanted)
        leverage = np.einsum("nf,nf->n", known, solved)
        loss = (wanted - (confidence - 1) * scores) / (1 - (confidence - 1) * leverage)
        parts: np.ndarray = loss[:, None] * (solved @ np.asarray(self.items[columns]).T)
        return parts

    def _seen_from(self, known: np.ndarray, confidence: np.ndarray) -> np.ndarray:
        """Return A^-1 v of each of the opinions' items V (n, f), by the smaller of two systems."""
        weights = (confidence - 1)[:, None]
        if len(known) > self.inverse.shape[0]:
            whole = np.linalg.inv(self.inverse) + known.T @ (weights * known)
            longer: np.ndarray = np.linalg.solve(whole, known.T).T
            return longer
        # A^-1 V' = G^-1 V' (1 + diag(c - 1) K)^-1.
        near = known @ self.inverse
        system = weights * (near @ known.T) + np.eye(len(known), dtype=np.float32)
        shorter: np.ndarray = np.linalg.solve(system.T, near)
        return shorter

    def save(self, folder: Path) -> None:
        """Write the arrays into `folder`, which is made if need be."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "items.npy", self.items)
        np.save(folder / "inverse.npy", self.inverse)
        np.save(folder / "alpha.npy", np.float64(self.alpha))

    @classmethod
    def load(cls, folder: Path) -> IALS:
        """Return what `save` wrote; the factors are memory-mapped."""
        return cls(
            np.load(folder / "items.npy", mmap_mode="r"),
            np.load(folder / "inverse.npy"),
            float(np.load(folder / "alpha.npy")),
        )


def fit_ials(
    opinions: sparse.csr_matrix,
    *,
    factors: int = 128,
    l2: float = 50.0,
    alpha: float = 20.0,
    sweeps: int = 10,
    seed: int = 0,
) -> IALS:
    """Return a model of signed opinions (U, I) after `sweeps` over people and items."""
    if l2 <= 0 or alpha <= 0:
        raise ValueError(f"l2 and alpha must be positive, got {l2} and {alpha}")
    rows = opinions.tocsr().astype(np.float32)
    columns = rows.T.tocsr()
    rng = np.random.default_rng(seed)
    items = rng.normal(0, 0.1 / np.sqrt(factors), (rows.shape[1], factors)).astype(np.float32)
    for _ in range(sweeps):
        users = _solve(items, _inverse(items, l2), rows, alpha)
        items = _solve(users, _inverse(users, l2), columns, alpha)
    return IALS(items, _inverse(items, l2), alpha)


def _inverse(factors: np.ndarray, l2: float) -> np.ndarray:
    gram = factors.T.astype(np.float64) @ factors + l2 * np.eye(factors.shape[1])
    return np.linalg.inv(gram).astype(np.float32)


def _solve(
    factors: np.ndarray, inverse: np.ndarray, rows: sparse.csr_matrix, alpha: float
) -> np.ndarray:
    """Return x of every row, (n, f); rows without opinions get zeros."""
    solved = np.zeros((rows.shape[0], factors.shape[1]), dtype=np.float32)
    if 2 * rows.nnz < rows.shape[1]:
        # One person touches a few items: the rest of a large catalogue need not be looked at.
        used, places = np.unique(rows.indices, return_inverse=True)
        factors = np.asarray(factors[used])
        rows = sparse.csr_matrix(
            (rows.data, places, rows.indptr), shape=(rows.shape[0], len(used)), copy=False
        )
    near = np.asarray(factors) @ inverse  # Y G^-1 (I, f)
    counts = np.diff(rows.indptr)
    order = np.argsort(counts, kind="stable")
    order = order[counts[order] > 0]
    start = 0
    while start < len(order):
        # The rows of a block are padded to its longest, its last.
        stop = _block_end(counts[order], start, factors.shape[1])
        block = order[start:stop]
        solved[block] = _solve_block(factors, near, rows, block, alpha)
        start = stop
    return solved


def _block_end(counts: np.ndarray, start: int, width: int) -> int:
    stop = start + 1
    while stop < len(counts) and (stop + 1 - start) * counts[stop] * width <= BLOCK_ENTRIES * 16:
        # Padding to twice the length costs more than a further block.
        if counts[stop] > 2 * counts[start] + 4:
            break
        stop += 1
    return stop


def _solve_block(
    factors: np.ndarray,
    near: np.ndarray,
    rows: sparse.csr_matrix,
    block: np.ndarray,
    alpha: float,
) -> np.ndarray:
    counts = np.diff(rows.indptr)[block]
    longest = int(counts.max())
    if longest > 2 * factors.shape[1]:
        return np.stack([_solve_long(factors, near, rows, row, alpha) for row in block])
    place = np.arange(longest)
    there = place < counts[:, None]  # (b, n)
    at = np.where(there, rows.indptr[block][:, None] + place, 0)
    index = rows.indices[at]
    values = np.where(there, rows.data[at], 0.0)
    known, close = np.asarray(factors[index]), near[index]  # (b, n, f)
    kernel = close @ known.transpose(0, 2, 1)  # (b, n, n)
    z = _weights(kernel, values, alpha)
    result: np.ndarray = np.einsum("bn,bnf->bf", np.where(there, z, 0.0), close)
    return result


def _weights(kernel: np.ndarray, values: np.ndarray, alpha: float) -> np.ndarray:
    """Return z of (1 + diag(c - 1) K) z = c p for one row or a stack of rows; 0 is no opinion."""
    there = values != 0
    confidence = np.where(there, alpha * np.abs(values), 1.0)
    system = (confidence - 1)[..., :, None] * kernel + np.eye(values.shape[-1], dtype=np.float32)
    wanted = np.where(values > 0, confidence, 0.0)
    result: np.ndarray = np.linalg.solve(system, wanted[..., None])[..., 0]
    return result


def _solve_long(
    factors: np.ndarray, near: np.ndarray, rows: sparse.csr_matrix, row: int, alpha: float
) -> np.ndarray:
    """Return x of a row with more opinions than factors, by the (f, f) system."""
    span = slice(rows.indptr[row], rows.indptr[row + 1])
    values = rows.data[span]
    known, close = np.asarray(factors[rows.indices[span]]), near[rows.indices[span]]
    confidence = alpha * np.abs(values)
    # G^-1 A = 1 + G^-1 V' diag(c - 1) V, so G itself is not needed.
    system = np.eye(factors.shape[1]) + close.T @ ((confidence - 1)[:, None] * known)
    wanted = close.T @ np.where(values > 0, confidence, 0.0)
    result: np.ndarray = np.linalg.solve(system, wanted)
    return result
