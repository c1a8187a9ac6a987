"""Where candidates come from in a catalogue too large to rank whole: each source names some ids."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from django.db.models import Q, QuerySet

from catalog.models import Item
from catalog.near import near_items
from recommender.core.content import mean_direction
from recommender.services.pool import Outline
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
    rows: dict[tuple[str, bool], np.ndarray]
    popular: np.ndarray  # all rows, most popular first

    def members(self, *, is_ai: bool, origins: Collection[str] | None, adults: bool) -> np.ndarray:
        """Return the rows of what AI made, or of the rest, that this person is admitted to."""
        parts = [
            rows
            for (origin, adult), rows in self.rows.items()
            if (origin == Item.Origin.AI) == is_ai
            and (adults or not adult)
            and (origins is None or origin in origins)
        ]
        return np.concatenate([*parts, np.zeros(0, dtype=np.int64)])


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
    """Return the most popular rows of each group; only the head of the list is looked at."""
    head = known.popular[: 20 * count + len(barred)]
    head = head[~np.isin(head, barred)]
    return [head[np.isin(head, rows)][:count] for rows in groups]


def content_ids(
    person: Person, liked: Vectors | None, items: QuerySet[Item], count: int
) -> list[int]:
    """Return items that look like what the person likes: like all of it, and like the newest."""
    if liked is None or not len(liked.item_ids) or not person.positive:
        return []
    rows = rows_of(liked.item_ids, np.array(person.positive[:LIKED_VECTORS], dtype=np.int64))
    held = liked.matrix[rows[rows >= 0]]
    if not len(held):
        return []
    queries = np.concatenate([mean_direction(held)[None], held[:NEIGHBOURS_OF]])
    return near_items(vectors=queries, model=liked.model, each=count, items=items)


def listed_ids(
    person: Person, items: QuerySet[Item], followed: Collection[int], count: int
) -> list[int]:
    """Return the newest items of each group, of followed people, and of what was asked for.

    The newest of each group are what makes a page full whatever the other sources find. One query.
    """
    is_ai = Q(origin=Item.Origin.AI)
    lists = [_newest(items.filter(is_ai), count), _newest(items.exclude(is_ai), count)]
    if followed:
        lists.append(_newest(items.filter(owner_id__in=list(followed)), count))
    if interests := _interests(person):
        lists.append(_newest(items.filter(interests), count))
    if (wanted := person.wishes.wanted()) is not None:
        lists.append(_newest(items.filter(wanted), count))
    joined = reduce(lambda left, right: left.union(right), lists)
    return [int(row[0]) for row in joined]


def _newest(items: QuerySet[Item], count: int) -> QuerySet[Any]:
    return items.order_by("-published_at", "-id").values_list("pk")[:count]


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
