"""Reading words through their disguises: look-alike letters, digits for letters, hidden characters.

Matching is on whole words, so that innocent words which contain a listed one pass.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Cyrillic and Greek letters that look Latin.
_LOOKALIKES = str.maketrans(
    "авекмнорстухіјѕԁԛԝһӏαβεηικνορτυχωАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "abekmhopctyxijsdqwhlabenikvoptuxwabekmhopctyxijsabezhikmnoptyx",
)
_LEET = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"}
_LEET_L = {**_LEET, "1": "l", "!": "l"}
_WORD = re.compile(r"[a-z0-9@$!*]+(?:['’][a-z]+)?")
_SPELT_OUT = re.compile(r"(?<![a-z0-9@$])(?:[a-z0-9@$][\s.\-_*]){2,}[a-z0-9@$](?![a-z0-9@$])")
MAX_CHARS = 5000


@dataclass(frozen=True)
class Hit:
    """A listed term and the words as they stand in the text."""

    term: str
    text: str


def folded(text: str) -> str:
    """Return the text in lower-case Latin letters without accents and hidden characters."""
    compatible = unicodedata.normalize("NFKC", text[:MAX_CHARS])
    visible = "".join(c for c in compatible if c in "\n\t" or not _is_hidden(c))
    plain = "".join(
        c
        for c in unicodedata.normalize("NFD", visible.translate(_LOOKALIKES))
        if not unicodedata.combining(c)
    )
    return plain.lower().translate(_LOOKALIKES)


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in {"Cf", "Cc"}


def find_terms(text: str, terms: Iterable[str]) -> list[Hit]:
    """Return the listed terms that stand in the text as whole words, disguised or not.

    A term of several words matches those words in a row.
    """
    words = list(_words(folded(text)))
    wanted = {tuple(term.split()) for term in terms}
    longest = max((len(term) for term in wanted), default=0)
    hits = []
    for start in range(len(words)):
        for length in range(1, min(longest, len(words) - start) + 1):
            part = words[start : start + length]
            match = next((term for term in _readings(part) if term in wanted), None)
            match = match or _starred(part, wanted)
            if match:
                hits.append(Hit(" ".join(match), " ".join(part)))
    return hits


def _words(text: str) -> Iterator[str]:
    """Yield the words, letters spelt out singly ("b a d") as one word."""
    joined = _SPELT_OUT.sub(lambda match: re.sub(r"[\s.\-_*]", "", match.group()), text)
    for match in _WORD.finditer(joined):
        yield match.group().strip("!*")


def _readings(words: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield what a run of words may be read as: as it stands, plural, digits as letters."""
    yield tuple(words)
    for variant in (_plain, _plain_l):
        read = tuple(variant(word) for word in words)
        yield read
        yield tuple(_squeezed(word, 1) for word in read)
        yield tuple(_squeezed(word, 2) for word in read)
        yield (*read[:-1], read[-1].removesuffix("s"))


def _starred(words: list[str], wanted: set[tuple[str, ...]]) -> tuple[str, ...] | None:
    """Return the term of one word that fits with any letter for each star."""
    if len(words) != 1 or "*" not in words[0]:
        return None
    read = "".join(_LEET.get(c, c) for c in words[0])
    pattern = re.compile(re.sub(r"[^a-z*]", "", read).replace("*", "[a-z]"))
    return next((term for term in wanted if len(term) == 1 and pattern.fullmatch(term[0])), None)


def _plain(word: str) -> str:
    return _unleet(word, _LEET)


def _plain_l(word: str) -> str:
    return _unleet(word, _LEET_L)


def _unleet(word: str, table: dict[str, str]) -> str:
    """Read digits as letters, but only among letters: 455 is a number."""
    if not any(c.isalpha() for c in word):
        return word
    return "".join(table.get(c, c) for c in word).replace("*", "")


def _squeezed(word: str, keep: int) -> str:
    """Shorten letters that stand three times or more in a row."""
    return re.sub(r"(.)\1{2,}", lambda match: match.group(1) * keep, word)
