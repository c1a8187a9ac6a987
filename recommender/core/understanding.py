"""What one message means: wishes, aversions, references, intent. A lexicon and a small grammar."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from common.backdrops import is_about_background
from common.tools import tool_of
from recommender.core import topics
from recommender.core.attributes import read_attributes, without_chance
from recommender.core.changes import changing_one, repaired
from recommender.core.crossing import cross
from recommender.core.dialogue import ShownItem, Slots, State, Understanding
from recommender.core.lexicon import listed
from recommender.core.praise import praised
from recommender.core.references import Pointed, find_references
from recommender.core.safety import refusal_of
from recommender.core.tagging import tag
from recommender.core.verbs import feedback_of, verbs_of
from recommender.core.wording import Words, clean, named_pair, read, split

_STYLE_FRAME = frozenset(
    listed("as a an in like into style look version effect filter picture drawing")
)
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
_LIKEWISE = re.compile(r"\b(?:too|as well|likewise|same (?:for|with|to))\b")
# Questions whose "the skirt" is a picture in sight.
ABOUT_ITEM = frozenset(["who_made", "is_ai", "about", "why", "opinion", "manage"])
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
    crossed = cross(tokens, shown, state.focus_id)
    if crossed.borrowed or crossed.tokens != tokens:
        words = replace(words, tokens=crossed.tokens)
        tokens, plain = words.tokens, words.plain
    verbs = verbs_of(plain)
    tags = without_chance(tag(tokens), tokens, verbs)
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
            or crossed.borrowed
            or topics.topic_of(plain) in ABOUT_ITEM
            or state.pending.get("slot") == "reference"
        ),
        is_answer=state.pending.get("slot") == "reference",
    )
    named = [value for t in tags if t.start in pointed.used for value in t.slots().types]
    liked = Slots()
    if feedback == "like" and pointed.ids and not (verbs["is_edit"] or verbs["is_make"]):
        item = next((one for one in shown if one.id == pointed.ids[0]), None)
        sides, liked = praised(text, tokens, tags, pointed, item)
        tags = [t for t in tags if t not in sides]
    tags = [t for t in repaired(plain, tags) if t.start not in pointed.used]
    heard = read_attributes(text, tokens, tags, state, verbs)
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
    pointed = replace(pointed, missing=pointed.missing or crossed.missing)
    borrowed = tuple((one.phrase, one.value) for one in crossed.borrowed)
    heard = replace(heard, pointed_types=tuple(named), borrowed=borrowed, liked=liked)
    heard = _settle(heard, words, pointed, verbs, feedback, state)
    return changing_one(heard, plain, state, shown)


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
