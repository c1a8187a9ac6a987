"""What the instructor finds: the items that fit the wishes of a conversation, best first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from accounts.models import User
from catalog.models import Embedding, Item
from catalog.selectors import nearest_items, search_items
from common.guidance import Attributes
from recommender.core.content import mean_direction
from recommender.core.dialogue import State
from recommender.core.learned import find, is_required
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
    like_ids: Sequence[int] = (),
) -> Findings:
    """Return the items that answer the wishes in `state`, ordered by fit and by taste.

    like_ids: items that the results should look like, in place of the person's taste.
    """
    hidden = {*exclude_ids, *disliked_item_ids(user), *like_ids}
    if not state.wanted and not like_ids:
        return Findings(exact=_by_taste(user, state, hidden))
    aim = _aim(user, like_ids)
    found = {item.pk: item for item in _search(user, state)}
    if like_ids and aim is not None:
        found |= _nearest(user, state, aim)
    fitting = [item for pk, item in found.items() if pk not in hidden]
    fitting = [item for item in fitting if not _is_averse(item, state)]
    taste = _taste_order(fitting, aim)
    ordered = sorted(
        fitting,
        key=lambda item: (-_details(item, state), -_main_colour(item, state), -taste[item.pk]),
    )
    exact = [item for item in ordered if _fits(item, state)]
    return Findings(exact, [item for item in ordered if item not in exact])


def count_items(*, user: User, state: State, hidden: Collection[int] = ()) -> tuple[int, int]:
    """Return how many items satisfy every wish, and how many come near; at most a few queries."""
    found = {item.pk: item for item in _search(user, state, bare=True) if item.pk not in hidden}
    fitting = [item for item in found.values() if not _is_averse(item, state)]
    exact = sum(_fits(item, state) for item in fitting)
    return exact, len(fitting) - exact


def _search(user: User, state: State, *, bare: bool = False) -> list[Item]:
    """Return items of the wanted garments (any, if none is named) without the unwanted.

    bare: without their files and owners, to be counted only.
    """
    unwanted = Attributes(
        type=next(iter(state.unwanted.types), None),
        colours=state.unwanted.colours,
        pattern=next(iter(state.unwanted.patterns), None),
    )
    found: dict[int, Item] = {}
    for garment in state.wanted.types or (None,):
        for colours, pattern, text in _questions(state, garment):
            items = search_items(
                user=user,
                text=text,
                garment_type=garment,
                colours=colours,
                pattern=pattern,
                unwanted=unwanted,
                kind=state.kind,
                limit=MAX_CONSIDERED,
            )
            items = items.prefetch_related(None) if bare else items.select_related("owner")
            found.update({item.pk: item for item in items})
    return list(found.values())


def _questions(state: State, garment: str | None) -> list[tuple[tuple[str, ...], str | None, str]]:
    """Return (colours, pattern, text) of each search: as wished, what comes nearest, by words.

    Words that only titles and captions know are searched there.
    """
    colours, pattern = state.wanted.colours, next(iter(state.wanted.patterns), None)
    words = [detail for detail in state.wanted.details if find(detail.split())]
    asked = [(colours, pattern, "")] if garment or colours or pattern or not words else []
    if garment and (colours or pattern):
        asked.append(((), None, ""))
    return asked + [((), None, word) for word in words]


def _fits(item: Item, state: State) -> bool:
    """Return whether an item satisfies every wish that the catalogue can tell."""
    wanted = state.wanted
    return (
        (not wanted.types or item.garment_type in wanted.types)
        and set(wanted.colours) <= set(item.colours)
        and (not wanted.patterns or item.pattern in wanted.patterns)
        and (not state.style or item.look == state.style)
        and all(_says(item, word) for word in wanted.details if is_required(word))
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


def _says(item: Item, word: str) -> bool:
    return word in f"{item.title} {item.description}".lower().replace("-", " ")


def _main_colour(item: Item, state: State) -> bool:
    return bool(state.wanted.colours and item.colours[:1] == [state.wanted.colours[0]])


def _aim(user: User, like_ids: Sequence[int]) -> np.ndarray | None:
    """Return the direction that results should lie in: of the given items, else of the taste."""
    model = user_vector_model()
    if model is None:
        return None
    if not like_ids:
        return None if learning_allowed(user) is False else user_vector(user)
    likes = Embedding.objects.filter(item_id__in=like_ids, model=model)
    rows = [np.asarray(v, dtype=np.float32) for v in likes.values_list("vector", flat=True)]
    return mean_direction(np.stack(rows)) if rows else None


def _nearest(user: User, state: State, aim: np.ndarray) -> dict[int, Item]:
    """Return the items that look most like `aim`, among those of the wanted garments and kind."""
    near = nearest_items(
        vector=aim, model=user_vector_model() or "", limit=MAX_CONSIDERED, user=user
    )
    items = Item.objects.for_audience(user).standalone().with_assets().select_related("owner")
    if state.wanted.types:
        items = items.filter(garment_type__in=state.wanted.types)
    if state.kind:
        items = items.filter(kind=state.kind)
    return items.in_bulk([pk for pk, _ in near])


def _taste_order(items: Sequence[Item], aim: np.ndarray | None) -> dict[int, float]:
    """Return how near each item's picture is to `aim`; 0 for all without one."""
    flat = dict.fromkeys((item.pk for item in items), 0.0)
    if not items or aim is None:
        return flat
    vectors = Embedding.objects.filter(item_id__in=flat, model=user_vector_model() or "")
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
