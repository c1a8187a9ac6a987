"""What is borrowed from another picture: "the second one in the colour of the first".

The borrowed phrase is replaced by what it stands for ("the second one in green"), so that one
grammar serves all that follows. "Change the colour of the first" borrows nothing: there the picture
is what is to be changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from recommender.core.dialogue import ShownItem
from recommender.core.references import LOOK, PLACE, TYPED, find_references
from recommender.core.tagging import PATTERN_NOUNS, tag

_SIDES = {
    "colours": r"(?:colou?rs?|shades?|tones?|hues?|colou?rway|colou?ring)",
    "pattern": r"(?:patterns?|prints?|motifs?)",
    "type": r"(?:type|kind|sort|garment) of (?:thing|garment|piece|clothing)|garment",
}
_SIDE = "|".join(f"(?P<{name}{{0}}>{words})" for name, words in _SIDES.items())
_ONE, _TWO = _SIDE.format(1), _SIDE.format(2)
_EXACT = r"(?:(?:very |exact )*same |exact |very )"
# "(in) the (same) colour (and pattern) of", "same pattern as".
_OF = re.compile(
    rf"(?P<lead>\b(?:in|with|to|into|using|but|and|has|have|having|wearing|use|copy|apply"
    rf"|transfer|match|matches|matching) )?(?:the |its |an? )?(?P<same>{_EXACT})?(?:{_ONE})"
    rf"(?: and (?:the )?(?:{_TWO}))? (?:of|as|from|like|on|that is on) "
)
# "… the first one's colour", whose apostrophe is gone by now.
_OWN = re.compile(rf" (?:{_ONE})\b(?! (?:to|into|is|of)\b)")
_LEADS = re.compile(
    r"\b(?:in|with|to|into|using|match|matches|matching|same as|but|use|copy)$"
    rf"|(?:one|{TYPED.pattern}|(?:number|#) ?\w+|first|second|third|fourth|last)$"
)
_STARTS = re.compile(
    r"(?:(?:the|that|this|number|no \.|item|option|picture|#) ?\w+|it\b|this\b|that\b)"
)
_FOCUS = re.compile(r"(?:it|(?:this|that)(?: one)?)\b")
# "Put the stripes of the skirt on the dress".
_CARRY = re.compile(
    r"\b(?:put|add|copy|apply|transfer|bring|use) (?:the |those |these )?"
    rf"(?:{'|'.join(sorted(PATTERN_NOUNS - {'print', 'prints'}))}) (?P<of>(?:of|from) )"
)
_ONTO = re.compile(r" (?:on|onto|to|over to) (?:the|that|this|number|#|it)\b")
_MATCH_WORDS = frozenset(["match", "matches", "matching", "using", "has", "have", "having"])
_CARRIERS = frozenset(["use", "copy", "apply", "transfer"])


@dataclass(frozen=True)
class Borrowed:
    """A phrase that named another picture's side, and what it stands for ("" where unknown)."""

    phrase: str
    value: str


@dataclass(frozen=True)
class Crossed:
    """The message with what it borrows in plain words; `missing`: a picture was not found."""

    tokens: tuple[str, ...]
    borrowed: tuple[Borrowed, ...] = ()
    missing: bool = False


def cross(tokens: Sequence[str], shown: Sequence[ShownItem], focus_id: int | None) -> Crossed:
    """Return the message with each borrowed phrase replaced by the values of the picture named."""
    plain = " ".join(tokens)
    found: list[Borrowed] = []
    missing = False
    for finder in (_carried, _of, _own):
        at = 0
        while span := finder(plain, at, bool(found)):
            start, end, said, sides, lead = span
            item = _resolve(said, shown, focus_id)
            missing = missing or item is None
            words = _values(item, sides) if item else ""
            if finder is not _carried:
                found.append(Borrowed(plain[start:end].strip(), words))
            put = f"{lead} {words}".strip() if words else ""
            plain = " ".join(f"{plain[:start]} {put} {plain[end:]}".split())
            at = start + len(put)
    return Crossed(tuple(plain.split()), tuple(found), missing)


Span = tuple[int, int, str, tuple[str, ...], str]


def _of(plain: str, at: int, is_second: bool) -> Span | None:
    """Return the next "in the colour of the first": start, end, the picture, sides, lead."""
    for match in _OF.finditer(plain, at):
        lead = (match["lead"] or "").strip()
        if not (match["same"] or (lead and (lead != "and" or is_second)) or _after_picture(match)):
            continue
        said = _picture_at(plain, match.end())
        if said:
            return match.start(), match.end() + len(said), said, _sides_of(match), _lead(lead)
    return None


def _own(plain: str, at: int, is_second: bool) -> Span | None:
    """Return the next "the first one's colour" that something else is to have."""
    for match in _OWN.finditer(plain, at):
        for start in (m.start() for m in _STARTS.finditer(plain, at, match.start())):
            said = _picture_at(plain, start)
            before = plain[:start].rstrip()
            if said and start + len(said) == match.start() and _LEADS.search(before):
                lead = before.rsplit(" ", 1)[-1]
                is_lead = lead in {"in", "with", "to", "into", "but"} | _MATCH_WORDS | _CARRIERS
                start = len(before) - len(lead) if is_lead else start
                return start, match.end(), said, _sides_of(match), _lead(lead if is_lead else "")
    return None


def _carried(plain: str, at: int, is_second: bool) -> Span | None:
    """Return the next "of the skirt" in "put the stripes of the skirt on the dress"."""
    match = _CARRY.search(plain, at)
    said = _picture_at(plain, match.end()) if match else ""
    if match is None or not said or not _ONTO.match(plain, match.end() + len(said)):
        return None
    return match.start("of"), match.end() + len(said), said, (), ""


def _after_picture(match: re.Match[str]) -> bool:
    """Return whether the phrase follows a picture: "give the shirt the colour of the dress"."""
    before = match.string[: match.start()].rstrip()
    return bool(re.search(r"\b(?:give|lend|show) ", before) and _LEADS.search(before))


def _lead(said: str) -> str:
    """Return the word that the values stand after."""
    if said in _CARRIERS:
        return "put"
    return "in" if not said or said in _MATCH_WORDS else said


def _sides_of(match: re.Match[str]) -> tuple[str, ...]:
    groups = match.groupdict()
    return tuple(name for name in _SIDES for number in "12" if groups.get(f"{name}{number}"))


def _picture_at(plain: str, at: int) -> str:
    """Return the words at a place that point at one picture; "" where none do."""
    if place := PLACE.match(plain, at):
        return place.group()
    found = [match.group() for p in (LOOK, TYPED, _FOCUS) if (match := p.match(plain, at))]
    return min(found, key=len) if found else ""


def _resolve(said: str, shown: Sequence[ShownItem], focus_id: int | None) -> ShownItem | None:
    tokens = tuple(said.split())
    pointed = find_references(tokens, tag(tokens), shown, focus_id=focus_id, has_verb=True)
    return next((item for item in shown if item.id in pointed.ids[:1]), None)


def _values(item: ShownItem, sides: Sequence[str]) -> str:
    """Return what the item has on these sides, as a person would say it."""
    said = {"colours": " and ".join(item.colours), "pattern": item.pattern, "type": item.type}
    return " ".join(str(said[side]).replace("-", " ") for side in sides if said[side])
