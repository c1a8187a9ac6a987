"""Blend what people made with what AI made, to the share that a person asked for.

The share counts items of origin `ai`. Work that a person made with AI's help (`ai_assisted`) is a
person's work with a label and counts as human, with one exception: share 0 means "only what people
made", and then neither is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

AI = "ai"
HUMAN_ONLY = ("human",)
# How far down its own list an item may be looked for so as not to repeat owner or type.
LOOK_AHEAD = 6
# One uploader fills at most this share of a page while others have something to show.
OWNER_SHARE = 0.25


class Mixable(Protocol):
    """What mixing must know of a candidate."""

    @property
    def item_id(self) -> int: ...
    @property
    def origin(self) -> str: ...
    @property
    def owner_id(self) -> int: ...
    @property
    def garment_type(self) -> str: ...


T = TypeVar("T", bound=Mixable)


@dataclass(frozen=True)
class Mix(Generic[T]):
    """A page in order, and the name of the policy that made it."""

    items: list[T]
    policy: str


def admitted_origins(ai_share: int) -> tuple[str, ...] | None:
    """Return the origins that a person with this share of AI may be shown; None means all."""
    return HUMAN_ONLY if ai_share == 0 else None


def ai_count(ai_share: int, start: int, length: int) -> int:
    """Return how many of the places start .. start+length-1 of a browse belong to AI.

    Counted from the first place of the browse, so that the share holds exactly over any run of
    places from the start, whatever the size of a page.
    """
    if not 0 <= ai_share <= 100:
        raise ValueError(f"a share lies between 0 and 100, got {ai_share}")
    return (start + length) * ai_share // 100 - start * ai_share // 100


def spread(places: int, chosen: int) -> list[bool]:
    """Return `places` flags of which `chosen` are true, evenly apart."""
    return [(at + 1) * chosen // places > at * chosen // places for at in range(places)]


def blend(
    candidates: Sequence[T],
    *,
    ai_share: int,
    start: int,
    limit: int,
    direct: Sequence[T] = (),
    before: T | None = None,
) -> Mix[T]:
    """Return up to `limit` items for the places from `start` on.

    1. Items made for this person with direct exposure come first and count as AI.
    2. The other places go to AI and to people in the exact share, evenly apart; a group that runs
    out leaves its places to the other one (never to AI at share 0).
    3. Each group keeps its order, except that an item waits while a better neighbour exists: no two
    of one owner in a row, and not three of one type, as far as the next few items allow. Of one
    uploader at most a quarter of the page, as far as all candidates allow.
    `before` is the last item of the page before.
    """
    admitted = admitted_origins(ai_share)
    if admitted is not None:
        candidates = [item for item in candidates if item.origin in admitted]
        direct = [item for item in direct if item.origin in admitted]
    page = list(direct[:limit])
    taken = {item.item_id for item in page}
    ai = [item for item in candidates if item.origin == AI and item.item_id not in taken]
    people = [item for item in candidates if item.origin != AI and item.item_id not in taken]
    left = limit - len(page)
    wanted = ai_count(ai_share, start, limit) - sum(item.origin == AI for item in page)
    number = min(max(wanted, 0, left - len(people)), len(ai), left)
    left = min(left, len(ai) + len(people))
    most = max(1, int(OWNER_SHARE * limit))
    trail = [before, *page] if before is not None else page[:]
    for is_ai in spread(left, number) if left else []:
        item = _next(ai if is_ai else people, trail, _filled(page, most))
        trail.append(item)
        page.append(item)
    return Mix(page, f"mix-{ai_share}")


def _filled(page: Sequence[T], most: int) -> set[int]:
    """Return the owners who have their part of the page; the platform (0) makes for everybody."""
    counts = Counter(item.owner_id for item in page if item.owner_id)
    return {owner for owner, count in counts.items() if count >= most}


def _next(group: list[T], trail: Sequence[T], filled: Set[int]) -> T:
    """Take from `group` the first item that goes well after `trail`; else its first."""
    left = [item for item in group if item.owner_id not in filled] if filled else group
    ahead = (left or group)[:LOOK_AHEAD]
    fits = [item for item in ahead if not _same_owner(item, trail)] or ahead
    best = next((item for item in fits if not _third_of_type(item, trail)), fits[0])
    group.remove(best)
    return best


def _same_owner(item: T, trail: Sequence[T]) -> bool:
    """Owner 0 is the platform, which makes most AI items: it does not count as one owner."""
    return bool(trail) and item.owner_id != 0 and item.owner_id == trail[-1].owner_id


def _third_of_type(item: T, trail: Sequence[T]) -> bool:
    if len(trail) < 2 or not item.garment_type:
        return False
    return all(other.garment_type == item.garment_type for other in trail[-2:])
