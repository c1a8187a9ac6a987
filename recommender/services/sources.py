"""Where candidates come from in a catalogue too large to rank whole: each source names some ids."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from django.db.models import Q, QuerySet

from catalog.models import Item
from catalog.near import Selection, near_items
from recommender.core.content import mean_direction
from recommender.services.pool import COLUMNS, Outline, members, with_seconds
from recommender.services.reasons import LIKED_VECTORS, Person
from recommender.services.serving import ServingModel
from recommender.services.vectors import Vectors, rows_of

# Newest likes whose own neighbours are looked up, beside those of the mean of all: each costs time.
NEIGHBOURS_OF = 1
# With so many positive opinions the interests picked at sign-up hardly count any more.
INTERESTS_UNTIL = 6


@dataclass(frozen=True)
class Known:
    """The rows of a trained model by group, so that a page need not look at the catalogue."""

    version: int
    read_at: float
    rows: dict[tuple[str, str], np.ndarray]
    popular: np.ndarray  # all rows, most popular first

    def members(
        self, *, is_ai: bool, origins: Collection[str] | None, ratings: Collection[str]
    ) -> np.ndarray:
        """Return the rows, ascending, of what AI made, or of the rest, that the ratings admit."""
        parts = members(self.rows, is_ai=is_ai, origins=origins, ratings=ratings)
        if len(parts) == 1:
            return parts[0]
        return np.sort(np.concatenate([*parts, np.zeros(0, dtype=np.int64)]))


_known: Known | None = None


def known_rows(model: ServingModel, outline: Outline) -> Known:
    """Return the model's rows by group, worked out once for a model and an outline."""
    global _known
    held = _known
    if held is None or (held.version, held.read_at) != (model.version, outline.read_at):
        rows = {key: model.rows_of(ids) for key, ids in outline.groups.items()}
        rows = {key: found[found >= 0] for key, found in rows.items()}
        popular = np.argsort(-np.asarray(model.popularity), kind="stable")
        held = _known = Known(model.version, outline.read_at, rows, popular)
    return held


def collective_ids(
    scores: np.ndarray, groups: Collection[np.ndarray], barred: np.ndarray, count: int
) -> list[np.ndarray]:
    """Return the rows of the `count` best scores of each group of rows, without the barred rows."""
    masked = scores.copy()
    masked[barred] = -np.inf
    best = []
    for rows in groups:
        own = masked[rows]
        most = min(count, len(rows))
        found = rows[np.argpartition(-own, most - 1)[:most]] if most else rows
        best.append(found[masked[found] > -np.inf])
    return best


def popular_rows(
    known: Known, groups: Collection[np.ndarray], barred: np.ndarray, count: int
) -> list[np.ndarray]:
    """Return the most popular rows of each group (ascending); only the list's head is looked at."""
    head = known.popular[: 20 * count + len(barred)]
    head = head[~np.isin(head, barred)]
    return [head[rows_of(rows, head) >= 0][:count] for rows in groups]


def content_ids(person: Person, liked: Vectors | None, items: Selection, count: int) -> list[int]:
    """Return items that look like what the person likes: like all of it, and like the newest."""
    if liked is None or not len(liked.item_ids) or not person.positive:
        return []
    rows = rows_of(liked.item_ids, np.array(person.positive[:LIKED_VECTORS], dtype=np.int64))
    held = liked.matrix[rows[rows >= 0]]
    if not len(held):
        return []
    queries = np.concatenate([mean_direction(held)[None], held[:NEIGHBOURS_OF]])
    return near_items(vectors=queries, model=liked.model, each=count, items=items)


class Row(NamedTuple):
    """What ranking must know of an item: the columns of a pool."""

    pk: int
    seconds: float
    origin: str
    kind: str
    garment_type: str
    owner_id: int | None
    age_rating: str
    colours: list[str]


def read_candidates(
    person: Person,
    items: QuerySet[Item],
    *,
    named: Collection[int],
    excluded: list[int],
    followed: Collection[int],
    count: int,
) -> tuple[list[Row], set[int]]:
    """Return the rows of the items that were named or stand on a list, and the ids on the lists.

    The lists are the newest `count` of each group, of followed people, and of what was asked for,
    without the excluded; those of the groups fill a page whatever other sources find. Only of
    `items`. One query.
    """
    every = _selection(items)
    some = every.without(excluded)
    parts = [
        _part(_NAMED, every, [list(named)]),
        _part(_NEWEST, some, [count], "origin = 'ai'"),
        _part(_NEWEST, some, [count], "origin <> 'ai'"),
    ]
    if followed:
        parts.append(_part(_NEWEST, some, [list(followed), count], "owner_id = ANY(%s)"))
    for condition in filter(None, (_interests(person), person.wishes.wanted())):
        fitting = _selection(items.filter(condition)).without(excluded)
        parts.append(_part(_NEWEST, fitting, [count], "true"))
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(f"({part.sql})" for part in parts),
            [param for part in parts for param in part.params],
        )
        found = cursor.fetchall()
    rows = {row[0]: Row(*row[:-1]) for row in found}
    return list(rows.values()), {row[0] for row in found if row[-1]}


# Rows as in `Row`, each with whether it stands on a list.
_COLUMNS = ", ".join(COLUMNS)
_NAMED = "SELECT {columns}, false FROM ({items}) AS item WHERE pk = ANY(%s)"
_NEWEST = (
    "SELECT {columns}, true FROM ({items}) AS item WHERE {condition} "
    "ORDER BY published_at DESC, pk DESC LIMIT %s"
)


def _selection(items: QuerySet[Item]) -> Selection:
    return Selection.of(with_seconds(items).values_list(*COLUMNS, "published_at"))


def _part(text: str, items: Selection, params: list[Any], condition: str = "") -> Selection:
    sql = text.format(columns=_COLUMNS, items=items.sql, condition=condition)
    return Selection(sql, (*items.params, *params))


def _interests(person: Person) -> Q | None:
    if len(person.positive) >= INTERESTS_UNTIL:
        return None
    types, colours = (person.interests.get(name, []) for name in ("types", "colours"))
    condition = Q()
    if types:
        condition |= Q(garment_type__in=types)
    if colours:
        condition |= Q(colours__overlap=colours)
    return condition or None


def forget() -> None:
    """Drop what is kept in memory."""
    global _known
    _known = None
