"""Lasting likes and dislikes in a message: "I never wear leather", "only show me vegan".

What is said about the search at hand ("not red", "I want it longer") passes with the conversation;
what is said about oneself stays. A garment together with another attribute ("I hate red dresses")
stays in the conversation too: a profile entry is one value, and "no red" would be more than was
said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from common.vocabulary import TYPES
from recommender.core.dialogue import Slots, Understanding
from recommender.core.lexicon import listed
from recommender.core.replies import plural
from recommender.core.tagging import Tag, denied, tag
from recommender.core.wording import read

Polarity = Literal["wanted", "unwanted"]
# The slot of a profile entry -> the slot of the dialogue.
SLOTS = {"type": "types", "colours": "colours", "pattern": "patterns", "details": "details"}
VEGAN = "vegan"
# What "vegan" rules out, in words of the catalogue.
ANIMAL = ("leather", "suede", "fur", "wool", "woollen", "cashmere", "silk")

# Patterns as things one likes or not.
_NOUNS = {
    "striped": "stripes",
    "checked": "checks",
    "dotted": "dots",
    "floral": "florals",
    "printed": "prints",
    **{word: f"{word}s" for word in ("collar", "hood", "belt", "zip", "zipper")},
}

# Words of praise and mood rather than things that an item has.
PASSING = frozenset(
    listed(
        "cute fancy smart elegant chic classic modern romantic relaxed bold warm soft light dark "
        "bright pale pastel muted thin thick heavy formal casual party office wedding beach "
        "festival cosy sporty preppy short long minimal colourful shiny summer winter autumn spring"
    )
)
_VERY = r"(?:(?:really|just|simply|absolutely|do|honestly|also|truly) )*"
AVERSE = re.compile(
    rf"\bi {_VERY}(?:never|can not)(?: ever)? (?:wear|wore|want|like|buy|use|stand|see)\b"
    rf"|\bi {_VERY}(?:do not|would never|will never) (?:really |ever |usually )?"
    r"(?:like|wear|enjoy|care for|ever want)\b"
    rf"|\bi {_VERY}(?:hate|dislike|detest|loathe|despise|avoid)\b"
    r"|\b(?:never|do not ever|stop) (?:ever )?(?:show|showing|give|giving|suggest|recommend)\b"
    r"|\b(?:no|not|nothing|never)\b.*\b(?:for me|ever|ever again|in general|as a rule|from now on"
    r"|in (?:the )?future)\b"
    r"|\b(?:i am|am) allergic to\b|\brather die than (?:wear|be seen)\b|\bdead (?:in|wearing)\b"
    r"|\b(?:is|are) (?:really |just |simply )?not (?:for me|my (?:thing|style|taste|cup))\b"
)
_FOND = re.compile(
    rf"\bi (?:always|generally|in general) {_VERY}(?:like|love|adore|prefer|wear|want|choose)\b"
    r"|\b(?:always|from now on|in general|in (?:the )?future|as a rule)\b"
    r"|\bmy (?:all time )?favou?rite\b"
)
# "I like linen", and not "I like it in linen", "I like the linen one", "I like red better".
_PLAIN_FOND = re.compile(
    rf"\bi {_VERY}(?:like|love|adore) (?:wearing |all |all things |anything |everything )?(?:in )?$"
)
_NOT_PLAIN = re.compile(
    r"\b(?:better|more|most|instead|too|but|than|it|this|that|these|those|one|ones)\b"
)
_VEGAN_SAID = re.compile(
    r"\b(?:only|always|i am|from now on|must be|has to be|have to be|just)\b.*\bvegan\b"
    r"|\bnothing (?:that is )?not vegan\b|\bvegan (?:only|always)\b"
)
_VEGAN_OFF = re.compile(
    r"\b(?:not|no longer|stopped being|need not be|does not have to be)\b.*\bvegan\b"
    r"|\bvegan\b.*\b(?:not matter|any ?more|not needed|not necessary)\b"
)
_ALLOWED = re.compile(
    r"\bafter all\b|\b(?:is|are) (?:actually |totally |perfectly |really )?(?:fine|ok|okay|all"
    r" right|alright|welcome|allowed)\b|\b(?:do )?not mind\b|\b(?:ok|okay|fine) (?:again|now|too)\b"
    r"|\b(?:no longer|not) (?:hate|dislike)\b|\bagain\b"
    r"|\b(?:forget|scrap|take back|ignore) (?:what|that) i\b"
)
# A word alone after a comma belongs to what stands before it: "no leather please, ever".
_TRAILING = re.compile(r" , (?=(?:please |thanks )?(?:ever|always|never|in general|for me)\b)")
_CLAUSES = re.compile(r" (?:[,.;:!?]|but|so|and (?=i |show |only |my )) ?|^(?:[,.;:!?]) ")


def name_of(value: str) -> str:
    """Return a value as a thing one likes or not: "stripes", "dresses", "leather"."""
    return plural(value) if value in TYPES else _NOUNS.get(value, value)


@dataclass(frozen=True)
class Wish:
    """One lasting like or dislike; `slot` is a field of `common.guidance.Attributes`."""

    polarity: Polarity
    slot: str
    value: str

    @property
    def sentence(self) -> str:
        """Return it as the person is told: "no leather", "you like linen"."""
        if self.value == VEGAN and self.slot == "details":
            return "only vegan" if self.polarity == "wanted" else "not vegan"
        name = name_of(self.value)
        return f"no {name}" if self.polarity == "unwanted" else f"you like {name}"


@dataclass(frozen=True)
class Lasting:
    """What a message adds to a person's lasting wishes, and what it takes back."""

    stated: tuple[Wish, ...] = ()
    withdrawn: tuple[Wish, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.stated or self.withdrawn)


