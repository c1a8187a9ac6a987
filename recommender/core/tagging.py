"""Finds the words of the lexicon in a message and says which of them are wanted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from recommender.core.dialogue import Slots
from recommender.core.learned import find
from recommender.core.lexicon import Sense, listed, phrases
from recommender.core.wording import PUNCTUATION

LONGEST_PHRASE = 4
_SLOT_OF = {"type": "types", "colour": "colours", "pattern": "patterns", "detail": "details"}
PATTERN_NOUNS = frozenset(
    listed(
        "stripe stripes dot dots spots checks check squares flower flowers print prints "
        "pinstripe roses daisies blossom blossoms graphic logo tartan plaid gingham"
    )
)
_NEGATORS = frozenset(
    listed(
        "no not without never nothing neither nor non hate hates hated dislike dislikes detest "
        "detests loathe loathes except minus less fewer avoid avoids too"
    )
)
_NEGATING_PAIRS = frozenset(
    tuple(pair.strip().split())
    for line in (
        "anything but, everything but, all but, anything except, other than, instead of",
        "rather than, apart from, sick of, tired of, fed up, enough of, bored of, allergic to",
        "get rid, take off, take away, stop showing, stop giving, stop recommending, hold the",
        "die than, dead in, dead wearing, hard pass, pass on, steer clear, spare me",
    )
    for pair in line.split(",")
)
_REMOVERS = frozenset(["remove", "lose", "ditch", "erase", "scrub"])
# "Take the flowers off": the word that denies comes after what it denies.
_SPLIT_REMOVERS = frozenset(["take", "strip", "peel", "rip", "wipe", "leave"])
_SPLIT_REACH = 6
# After these, "no", "not" and "never" deny nothing.
_NOT_DENIED = {
    "no": frozenset(
        listed(
            "problem idea thanks thank matter wait i make show the that it give you , please "
            "longer doubt worries sorry actually"
        )
    ),
    "not": frozenset(listed("only just sure bad mind care least necessarily")),
    "never": frozenset(["mind"]),
}
_SCOPE_ENDS = frozenset(listed("just only instead maybe then i show give make please lets"))
_LIST_WORDS = frozenset(listed("or and nor a an the any no not , in please thanks either"))
_MINE = re.compile(
    r"\b(?:with|match|matching|for|to|of|suit|suits|and) (?:my|his|her|our|their) "
    r"|\b(?:goes|go|pair|pairs|worn|looks?|wear) (?:well |nicely |good |nice |great )?with "
)
# Nouns that are colours only where a colour can stand.
_THINGS = frozenset(
    listed(
        "snow sky forest sand wine film ash rose lemon rust mint sage gold stone pearl chalk bone "
        "smoke steel cherry brick cardinal strawberry raspberry tomato pumpkin carrot candy butter "
        "honey straw banana pine moss coffee cocoa walnut toffee grape ink champagne vanilla wheat "
        "slate dove cranberry avocado biscuit latte marine espresso orchid copper amber"
    )
)
# After these a thing is the thing itself, unless something to wear follows.
_THING_BEFORE = frozenset(listed("a an some get love like drink eat"))


@dataclass(frozen=True)
class Tag:
    """A phrase of the lexicon found in a message: tokens start..end, and what it means."""

    start: int
    end: int
    words: tuple[str, ...]
    senses: tuple[Sense, ...]

    def has(self, slot: str) -> bool:
        return any(name == slot for name, _ in self.senses)

    def slots(self) -> Slots:
        """Return the senses that are attributes of a garment."""
        values: dict[str, tuple[str, ...]] = {}
        for name, value in self.senses:
            if name in _SLOT_OF:
                key = _SLOT_OF[name]
                values[key] = (*values.get(key, ()), value)
        return Slots(**values)


def tag(tokens: Sequence[str]) -> list[Tag]:
    """Return the phrases of the lexicon in a message, longest first at each place."""
    table = phrases()
    tags = []
    at = 0
    while at < len(tokens):
        for size in range(min(LONGEST_PHRASE, len(tokens) - at), 0, -1):
            words = tuple(tokens[at : at + size])
            word = None if words in table else find(words)
            senses = word.senses if word else table.get(words)
            if senses and _is_meant(tokens, at, at + size):
                tags.append(Tag(at, at + size, words, senses))
                at += size
                break
        else:
            at += 1
    return _heads(_without_own(tokens, tags))


def _is_meant(tokens: Sequence[str], start: int, end: int) -> bool:
    """Return whether a word of the lexicon is used in the lexicon's sense here."""
    word = tokens[start]
    before = tokens[start - 1] if start else ""
    after = tokens[end] if end < len(tokens) else ""
    if end - start > 1:
        return True
    if word == "top":
        if after == "of":  # "top of the list"
            return False
        return before not in {"on", "at", "the"} or after not in {"one", "three", "five", ""}
    if word in {"check", "checks"}:
        return after not in {"out", "this", "it", "if", "whether", "that", "the", "my", "your"}
    if word in {"sketch", "drawing", "drawn", "painting", "painted", "print", "prints"}:
        return not (word in {"sketch", "print"} and after in {"me", "us", "my", "your"})
    if word == "fancy":
        return before not in {"i", "you", "we"}
    if word in {"short", "long"}:
        return before not in {"in", "how", "as", "so", "no"} and after not in {"time", "as"}
    if word in {"light", "warm", "soft", "smart", "cute", "classic", "modern"}:
        return after not in {"up", "it"}
    if (
        word in _THINGS
        and word != "film"
        and before in _THING_BEFORE
        and after not in _phrase_starts()
    ):
        return after == "coloured"  # "can I get a coffee"
    if word in _THINGS:
        return before not in {"the", "at", "my", "to"} or after in {
            "one",
            "coloured",
            "skirt",
            "dress",
        }
    if word == "moving":
        return after not in {"on", "to", "house"}
    return True


