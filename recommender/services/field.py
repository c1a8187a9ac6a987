"""What a page is chosen from: a small catalogue whole, a large one through its sources.

Both ways give the same thing, so that ranking, reasons and exploration are written once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from django.db.models import QuerySet

from accounts.models import User
from catalog.models import Item, ratings_for
from catalog.near import Selection
from recommender.core.exploration import draw
from recommender.services.pool import Outline, Pool, item_outline, item_pool, pool_of
from recommender.services.reasons import DISLIKED_VECTORS, LIKED_VECTORS, Person
from recommender.services.serving import ServingModel
from recommender.services.sources import (
    collective_ids,
    content_ids,
    known_rows,
    popular_rows,
    read_candidates,
)
from recommender.services.vectors import (
    Vectors,
    item_vectors,
    joined,
    read_vectors,
    sample_vectors,
)

AI, OTHERS = "ai", "others"
GROUPS = (AI, OTHERS)
# Candidates that the model names in a large catalogue, for each one asked for.
WIDTH = 2


@dataclass(frozen=True)
class Asked:
    """What is asked for: by whom, without what, how many of each group, of which origins."""

    user: User | None
    person: Person
    followed: frozenset[int]
    excluded: frozenset[int]
    limit: int
    origins: Collection[str] | None
    rng: np.random.Generator

    @cached_property
    def ratings(self) -> tuple[str, ...]:
        """The age ratings that this person is admitted to."""
        return ratings_for(self.user)

    @property
    def lot(self) -> int:
        """How many items of a group are drawn: twice a page, for which thrice its items are asked.

        Chance may fall on every place, and every item of the page may be among those drawn.
        """
        return 2 * self.limit // 3 + 1

    @cached_property
    def barred(self) -> np.ndarray:
        """The excluded ids as an array, ascending."""
        return np.array(sorted(self.excluded), dtype=np.int64)

    def items(self) -> QuerySet[Item]:
        """Return the items that this person may be shown now, asked of the database."""
        items = self.person.wishes.only_admitted(Item.objects.for_audience(self.user).standalone())
        return items if self.origins is None else items.filter(origin__in=list(self.origins))


@dataclass(frozen=True)
class Field:
    """Items as columns, which of them are candidates, and some drawn evenly of all there are."""

    pool: Pool
    places: np.ndarray  # positions in the pool
    vectors: Vectors | None
    # One person's scores by the model, of all its items; None where it knows nothing of them.
    collective: np.ndarray | None
    # Vectors among which a score of content is high or low; None for those of all items.
    usual: np.ndarray | None
    # By group: positions in the pool of items drawn evenly, and how many could have been drawn.
    drawn: dict[str, np.ndarray]
    eligible: dict[str, int]
    # Whether the database has just been asked about every item in the pool.
    is_checked: bool


def field_of(asked: Asked, model: ServingModel | None) -> Field:
    """Return what this page may be chosen from."""
    collective = collective_scores(asked.person, model)
    pool = item_pool()
    if pool is not None:
        return _whole(asked, pool, collective)
    return _sourced(asked, model, collective)


def collective_scores(person: Person, model: ServingModel | None) -> np.ndarray | None:
    """Return the person's scores of all items of the model, (I,); None for who is unknown to it."""
    if model is None:
        return None
    rows, values = model_rows(person, model)
    return model.scores(rows, values) if len(rows) else None


def model_rows(person: Person, model: ServingModel) -> tuple[np.ndarray, np.ndarray]:
    """Return (rows of the model, opinions) of the items this person has an opinion on."""
    items = np.fromiter(person.opinions, dtype=np.int64, count=len(person.opinions))
    values = np.array([o.weight for o in person.opinions.values()], dtype=np.float32)
    rows = model.rows_of(items)
    return rows[rows >= 0], values[rows >= 0]


