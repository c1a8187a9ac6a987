"""Places of a page given to chance, with the exact probability of everything that is shown.

What a log can say of other policies depends on these probabilities being right, so chance acts
last, on the finished page, where nothing that follows can change who stands where.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import numpy as np

# Share of places given to items drawn at random.
EXPLORATION = 0.08


class Drawable(Protocol):
    """What exploring must know of an item."""

    @property
    def item_id(self) -> int: ...


T = TypeVar("T", bound=Drawable)


@dataclass(frozen=True)
class Lot(Generic[T]):
    """Items of one group drawn evenly, without putting back, out of all `eligible` ones."""

    drawn: list[T] = field(default_factory=list)
    eligible: int = 0


@dataclass(frozen=True)
class Place(Generic[T]):
    """One place of a page: its item, the probability of it standing here, and whether by chance."""

    item: T
    propensity: float
    explored: bool


def explore(
    page: Sequence[T],
    groups: Sequence[str],
    lots: Mapping[str, Lot[T]],
    rng: np.random.Generator,
    *,
    fixed: int = 0,
    epsilon: float = EXPLORATION,
) -> list[Place[T]]:
    """Return the page with each place left to chance with probability epsilon.

    groups: each place's group; chance draws from the same group, so that a share of groups holds.
    With n eligible items of the group outside the page, an item of the page stands in its place
    with probability 1 - epsilon, and each of the n stands there with probability epsilon / n:
    exactly, for every place by itself, since drawing without putting back is even at every draw.
    The first `fixed` places are not left to chance, and of a group no more than its first n.
    """
    on_page = {item.item_id for item in page}
    waiting = {
        name: iter([item for item in lot.drawn if item.item_id not in on_page])
        for name, lot in lots.items()
    }
    others = {
        name: lot.eligible - sum(group == name for group in groups) for name, lot in lots.items()
    }
    open_places = dict(others)
    places = []
    for at, (item, group) in enumerate(zip(page, groups, strict=True)):
        # With as many open places as other items, the draws cannot run out.
        if at < fixed or open_places.get(group, 0) <= 0:
            places.append(Place(item, 1.0, explored=False))
            continue
        open_places[group] -= 1
        drawn = next(waiting[group], None) if rng.random() < epsilon else None
        if drawn is None:
            places.append(Place(item, 1 - epsilon, explored=False))
        else:
            places.append(Place(drawn, epsilon / others[group], explored=True))
    return places


def draw(
    parts: Sequence[np.ndarray], excluded: np.ndarray, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, int]:
    """Return (up to `count` ids drawn evenly without putting back, how many may be drawn).

    parts: arrays of ids, each ascending, disjoint; excluded: ids that may not be drawn. Takes time
    with `count` and `excluded`, not with the length of the parts, unless most of it is excluded.
    """
    sizes = np.array([len(part) for part in parts], dtype=np.int64)
    barred = np.concatenate([_found(part, excluded) for part in parts] or [excluded[:0]])
    total = int(sizes.sum()) - len(barred)
    if total <= 0:
        return np.zeros(0, dtype=np.int64), 0
    if total <= 2 * count or total < int(sizes.sum()) // 2:
        left = np.setdiff1d(np.concatenate(parts), barred)
        return rng.choice(left, size=min(count, total), replace=False), total
    starts = np.concatenate([[0], np.cumsum(sizes)])
    shut: set[int] = set(barred.tolist())
    found: list[int] = []
    while len(found) < count:
        at = int(rng.integers(int(starts[-1])))
        part = int(np.searchsorted(starts, at, side="right")) - 1
        item = int(parts[part][at - starts[part]])
        if item not in shut:
            shut.add(item)
            found.append(item)
    return np.array(found, dtype=np.int64), total


def _found(part: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return those of `ids` that stand in `part` (ascending), each once."""
    if not len(part) or not len(ids):
        return ids[:0]
    ids = np.unique(ids)
    at = np.minimum(np.searchsorted(part, ids), len(part) - 1)
    found: np.ndarray = ids[part[at] == ids]
    return found
