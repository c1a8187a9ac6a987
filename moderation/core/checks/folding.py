"""Reading words through their disguises: look-alike letters, digits for letters, hidden characters.

Matching is on whole words, so that innocent words which contain a listed one pass.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

# Cyrillic and Greek letters that look Latin.
_LOOKALIKES = str.maketrans(
    "авекмнорстухіјѕԁԛԝһӏαβεηικνορτυχωАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "abekmhopctyxijsdqwhlabenikvoptuxwabekmhopctyxijsabezhikmnoptyx",
)
# Letters of other kinds that read as Latin ones: small capitals, crossed and dotless letters.
_LOOKALIKES |= str.maketrans(
    "ʙɢʜɪʟɴʀʏᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢꜰꜱøłđıƒɑɡ€£¢", "bghilnryacdejkmoptuvwzfsoldifagelc"
)
_LEET = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"}
_LEET |= {"8": "b", "9": "g"}
_LEET_L = {**_LEET, "1": "l", "!": "l"}
# Letters spelt out singly ("b a d") are one word.
_TOKEN = re.compile(
    r"(?<![a-z0-9@$])(?:[a-z0-9@$][\s.\-_*]){2,}[a-z0-9@$](?![a-z0-9@$])"
    r"|[a-z0-9@$!*]+(?:['’][a-z]+)?"
)
_GLUE = re.compile(r"[-._/|~+]")
MAX_PIECES = 4
MAX_CHARS = 5000


@dataclass(frozen=True)
class Hit:
    """A listed term, the words that were read as it, and where they stand in the text."""

    term: str
    text: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class _Word:
    text: str
    start: int
    end: int


def folded(text: str) -> str:
    """Return the text in lower-case Latin letters without accents and hidden characters."""
    return _fold(text)[0]


def _fold(text: str) -> tuple[str, list[int]]:
    """Return the folded text and, for each of its characters, its place in the text."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text[:MAX_CHARS]):
        for letter in _folded_character(character):
            letters.append(letter)
            places.append(place)
    return "".join(letters), places


@lru_cache(maxsize=4096)
def _folded_character(character: str) -> str:
    compatible = unicodedata.normalize("NFKC", character)
    visible = "".join(c for c in compatible if c in "\n\t" or not _is_hidden(c))
    apart = unicodedata.normalize("NFD", visible.translate(_LOOKALIKES))
    plain = "".join(c for c in apart if not unicodedata.combining(c))
    return plain.lower().translate(_LOOKALIKES)


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in {"Cf", "Cc"}


def find_terms(text: str, terms: Iterable[str]) -> list[Hit]:
    """Return the listed terms that stand in the text as whole words, disguised or not.

    A term of several words matches those words in a row; one word may be cut by hyphens and dots.
    """
    read, places = _fold(text)
    words = list(_words(read))
    wanted = {tuple(term.split()) for term in terms}
    longest = max((len(term) for term in wanted), default=0)
    hits = []
    for start in range(len(words)):
        for length in range(1, min(longest, len(words) - start) + 1):
            run = words[start : start + length]
            term = _term_of([word.text for word in run], wanted)
            if term:
                hits.append(_hit(term, run, places))
        glued = _glued(words, start, read)
        for length in range(2, len(glued) + 1):
            term = _term_of(["".join(word.text for word in glued[:length])], wanted)
            if term:
                hits.append(_hit(term, glued[:length], places))
    return hits


def _hit(term: tuple[str, ...], run: list[_Word], places: list[int]) -> Hit:
    start, end = places[run[0].start], places[run[-1].end - 1] + 1
    return Hit(" ".join(term), " ".join(word.text for word in run), start, end)


def _term_of(part: list[str], wanted: set[tuple[str, ...]]) -> tuple[str, ...] | None:
    match = next((term for term in _readings(part) if term in wanted), None)
    return match or _starred(part, wanted)


def _words(text: str) -> Iterator[_Word]:
    """Yield the words, letters spelt out singly ("b a d") as one word."""
    for match in _TOKEN.finditer(text):
        found = match.group()
        if re.fullmatch(r"\S(?:[\s.\-_*]\S)+", found):
            found = re.sub(r"[\s.\-_*]", "", found)
        stripped = found.strip("!*")
        if stripped:
            yield _Word(stripped, *match.span())


def _glued(words: list[_Word], start: int, text: str) -> list[_Word]:
    """Return the words from `start` that one sign alone, such as a hyphen, holds together.

    Nothing where the pieces are parts of a longer chain: those are names and addresses.
    """
    run = [words[start]]
    if start and _GLUE.fullmatch(text[words[start - 1].end : run[0].start]):
        return []
    for word in words[start + 1 : start + MAX_PIECES + 1]:
        if not _GLUE.fullmatch(text[run[-1].end : word.start]):
            break
        run.append(word)
    return run if 1 < len(run) <= MAX_PIECES else []


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
