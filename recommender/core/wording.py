"""From typed text to words: clean, expand contractions, split, and mend typing errors."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from common.errors import InvalidInputError
from common.guidance import MAX_INSTRUCTION_CHARS
from recommender.core.lexicon import LANGUAGE_MARKS, foreign_words, listed, phrases

_CONTRACTIONS = (
    (re.compile(r"\b(?:can't|cannot|cant)\b"), "can not"),
    (re.compile(r"\b(?:won't|wont)\b"), "will not"),
    (re.compile(r"\bain't\b"), "is not"),
    (re.compile(r"\b(do|does|did|is|are|was|would|should|could|have|has)n'?t\b"), r"\1 not"),
    (re.compile(r"\b(i|you|we|they|it|that|what|who|where|there|how)'(?:d)\b"), r"\1 would"),
    (re.compile(r"\bid (?=like|love|prefer|rather)"), "i would "),
    (re.compile(r"\bi'?m\b"), "i am"),
    (re.compile(r"\blet'?s\b"), "let us"),
    (re.compile(r"\b(you|we|they)'re\b"), r"\1 are"),
    (re.compile(r"\b(i|you|we|they)'ve\b"), r"\1 have"),
    (re.compile(r"\b(i|you|we|they|it|that)'ll\b"), r"\1 will"),
    (re.compile(r"\b(it|that|what|who|where|there|how|he|she|here)'?s\b"), r"\1 is"),
    (re.compile(r"\b(\w+)'s\b"), r"\1"),
    (re.compile(r"\b(?:gimme)\b"), "give me"),
    (re.compile(r"\b(?:wanna)\b"), "want to"),
    # Alone, "gonna" is Italian for a skirt.
    (re.compile(r"\b(am|are|is|'m|'re|'s) gonna\b"), r"\1 going to"),
    (re.compile(r"\b(?:pls|plz)\b"), "please"),
    (re.compile(r"\b(?:smth|sth)\b"), "something"),
    (re.compile(r"\b(?:thx|ty)\b"), "thanks"),
    (re.compile(r"\bb\s?&\s?w\b"), "black and white"),
)
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[.,;:!?#&/+*=]")
PUNCTUATION = frozenset(".,;:!?")

# Words one or two letters away from a word of the lexicon that are meant as they stand.
NOT_TYPOS = frozenset(Path(__file__).with_name("common_words.txt").read_text().split())

# Words a typing error may stand for besides the lexicon's.
_VERBS = listed(
    "show find search make create design generate change recolour without please "
    "something anything second third picture video imagine invent instead different "
    "similar clothes"
)


MAX_MENDED = 12


@dataclass(frozen=True)
class Words:
    """The words of one message, as they were understood."""

    tokens: tuple[str, ...]
    # What was mended: typed word -> word it was read as.
    mended: dict[str, str]

    @property
    def plain(self) -> str:
        """Return the tokens as one line, single spaces between them."""
        return " ".join(self.tokens)


def clean(text: str) -> str:
    """Return the text without control characters and odd spaces.

    Raises InvalidInputError with a sentence when it is empty or longer than the limit.
    """
    if len(text) > MAX_INSTRUCTION_CHARS:
        raise InvalidInputError(
            f"That is {len(text):,} characters. Please keep a message under "
            f"{MAX_INSTRUCTION_CHARS}: a sentence or two is plenty."
        )
    text = unicodedata.normalize("NFKC", text)
    text = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)
    text = " ".join(text.split())
    if not text:
        raise InvalidInputError("Tell me what you would like to see, for example “black skirts”.")
    return text


def split(text: str) -> tuple[str, ...]:
    """Return lower-case words and punctuation, contractions expanded, hyphens as spaces."""
    text = text.casefold().replace("ß", "ss").replace("’", "'").replace("‘", "'")
    text = re.sub(r"\s[-–—]+\s|—", " , ", text)
    text = re.sub(r"[-–_]", " ", text)
    for pattern, replacement in _CONTRACTIONS:
        text = pattern.sub(replacement, text)
    return tuple(_TOKEN.findall(text))


def read(text: str) -> Words:
    """Return the words of a cleaned text, typing errors mended.

    Of words that are not known only the first few are looked at: a wall of gibberish must not
    cost seconds.
    """
    mended: dict[str, str] = {}
    tokens = []
    unknown = 0
    for token in split(text):
        unknown += token not in _known()
        better = mend(token) if unknown <= MAX_MENDED else token
        if better != token:
            mended[token] = better
        tokens.extend(better.split())
    return Words(tuple(tokens), mended)


@lru_cache(maxsize=4096)
def mend(word: str) -> str:
    """Return the lexicon's word that this one is a slip of, or the word itself.

    Only words of four letters and more that are neither known nor common English are touched, and
    only when one candidate is clearly nearest: one slip up to six letters, two beyond.
    """
    if len(word) < 4 or not word.isalpha() or not word.isascii() or word in _known():
        return word
    if word.endswith("ish") and word[:-3] in _known():  # greenish
        return word[:-3]
    if word.endswith("dish") and word[:-4] in _known():  # reddish
        return word[:-4]
    allowed = 1 if len(word) <= 6 else 2
    near = [t for t in _targets() if abs(len(t) - len(word)) <= allowed]
    # Nearest first; then the same first letter; then letters left out, the commonest slip.
    scored = sorted(
        (distance(word, t, allowed), t[0] != word[0], not _is_inside(word, t), t) for t in near
    )
    best = [entry for entry in scored if entry[0] <= allowed][:2]
    if not best or (best[0][1] and best[0][0] > 1):
        return word
    if len(best) > 1 and best[0][:3] == best[1][:3] and not _same(best[0][3], best[1][3]):
        return word
    return best[0][3]


def _is_inside(word: str, target: str) -> bool:
    """Return whether the word is the target with letters left out."""
    letters = iter(target)
    return all(letter in letters for letter in word)


def _same(left: str, right: str) -> bool:
    """Return whether two words mean the same to the lexicon."""
    table = phrases()
    senses = table.get((left,))
    return senses is not None and senses == table.get((right,))


def distance(left: str, right: str, limit: int) -> int:
    """Return the Damerau-Levenshtein distance (swaps of neighbours count one), or limit + 1."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        older, before, row = before, row, [i]
        for j, b in enumerate(right, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


_KNOWN: set[str] = set()


def _known() -> set[str]:
    """Return every word that is right as it stands."""
    if not _KNOWN:
        _KNOWN.update(word for phrase in phrases() for word in phrase)
        _KNOWN.update(foreign_words())
        _KNOWN.update(word for marks in LANGUAGE_MARKS.values() for word in marks)
        _KNOWN.update(NOT_TYPOS)
        _KNOWN.update(_VERBS)
    return _KNOWN


_TARGETS: list[str] = []


def _targets() -> list[str]:
    """Return the words that a slip may stand for."""
    if not _TARGETS:
        words = {word for phrase in phrases() for word in phrase if len(word) >= 4}
        _TARGETS.extend(sorted((words | set(_VERBS)) - {"tees", "line", "neck", "look", "grain"}))
    return _TARGETS
