"""Lasting likes and dislikes that a person stated: the profile's entries, and what they do.

They are settings of the person's own, not something learned: they hold whatever the consents say.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from django.contrib.postgres.search import SearchQuery
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from catalog.models import Item
from common.errors import InvalidInputError, QuotaExceededError
from common.guidance import Attributes
from recommender.core.dialogue import Slots
from recommender.core.wishes import (
    Lasting,
    Polarity,
    Wish,
    WishSlots,
    name_of,
    read_value,
    slots_of,
)
from recommender.models import Remark, StatedWish, Turn
from recommender.services.words import use_words

MAX_WISHES = 60
# How long a process keeps which items have a value; what is shown is asked of the database anyway.
KEPT_S = 60.0
UNKNOWN = (
    "I don't know that word. Name a garment, a colour, a pattern or a detail such as “leather”."
)


def list_wishes(*, user: User) -> list[StatedWish]:
    """Return the person's entries, oldest first."""
    return list(StatedWish.objects.filter(user=user).order_by("pk"))


def wishes_of(user: User) -> tuple[Wish, ...]:
    """Return the entries as the instructor reads them."""
    return tuple(_as_wish(row) for row in list_wishes(user=user))


def sentence_of(row: StatedWish) -> str:
    """Return an entry as the person is told it: "no leather", "you like linen"."""
    return _as_wish(row).sentence


def get_wish_slots(user: User) -> WishSlots:
    """Return the entries as slots, "vegan" spelt out."""
    return slots_of(wishes_of(user))


def avoided_by(user: User, wanted: Attributes) -> Attributes:
    """Return what must not appear in something made for this person, but for what they ask for."""
    asked = Slots(
        types=(wanted.type,) if wanted.type else (),
        colours=wanted.colours,
        patterns=(wanted.pattern,) if wanted.pattern else (),
        details=wanted.details,
    )
    return get_wish_slots(user).unwanted.without(asked).as_attributes()


def add_wish(
    *, user: User, polarity: str, text: str, words: str = "", turn: Turn | None = None
) -> StatedWish:
    """Keep what a person typed as a lasting wish; saying it again, or the reverse, replaces it.

    text: a word of the common vocabulary or one that means it. Raises InvalidInputError for others.
    """
    wish = _read(polarity, text)
    return keep_wish(user, wish, words or text, turn)


def change_wish(*, user: User, pk: int, polarity: str = "", text: str = "") -> StatedWish:
    """Change one of the person's own entries; Raises InvalidInputError where it is not there."""
    with transaction.atomic():
        row = _own(user, pk)
        wish = _read(polarity or row.polarity, text or row.value)
        row.delete()
        return keep_wish(user, wish, text or row.words, row.turn)


def remove_wish(*, user: User, pk: int) -> None:
    """Drop one of the person's own entries; harmless when it is gone."""
    StatedWish.objects.filter(user=user, pk=pk).delete()


def clear_wishes(*, user: User) -> int:
    """Drop all entries; return how many there were."""
    return StatedWish.objects.filter(user=user).delete()[0]


def keep_lasting(*, user: User, lasting: Lasting, words: str) -> list[dict[str, Any]]:
    """Store what a message said for good; return what changed, for `take_back`."""
    changes = []
    with transaction.atomic():
        for wish in (*lasting.withdrawn, *lasting.stated):
            row = StatedWish.objects.filter(user=user, slot=wish.slot, value=wish.value).first()
            before = row.polarity if row else ""
            if wish in lasting.stated:
                keep_wish(user, wish, words, None)
                after: str = wish.polarity
            else:
                StatedWish.objects.filter(user=user, slot=wish.slot, value=wish.value).delete()
                after = ""
            changes.append(
                {"slot": wish.slot, "value": wish.value, "before": before, "after": after}
            )
    return changes


def take_back(*, user: User, changes: Iterable[dict[str, Any]]) -> None:
    """Undo what `keep_lasting` changed, where it still stands."""
    for change in changes:
        rows = StatedWish.objects.filter(user=user, slot=change["slot"], value=change["value"])
        row = rows.first()
        if (row.polarity if row else "") != change["after"]:
            continue  # changed on the profile since
        if change["before"]:
            wish = Wish(cast(Polarity, change["before"]), change["slot"], change["value"])
            keep_wish(user, wish, row.words if row else "", None)
        else:
            rows.delete()


def link_turn(*, user: User, changes: Iterable[dict[str, Any]], turn: Turn) -> None:
    """Note in which turn the entries of these changes were stated."""
    for change in changes:
        StatedWish.objects.filter(user=user, slot=change["slot"], value=change["value"]).update(
            turn=turn
        )


def _as_wish(row: StatedWish) -> Wish:
    return Wish(cast(Polarity, row.polarity), row.slot, row.value)


