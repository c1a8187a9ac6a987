"""The trained model in service, loaded by every web process; its arrays are memory-mapped."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from django.conf import settings
from scipy import sparse

from recommender.core.rankers import FACTOR_KINDS, FactorRanker, Ranker, load_ranker
from recommender.core.ridge import Ridge
from recommender.models import ModelVersion
from recommender.services.pool import Pool, forget_pool, item_pool
from recommender.services.vectors import Vectors, forget_vectors, item_vectors, rows_of

__all__ = ["Pool", "ServingModel", "Vectors", "forget", "item_pool", "item_vectors", "rows_of"]


@dataclass(frozen=True)
class ServingModel:
    """A trained model as serving reads it; large arrays are memory-mapped, shared by processes."""

    kind: str
    version: int
    ranker: Ranker
    item_ids: np.ndarray  # (I,) ascending
    popularity: np.ndarray  # (I,) in [0, 1]
    config: dict[str, Any]
    # For models of vectors, where the catalogue has vectors of an encoder: an item's factor from
    # how it looks, and a person's place in the encoder's space from their factor.
    to_factor: Ridge | None = None
    to_content: Ridge | None = None

    def rows_of(self, ids: np.ndarray) -> np.ndarray:
        """Return the row of each item id; -1 where the model does not know it."""
        return rows_of(self.item_ids, ids)

    def scores(self, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Return one person's scores of all items, (I,), from signed opinions on `rows`."""
        return self.ranker.scores(self._profile(rows, values))[0]

    def vector(self, rows: np.ndarray, values: np.ndarray) -> np.ndarray | None:
        """Return one person's vector, (f,); None for a model that has none."""
        if self.kind not in FACTOR_KINDS:
            return None
        vectors: np.ndarray = cast(FactorRanker, self.ranker).fold_in(self._profile(rows, values))
        return vectors[0]

    def scores_by_looks(
        self, rows: np.ndarray, values: np.ndarray, vectors: np.ndarray
    ) -> np.ndarray | None:
        """Return one person's scores (n,) of items that the model never met, from their vectors.

        None where the model has no factors or was trained on vectors of another width.
        """
        person = self.vector(rows, values) if self.to_factor is not None else None
        if person is None or self.to_factor is None:
            return None
        if vectors.shape[1] != len(self.to_factor.middle):
            return None
        predicted: np.ndarray = self.to_factor(vectors) @ person
        return predicted

    def _profile(self, rows: np.ndarray, values: np.ndarray) -> sparse.csr_matrix:
        pointers = np.array([0, len(rows)])
        weights = np.asarray(values, dtype=np.float32)
        return sparse.csr_matrix((weights, rows, pointers), shape=(1, len(self.item_ids)))


_model: ServingModel | None = None


def forget() -> None:
    """Drop everything kept; the next request reads it anew."""
    global _model
    _model = None
    forget_pool()
    forget_vectors()


def serving_model() -> ServingModel | None:
    """Return the model in service, loaded again only when another was put in. One query."""
    global _model
    row = ModelVersion.objects.filter(is_serving=True).values_list("pk", "folder").first()
    if row is None:
        return None
    version, folder = row
    held = _model
    if held is None or held.version != version:
        held = _model = load_model(version, Path(settings.VAR_DIR) / folder)
    return held


def load_model(version: int, folder: Path) -> ServingModel:
    """Return the model stored in `folder`."""
    config = json.loads((folder / "config.json").read_text())
    maps = {
        name: Ridge.load(folder / f"{name}.npz")
        for name in ("to_factor", "to_content")
        if (folder / f"{name}.npz").exists()
    }
    return ServingModel(
        config["kind"],
        version,
        load_ranker(config["kind"], folder),
        np.load(folder / "item_ids.npy"),
        np.load(folder / "popularity.npy", mmap_mode="r"),
        config,
        **maps,
    )
