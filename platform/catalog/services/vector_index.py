"""The index of vectors (HNSW): one per encoder, as encoders differ in dimension.

Migrations cannot make it, because an encoder's name holds the digest of its weights and its
dimension is known only from what it made. It is made by a task once the catalogue is large, or by
`manage.py index_vectors`; without it the same queries are answered exactly and slowly.
"""

from __future__ import annotations

import hashlib
import logging

from django.conf import settings
from django.db import connection

from catalog.models import Embedding, Item

logger = logging.getLogger(__name__)

PREFIX = "embedding_hnsw_"
# Neighbours per node and candidates while building: pgvector's defaults. Recall is bought in
# searching (`catalog.near.CONSIDERED`, benchmarks/feed_latency.py).
LINKS, BUILD_CANDIDATES = 16, 64
# More than pgvector can index.
MOST_DIMENSIONS = 2000


def current_model() -> str | None:
    """Return the encoder in use: that of the newest vector. One query."""
    return Embedding.objects.order_by("-pk").values_list("model", flat=True).first()


def is_needed() -> bool:
    """Return whether there are more published items than are ranked whole. One short query."""
    most = settings.FEED_EXACT_ITEMS
    return Item.objects.visible()[: most + 1].count() > most


def index_name(model: str) -> str:
    """Return the name of an encoder's index."""
    return PREFIX + hashlib.sha256(model.encode()).hexdigest()[:12]


def ensure_vector_index(model: str | None = None, *, memory_mb: int = 256) -> str | None:
    """Make the index of this encoder's vectors (by default of the one in use) and return its name.

    Nothing is locked meanwhile. Safe to repeat; indexes of other encoders, and one that was left
    unfinished, are dropped. None where there are no vectors, or too wide ones.
    """
    model = model or current_model()
    first = Embedding.objects.filter(model=model).first() if model else None
    if model is None or first is None:
        return None
    width = len(first.vector)
    if width > MOST_DIMENSIONS:
        logger.warning("vectors of %s dimensions cannot be indexed", width)
        return None
    name = index_name(model)
    found = _indexes()
    for other, is_valid in found.items():
        if other != name or not is_valid:
            _run(f"DROP INDEX{_concurrently()} IF EXISTS {other}")
    if not found.get(name):
        _build(name, model, width, memory_mb)
    return name


def _build(name: str, model: str, width: int, memory_mb: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('maintenance_work_mem', %s, false)", [f"{memory_mb}MB"])
        cursor.execute(
            f"CREATE INDEX{_concurrently()} {name} ON catalog_embedding "
            f"USING hnsw ((vector::vector({int(width)})) vector_ip_ops) "
            f"WITH (m = {LINKS}, ef_construction = {BUILD_CANDIDATES}) WHERE model = %s",
            [model],
        )
        cursor.execute("RESET maintenance_work_mem")
    # The planner must know how many vectors are whose.
    _run("ANALYZE catalog_embedding")


def _indexes() -> dict[str, bool]:
    """Return the indexes of vectors that exist, and whether each is whole."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE i.indrelid = 'catalog_embedding'::regclass AND starts_with(c.relname, %s)",
            [PREFIX],
        )
        return dict(cursor.fetchall())


def _concurrently() -> str:
    """A transaction (a test's) cannot build beside others' writes."""
    return "" if connection.in_atomic_block else " CONCURRENTLY"


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
