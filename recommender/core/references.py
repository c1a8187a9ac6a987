"""Which of the pictures in sight a person means: "the second one", "this", "the red one"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from common.vocabulary import TYPES
from recommender.core.dialogue import ShownItem, Slots
from recommender.core.lexicon import listed
from recommender.core.tagging import Tag

_ORDINALS = {
    **{w: n for n, w in enumerate(listed("first second third fourth fifth sixth seventh eighth"))},
    **{f"{n}{['st', 'nd', 'rd'][n - 1] if n < 4 else 'th'}": n - 1 for n in range(1, 13)},
    "top": 0,
}
_MIDDLE = "middle"
_NUMBERS = {w: n for n, w in enumerate(listed("one two three four five six seven eight"))}
_FROM_END = {"last": 1, "latest": 1, "final": 1, "bottom": 1}
_NOUN = (
    r"(?:one|item|picture|photo|image|clip|video|pic|result|option|design|"
    + "|".join(re.escape(t.replace("-", " ")) for t in TYPES)
    + r"|jacket|coat|trousers|jeans|sweater|jumper|trainers)"
)
_ORDINAL = "|".join((*_ORDINALS, *_FROM_END, _MIDDLE))
PLACE = re.compile(
    rf"\b(?:the |that |this |your |my )(?:(second|third) to last|({_ORDINAL}))(?: (two|three))?"
    rf"(?: {_NOUN}| ones)?\b(?! (?:week|time|year|night|summer|winter|month))"
    rf"|\b(?:(second|third) to last|({_ORDINAL})) {_NOUN}\b"
    r"|(?:\b(?:number|no \.|option|item|picture|nr)|#) ?(\d{1,2}|one|two|three|four|five|six|seven"
    r"|eight)\b"
)
# What answers "which one?" in a word.
_BARE = re.compile(rf"^(?:the )?(?:({_ORDINAL})|(\d{{1,2}}))(?: one)?(?: please)?(?: [.!])?$")
# Words of a description that no title is searched for.
_PLAIN_WORDS = frozenset(
    listed(
        "very really nice other same that this with without more most only just also then one ones"
    )
)
_FILLER = r"(?:[a-z]+ ){0,5}?"
LOOK = re.compile(
    rf"\b(?:the|that|this) ({_FILLER})one\b(?! (?:with|in|that is) )"
    rf"|\bthe one (?:with|in|that is) ((?:[a-z]+ ?){{1,4}})"
)
# What a description of one thing cannot go on over.
_BREAKS = r"(?!(?:the|that|this|a|an|on|onto|of|off|from|in|to|with|for|and|but|or) )"
TYPED = re.compile(rf"\b(?:the|that|this) ((?:{_BREAKS}[a-z]+ ){{0,3}}?{_NOUN}s?)\b")
_JOINED = re.compile(r" (?:and|, and|,|&) (?=the |number |#)")
# "The dress in blue": of what is in sight.
# "Not that bright": a degree.
_NOT_SO = re.compile(r"^(?:no , )?not (?:that|this) (?!one\b)\w")
_POINTS = re.compile(r"^(?:and |but |ok |now )*(?:the|that|this) ")
_THIS = re.compile(
    rf"\b(?:this|that)(?: {_NOUN})?\b(?! (?:is|are|has|have|with|i|would|you|way|kind|sort|says"
    rf"|looks|goes|"
    r"can|all|much|time|morning|evening|week|season|year|s)\b)|\b(?:this|that) one\b"
)
# "The same" also means the wishes so far: pointing at nothing, it is no mistake.
_SAME = re.compile(r"\bthe same(?: one| thing)?\b|^same(?: one| thing)?\b")
_RELATIVE = re.compile(r"\b(something|anything|one|ones|clothes|piece|thing|so|like)$")
_IT = re.compile(
    r"\b(?:make|change|turn|do|edit|recolou?r|like|love|hate|dislike|keep|convert|redo|with|of|to"
    r"|for|"
    r"adjust|restyle|dye|is|give|transform|on|than|about)"
    r"(?: not)? (it)\b|^it\b"
)
_ALL = re.compile(
    r"\b(?:these|those|(?:all|any|none|one|either|both|neither|each) of them)\b"
    r"|\b(?:make|turn|change|do|like|love|hate|dislike|recolou?r) them\b"
)
_OTHER = re.compile(r"\bthe other(?: one)?\b")
_ALIKE = re.compile(
    r"\b(?:like|similar to|as|resembling|matching|inspired by|based on|in the style of"
    r"|along the lines of)"
    r" (?:the |this|that|it|number|these|those|your |#)|\bmore like\b|\bthe same\b|\blikes? of\b"
)


@dataclass(frozen=True)
class Pointed:
    """What a message points at: items, whether something is missing, and the words it used."""

    ids: tuple[int, ...] = ()
    missing: bool = False
    is_alike: bool = False
    # Positions of tokens that named the reference, not new wishes.
    used: frozenset[int] = field(default_factory=frozenset)
    # "it", "that": may also mean nothing in particular.
    is_weak: bool = False
    # A place in the list or a look named it.
    by_place: bool = False


def find_references(
    tokens: Sequence[str],
    tags: Sequence[Tag],
    shown: Sequence[ShownItem],
    *,
    focus_id: int | None,
    has_verb: bool,
    is_answer: bool = False,
) -> Pointed:
    """Return what the message points at.

    shown: the items in sight, in order. focus_id: the item that "it" means, if one is.
    has_verb: whether the message edits, compares or judges, so that "the red skirt" may be a
    picture in sight rather than a wish. is_answer: whether "which one?" was asked.
    """
    plain = " ".join(tokens)
    is_alike = bool(_ALIKE.search(plain))
    if is_answer and (match := _BARE.match(plain)):
        word, number = match.groups()
        places = _places(None, word, None, number, len(shown))
        ids = tuple(shown[i].id for i in places if 0 <= i < len(shown))
        return Pointed(ids, not ids, used=frozenset(range(len(tokens))))
    for finder in (_by_place, _by_look):
        pointed = finder(plain, tokens, tags, shown, has_verb=has_verb or is_alike)
        if pointed:
            return Pointed(pointed.ids, pointed.missing, is_alike, pointed.used, by_place=True)
    if match := _OTHER.search(plain):
        others = [item.id for item in shown if item.id != focus_id]
        ids = tuple(others) if len(others) == 1 else ()
        return Pointed(ids, not ids, is_alike, _tokens_of(plain, *match.span()))
    if match := _ALL.search(plain):
        ids = tuple(item.id for item in shown)
        return Pointed(ids, not ids, is_alike, _tokens_of(plain, *match.span()), is_weak=True)
    return _by_focus(plain, shown, focus_id, is_alike)


def _by_place(
    plain: str,
    tokens: Sequence[str],
    tags: Sequence[Tag],
    shown: Sequence[ShownItem],
    *,
    has_verb: bool,
) -> Pointed | None:
    match = PLACE.search(plain)
    if match is None:
        return None
    ids: list[int] = []
    used: frozenset[int] = frozenset()
    while match is not None:
        back, word, count, back_bare, bare, number = match.groups()
        places = _places(back or back_bare, word or bare, count, number, len(shown))
        ids += [shown[i].id for i in places if 0 <= i < len(shown)]
        used |= _tokens_of(plain, *match.span())
        joined = _JOINED.match(plain, match.end())
        match = PLACE.match(plain, joined.end()) if joined else None  # "the first and the third"
    return Pointed(tuple(dict.fromkeys(ids)), missing=not ids, used=used)


def _places(
    back: str | None, word: str | None, count: str | None, number: str | None, total: int
) -> list[int]:
    """Return the positions (from 0) that an ordinal, a number or "last" names."""
    if number:
        return [(int(number) if number.isdigit() else _NUMBERS[number] + 1) - 1]
    if back:
        return [total - _ORDINALS[back] - 1]
    many = _NUMBERS[count] + 1 if count else 1
    if word == _MIDDLE:
        return [total // 2] if total % 2 else []
    if word in _FROM_END:
        return list(range(total - many, total))
    start = _ORDINALS[word or "first"]
    return list(range(start, start + many))


def _by_look(
    plain: str,
    tokens: Sequence[str],
    tags: Sequence[Tag],
    shown: Sequence[ShownItem],
    *,
    has_verb: bool,
) -> Pointed | None:
    """Return the shown items that "the red one" (or "the red skirt", after a verb) describes."""
    points = has_verb or bool(_POINTS.match(plain))
    for pattern in (LOOK, TYPED) if points else (LOOK,):
        for match in pattern.finditer(plain):
            used = _tokens_of(plain, *match.span())
            found = _looking_like(match.group(1) or match.group(match.lastindex or 1), used, tags)
            look, spare = found
            kind = _kind_of(match.group()) or _kind_said(used, tags)
            if not (look or spare or kind):
                continue
            ids = tuple(
                item.id
                for item in shown
                if (_fits(item, look, spare) if look or spare else item.kind == kind)
            )
            if len(ids) == 1 or (ids and pattern is LOOK):
                return Pointed(ids[:1], used=used)
            if pattern is LOOK and shown and has_verb and look:
                return Pointed((), missing=True, used=used)
    return None


def _kind_of(said: str) -> str | None:
    """Return the kind of item that a noun names: "the video"."""
    noun = said.split()[-1].rstrip("s")
    if noun in {"clip", "video", "film", "reel"}:
        return "video"
    return "image" if noun in {"picture", "photo", "image", "pic"} else None


def _kind_said(used: frozenset[int], tags: Sequence[Tag]) -> str | None:
    """Return the kind that a description names: "the moving one"."""
    inside = (t for t in tags if used >= set(range(t.start, t.end)))
    return next((value for t in inside for name, value in t.senses if name == "kind"), None)


def _looking_like(
    said: str, used: frozenset[int], tags: Sequence[Tag]
) -> tuple[Slots, frozenset[str]]:
    """Return the attributes a description names, and its words that may stand in a title."""
    look = Slots()
    for tag in tags:
        if used >= set(range(tag.start, tag.end)):
            look = look.plus(tag.slots())
    named = {word for tag in tags for word in tag.words if set(range(tag.start, tag.end)) <= used}
    spare = frozenset(
        w for w in said.split() if (len(w) > 3 or w == "ai") and w not in named | _PLAIN_WORDS
    )
    return replace(look, details=()), spare | frozenset(look.details)


def _fits(item: ShownItem, look: Slots, spare: frozenset[str]) -> bool:
    """Return whether an item has the looks named; where none are, whether its title says them."""
    if item.origin == "ai" and spare & {"generated", "artificial"}:
        spare = spare - {"generated", "artificial"}
    title = item.title.casefold()
    if spare == {"ai"} and not look:
        return item.origin == "ai"
    seen = (
        all(colour in item.colours for colour in look.colours)
        and all(pattern == item.pattern for pattern in look.patterns)
        and all(kind == item.type for kind in look.types)
    )
    named = any(word in title for word in spare)
    if look.colours or look.patterns:
        return seen
    return seen and (named if spare else bool(look.types))


def _by_focus(
    plain: str, shown: Sequence[ShownItem], focus_id: int | None, is_alike: bool
) -> Pointed:
    """Return what "this", "that" or "it" means: the item in focus, else the only one in sight."""
    match = next(
        (
            m
            for m in _THIS.finditer(plain)
            if not _is_relative(plain, m) and not _NOT_SO.match(plain)
        ),
        None,
    )
    weak = match is None
    match = match or _SAME.search(plain) or _IT.search(plain)
    if match is None:
        return Pointed(is_alike=is_alike)
    group = 1 if match.re is _IT and match.group(1) else 0
    used = _tokens_of(plain, *match.span(group))
    if focus_id is not None:
        return Pointed((focus_id,), False, is_alike, used, weak)
    if len(shown) == 1:
        return Pointed((shown[0].id,), False, is_alike, used, weak)
    return Pointed((), not weak, is_alike, used, weak)


def _is_relative(plain: str, match: re.Match[str]) -> bool:
    """Return whether "that" joins a clause ("a dress that shines") rather than points."""
    if not match.group().startswith("that") or match.group().endswith("one"):
        return False
    before = plain[: match.start()].rstrip()
    after = plain[match.end() :].split()[:1]
    noun = re.search(rf"\b{_NOUN}s?$", before) or _RELATIVE.search(before)
    return bool(noun and after and after[0] not in {"but", "in", "with", ",", ".", "as"}) and not (
        before.endswith(("like", "so"))
    )


def _tokens_of(plain: str, start: int, end: int) -> frozenset[int]:
    """Return the positions of the tokens that a span of the plain line covers."""
    first = plain[:start].count(" ")
    return frozenset(range(first, first + plain[start:end].strip().count(" ") + 1))