def _own(user: User, pk: int) -> StatedWish:
    row = StatedWish.objects.select_for_update().filter(user=user, pk=pk).first()
    if row is None:
        raise InvalidInputError("That entry is not there any more.")
    return row


def _read(polarity: str, text: str) -> Wish:
    if polarity not in StatedWish.Polarity.values:
        raise InvalidInputError("Say whether you like it or do not want it.")
    use_words()
    found = read_value(text[:100]) if text.strip() else None
    if found is None:
        raise InvalidInputError(UNKNOWN)
    return Wish(cast(Polarity, polarity), *found)


def keep_wish(
    user: User, wish: Wish, words: str, turn: Turn | None = None, remark: Remark | None = None
) -> StatedWish:
    """Keep a wish in place of what was kept of the same value; QuotaExceededError when it is full.

    Said anew it is the person's own, whatever it was read from before.
    """
    known = StatedWish.objects.filter(user=user)
    if not known.filter(slot=wish.slot, value=wish.value).exists() and known.count() >= MAX_WISHES:
        raise QuotaExceededError(
            f"Your profile holds {MAX_WISHES} entries. Remove some before you add another."
        )
    row, _ = StatedWish.objects.update_or_create(
        user=user,
        slot=wish.slot,
        value=wish.value,
        defaults={
            "polarity": wish.polarity,
            "words": words[:200],
            "turn": turn,
            "remark": remark,
        },
    )
    return row


# --- the feed -------------------------------------------------------------------------------


@dataclass(frozen=True)
class FeedWishes:
    """What a person's wishes do to a page: unwanted items never, wanted ones more."""

    slots: WishSlots = field(default_factory=WishSlots)
    # The entries that say so, oldest first.
    entries: tuple[StatedWish, ...] = ()

    @property
    def has_wanted(self) -> bool:
        return bool(self.slots.wanted)

    @property
    def has_unwanted(self) -> bool:
        return bool(self.slots.unwanted)

    def wanted(self) -> Q | None:
        """Return the condition of having something the person said they like, if they did."""
        condition = Q()
        for slot, value in _pairs(self.slots.wanted):
            condition |= _condition(slot, value)
        return condition or None

    def admits(self, ids: np.ndarray) -> np.ndarray:
        """Return which of these items have nothing unwanted, (N,) bool."""
        keep = np.ones(len(ids), dtype=bool)
        for slot, value in _pairs(self.slots.unwanted):
            keep &= ~np.isin(ids, _items_with(slot, value))
        return keep

    def scores(self, ids: np.ndarray) -> np.ndarray:
        """Return 1 for items with something the person said they like, else 0; (N,)."""
        found = np.zeros(len(ids), dtype=bool)
        for slot, value in _pairs(self.slots.wanted):
            found |= np.isin(ids, _items_with(slot, value))
        return found.astype(np.float32)

    def only_admitted(self, items: QuerySet[Item]) -> QuerySet[Item]:
        """Return the items without anything unwanted, asked of the database: never out of date."""
        for slot, value in _pairs(self.slots.unwanted):
            items = items.exclude(_condition(slot, value))
        return items

    def reason(self, item_id: int) -> dict[str, Any]:
        """Return the reason of an item that a wish brought: which of the person's words it has."""
        words = [
            name_of(value)
            for slot, value in _pairs(self.slots.wanted)
            if np.isin(item_id, _items_with(slot, value))
        ]
        return {"kind": "you_told", "words": words}


NO_WISHES = FeedWishes()


def feed_wishes_of(user: User | None) -> FeedWishes:
    """Return what a person's wishes do to their feed; nothing for visitors. One query."""
    if user is None or not user.is_authenticated:
        return NO_WISHES
    entries = tuple(list_wishes(user=user))
    return FeedWishes(slots_of(_as_wish(row) for row in entries), entries)


def _pairs(slots: Slots) -> list[tuple[str, str]]:
    names = ("types", "colours", "patterns", "details")
    return [(name, value) for name in names for value in getattr(slots, name)]


def _condition(slot: str, value: str) -> Q:
    if slot == "types":
        return Q(garment_type=value)
    if slot == "colours":
        return Q(colours__contains=[value])
    if slot == "patterns":
        return Q(pattern=value)
    # The catalogue has no column for finer words: they stand in title and description.
    return Q(search=SearchQuery(value, config="english"))


_kept: dict[tuple[str, str], tuple[float, np.ndarray]] = {}


def _items_with(slot: str, value: str) -> np.ndarray:
    """Return the ids of published items with this value; kept for a minute, (M,)."""
    held = _kept.get((slot, value))
    if held is None or time.monotonic() - held[0] > KEPT_S:
        found = Item.objects.visible().filter(_condition(slot, value)).values_list("pk", flat=True)
        held = _kept[slot, value] = (time.monotonic(), np.array(list(found), dtype=np.int64))
    return held[1]


def forget() -> None:
    """Drop what is kept in memory; the next page reads it anew."""
    _kept.clear()
