"""Items near given vectors, by the index: fast and almost exact, with filters that cost nothing.

`selectors.nearest_items` is the exact way; here the index is walked on (`hnsw.iterative_scan`)
until enough items have passed every filter, so that a filter never makes the answer short.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Cast
from pgvector import Vector
from pgvector.django import MaxInnerProduct, VectorField

from catalog.models import Item

# How many neighbours the index considers at a time; more find more and take longer. The mean of
# what somebody likes lies between clusters, where 100 find .72 of the nearest hundred and 400 .99.
CONSIDERED = 400
# Give up walking on after this many vectors: others answer what one person's filters shut out.
MOST_SCANNED = 20_000


def near_items(
    *,
    vectors: np.ndarray,
    model: str,
    each: int,
    items: QuerySet[Item],
    considered: int = CONSIDERED,
) -> list[int]:
    """Return the ids of up to `each` of `items` nearest to each of `vectors` (n, D), without order.

    Vectors of length 1 by the encoder `model`, of its dimension. Four short queries.
    """
    if not len(vectors):
        return []
    statement, parameters = _nearest(vectors[0], model, each, items).query.sql_with_params()
    # Put together once and sent with every vector: that takes longer than answering it.
    texts = [Vector(vector).to_text() for vector in vectors]
    place = parameters.index(texts[0])
    bound = [
        part for text in texts for part in (*parameters[:place], text, *parameters[place + 1 :])
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        _set_scan(considered)
        cursor.execute(" UNION ".join([f"({statement})"] * len(vectors)), bound)
        return [int(row[0]) for row in cursor.fetchall()]


def _nearest(vector: np.ndarray, model: str, each: int, items: QuerySet[Item]) -> QuerySet[Any]:
    # The cast is the index's expression: without it the planner would not know it.
    known = Cast(F("embeddings__vector"), VectorField(dimensions=len(vector)))
    found = items.filter(embeddings__model=model).alias(distance=MaxInnerProduct(known, vector))
    return found.order_by("distance").values_list("pk")[:each]


def _set_scan(considered: int) -> None:
    """Let the index walk on past what the filters refuse, for this transaction alone."""
    settings = {
        "hnsw.iterative_scan": "relaxed_order",
        "hnsw.ef_search": str(considered),
        "hnsw.max_scan_tuples": str(MOST_SCANNED),
        # Compiling such a query takes longer than answering it.
        "jit": "off",
    }
    calls = ", ".join("set_config(%s, %s, true)" for _ in settings)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {calls}", [part for pair in settings.items() for part in pair])
