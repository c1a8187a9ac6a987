"""What one message means: wishes, aversions, references, intent. A lexicon and a small grammar."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from common.backdrops import is_about_background
from common.tools import tool_of
from recommender.core import topics
from recommender.core.changes import changing_one, repaired
from recommender.core.dialogue import ShownItem, Slots, State, Understanding
from recommender.core.lexicon import (
    COMPARATIVES,
    OPPOSITES,
    listed,
)
from recommender.core.references import Pointed, find_references
from recommender.core.safety import refusal_of
from recommender.core.tagging import PATTERN_NOUNS, Tag, denied, tag
from recommender.core.verbs import feedback_of, verbs_of
from recommender.core.wording import Words, clean, named_pair, read, split

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
_STYLE_FRAME = frozenset(
    listed("as a an in like into style look version effect filter picture drawing")
)
_GENERAL_LOOKS = frozenset(["drawing", "painting", "sketch", "picture", "image"])
_ADJECTIVE_STYLES = frozenset(["vintage", "neon"])
_ALL_OF = re.compile(r"\b(?:all|both|each|every one) of (?:them|these|those)\b")
_MATCHES = re.compile(
    r"\b(?:go|goes|going) (?:well |nicely )?with\b|\bmatch(?:es|ing)?\b|\b(?:wear|pair|combine)s? "
    r"(?:it |this |that )?with\b"
)
# A clip is made out of a picture: there "it" is that picture, not what is to be made.
_OUT_OF = re.compile(
    r"\b(?:clip|video|film|movie)\b(?: \w+){0,2} (?:of|from) (?:it|this|that|them|these|those)\b"
)
_CLIP_WORDS = frozenset(["clip", "clips", "video", "videos", "film", "movie"])
_LIKEWISE = re.compile(r"\b(?:too|as well|likewise|same (?:for|with|to))\b")
_LETTER = re.compile(r"[^\W\d_]")


def understand(text: str, *, state: State, shown: Sequence[ShownItem]) -> Understanding:
    """Return what a message means beside what is remembered and in sight.

    Raises InvalidInputError when it is empty or too long. Nothing typed here is ever an
    instruction to the program: the result holds only words of our vocabulary and flags.
    """
    text = clean(text)
    words = read(text)
    tokens, plain = words.tokens, words.plain
    # As typed, too: mending must not make "undress" a sundress.
    name = named_pair(text)
    if refusal := refusal_of(plain, name) or refusal_of(" ".join(split(text)), name):
        return Understanding(text=text, refusal=refusal)
    tags = tag(tokens)
    verbs = verbs_of(plain)
    feedback = feedback_of(text, plain)
    pointed = find_references(
        tokens,
        tags,
        shown,
        focus_id=state.focus_id,
        has_verb=bool(
            verbs["is_edit"]
            or verbs["is_more"]
            or feedback
            or state.pending.get("slot") == "reference"
        ),
        is_answer=state.pending.get("slot") == "reference",
    )
    named = [value for t in tags if t.start in pointed.used for value in t.slots().types]
    tags = [t for t in repaired(plain, tags) if t.start not in pointed.used]
    heard = _attributes(text, tokens, tags, state, verbs)
    topic = _topic(plain, heard, verbs, pointed)
    if topics.AFFIRM.match(plain) and not state.pending and state.last_action in {"create", "edit"}:
        topic = "agreed"  # "ok" to what is being made asks for nothing
    if topic:
        return Understanding(
            text=text,
            topic=topic,
            references=pointed.ids,
            points_by_place=pointed.by_place,
            language=words.language,
        )
    heard = replace(heard, pointed_types=tuple(named))
    heard = _settle(heard, words, pointed, verbs, feedback, state)
    return changing_one(heard, plain, state, shown)


def _attributes(
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
            unwanted = unwanted.plus(_denied_part(index, tags, no))
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
    wanted = _with_soft(wanted, added, tags, no)
    return Understanding(
        text=text,
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


def _with_soft(wanted: Slots, added: tuple[str, ...], tags: list[Tag], no: set[int]) -> Slots:
    """Add the colour a material implies ("denim": blue) where none is named."""
    soft = tuple(
        value
        for index, t in enumerate(tags)
        if index not in no
        for name, value in t.senses
        if name == "soft"
    )
    return wanted if wanted.colours or added else wanted.plus(Slots(colours=soft))


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


def _topic(
    plain: str, heard: Understanding, verbs: dict[str, bool], pointed: Pointed
) -> str | None:
    """Return the topic to answer, unless the message is a request for clothes after all."""
    topic = topics.topic_of(plain)
    asks = heard.wanted.types or heard.wanted.patterns or heard.wanted.colours
    if (
        topic == "off_topic"
        and asks
        and not re.match(r"(?:please )?(?:write|translate|what|who|how)", plain)
    ):
        topic = None
    if topic == "help" and heard.wanted.types:
        topic = None
    if topic == "ai_share" and heard.wanted.types:
        topic = None
    if topic == "price" and heard.wanted.types and not topics.ASKS_PRICE.search(plain):
        topic = None  # "find me a cheap dress": there are no prices, but there are dresses
    if topic in {"reset"} and heard.wanted.types:
        topic = None
    if topic:
        return topic
    if heard.says_attributes or verbs["is_make"] or verbs["is_edit"] or pointed.ids:
        return None
    if topics.DENY.match(plain) or topics.AFFIRM.match(plain):
        return None
    aside = topics.aside_of(plain)
    if aside in {"greeting", "thanks", "smalltalk"} and (verbs["is_find"] or verbs["is_desire"]):
        return None
    return aside


def _settle(
    heard: Understanding,
    words: Words,
    pointed: Pointed,
    verbs: dict[str, bool],
    feedback: str | None,
    state: State,
) -> Understanding:
    """Return the understanding with verbs, references and opinions reconciled."""
    plain, tokens = words.plain, words.tokens
    is_make = verbs["is_make"] and not verbs["no_make"]
    style, details = _style_or_detail(heard, tokens, is_make or verbs["is_edit"])
    # "Make them red" after a search changes the wishes, not a row of pictures.
    is_row = (
        pointed.is_weak
        and len(pointed.ids) > 1
        and not verbs["is_more"]
        and not _ALL_OF.search(plain)
    )
    affirms = bool(topics.AFFIRM.match(plain))
    # "Yes, make it" takes up the offer; its "it" is what was offered, not a picture in sight.
    accepts = affirms and state.pending.get("slot") == "make"
    makes_of_it = pointed.is_alike or bool(_OUT_OF.search(plain))
    refers = (
        bool(pointed.ids)
        and not (pointed.is_weak and ((is_make and not makes_of_it) or accepts))
        and not is_row
    )
    # "And the other one too", after a change: the same change.
    likewise = bool(pointed.ids and state.last_action == "edit" and _LIKEWISE.search(plain))
    changes = bool(heard.wanted or heard.unwanted or style or heard.kind or heard.added_colours)
    if (
        feedback
        and ((not pointed.ids and not pointed.missing) or changes)
        and heard.says_attributes
    ):
        feedback = None  # "I hate leather" is an aversion, "I like the second but in red" a wish
    backdrop = is_about_background(heard.text) and not (is_make or verbs["is_find"])
    letters = _LETTER.findall(heard.text)
    latin = sum(letter.isascii() or "À" <= letter <= "ɏ" for letter in letters)
    changed = {
        # A colour named for the background is none of the garment's.
        "wanted": Slots() if backdrop else heard.wanted.plus(Slots(details=details)),
        "added_colours": () if backdrop else heard.added_colours,
        "backdrop": backdrop,
        "tool": tool_of(plain),
        "is_match": bool(_MATCHES.search(plain)) and bool(heard.wanted.types),
        "style": style,
        "references": pointed.ids if refers or feedback else (),
        "reference_missing": pointed.missing,
        "points_by_place": pointed.by_place,
        "is_alike": pointed.is_alike and refers,
        "is_make": is_make,
        "is_find": verbs["is_find"] or verbs["no_make"],
        "is_edit": (verbs["is_edit"] or backdrop or likewise) and not is_make and not accepts,
        "is_more": verbs["is_more"] and not is_make,
        "is_correction": verbs["is_correction"],
        "is_desire": verbs["is_desire"],
        "no_make": verbs["no_make"],
        "is_anything": bool(topics.ANYTHING.search(plain)),
        "affirms": affirms,
        "denies": bool(topics.DENY.match(plain)),
        "feedback": feedback,
        "language": words.language,
        "unreadable": bool(letters) and latin * 2 < len(letters),
        "mended": tuple(words.mended.items()),
    }
    return Understanding(
        **{**{f: getattr(heard, f) for f in heard.__dataclass_fields__}, **changed}
    )


def _style_or_detail(
    heard: Understanding, tokens: Sequence[str], makes: bool
) -> tuple[str | None, tuple[str, ...]]:
    """Return the style; "a vintage dress" that is only looked for names a quality, not a style."""
    style = heard.style
    if style not in _ADJECTIVE_STYLES or makes:
        return style, ()
    places = [i for i, token in enumerate(tokens) if token in {"vintage", "retro", "neon"}]
    framed = any(
        tokens[i - 1] in {"as", "in", "like", "into"}
        or (i + 1 < len(tokens) and tokens[i + 1] in _STYLE_FRAME - {"a", "an", "in", "as"})
        for i in places
        if i
    )
    return (style, ()) if framed or not places else (None, (style,))
