"""Vectors of items by the encoder in use: all in memory while they are few, else as needed."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection

from catalog.models import Embedding
from recommender.services.pool import Outline, is_small

# Vectors of items drawn evenly, which tell how high a score of content usually is.
SAMPLE = 512
# (items, their vectors one after the other, dimension, encoder) by one encoder.
_PACKED = (
    "SELECT array_agg(item_id), string_agg(vector_send(vector), ''::bytea), "
    "max(vector_dims(vector)), max(model) FROM catalog_embedding WHERE "
)
# The encoder in use is that of the newest vector.
_IN_USE = "(SELECT model FROM catalog_embedding ORDER BY id DESC LIMIT 1)"
NEWER = _PACKED + "model = %s AND id > %s"
OF_ITEMS = _PACKED + "model = %s AND item_id = ANY(%s)"
OF_ITEMS_IN_USE = _PACKED + f"model = {_IN_USE} AND item_id = ANY(%s)"
_lock = threading.Lock()


@dataclass(frozen=True)
class Vectors:
    """The vectors of one encoder, as a matrix."""

    model: str
    item_ids: np.ndarray  # (N,) ascending
    matrix: np.ndarray  # (N, D) float32
    last_pk: int


_vectors: Vectors | None = None
_sample: tuple[str, float, np.ndarray] | None = None


def rows_of(known: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return the position of each id in `known` (ascending); -1 where it is not there."""
    if not len(known):
        return np.full(len(ids), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.where(known[at] == ids, at, -1)


def forget_vectors() -> None:
    """Drop what is kept in memory."""
    global _vectors, _sample
    _vectors = _sample = None


def vectors_for(item_ids: Collection[int]) -> Vectors | None:
    """Return the vectors of at least these items; None where the encoder has made none.

    In a small catalogue those of all items, from memory; in a large one just these. One query.
    """
    if is_small():
        return item_vectors()
    found = read_vectors(None, item_ids)
    return found if found.model else None


def newest_vector() -> tuple[int, str] | None:
    """Return (id, encoder) of the newest vector, which says what encoder is in use. One query."""
    return Embedding.objects.order_by("-pk").values_list("pk", "model").first()


def item_vectors() -> Vectors | None:
    """Return the vectors of all items by the encoder in use; only new ones are read."""
    global _vectors
    newest = newest_vector()
    if newest is None:
        return None
    last_pk, model = newest
    held = _vectors
    if held is not None and held.model == model and held.last_pk == last_pk:
        return held
    with _lock:
        base = held if held is not None and held.model == model else None
        since = base.last_pk if base else 0
        _vectors = joined(base, _read(NEWER, [model, since], last_pk, model))
    return _vectors


def read_vectors(model: str | None, item_ids: Collection[int]) -> Vectors:
    """Return the vectors of these items by this encoder, by default the one in use. One query.

    Without any vector the encoder's name is empty where none was given.
    """
    ids = [int(item) for item in item_ids]
    if model is None:
        return _read(OF_ITEMS_IN_USE, [ids], 0)
    return _read(OF_ITEMS, [model, ids], 0, model)


def sample_vectors(model: str, outline: Outline) -> np.ndarray:
    """Return the vectors (n, D) of some items of a large catalogue, the same until it is read anew.

    What is usual is measured on them, where measuring it on every item would take too long.
    """
    global _sample
    held = _sample
    if held is not None and held[:2] == (model, outline.read_at):
        return held[2]
    ids = np.concatenate([*outline.groups.values(), np.zeros(0, dtype=np.int64)])
    rng = np.random.default_rng(0)
    drawn = rng.choice(ids, size=min(SAMPLE, len(ids)), replace=False) if len(ids) else ids
    matrix = read_vectors(model, [int(item) for item in drawn]).matrix
    _sample = (model, outline.read_at, matrix)
    return matrix


def _read(statement: str, parameters: list[Any], last_pk: int, model: str = "") -> Vectors:
    """Return vectors as the database sends them: big-endian floats after a header of four bytes.

    All in one row and as bytes, since parsing text row by row takes most of the time of a page.
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found, sent, width, read_model = cursor.fetchone()
    if not found:
        return Vectors(model, np.zeros(0, dtype=np.int64), np.zeros((0, 0), np.float32), last_pk)
    ids = np.array(found, dtype=np.int64)
    words = np.frombuffer(sent, dtype=">f4").reshape(len(ids), width + 1)
    order = np.argsort(ids)
    return Vectors(read_model, ids[order], words[order, 1:].astype(np.float32), last_pk)


def joined(base: Vectors | None, newer: Vectors) -> Vectors:
    """Return the vectors of both, those of `newer` where both have some."""
    if base is None or not len(base.item_ids):
        return newer
    if not len(newer.item_ids):
        return Vectors(base.model, base.item_ids, base.matrix, newer.last_pk)
    kept = ~np.isin(base.item_ids, newer.item_ids)
    ids = np.concatenate([base.item_ids[kept], newer.item_ids])
    matrix = np.concatenate([base.matrix[kept], newer.matrix])
    order = np.argsort(ids)
    return Vectors(base.model, ids[order], np.ascontiguousarray(matrix[order]), newer.last_pk)
