"""LightGCN, the plain graph baseline (He et al., SIGIR 2020): ids, smoothed over the graph.

E of layer l + 1 is D^-1/2 A D^-1/2 E, and a vector is the mean over layers 0 to K. A person met
after training has no id of their own; the rest of their vector is linear in what they like:
sum over i of (mean of the layers of i but the last) / sqrt(degree of i) / sqrt(number of likes).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class LightGCN:
    """A trained model as it serves."""

    items: np.ndarray  # (I, d) final vectors
    bridge: np.ndarray  # (I, d) what a like of the item adds to a person, times sqrt(likes)

    def fold_in(self, rows: sparse.csr_matrix) -> np.ndarray:
        """Return vectors (n, d) of people who like the positive entries of rows (n, I)."""
        liked = sparse.csr_matrix(rows > 0, dtype=np.float32)
        counts = np.maximum(np.diff(liked.indptr), 1)
        result: np.ndarray = (liked @ self.bridge) / np.sqrt(counts)[:, None]
        return result.astype(np.float32)

    def item_vectors(self) -> np.ndarray:
        """Return the items' vectors, (I, d)."""
        return self.items

    def scores(self, rows: sparse.csr_matrix) -> np.ndarray:
        """Return the scores of all items, (n, I)."""
        result: np.ndarray = self.fold_in(rows) @ self.items.T
        return result

    def contributions(
        self, rows: np.ndarray, values: np.ndarray, columns: np.ndarray
    ) -> np.ndarray:
        """Return each like's exact part in the scores of `columns`, (rows, columns)."""
        liked = (np.asarray(values) > 0).astype(np.float32)
        scale = liked / np.sqrt(max(float(liked.sum()), 1.0))
        parts: np.ndarray = scale[:, None] * (self.bridge[rows] @ self.items[columns].T)
        return parts

    def save(self, folder: Path) -> None:
        """Write the arrays into `folder`, which is made if need be."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "items.npy", self.items)
        np.save(folder / "bridge.npy", self.bridge)

    @classmethod
    def load(cls, folder: Path) -> LightGCN:
        """Return what `save` wrote, memory-mapped."""
        return cls(
            *(np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("items", "bridge"))
        )


def train_lightgcn(
    interactions: np.ndarray, n_users: int, n_items: int, **options: Any
) -> tuple[LightGCN, list[dict[str, float]]]:
    """Train a model; see `recommender.core.lightgcn_training.train`, imported when called."""
    from recommender.core.lightgcn_training import train

    return train(interactions, n_users, n_items, **options)
