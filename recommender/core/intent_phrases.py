"""The templates of the small intent model, and which of their words speak for a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from recommender.core.intent_model import REFUSED, subject_words
from recommender.core.lexicon import listed

PHRASES = Path(__file__).with_name("intent_phrases.txt")
_FILLER = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"[a-z']+")
# Fillers that stand for anybody or for clothes: no evidence of anything.
_NEUTRAL = frozenset(listed("type types colour pattern detail place style who group nth celebrity"))
# Subjects that speak for a refusal.
_UNSAFE = frozenset(["weapons", "drugs", "hate"])
# Words of unsafe templates that harmless sentences use as well.
_EVERYDAY = frozenset(
    listed(
        "want would wish like life hates hate anymore any more want it everything everyone someone "
        "somebody people person men women model woman girl man send let wear wearing dressed body "
        "face picture pictures photo photos video videos clip image says saying words printed with "
        "reading written neighbour boss teacher actor actress famous user users data other private "
        "line this text app new important updated admin owner boss creator engineer developer "
        "programmer system message assistant mode free different ai human hot dark black white "
        "underwear bra shower bed leave disappear problem animals tonight live miss over water "
        "uniform symbol flag slogan joke covered soaked recipe guide steps instructions rules "
        "programming orders limits constraints directives policies filters follow answer reply "
        "respond only yes ok okay say says makes looks look house car bank cards shop church "
        "school "
        "shirt skirt top being every half item chat names label mark talk their through making "
        "living starting modelling scene onto content completely pics tables key act before drawn "
        "cross "
        "accept adults apply aside authority backwards belong born burned caught checking "
        "classmate clearance clone colleague dance deserve despise detest easy ending fewer first "
        "given hand crack explosive "
        "horribly ingredients kindly lap last lock locks mocking modelled online permission "
        "politician public reason replace score selfie sense she shot silently skim step stick "
        "summarise telling tells thinking told too took under wave way whom world worn steamy "
        "building city hall money break forge steal pills weed knife poison bullet fire"
    )
)


def read_phrases(path: Path) -> tuple[dict[str, list[str]], dict[str, tuple[str, ...]]]:
    """Return the templates of each intent, and the fillers by name."""
    phrases: dict[str, list[str]] = {}
    fillers: dict[str, tuple[str, ...]] = {}
    lines: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            lines = phrases.setdefault(line[3:], [])
        elif not phrases and " = " in line and not line.startswith("#"):
            name, _, words = line.partition(" = ")
            fillers[name] = tuple(words.split(", "))
        elif line and phrases:
            lines.append(line)
    return phrases, fillers


@lru_cache(maxsize=1)
def telling_words() -> frozenset[str]:
    """Return the words that only templates of unsafe requests hold."""
    phrases, fillers = read_phrases(PHRASES)
    unsafe = _words_of((line for name in REFUSED for line in phrases[name]), fillers)
    harmless = _words_of(
        (line for name, lines in phrases.items() if name not in REFUSED for line in lines), fillers
    )
    listed_ = {w for w, subjects in subject_words().items() if _UNSAFE & set(subjects)}
    return frozenset(w for w in (unsafe | listed_) - harmless - _EVERYDAY if len(w) > 2)


@lru_cache(maxsize=1)
def template_words() -> frozenset[str]:
    """Return every word of the templates and their fillers."""
    phrases, fillers = read_phrases(PHRASES)
    return frozenset(_words_of((line for lines in phrases.values() for line in lines), fillers))


def _words_of(lines: Iterable[str], fillers: dict[str, tuple[str, ...]]) -> set[str]:
    words: set[str] = set()
    for line in lines:
        for name in _FILLER.findall(line):
            if name not in _NEUTRAL:
                words.update(w for value in fillers[name] for w in _WORD.findall(value.lower()))
        words.update(_WORD.findall(_FILLER.sub(" ", line.lower())))
    return words


def is_telling(tokens: Sequence[str]) -> bool:
    """Return whether some word speaks for a refusal."""
    return not telling_words().isdisjoint(tokens)