def _whole(asked: Asked, pool: Pool, collective: np.ndarray | None) -> Field:
    """Every item of a small catalogue that this person may be shown."""
    keep = ~np.isin(pool.ids, asked.barred)
    keep &= np.isin(pool.rating, asked.ratings)
    if asked.origins is not None:
        keep &= np.isin(pool.origin, list(asked.origins))
    places = np.flatnonzero(keep)
    places = places[asked.person.wishes.admits(pool.ids[places])]
    by_group = _by_group(pool, places)
    some = asked.lot
    return Field(
        pool=pool,
        places=places,
        vectors=item_vectors(),
        collective=collective,
        usual=None,
        drawn={
            name: asked.rng.choice(members, min(some, len(members)), replace=False)
            for name, members in by_group.items()
        },
        eligible={name: len(members) for name, members in by_group.items()},
        is_checked=False,
    )


def _by_group(pool: Pool, places: np.ndarray) -> dict[str, np.ndarray]:
    """Return those of `places` that AI made, and the others."""
    is_ai = pool.origin[places] == Item.Origin.AI
    return {AI: places[is_ai], OTHERS: places[~is_ai]}


def _sourced(asked: Asked, model: ServingModel | None, collective: np.ndarray | None) -> Field:
    """The candidates of every source, with what ranking must know of them, in a few queries."""
    outline, person = item_outline(), asked.person
    held = [*person.positive[:LIKED_VECTORS], *person.likes, *person.rejected[:DISLIKED_VECTORS]]
    # Of who said nothing yet nothing is near or far.
    known = read_vectors(None, held) if held else None
    items = asked.items()
    excluded = asked.barred.tolist()
    named = _from_model(asked, model, collective, outline)
    open_items = Selection.of(items.values_list("pk")).without(excluded)
    named |= set(content_ids(person, known, open_items, asked.limit))
    drawn, eligible = _drawn(asked, outline)
    rows, listed = read_candidates(
        person,
        items,
        named=named.union(*(ids.tolist() for ids in drawn.values())),
        excluded=excluded,
        followed=asked.followed,
        count=asked.limit,
    )
    named |= listed
    newest_first = sorted(rows, key=lambda row: (row.seconds, row.pk), reverse=True)
    pool = pool_of(newest_first)
    place_of = {int(item): at for at, item in enumerate(pool.ids)}
    candidates = [item for item in place_of if item in named]
    vectors = joined(known, read_vectors(known.model or None, candidates)) if known else None
    return Field(
        pool=pool,
        # Items that only chance named are no candidates: the ranking must not depend on chance.
        places=np.array([place_of[item] for item in candidates], dtype=np.int64),
        vectors=vectors,
        collective=collective,
        usual=sample_vectors(vectors.model, outline) if vectors and vectors.model else None,
        drawn={
            name: np.array([place_of[item] for item in ids.tolist() if item in place_of], np.int64)
            for name, ids in drawn.items()
        },
        eligible=eligible,
        is_checked=True,
    )


def _from_model(
    asked: Asked, model: ServingModel | None, collective: np.ndarray | None, outline: Outline
) -> set[int]:
    """Return what the model would show this person, and what is popular."""
    if model is None:
        return set()
    known = known_rows(model, outline)
    barred = model.rows_of(asked.barred)
    barred = barred[barred >= 0]
    groups = [
        known.members(is_ai=name == AI, origins=asked.origins, ratings=asked.ratings)
        for name in GROUPS
    ]
    found = popular_rows(known, groups, barred, asked.limit // 2)
    if collective is not None:
        found += collective_ids(collective, groups, barred, WIDTH * asked.limit)
    return {int(item) for rows in found for item in model.item_ids[rows]}


def _drawn(asked: Asked, outline: Outline) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Return ids drawn evenly from each group of the whole catalogue, and the groups' sizes."""
    drawn, eligible = {}, {}
    for name in GROUPS:
        parts = outline.members(is_ai=name == AI, origins=asked.origins, ratings=asked.ratings)
        if asked.person.wishes.has_unwanted:
            parts = [part[asked.person.wishes.admits(part)] for part in parts]
        drawn[name], eligible[name] = draw(parts, asked.barred, asked.lot, asked.rng)
    return drawn, eligible