@dataclass(frozen=True)
class WishSlots:
    """Lasting wishes as slots, "vegan" spelt out: what search, guidance and feed act on."""

    wanted: Slots = field(default_factory=Slots)
    unwanted: Slots = field(default_factory=Slots)

    def __bool__(self) -> bool:
        return bool(self.wanted or self.unwanted)


def lasting_of(heard: Understanding, held: Iterable[Wish] = ()) -> Lasting:
    """Return what the message says for good. held: the wishes that the person stated before."""
    if heard.liked and heard.feedback == "like":
        return _of_praise(heard.liked, held)
    if heard.refusal or (heard.references and not heard.is_alike):
        return Lasting()
    held = tuple(held)
    stated: list[Wish] = []
    plain = _TRAILING.sub(" ", read(heard.text).plain)
    withdrawn: list[Wish] = [wish for wish in held if _is_allowed(wish, heard, plain)]
    for clause in _CLAUSES.split(plain):
        _read_clause(clause.strip(), held, stated, withdrawn)
    # The last word on a value counts.
    last = {(wish.slot, wish.value): wish for wish in stated}
    known = {(wish.slot, wish.value, wish.polarity) for wish in held}
    new = [w for w in last.values() if (w.slot, w.value, w.polarity) not in known]
    gone = [w for w in dict.fromkeys(withdrawn) if (w.slot, w.value) not in last]
    return Lasting(tuple(new), tuple(gone))


def _of_praise(liked: Slots, held: Iterable[Wish]) -> Lasting:
    """Return wishes for what was praised about a picture, but for what was stated before."""
    known = {(wish.slot, wish.value) for wish in held}
    pairs = [pair for pair in values_of(liked) if pair not in known and pair[1] not in PASSING]
    return Lasting(tuple(Wish("wanted", slot, value) for slot, value in pairs if slot != "type"))


def _is_allowed(wish: Wish, heard: Understanding, plain: str) -> bool:
    """Return whether the engine heard this aversion taken back: all of it, not for one garment."""
    if wish.polarity != "unwanted" or wish.value not in getattr(heard.allowed, SLOTS[wish.slot]):
        return False
    tokens = tuple(plain.split())
    tags = tag(tokens)
    places = [n for n, one in enumerate(tags) if (wish.slot, wish.value) in values_of(one.slots())]
    return not places or bool(set(places) & set(alone(tags)))


