"""Ridge maps between spaces: from how an item looks to its factor, and from factors back.

The first gives a created item a place among those that people met; the second turns a person's
factor into a vector of the encoder's space, which a generator can be conditioned on.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

# Relative to the mean squared length of the rows; chosen by leave-one-out error.
STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0, 10.0)


@dataclass(frozen=True)
class Ridge:
    """y = (x - middle) W + base."""

    weights: np.ndarray  # (D, F)
    middle: np.ndarray  # (D,)
    base: np.ndarray  # (F,)
    l2: float

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Return the images of rows (n, D), (n, F) float32."""
        result: np.ndarray = (np.asarray(rows, dtype=np.float32) - self.middle) @ self.weights
        return result + self.base

    def save(self, path: Path) -> None:
        """Write an `.npz` file."""
        np.savez(path, weights=self.weights, middle=self.middle, base=self.base, l2=self.l2)

    @classmethod
    def load(cls, path: Path) -> Ridge:
        """Return what `save` wrote."""
        with np.load(path, allow_pickle=False) as parts:
            return cls(parts["weights"], parts["middle"], parts["base"], float(parts["l2"]))


def fit_ridge(
    sources: np.ndarray, targets: np.ndarray, row_weights: np.ndarray | None = None
) -> Ridge:
    """Return the ridge map from `sources` (n, D) to `targets` (n, F).

    The strength is the one of `STRENGTHS` with the least leave-one-out error, which for ridge has
    a closed form: each residual divided by 1 - h_ii. row_weights: (n,), how much each row counts.
    Raises ValueError when there are fewer than two rows or they are not finite.
    """
    x, y = np.asarray(sources, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    if len(x) != len(y) or len(x) < 2:
        raise ValueError(f"a map needs at least two pairs of rows, got {len(x)} and {len(y)}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("rows to be mapped must be finite numbers")
    w = np.ones(len(x)) if row_weights is None else np.asarray(row_weights, dtype=np.float64)
    middle, base = np.average(x, axis=0, weights=w), np.average(y, axis=0, weights=w)
    root = np.sqrt(w / w.mean())[:, None]
    x, y = (x - middle) * root, (y - base) * root
    values, vectors = np.linalg.eigh(x.T @ x)  # (D,), (D, D)
    values = np.maximum(values, 0.0)
    turned = x @ vectors  # (n, D)
    aims = turned.T @ y  # (D, F)
    scale = max(float(values.sum()) / max(x.shape[1], 1), 1e-12)
    tried = [
        (_leave_one_out(turned, aims, y, values, strength * scale), strength * scale)
        for strength in STRENGTHS
    ]
    l2 = min(tried)[1]
    weights = vectors @ (aims / (values + l2)[:, None])
    narrow = np.float32
    return Ridge(weights.astype(narrow), middle.astype(narrow), base.astype(narrow), float(l2))


def _leave_one_out(
    turned: np.ndarray, aims: np.ndarray, y: np.ndarray, values: np.ndarray, l2: float
) -> float:
    """Return the mean squared error of predicting each row from all the others."""
    shrunk = turned / (values + l2)
    leverage = np.minimum((shrunk * turned).sum(axis=1), 1 - 1e-6)
    residual = (y - shrunk @ aims) / (1 - leverage)[:, None]
    return float((residual**2).mean())


def unit(rows: np.ndarray) -> np.ndarray:
    """Return rows (n, D) of length 1; rows of zeros stay zeros."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    result: np.ndarray = rows / np.maximum(lengths, 1e-9)
    return result.astype(np.float32)
