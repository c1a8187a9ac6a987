"""What the instructor finds: the items that fit the wishes of a conversation, best first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from accounts.models import User
from catalog.models import Embedding, Item
from catalog.selectors import search_items
from common.guidance import Attributes
from recommender.core.dialogue import State
from recommender.services import (
    disliked_item_ids,
    learning_allowed,
    rank_candidates,
    user_vector,
    user_vector_model,
)

MAX_CARDS = 6
# Fitting items that taste may order: enough for a choice, few enough for one query of vectors.
MAX_CONSIDERED = 120


@dataclass(frozen=True)
class Findings:
    """Items that fit every wish, and items that share the garment but not every wish."""

    exact: list[Item] = field(default_factory=list)
    near: list[Item] = field(default_factory=list)

    @property
    def cards(self) -> list[Item]:
        """Return what to show: what fits, or else what comes nearest."""
        return (self.exact or self.near)[:MAX_CARDS]


def find_items(
    *,
    user: User,
    state: State,
    exclude_ids: Collection[int] = (),
    like_item_id: int | None = None,
) -> Findings:
    """Return the items that answer the wishes in `state`, ordered by fit and by taste.

    like_item_id: an item that the results should look like, in place of the person's taste.
    """
    hidden = {*exclude_ids, *disliked_item_ids(user)} - {like_item_id}
    if not state.wanted and like_item_id is None:
        return Findings(exact=_by_taste(user, state, hidden))
    fitting = [item for item in _search(user, state) if item.pk not in hidden]
    fitting = [item for item in fitting if item.pk != like_item_id and not _is_averse(item, state)]
    taste = _taste_order(user, fitting, like_item_id)
    ordered = sorted(
        fitting,
        key=lambda item: (-_details(item, state), -_main_colour(item, state), -taste[item.pk]),
    )
    exact = [item for item in ordered if _fits(item, state)]
    return Findings(exact, [item for item in ordered if item not in exact])


def _search(user: User, state: State) -> list[Item]:
    """Return items of the wanted garments (any, if none is named) without the unwanted."""
    unwanted = Attributes(
        type=next(iter(state.unwanted.types), None),
        colours=state.unwanted.colours,
        pattern=next(iter(state.unwanted.patterns), None),
    )
    found: dict[int, Item] = {}
    for garment in state.wanted.types or (None,):
        wishes = [(state.wanted.colours, next(iter(state.wanted.patterns), None))]
        if garment and (state.wanted.colours or state.wanted.patterns):
            wishes.append(((), None))  # what comes nearest
        for colours, pattern in wishes:
            items = search_items(
                user=user,
                garment_type=garment,
                colours=colours,
                pattern=pattern,
                unwanted=unwanted,
                kind=state.kind,
                limit=MAX_CONSIDERED,
            )
            found.update({item.pk: item for item in items.select_related("owner")})
    return list(found.values())


def _fits(item: Item, state: State) -> bool:
    """Return whether an item satisfies every wish that the catalogue can tell."""
    wanted = state.wanted
    return (
        (not wanted.types or item.garment_type in wanted.types)
        and set(wanted.colours) <= set(item.colours)
        and (not wanted.patterns or item.pattern in wanted.patterns)
        and (not state.style or item.look == state.style)
    )


def _is_averse(item: Item, state: State) -> bool:
    """Return whether an item has something unwanted, in attributes or in its words."""
    unwanted = state.unwanted
    words = f"{item.title} {item.description}".lower()
    return (
        item.garment_type in unwanted.types
        or bool(set(item.colours) & set(unwanted.colours))
        or item.pattern in unwanted.patterns
        or any(detail in words for detail in unwanted.details)
    )


def _details(item: Item, state: State) -> int:
    """Return how many of the finer wishes stand in an item's title or description."""
    words = f"{item.title} {item.description}".lower()
    return sum(detail in words for detail in state.wanted.details)


def _main_colour(item: Item, state: State) -> bool:
    return bool(state.wanted.colours and item.colours[:1] == [state.wanted.colours[0]])


def _taste_order(user: User, items: Sequence[Item], like_item_id: int | None) -> dict[int, float]:
    """Return how near each item's picture is to the person's taste or to the given item."""
    flat = dict.fromkeys((item.pk for item in items), 0.0)
    model = user_vector_model()
    if not items or model is None:
        return flat
    if like_item_id is not None:
        like = Embedding.objects.filter(item_id=like_item_id, model=model).first()
        aim = None if like is None else np.asarray(like.vector, dtype=np.float32)
    else:
        aim = None if learning_allowed(user) is False else user_vector(user)
    if aim is None:
        return flat
    vectors = Embedding.objects.filter(item_id__in=flat, model=model)
    nearness = {
        pk: float(np.asarray(vector, dtype=np.float32) @ aim)
        for pk, vector in vectors.values_list("item_id", "vector")
    }
    return flat | nearness


def _by_taste(user: User, state: State, hidden: Collection[int]) -> list[Item]:
    """Return what the recommender would show, without the unwanted."""
    candidates = rank_candidates(user=user, exclude_ids=hidden, limit=3 * MAX_CARDS)
    ids = [c.item_id for c in sorted(candidates, key=lambda c: -c.score)]
    items = Item.objects.for_audience(user).with_assets().select_related("owner").in_bulk(ids)
    kept = [items[pk] for pk in ids if pk in items and not _is_averse(items[pk], state)]
    return [item for item in kept if not state.kind or item.kind == state.kind]
