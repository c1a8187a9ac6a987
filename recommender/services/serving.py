"""What every web process keeps in memory: the serving model, the vectors, the pool of items.

All three are hints for ranking only. What a person may see is always asked of the database.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from scipy import sparse

from catalog.models import Embedding, Item
from recommender.models import ModelVersion

POOL_SECONDS = 120.0
# Beyond this many the oldest items are reached by the collective model only.
POOL_ITEMS = 100_000
_lock = threading.Lock()


@dataclass(frozen=True)
class ServingModel:
    """A trained model as serving reads it; arrays are memory-mapped and shared by processes."""

    kind: str
    version: int
    weights: sparse.csr_matrix  # (I, I) strongest weights of B per row
    item_ids: np.ndarray  # (I,) ascending
    popularity: np.ndarray  # (I,) in [0, 1]

    def rows_of(self, ids: np.ndarray) -> np.ndarray:
        """Return the row of each item id; -1 where the model does not know it."""
        return rows_of(self.item_ids, ids)


def rows_of(known: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return the position of each id in `known` (ascending); -1 where it is not there."""
    if not len(known):
        return np.full(len(ids), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.where(known[at] == ids, at, -1)


@dataclass(frozen=True)
class Pool:
    """Published items as columns, newest first."""

    ids: np.ndarray  # (N,)
    published: np.ndarray  # (N,) seconds since the epoch
    origin: np.ndarray  # (N,) of str
    kind: np.ndarray
    garment_type: np.ndarray
    owner: np.ndarray  # (N,) owner id, 0 for the platform
    adult: np.ndarray  # (N,) bool
    colours: tuple[tuple[str, ...], ...]
    read_at: float


@dataclass(frozen=True)
class Vectors:
    """The vectors of one encoder, as a matrix."""

    model: str
    item_ids: np.ndarray  # (N,) ascending
    matrix: np.ndarray  # (N, D) float32
    last_pk: int


_model: ServingModel | None = None
_pool: Pool | None = None
_vectors: Vectors | None = None


def forget() -> None:
    """Drop everything kept; the next request reads it anew."""
    global _model, _pool, _vectors
    _model = _pool = _vectors = None


def forget_pool() -> None:
    """Drop the list of published items; the next request reads it anew."""
    global _pool
    _pool = None


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
    """Return the model stored in `folder`, memory-mapped."""

    def mapped(name: str) -> Any:
        return np.load(folder / f"{name}.npy", mmap_mode="r")

    config = json.loads((folder / "config.json").read_text())
    shape = (config["items"], config["items"])
    weights = sparse.csr_matrix(shape, dtype=np.float32)
    # Set after construction: the constructor would copy the mapped arrays.
    weights.data, weights.indices, weights.indptr = (
        mapped("data"),
        mapped("indices"),
        mapped("indptr"),
    )
    item_ids = np.load(folder / "item_ids.npy")
    return ServingModel(config["kind"], version, weights, item_ids, mapped("popularity"))


def item_pool() -> Pool:
    """Return the published items: read anew every two minutes, topped up in between. One query."""
    global _pool
    held = _pool
    if held is None or time.monotonic() - held.read_at > POOL_SECONDS:
        held = _pool = _read_pool(Item.objects.visible(), time.monotonic())
        return held
    newest = _read_pool(
        Item.objects.visible().filter(published_at__gt=_as_datetime(held)), held.read_at
    )
    if len(newest.ids):
        held = _pool = _joined(newest, held)
    return held


def _as_datetime(pool: Pool) -> datetime:
    return datetime.fromtimestamp(pool.published[0] if len(pool.ids) else 0.0, UTC)


def _read_pool(items: Any, read_at: float) -> Pool:
    rows = list(
        items.order_by("-published_at", "-id").values_list(
            "pk",
            "published_at",
            "origin",
            "kind",
            "garment_type",
            "owner_id",
            "age_rating",
            "colours",
        )[:POOL_ITEMS]
    )
    columns = list(zip(*rows, strict=True)) if rows else [()] * 8
    return Pool(
        ids=np.array(columns[0], dtype=np.int64),
        published=np.array([moment.timestamp() for moment in columns[1]], dtype=np.float64),
        origin=np.array(columns[2], dtype="U11"),
        kind=np.array(columns[3], dtype="U5"),
        garment_type=np.array(columns[4], dtype="U12"),
        owner=np.array([owner or 0 for owner in columns[5]], dtype=np.int64),
        adult=np.array([rating != Item.AgeRating.ALL for rating in columns[6]], dtype=bool),
        colours=tuple(tuple(names) for names in columns[7]),
        read_at=read_at,
    )


def _joined(newer: Pool, older: Pool) -> Pool:
    fresh = ~np.isin(newer.ids, older.ids)
    if not fresh.any():
        return older
    columns = {
        name: np.concatenate([getattr(newer, name)[fresh], getattr(older, name)])
        for name in ("ids", "published", "origin", "kind", "garment_type", "owner", "adult")
    }
    colours = tuple(c for c, kept in zip(newer.colours, fresh, strict=True) if kept)
    return Pool(**columns, colours=colours + older.colours, read_at=older.read_at)


def item_vectors() -> Vectors | None:
    """Return the vectors of the encoder in use; only new ones are read. One or two queries."""
    global _vectors
    newest = Embedding.objects.order_by("-pk").values_list("pk", "model").first()
    if newest is None:
        return None
    last_pk, model = newest
    held = _vectors
    if held is not None and held.model == model and held.last_pk == last_pk:
        return held
    with _lock:
        base = held if held is not None and held.model == model else None
        _vectors = _read_vectors(model, last_pk, base)
    return _vectors


def _read_vectors(model: str, last_pk: int, base: Vectors | None) -> Vectors:
    rows = Embedding.objects.filter(model=model, pk__gt=base.last_pk if base else 0)
    found = dict(rows.values_list("item_id", "vector"))
    ids = np.array(list(found), dtype=np.int64)
    matrix = np.array([np.asarray(v, dtype=np.float32) for v in found.values()], dtype=np.float32)
    if base is not None and len(ids):
        kept = ~np.isin(base.item_ids, ids)
        ids = np.concatenate([base.item_ids[kept], ids])
        matrix = np.concatenate([base.matrix[kept], matrix])
    elif base is not None:
        ids, matrix = base.item_ids, base.matrix
    order = np.argsort(ids)
    return Vectors(model, ids[order], np.ascontiguousarray(matrix[order]), last_pk)