@lru_cache(maxsize=1)
def _phrase_starts() -> frozenset[str]:
    """Return the words that a phrase of the lexicon begins with."""
    return frozenset(phrase[0] for phrase in phrases())


def _without_own(tokens: Sequence[str], tags: list[Tag]) -> list[Tag]:
    """Drop what the person already has: "a hat to go with my red dress" asks for a hat."""
    plain = " ".join(tokens)
    own: set[int] = set()
    for match in _MINE.finditer(plain):
        first = plain[: match.end()].count(" ")
        for at in range(first, len(tokens)):
            if tokens[at] in PUNCTUATION or tokens[at] in {"but", "in", "with", "please"}:
                break
            own.add(at)
    return [t for t in tags if t.start not in own]


def _heads(tags: list[Tag]) -> list[Tag]:
    """Of garment words side by side ("shirt dress") only the last names the garment."""
    kept = []
    for index, found in enumerate(tags):
        following = tags[index + 1] if index + 1 < len(tags) else None
        is_modifier = (
            following is not None
            and following.start == found.end
            and found.has("type")
            and following.has("type")
            and len(found.senses) == 1
        )
        if not is_modifier:
            kept.append(found)
    return kept


def denied(tokens: Sequence[str], tags: Sequence[Tag]) -> set[int]:
    """Return the positions in `tags` that stand under a "not", "no", "without", "hate" …"""
    starts = {t.start: index for index, t in enumerate(tags)}
    found: set[int] = set()
    scope: _Scope | None = None
    for at, said in enumerate(tokens):
        if _denies(tokens, at):
            scope = _Scope(opened=at, word=said)
            continue
        if scope and _closes(tokens, at, tags, scope):
            scope = None
        if scope and at in starts:
            found.add(starts[at])
            scope.last = starts[at]
    return found


@dataclass
class _Scope:
    """The reach of one negation."""

    opened: int
    word: str
    last: int | None = None


def _denies(tokens: Sequence[str], at: int) -> bool:
    said = tokens[at]
    following = tokens[at + 1] if at + 1 < len(tokens) else ""
    if (said, following) in _NEGATING_PAIRS or said in _REMOVERS:
        return True
    if said in _SPLIT_REMOVERS:
        after = tokens[at + 1 : at + 1 + _SPLIT_REACH]
        return following in {"the", "those", "these", "that", "all"} and (
            ("out" if said == "leave" else "off") in after
        )
    if said not in _NEGATORS:
        return False
    if following in _NOT_DENIED.get(said, ()) or (said == "no" and not following):
        return False
    before = tokens[at - 1] if at else ""
    if said == "not" and before == "why":
        return False
    if said == "less" and before == "or":
        return False
    return not (said == "without" and before == "or")


def _closes(tokens: Sequence[str], at: int, tags: Sequence[Tag], scope: _Scope) -> bool:
    """Return whether the said ends the reach of a negation."""
    said = tokens[at]
    if said == "but":
        return tokens[at - 1] not in {"anything", "everything", "all", "nothing"}
    if said == ",":
        return not _goes_on(tokens, at, tags)
    if said in PUNCTUATION:
        return True
    if scope.word in _SPLIT_REMOVERS and said in {"off", "out"}:
        return True
    if scope.last is None:
        return False
    if scope.word in {"too", "less", "fewer"} and at >= tags[scope.last].end:
        return True  # "not too long skirt": only the length is too much
    if said in _SCOPE_ENDS or said in {"on", "for"}:
        return True
    if said == "with":
        return scope.word == "without" or tokens[at - 1] in {"and", "or"}
    if said == "and":
        if {"anything", "everything"} & set(tokens[at + 1 : at + 2]):
            return False
        following = next((t for t in tags if t.start > at), None)
        same = following and {s for s, _ in following.senses} & {
            s for s, _ in tags[scope.last].senses
        }
        return not same or tokens[at + 1 : at + 2] in (["with"], ("with",))
    return False


def _goes_on(tokens: Sequence[str], comma: int, tags: Sequence[Tag]) -> bool:
    """Return whether a list goes on after the comma: "no red, blue or green"."""
    inside = {at for t in tags for at in range(t.start, t.end)}
    has_or = False
    for at in range(comma + 1, len(tokens)):
        said = tokens[at]
        if said in {".", ";", "!", "?", ":"}:
            break
        if at not in inside and said not in _LIST_WORDS:
            return has_or
        is_loose = list(tokens[at + 1 : at + 2]) in (["so"], ["something"], ["maybe"])
        has_or = has_or or (said in {"or", "nor"} and not is_loose)
    return has_or
