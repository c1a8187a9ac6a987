"""What a person's words about one item say of their taste in general: wishes kept, wishes proposed.

The rule is meant to surprise nobody. Praise for something named ("I like this one's collar", "love
the navy") becomes a soft want, which only ranks. "Too much leather" and "I hate stripes" are clear
and keep the thing away. What is blamed on this item alone ("the stripes are awful here") is only
proposed. Garments, passing qualities and what-ifs ("nicer in red") teach nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from recommender.core.dialogue import ShownItem
from recommender.core.lexicon import listed
from recommender.core.remarks import AROUND, clauses_of, score_of, side_of
from recommender.core.tagging import denied, tag
from recommender.core.wishes import AVERSE, PASSING, Polarity, Wish, alone, values_of
from recommender.core.wording import read

MAX_KEPT = 3
_NOT_FOR_ME = re.compile(
    r"\bnot (?:\w+ ){0,4}?(?:a (?:big |huge )?fan of|keen on|fond of|into)\b|\bnever again\b"
)
_WHAT_IF = re.compile(
    r"\b(?:would|could|should|might|if|better|nicer|prettier|cooler|cuter|instead|than|wish"
    r"|rather|maybe|almost|imagine)\b"
)
_AND_I = re.compile(r"\band (?=i\b)", re.I)
# Words for a whole side, which stand for what this item has on it.
_SIDE_WORDS = frozenset(listed("print prints pattern patterns"))
_TOO_MUCH = (("too", "much"), ("too", "many"), ("much", "too"), ("way", "too"))
_OF_THIS = frozenset(listed("the this that these those its it is"))
_HERE = re.compile(r"\b(?:here|on (?:it|this|that|these|the)|of (?:it|this|that|the))\b")


@dataclass(frozen=True)
class Derived:
    """Wishes that a remark states clearly enough to keep, and those to ask about first."""

    kept: tuple[Wish, ...] = ()
    proposed: tuple[Wish, ...] = ()


def derive(text: str, item: ShownItem) -> Derived:
    """Return the lasting wishes in a remark on `item`; none where it contradicts itself."""
    kept: list[Wish] = []
    proposed: list[Wish] = []
    for clause in (part for whole in clauses_of(text) for part in _AND_I.split(whole)):
        if AROUND.search(clause):
            continue
        for wish, is_clear in _of_clause(clause, item):
            (kept if is_clear else proposed).append(wish)
    both = {(w.slot, w.value) for w in kept if w.polarity == "wanted"} & {
        (w.slot, w.value) for w in (*kept, *proposed) if w.polarity == "unwanted"
    }
    kept = [wish for wish in dict.fromkeys(kept) if (wish.slot, wish.value) not in both]
    known = {(wish.slot, wish.value) for wish in kept} | both
    proposed = [w for w in dict.fromkeys(proposed) if (w.slot, w.value) not in known]
    return Derived(tuple(kept[:MAX_KEPT]), tuple(proposed[:MAX_KEPT]))


def _of_clause(clause: str, item: ShownItem) -> Iterator[tuple[Wish, bool]]:
    """Yield what one clause says of taste, each with whether it is clear."""
    tokens = read(clause).tokens
    plain = " ".join(tokens)
    if _WHAT_IF.search(plain):
        return
    score = score_of(clause)
    tags = tag(tokens)
    no = denied(tokens, tags)
    averse = bool(AVERSE.search(plain) or _NOT_FOR_ME.search(plain))
    named = False
    for place in alone(tags):
        if set(tags[place].words) <= _SIDE_WORDS:
            continue
        start = tags[place].start
        too_much = tokens[max(0, start - 2) : start] in _TOO_MUCH
        is_here = bool(set(tokens[max(0, start - 1) : start]) & _OF_THIS or _HERE.search(plain))
        for slot, value in values_of(tags[place].slots()):
            if slot == "type" or value in PASSING:
                continue
            named = True
            polarity = _polarity(place in no, averse or too_much, score)
            if polarity == "wanted":
                yield Wish("wanted", slot, value), True
            elif polarity:
                yield Wish("unwanted", slot, value), too_much or (averse and not is_here)
    if not named:
        yield from _of_sides(clause, item, score)


def _polarity(is_denied: bool, is_averse: bool, score: int) -> Polarity | None:
    if is_averse or score < 0:
        return "unwanted"
    return "wanted" if score > 0 and not is_denied else None


def _of_sides(clause: str, item: ShownItem, score: int) -> Iterator[tuple[Wish, bool]]:
    """Yield what "love the colour" says: of the item's main colour, of its pattern if any."""
    side = side_of(clause, item)
    pairs = [("colours", value) for value in side.colours[:1]]
    pairs += [("pattern", value) for value in side.patterns if value != "plain"]
    for slot, value in pairs:
        if score:
            yield Wish("wanted" if score > 0 else "unwanted", slot, value), score > 0
