"""Which attributes a message wants, rules out, takes back or leaves open."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from recommender.core.dialogue import Slots, State, Understanding
from recommender.core.learned import find
from recommender.core.lexicon import COMPARATIVES, OPPOSITES, listed
from recommender.core.tagging import PATTERN_NOUNS, Tag, denied

_ALLOW = re.compile(
    r"\bafter all\b|\b(?:is|are|would be) (?:actually |totally |perfectly |really )?(?:fine|ok"
    r"|okay|"
    r"alright|all right|allowed|welcome)\b|\bnot mind\b|\b(?:ok|okay|fine) (?:again|now|too)\b"
    r"|\bchanged my mind about\b|\bno longer (?:hate|mind|dislike)\b|\bstart liking\b|\bnot hate\b"
)
_FORGET = re.compile(
    r"\b(?:forget|scrap|never mind|nevermind|cancel|drop|skip|take back|ignore|lift)\b"
    r"(?: about| what i said about| that| the| my)*"
)
_FREED = (
    (
        "colours",
        re.compile(
            r"\b(?:forget|never mind|whatever|drop|ignore|any)(?: about)? (?:the )?colou?rs?\b"
            r"|\bcolou?r (?:does not matter|is not important)\b|\bnot care about (?:the )?colou?r"
        ),
    ),
    (
        "patterns",
        re.compile(
            r"\b(?:forget|never mind|whatever|ignore|any)(?: about)? (?:the )?patterns?\b"
            r"|\bpattern does not matter\b|\bnot care about (?:the )?pattern"
        ),
    ),
    (
        "types",
        re.compile(
            r"\b(?:forget|never mind|whatever|ignore)(?: about)? (?:the )?(?:type|garment)\b"
        ),
    ),
)
_STYLE_OFF = re.compile(
    r"\b(?:no|not|without|forget|drop|remove|normal|no more|lose|never mind)(?: \w+)? (?:style"
    r"|cartoon|drawing|"
    r"sketch|watercolou?r|pencil|neon|anime|effect)\b|\b(?:normal|real|realistic) (?:photo"
    r"|picture|look|style)\b"
    r"|\bphoto ?realistic\b|\bas a photo\b"
)
_FROM_TO = re.compile(r"\b(?:to|into|for|with)\b")
# Only after these does "with" name what comes instead: not in "make it navy with white dots".
_REPLACERS = frozenset(listed("replace swap change exchange substitute switch"))
_OF_ONE = re.compile(
    r"\b(?:of|on|in) (?:the |that |this )?(?:\w+ (?:one|item|picture)|it|this|that)\b"
)
_CLIP_WORDS = frozenset(["clip", "clips", "video", "videos", "film", "movie"])
_GENERAL_LOOKS = frozenset(["drawing", "painting", "sketch", "picture", "image"])
# So few words without a verb are a wish: "paisley, perhaps?"
MAX_BARE_WORDS = 4


def read_attributes(
    text: str, tokens: Sequence[str], tags: list[Tag], state: State, verbs: dict[str, bool]
) -> Understanding:
    """Return the wishes, aversions, withdrawals, kind and style of a message."""
    plain = " ".join(tokens)
    no = denied(tokens, tags)
    if state.averse and tokens[0] in {"and", "or", "nor", "also"} and not any(verbs.values()):
        no = set(range(len(tags)))  # "I hate leather." "And fur."
    wanted = unwanted = allowed = dropped = Slots()
    added: tuple[str, ...] = ()
    found: dict[str, Any] = {"comparatives": (), "kind": None, "style": None}
    last_colour = len(tokens)
    freed = [name for name, pattern in _FREED if pattern.search(plain)]
    for index, t in enumerate(tags):
        slots = t.slots()
        if slots.details and set(tokens[t.end : t.end + 1]) & _CLIP_WORDS:
            continue  # "a short clip": the clip is short, not the skirt
        freed.extend(value for name, value in t.senses if name == "any")
        withdrawn = _withdrawn(tokens, t, slots, state)
        if withdrawn == "allowed":
            allowed = allowed.plus(slots)
        elif withdrawn == "dropped" or _is_replaced(tokens, t, tags, verbs):
            dropped = dropped.plus(slots)
        elif index in no:
            part = _denied_part(index, tags, no)
            unwanted = unwanted.plus(part)
            if "neither" in tokens[: t.start] and slots.types and not part.types:
                wanted = wanted.plus(replace(slots, details=()))  # "neither red nor pink shoes"
            if "too" in tokens[max(0, t.start - 2) : t.start]:
                wanted = wanted.plus(_opposite(slots))
        elif added_colour := _added_colour(tokens, t, tags):
            added = (*added, added_colour)
        else:
            if slots.colours and "but" in tokens[last_colour : t.start]:
                wanted = replace(wanted, colours=())  # "the green hat is nice but in blue"
            last_colour = t.end if slots.colours else last_colour
            wanted = wanted.plus(slots)
            _note(found, tokens, t, verbs)
    wanted = _with_soft(wanted, added, tags, no, state)
    return Understanding(
        text=text,
        taken=_taken(tags),
        wanted=wanted,
        added_colours=added,
        unwanted=unwanted.without(wanted),
        allowed=allowed,
        dropped=dropped,
        freed=tuple(dict.fromkeys(freed)),
        comparatives=found["comparatives"],
        kind=found["kind"],
        style=found["style"],
        style_off=bool(_STYLE_OFF.search(plain)) and not found["style"],
    )


def _note(found: dict[str, Any], tokens: Sequence[str], t: Tag, verbs: dict[str, bool]) -> None:
    """Keep the kind, the style and the comparatives that a wanted phrase carries."""
    if len(t.words) == 1 and t.words[0] in COMPARATIVES:
        found["comparatives"] = (*found["comparatives"], t.words[0])
    for name, value in t.senses:
        # "an anime drawing" is anime: the general word does not override the particular one.
        if name in {"kind", "style"} and not (found[name] and t.words[-1] in _GENERAL_LOOKS):
            found[name] = value


def _with_soft(
    wanted: Slots, added: tuple[str, ...], tags: list[Tag], no: set[int], state: State
) -> Slots:
    """Add what words imply ("denim": blue) where the person names nothing of that kind."""
    soft: dict[str, tuple[str, ...]] = {}
    for index, t in enumerate(tags):
        for name, value in t.senses if index not in no else ():
            soft[name] = (*soft.get(name, ()), value)
    if not wanted.colours and not added:
        wanted = wanted.plus(Slots(colours=soft.get("soft", ())))
    if not wanted.patterns:
        wanted = wanted.plus(Slots(patterns=soft.get("soft pattern", ())[:1]))
    if not wanted.types and not state.wanted.types:
        wanted = wanted.plus(Slots(types=soft.get("soft type", ())[:1]))
    return wanted


def _taken(tags: list[Tag]) -> tuple[tuple[str, str], ...]:
    """Return the words that the catalogue taught, each with what it was taken for, if anything."""
    learned = [word for t in tags if (word := find(t.words)) and ("detail", word.word) in t.senses]
    return tuple((word.word, word.value) for word in learned)


def without_chance(tags: list[Tag], tokens: Sequence[str], verbs: dict[str, bool]) -> list[Tag]:
    """Drop words of the catalogue alone in a long message that asks for nothing: they are talk."""
    asks = any(verbs.values()) or len(tokens) <= MAX_BARE_WORDS
    is_talk = all(find(t.words) and t.senses[0][0] == "detail" for t in tags)
    return [] if is_talk and not asks else tags


def _opposite(slots: Slots) -> Slots:
    """Return what "too short" asks for instead."""
    return Slots(details=tuple(OPPOSITES[d] for d in slots.details if d in OPPOSITES))


def _denied_part(index: int, tags: list[Tag], no: set[int]) -> Slots:
    """Return what "no black skirts" denies: the black. A garment alone is denied itself."""
    slots = tags[index].slots()
    if not slots.types:
        return slots
    near = (index - 1, index + 1)
    qualified = any(
        other in no
        and not tags[other].has("type")
        and abs(tags[other].start - tags[index].start) <= 3
        for other in near
        if 0 <= other < len(tags)
    )
    return Slots(details=slots.details) if qualified else slots


def _clause(tokens: Sequence[str], t: Tag) -> str:
    """Return the words of the clause that a phrase stands in."""
    stops = {".", ";", "!", "?", ",", "but"}
    start = max((i + 1 for i in range(t.start) if tokens[i] in stops), default=0)
    end = min((i for i in range(t.end, len(tokens)) if tokens[i] in stops), default=len(tokens))
    return " ".join(tokens[start:end])


def _withdrawn(tokens: Sequence[str], t: Tag, slots: Slots, state: State) -> str | None:
    """Return "allowed" or "dropped" when the clause takes back an aversion or a wish."""
    if not slots:
        return None
    clause = _clause(tokens, t)
    is_averse = bool(slots.common(state.unwanted))
    if _ALLOW.search(clause):
        return "allowed" if is_averse or "not mind" in clause else None
    if _FORGET.search(clause):
        if is_averse or re.search(r"\b(?:no|not|without)\b", clause):
            return "allowed"
        return "dropped"
    return None


def _is_replaced(tokens: Sequence[str], t: Tag, tags: list[Tag], verbs: dict[str, bool]) -> bool:
    """Return whether an edit replaces the phrase: the stripes in "swap stripes for dots"."""
    if not verbs["is_edit"]:
        return False
    slots = {name for name, _ in t.senses}
    for other in tags:
        between = " ".join(tokens[t.end : other.start])
        if other.start > t.start and slots & {n for n, _ in other.senses}:
            if "with" in between.split() and not _REPLACERS & set(tokens[: t.start]):
                return False
            # "Swap the red of the first one for purple".
            between = _OF_ONE.sub(" ", between)
            return bool(_FROM_TO.search(between)) and len(between.split()) <= 3
    return False


def _added_colour(tokens: Sequence[str], t: Tag, tags: list[Tag]) -> str | None:
    """Return the colour that joins the main one: the white of "with white stripes"."""
    colour = next((value for name, value in t.senses if name == "colour"), None)
    if colour is None:
        return None
    before = tokens[max(0, t.start - 3) : t.start]
    is_pattern = t.end < len(tokens) and tokens[t.end] in PATTERN_NOUNS
    if is_pattern or tokens[t.end : t.end + 1] in (("polka",), ["polka"]):
        is_pair = (
            len(before) >= 2
            and before[-1] == "and"
            and any(o.end == t.start - 1 and o.has("colour") for o in tags)
        )
        return None if is_pair else colour
    if t.start == 1 and tokens[0] in {"and", "or", "plus"}:
        return colour
    joins = {"also", "add", "plus", "some", "bit", "touch", "hint", "little"}
    is_main = any(o.start == t.end and o.has("type") for o in tags)  # "some white shirts"
    return colour if joins & set(before) and not is_main and "in" not in before[-1:] else None
