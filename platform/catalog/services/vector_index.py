"""The index of vectors (HNSW): one per encoder, as encoders differ in dimension.

Migrations cannot make it, because an encoder's name holds the digest of its weights and its
dimension is known only from what it made. It is made by a task once the catalogue is large, or by
`manage.py index_vectors`; without it the same queries are answered exactly and slowly.
"""

from __future__ import annotations

import hashlib
import logging

from django.conf import settings
from django.db import OperationalError, connection
from psycopg.errors import DiskFull, OutOfMemory

from catalog.models import Embedding, Item

logger = logging.getLogger(__name__)

PREFIX = "embedding_hnsw_"
# Neighbours per node and candidates while building: pgvector's defaults. Recall is bought in
# searching (`catalog.near.CONSIDERED`, benchmarks/feed_latency.py).
LINKS, BUILD_CANDIDATES = 16, 64
# More than pgvector can index.
MOST_DIMENSIONS = 2000
# What a node of the index takes in memory beside its vector, in bytes.
NODE_BYTES = 800
# Beyond it the rest is built on disk: slower, but no other process of the machine goes short.
MOST_MEMORY_MB = 2048


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


def memory_for(count: int, width: int) -> int:
    """Return the megabytes in which the index of `count` vectors is built without going to disk.

    At most `MOST_MEMORY_MB`.
    """
    return min(64 + count * (4 * width + NODE_BYTES) // 2**20, MOST_MEMORY_MB)


def ensure_vector_index(model: str | None = None, *, memory_mb: int | None = None) -> str | None:
    """Make the index of this encoder's vectors (by default of the one in use) and return its name.

    memory_mb: what building may take; by default as much as these vectors need, within bounds.
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
        if memory_mb is None:
            memory_mb = memory_for(Embedding.objects.filter(model=model).count(), width)
        _build(name, model, width, memory_mb)
    return name


def _build(name: str, model: str, width: int, memory_mb: int) -> None:
    try:
        _create(name, model, width, memory_mb)
    except OperationalError as error:
        if not isinstance(error.__cause__, (DiskFull, OutOfMemory)):
            raise
        # Several workers build in shared memory, of which a container may have little.
        logger.warning("the index is built by one process, since shared memory is short: %s", error)
        _run(f"DROP INDEX{_concurrently()} IF EXISTS {name}")
        _create(name, model, width, memory_mb, workers=0)
    # The planner must know how many vectors are whose.
    _run("ANALYZE catalog_embedding")


def _create(
    name: str, model: str, width: int, memory_mb: int, *, workers: int | None = None
) -> None:
    """Create the index; workers: processes that help (None: as many as the server would take)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('maintenance_work_mem', %s, false)", [f"{memory_mb}MB"])
        if workers is not None:
            cursor.execute(
                "SELECT set_config('max_parallel_maintenance_workers', %s, false)", [str(workers)]
            )
        cursor.execute(
            f"CREATE INDEX{_concurrently()} {name} ON catalog_embedding "
            f"USING hnsw ((vector::vector({int(width)})) vector_ip_ops) "
            f"WITH (m = {LINKS}, ef_construction = {BUILD_CANDIDATES}) WHERE model = %s",
            [model],
        )
        cursor.execute("RESET maintenance_work_mem")
        cursor.execute("RESET max_parallel_maintenance_workers")


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
