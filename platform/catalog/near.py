"""Items near given vectors, by the index: fast and almost exact, with filters that cost nothing.

`selectors.nearest_items` is the exact way; here the index is walked on (`hnsw.iterative_scan`)
until enough items have passed every filter, so that a filter never makes the answer short.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from django.db.models import QuerySet
from pgvector import Vector

from catalog.models import Item

# How many neighbours the index considers at a time; more find more and take longer. The mean of
# what somebody likes lies between clusters, where 100 find .72 of the nearest hundred and 400 .99.
CONSIDERED = 400
# Give up walking on after this many vectors: others answer what one person's filters shut out.
MOST_SCANNED = 20_000
# The cast is the index's expression: without it the planner would not know it.
_NEAREST = (
    "SELECT item.pk FROM ({items}) AS item "
    "JOIN catalog_embedding AS known ON known.item_id = item.pk WHERE known.model = %s "
    "ORDER BY known.vector::vector({width}) <#> %s LIMIT %s"
)
# Let the index walk on past what the filters refuse. Compiling such a query (jit) takes longer than
# answering it.
_SETTINGS = (
    "SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true), "
    "set_config('hnsw.ef_search', %s, true), set_config('hnsw.max_scan_tuples', %s, true), "
    "set_config('jit', 'off', true)"
)
_WITHOUT = "SELECT * FROM ({items}) AS item WHERE NOT item.pk = ANY(%s)"


class Selection(NamedTuple):
    """A choice of items as text, to be narrowed in several ways: putting it together costs most.

    Its columns include `pk`.
    """

    sql: str
    params: tuple[Any, ...]

    @classmethod
    def of(cls, items: QuerySet[Any]) -> Selection:
        """Return a query that yields values (`values_list`), in no order, as text."""
        return cls(*items.order_by().query.sql_with_params())

    def without(self, ids: list[int]) -> Selection:
        """Return the selection without these items."""
        sql = _WITHOUT.format(items=self.sql)
        return Selection(sql, (*self.params, ids))


def near_items(
    *,
    vectors: np.ndarray,
    model: str,
    each: int,
    items: QuerySet[Item] | Selection,
    considered: int = CONSIDERED,
) -> list[int]:
    """Return the ids of up to `each` of `items` nearest to each of `vectors` (n, D), without order.

    Vectors of length 1 by the encoder `model`, of its dimension. One query.
    """
    if not len(vectors):
        return []
    if isinstance(items, QuerySet):
        items = Selection.of(items.values_list("pk"))
    search, params = _search(items, vectors, model, each)
    with connection.cursor() as cursor:
        # In one message, which is a transaction by itself: the settings hold for this search alone.
        cursor.execute(f"{_SETTINGS}; {search}", [str(considered), str(MOST_SCANNED), *params])
        cursor.nextset()
        return [int(row[0]) for row in cursor.fetchall()]


def _search(items: Selection, vectors: np.ndarray, model: str, each: int) -> tuple[str, list[Any]]:
    statement = _NEAREST.format(items=items.sql, width=vectors.shape[1])
    params: list[Any] = []
    for vector in vectors:
        params += [*items.params, model, Vector(vector).to_text(), each]
    return " UNION ".join([f"({statement})"] * len(vectors)), params
