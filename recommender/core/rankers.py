"""One face for all trained models: opinions in, scores of all items and their reasons out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from scipy import sparse

from recommender.core.ease import contributions, fold_in
from recommender.core.ials import IALS
from recommender.core.lightgcn import LightGCN
from recommender.core.mmgcn import MMGCN

EASE, IALS_KIND, LIGHTGCN_KIND, MMGCN_KIND = "ease", "ials", "lightgcn", "mmgcn"
# Models whose people and items are vectors; EASE has item-to-item weights only.
FACTOR_KINDS = (IALS_KIND, MMGCN_KIND, LIGHTGCN_KIND)


class Ranker(Protocol):
    """A trained model. A person is a row of signed opinions: a new like counts at once."""

    def scores(self, rows: sparse.csr_matrix) -> np.ndarray:
        """Return the scores of all items for each row of opinions, (n, I)."""

    def contributions(
        self, rows: np.ndarray, values: np.ndarray, columns: np.ndarray
    ) -> np.ndarray:
        """Return what each opinion (item `rows`, signed `values`) adds to each of `columns`."""

    def save(self, folder: Path) -> None:
        """Write the model into `folder`."""


class FactorRanker(Ranker, Protocol):
    """A model of vectors: a score is the dot product of a person's and an item's."""

    def fold_in(self, rows: sparse.csr_matrix) -> np.ndarray:
        """Return the vectors of people with these opinions, (n, f)."""

    def item_vectors(self) -> np.ndarray:
        """Return the items' vectors, (I, f)."""


@dataclass(frozen=True)
class Ease:
    """The strongest item-to-item weights of collective EASE."""

    weights: sparse.csr_matrix  # (I, I)

    def scores(self, rows: sparse.csr_matrix) -> np.ndarray:
        """Return x B for each row of opinions, (n, I)."""
        if rows.shape[0] == 1:
            return fold_in(self.weights, rows.indices, rows.data)[None]
        return cast(np.ndarray, (rows @ self.weights).toarray())

    def contributions(
        self, rows: np.ndarray, values: np.ndarray, columns: np.ndarray
    ) -> np.ndarray:
        """Return each opinion's exact part in the scores of `columns`."""
        return contributions(self.weights, rows, values, columns)

    def save(self, folder: Path) -> None:
        """Write the three arrays of the sparse matrix."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("data", "indices", "indptr"):
            np.save(folder / f"{name}.npy", getattr(self.weights, name))

    @classmethod
    def load(cls, folder: Path) -> Ease:
        """Return what `save` wrote, memory-mapped and shared by processes."""
        parts = {
            name: np.load(folder / f"{name}.npy", mmap_mode="r")
            for name in ("data", "indices", "indptr")
        }
        items = len(parts["indptr"]) - 1
        weights = sparse.csr_matrix((items, items), dtype=np.float32)
        # Set after construction: the constructor would copy the mapped arrays.
        weights.data, weights.indices, weights.indptr = (
            parts["data"],
            parts["indices"],
            parts["indptr"],
        )
        return cls(weights)


_LOADERS: dict[str, Callable[[Path], Any]] = {
    EASE: Ease.load,
    IALS_KIND: IALS.load,
    LIGHTGCN_KIND: LightGCN.load,
    MMGCN_KIND: MMGCN.load,
}


def load_ranker(kind: str, folder: Path) -> Ranker:
    """Return the model of this kind that lies in `folder`; KeyError for an unknown kind."""
    return cast(Ranker, _LOADERS[kind](folder))
