"""Holding a claim against passages: supported, refuted or not found, with the words that show it.

A claim is laid beside the sentences that share most of its words. It is refuted where both speak of
the same and differ in a number, a date, a name, a word of which only one can hold
(`classes`), or a "not". No model: what is paraphrased beyond its words is not found.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from moderation.core.facts.classes import class_of
from moderation.core.facts.tokens import Token, read_tokens

SUPPORTED, REFUTED, NOT_FOUND = "supported", "refuted", "not found"
# Share of a claim's words that the same sentences must hold for them to speak of the same thing;
# and the fewest words, below which any sentence would do.
SAME_SUBJECT = 0.6
LEAST_WORDS = 3
_SENTENCE = re.compile(r"[^.!?\n]+(?:\.(?=\S)[^.!?\n]*)*[.!?]?")


@dataclass(frozen=True)
class SourcePassage:
    """A passage of a source, with what is needed to cite it."""

    text: str
    passage_id: int = 0
    title: str = ""
    url: str = ""
    # Where the text begins in its document.
    start: int = 0


@dataclass(frozen=True)
class Holding:
    """A claim's verdict; `quote` are the sentences it was laid beside, `start` in the document."""

    claim: str
    verdict: str
    why: str = ""
    quote: str = ""
    start: int = 0
    end: int = 0
    passage: SourcePassage | None = None
    coverage: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return it as evidence."""
        shown: dict[str, Any] = {"claim": self.claim[:300], "verdict": self.verdict}
        if self.passage is not None and self.quote:
            shown |= {
                "why": self.why,
                "quote": self.quote[:420],
                "passage_id": self.passage.passage_id,
                "source": self.passage.title,
                "url": self.passage.url,
                "span": [self.start, self.end],
                "shared_words": round(self.coverage, 3),
            }
        return shown


@dataclass(frozen=True)
class _Window:
    passage: SourcePassage
    text: str
    start: int
    tokens: tuple[Token, ...]
    stems: frozenset[str]


def hold(claim: str, passages: Sequence[SourcePassage]) -> Holding:
    """Return what the passages say of a claim; the best matching sentences decide."""
    tokens = read_tokens(claim)
    content = {token.norm for token in tokens if token.is_content}
    if len(content) < LEAST_WORDS:
        return Holding(claim, NOT_FOUND)
    scored = [
        (_coverage(content, window), -len(window.text), place, window)
        for place, window in enumerate(_windows(passages))
    ]
    if not scored:
        return Holding(claim, NOT_FOUND)
    coverage, _, _, best = max(scored, key=lambda one: one[:2])
    if coverage < SAME_SUBJECT:
        return Holding(claim, NOT_FOUND)
    verdict, why = _compare(tokens, best)
    start = best.passage.start + best.start
    return Holding(
        claim, verdict, why, best.text, start, start + len(best.text), best.passage, coverage
    )


def sentences_of(text: str) -> list[tuple[int, str]]:
    """Return (start, sentence) of a text."""
    found = []
    for match in _SENTENCE.finditer(text):
        sentence = match.group().strip()
        if sentence:
            found.append((match.start() + match.group().index(sentence), sentence))
    return found


def _windows(passages: Iterable[SourcePassage]) -> Iterator[_Window]:
    for passage in passages:
        yield from _windows_of(passage)


@lru_cache(maxsize=512)
def _windows_of(passage: SourcePassage) -> tuple[_Window, ...]:
    """Return single sentences and pairs of neighbours."""
    sentences = sentences_of(passage.text)
    found = []
    for size in (1, 2):
        for first in range(len(sentences) - size + 1):
            start, last = sentences[first][0], sentences[first + size - 1]
            text = passage.text[start : last[0] + len(last[1])]
            tokens = tuple(read_tokens(text))
            stems = frozenset(token.norm for token in tokens if token.is_content)
            found.append(_Window(passage, text, start, tokens, stems))
    return tuple(found)


def _coverage(content: set[str], window: _Window) -> float:
    """Share of the claim's words in the window; the second sentence must earn its place."""
    size_cost = 0.02 * window.text.count(". ")
    return len(content & window.stems) / len(content) - size_cost


def _compare(tokens: Sequence[Token], window: _Window) -> tuple[str, str]:
    missing: list[str] = []
    for kind in ("number", "date"):
        said = [token for token in tokens if token.kind == kind]
        held = Counter(token.norm for token in window.tokens if token.kind == kind)
        lost = held - Counter(_as_held(token.norm, held) for token in said)
        extra = Counter(_as_held(token.norm, held) for token in said) - held
        if extra and lost:
            return REFUTED, f"{kind} {', '.join(sorted(extra))}; there {', '.join(sorted(lost))}"
        missing += sorted(extra)
    for differs in (_other_of_class, _other_polarity, _other_name):
        if problem := differs(tokens, window):
            return REFUTED, problem
    if missing:
        return NOT_FOUND, f"the source does not give {', '.join(missing[:3])}"
    return SUPPORTED, ""


def _as_held(said: str, held: Iterable[str]) -> str:
    """Return the source's spelling of a date: a month is held by a day in it."""
    return next((one for one in held if "-" in said and one.startswith(said + "-")), said)


def _words(tokens: Iterable[Token]) -> Counter[str]:
    return Counter(token.norm for token in tokens if token.is_content)


def _other_of_class(tokens: Sequence[Token], window: _Window) -> str:
    lost = _words(window.tokens) - _words(tokens)
    for token in tokens:
        name = class_of(token.norm) if token.is_content else ""
        if not name or token.norm in window.stems:
            continue
        others = sorted(one for one in lost if class_of(one) == name)
        if others:
            return f"{name} “{token.text}”; there {', '.join(others[:3])}"
    return ""


def _other_name(tokens: Sequence[Token], window: _Window) -> str:
    """A name that the source lacks stands where the source has another."""
    known = window.stems | {token.norm for token in read_tokens(window.passage.title)}
    lost = _words(window.tokens) - _words(tokens)
    named = [one for one in window.tokens if one.kind == "name" and one.norm in lost]
    for token in tokens:
        if token.kind == "name" and token.norm not in known and named:
            return f"the name “{token.text}”; there “{named[0].text}”"
    return ""


def _other_polarity(tokens: Sequence[Token], window: _Window) -> str:
    ours, theirs = _negated(tokens), _negated(window.tokens)
    our_words, their_words = _words(tokens), _words(window.tokens)
    for word in sorted((ours | theirs).keys() & our_words.keys() & their_words.keys()):
        if ours[word] == theirs[word]:
            continue
        # Where one says it once more, with or without "not", nothing can be told from it.
        bare = min(our_words[word] - ours[word], their_words[word] - theirs[word])
        if our_words[word] == their_words[word] or bare <= 0:
            return f"“{word}” is negated in one and not in the other"
    return ""


def _negated(tokens: Sequence[Token]) -> Counter[str]:
    """Return how often a "not" goes before each word (after it, at a sentence's end)."""
    found: Counter[str] = Counter()
    for place, token in enumerate(tokens):
        if token.kind != "not":
            continue
        following = [one for one in tokens[place + 1 : place + 4] if one.is_content]
        before = [one for one in tokens[:place] if one.is_content]
        if following or before:
            found[(following or before[-1:])[0].norm] += 1
    return found