def _read_clause(
    clause: str, held: tuple[Wish, ...], stated: list[Wish], withdrawn: list[Wish]
) -> None:
    """Add what one clause states or takes back."""
    if not clause:
        return
    if VEGAN in clause:
        vegan = Wish("wanted", "details", VEGAN)
        if _VEGAN_OFF.search(clause):
            withdrawn.extend(wish for wish in held if wish == vegan)
        elif _VEGAN_SAID.search(clause):
            stated.append(vegan)
    tokens = tuple(clause.split())
    tags = tag(tokens)
    if not tags:
        return
    # Where a garment is named with an attribute that is more than one entry can hold.
    tags_alone = alone(tags)
    named = [pair for place in tags_alone for pair in values_of(tags[place].slots())]
    if _ALLOWED.search(clause) and not AVERSE.search(clause):
        back = [wish for wish in held if (wish.slot, wish.value) in named]
        withdrawn.extend(wish for wish in back if wish.polarity == "unwanted")
        if back:
            return
    no = denied(tokens, tags)
    for place in tags_alone:
        one = tags[place]
        polarity = _polarity(clause, tokens, one.start, place in no)
        if polarity:
            stated.extend(Wish(polarity, slot, value) for slot, value in values_of(one.slots()))


def alone(tags: Sequence[Tag]) -> list[int]:
    """Return the positions of the tags that stand for themselves, not in a phrase with others.

    "red dresses" is one phrase, and so is "black and white striped skirts"; "leather and stripes"
    are two.
    """
    phrases: list[list[int]] = []
    for place, one in enumerate(tags):
        before = phrases[-1][-1] if phrases else None
        if before is not None and one.start == tags[before].end:
            phrases[-1].append(place)
        else:
            phrases.append([place])
    alone: list[int] = []
    for number, phrase in enumerate(phrases):
        following = phrases[number + 1] if number + 1 < len(phrases) else []
        leads_on = len(following) > 1 and _slots_of_tag(tags[phrase[-1]]) & _slots_of_tag(
            tags[following[0]]
        )
        if len(phrase) == 1 and not leads_on:
            alone.extend(phrase)
    return alone


def _slots_of_tag(one: Tag) -> set[str]:
    return {slot for slot, _ in values_of(one.slots())}


def _polarity(clause: str, tokens: tuple[str, ...], start: int, is_denied: bool) -> Polarity | None:
    """Return how lastingly the clause speaks of the phrase at `start`; None when it does not."""
    if AVERSE.search(clause):
        return "unwanted"
    if _FOND.search(clause):
        return "unwanted" if is_denied else "wanted"
    before = " ".join(tokens[:start])
    if is_denied or _NOT_PLAIN.search(clause):
        return None
    # "I love linen and wool": what stands between may only be a list.
    before = re.sub(r"(?<=like|love) .*\b(?:and|or)$|(?<=adore) .*\b(?:and|or)$", "", before)
    return "wanted" if _PLAIN_FOND.search(f"{before} ") else None


def values_of(slots: Slots) -> list[tuple[str, str]]:
    """Return (slot, value) of what a phrase names; of "jeans" the denim, not all trousers."""
    named = [(name, value) for name, field_ in SLOTS.items() for value in getattr(slots, field_)]
    finer = [pair for pair in named if pair[0] == "details"]
    return finer or named


def read_value(text: str) -> tuple[str, str] | None:
    """Return (slot, value) of a word or phrase that a person typed as a wish; None if unknown."""
    tokens = read(text).tokens
    if VEGAN in tokens:
        return "details", VEGAN
    for one in tag(tokens):
        for pair in values_of(one.slots()):
            return pair
    return None


def slots_of(wishes: Iterable[Wish]) -> WishSlots:
    """Return the wishes as slots."""
    named: dict[str, dict[str, list[str]]] = {
        polarity: {name: [] for name in SLOTS.values()} for polarity in ("wanted", "unwanted")
    }
    for wish in wishes:
        if (wish.slot, wish.value) == ("details", VEGAN):
            if wish.polarity == "wanted":
                named["unwanted"]["details"].extend(ANIMAL)
            continue
        named[wish.polarity][SLOTS[wish.slot]].append(wish.value)
    found = {
        polarity: Slots(**{name: tuple(dict.fromkeys(v)) for name, v in slots.items()})
        for polarity, slots in named.items()
    }
    return WishSlots(found["wanted"].without(found["unwanted"]), found["unwanted"])


def tell(lasting: Lasting) -> str:
    """Return what was kept, in one sentence; empty when nothing was."""
    parts = []
    if lasting.stated:
        parts.append("I'll remember: " + ", ".join(w.sentence for w in lasting.stated) + ".")
    if lasting.withdrawn:
        names = ", ".join(f"“{wish.sentence}”" for wish in lasting.withdrawn)
        parts.append(f"I've dropped {names} from what you told me.")
    return " ".join(parts)
