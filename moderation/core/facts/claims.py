"""The sentences of a text that claim something which a source could confirm or refute."""

from __future__ import annotations

import re
from dataclasses import dataclass

from moderation.core.facts.holding import sentences_of
from moderation.core.facts.tokens import read_tokens

MAX_CLAIMS = 12
MIN_WORDS = 4
CERTIFICATION = re.compile(
    r"\b(?:certified|certification|organic|gots|oeko-?tex|fair\s?trade|bluesign|carbon[- ]neutral"
    r"|climate[- ]neutral|biodegradable|recycled|vegan|cruelty[- ]free|sustainable|patented"
    r"|iso\s?\d{4,5}|made\s+in\s+\w+|hand[- ]?made)\b",
    re.I,
)
_NUMBER = re.compile(r"\d")
_STATES = re.compile(
    r"\b(?:is|are|was|were|must|may|can|cannot|has|have|needs?|requires?|applies|apply|contains?"
    r"|consists?|comes?|means|protects?|began|since)\b",
    re.I,
)
# "I love it", "you are great": opinions and talk, not facts about the world.
_TALK = re.compile(r"\b(?:i|i'm|we|you|my|our|your|me|love|like|please|thanks?)\b", re.I)


@dataclass(frozen=True)
class Claim:
    """A sentence that claims something, where it stands, and what makes it checkable."""

    field: str
    text: str
    start: int
    end: int
    kind: str


def find_claims(field: str, text: str) -> list[Claim]:
    """Return a text's checkable sentences, at most `MAX_CLAIMS`: certificates, figures, facts."""
    found = []
    for start, sentence in sentences_of(text):
        kind = _kind(sentence)
        if kind:
            found.append(Claim(field, sentence, start, start + len(sentence), kind))
    return found[:MAX_CLAIMS]


def _kind(sentence: str) -> str:
    if CERTIFICATION.search(sentence):
        return "certificate"
    if len([token for token in read_tokens(sentence) if token.is_content]) < MIN_WORDS - 1:
        return ""
    if _TALK.search(sentence):
        return ""
    if _NUMBER.search(sentence):
        return "figure"
    return "fact" if _STATES.search(sentence) else ""
