"""Cutting a text into passages at sentence borders."""

from __future__ import annotations

import re
from dataclasses import dataclass

TARGET_WORDS = 150
MAX_WORDS = 200
# The last sentence of a passage opens the next as well, if it is no longer than this.
OVERLAP_WORDS = 35
# Shorter pieces (a caption, a date line) say nothing that could be cited.
MIN_WORDS = 5
_SENTENCE_END = re.compile(r"""[.!?…。！？]+["'”’»)\]]*(?=\s+[^\sa-zà-ÿ]|\s*$)|\n+""")
_NOT_AN_END = re.compile(
    r"(?:\b(?:art|arts|no|nos|e\.g|i\.e|etc|cf|vs|dr|mr|mrs|ms|prof|sec|reg|approx|ca|inc|ltd|co"
    r"|fig|para|st|u\.s|u\.k|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|[a-z])|\d)\.$",
    re.I,
)


@dataclass(frozen=True)
class Piece:
    """A passage of a text: the words, and where they stand in it."""

    text: str
    start: int
    end: int


def split_sentences(text: str) -> list[Piece]:
    """Return the sentences of a text with their places; the end of a line ends a sentence."""
    pieces, start = [], 0
    for match in _SENTENCE_END.finditer(text):
        if "\n" not in match.group() and _is_abbreviation(text, match):
            continue
        pieces.append(_piece(text, start, match.end()))
        start = match.end()
    pieces.append(_piece(text, start, len(text)))
    return [piece for piece in pieces if piece.text]


def _is_abbreviation(text: str, match: re.Match[str]) -> bool:
    """Return whether the dot belongs to "Art." or "No."; a number may end a sentence in a line."""
    before = text[max(0, match.start() - 12) : match.end()].rstrip()
    found = _NOT_AN_END.search(before)
    if not found:
        return False
    # "50." ends a sentence unless something in lower case or a number follows: the pattern above
    # has seen to lower case already.
    return not found.group()[0].isdigit()


def split_passages(text: str) -> list[Piece]:
    """Return the passages of a text: about `TARGET_WORDS` words each, never above `MAX_WORDS`.

    A sentence longer than that is cut between words. Passages overlap by one sentence where it is
    short, so that "it" in the next still has its noun.
    """
    passages: list[Piece] = []
    group: list[Piece] = []
    fresh = 0
    for sentence in _bounded(split_sentences(text)):
        words = _count(sentence.text)
        if fresh and _length(group) + words > (MAX_WORDS if fresh < 3 else TARGET_WORDS):
            passages.append(_joined(text, group))
            group = [group[-1]] if _count(group[-1].text) <= OVERLAP_WORDS else []
            if _length(group) + words > MAX_WORDS:
                group = []
            fresh = 0
        group.append(sentence)
        fresh += 1
    if fresh:
        passages.append(_joined(text, group))
    return [passage for passage in passages if _count(passage.text) >= MIN_WORDS]


def _bounded(sentences: list[Piece]) -> list[Piece]:
    """Return the sentences with those that are too long cut between words."""
    bounded = []
    for sentence in sentences:
        words = list(re.finditer(r"\S+", sentence.text))
        for first in range(0, len(words), MAX_WORDS):
            last = words[min(first + MAX_WORDS, len(words)) - 1]
            start, end = words[first].start(), last.end()
            bounded.append(
                Piece(sentence.text[start:end], sentence.start + start, sentence.start + end)
            )
    return bounded


def _joined(text: str, group: list[Piece]) -> Piece:
    return _piece(text, group[0].start, group[-1].end)


def _piece(text: str, start: int, end: int) -> Piece:
    part = text[start:end]
    start += len(part) - len(part.lstrip())
    part = part.strip()
    return Piece(part, start, start + len(part))


def _length(group: list[Piece]) -> int:
    return sum(_count(piece.text) for piece in group)


def _count(text: str) -> int:
    return len(text.split())
