"""Learns words for clothes from the catalogue: what the items have in common whose titles say them.

A word or a pair of words that the lexicon does not know is counted over published titles and
captions. Where nearly all its items share a garment, a pattern or a colour, and clearly more of
them than of all items, it is taken for that; else it stands for itself and is searched as text.
Measured attributes of many items are better evidence than the text vectors of a small encoder.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from recommender.core.intent_phrases import PHRASES, read_phrases
from recommender.core.learned import CatalogueWord
from recommender.core.lexicon import listed, phrases
from recommender.core.wording import is_known_word

MIN_ITEMS = 3
# A word of one uploader alone is a habit of theirs, or a trap.
MIN_OWNERS = 2
# Of the items with the word, the share that must have the value; the lower end of its interval;
# and how much likelier it must be than in the whole catalogue.
MIN_SHARE, MIN_CERTAIN, MIN_LIFT = 0.75, 0.4, 1.5
MAX_WORDS = 3000
MAX_WORD_CHARS = 40
# Words of one item that are looked at: a description may be a novel.
MAX_TOKENS = 120
Z = 1.645
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|[^\sa-z]")
# What titles and captions say of the picture, the occasion or nothing at all.
_SAYS_NOTHING = frozenset(
    listed(
        "the a an and or of in on at to for with from by as is are was were be been being it its "
        "this that these those he she they we you i me my your our their his her who which what "
        "not no nor so too very more most some any all each both few many much than then there "
        "here when where while about into over under between through during before after above "
        "below up down out off again once only own same such can will just has have had do does "
        "made make making wear wearing worn wears shown shows showing seen looks looking look "
        "garment garments clothing clothes piece item picture photo photograph image video clip "
        "view front back side left right close shot studio model person woman man women men girl "
        "boy kids kid child children people adult size fit fits style styled fashion outfit "
        "wardrobe collection series new old first last one two three best love lovely beautiful "
        "nice great perfect favourite favorite day night week year today brand quality original "
        "simple every everyday like also made see real"
    )
)


@dataclass(frozen=True)
class Entry:
    """What is read of one published item."""

    text: str
    owner: int | None = None
    type: str = ""
    colours: tuple[str, ...] = ()
    pattern: str = ""

    def values(self) -> Iterator[tuple[str, str]]:
        """Yield (slot, value) of what is measured on it."""
        if self.type:
            yield "type", self.type
        if self.pattern:
            yield "pattern", self.pattern
        for colour in self.colours:
            yield "colours", colour


@dataclass
class _Counts:
    """Of one term, or of the whole catalogue: items, owners and values."""

    items: int = 0
    owners: set[int | None] = field(default_factory=set)
    values: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, entry: Entry) -> None:
        self.items += 1
        self.owners.add(entry.owner)
        self.values.update(set(entry.values()))


def learn(entries: Iterable[Entry]) -> list[CatalogueWord]:
    """Return the words of these items that are worth knowing, the commonest first.

    Deterministic; at most MAX_WORDS. The lexicon's words and those of everyday requests are none.
    """
    everything = _Counts()
    terms: defaultdict[str, _Counts] = defaultdict(_Counts)
    for entry in entries:
        everything.add(entry)
        for term in terms_of(entry.text):
            terms[term].add(entry)
    owners = min(MIN_OWNERS, len(everything.owners))
    found = [
        _judged(term, counts, everything)
        for term, counts in terms.items()
        if counts.items >= MIN_ITEMS and len(counts.owners) >= owners
    ]
    kept = _without_parts(found)
    return sorted(kept, key=lambda word: (-word.items, word.word))[:MAX_WORDS]


def terms_of(text: str) -> set[str]:
    """Return the words and pairs of neighbours that say something and that the lexicon lacks."""
    words = _WORD.findall(text.casefold().replace("-", " "))[:MAX_TOKENS]
    single = {word for word in words if _may_teach(word)}
    pairs = set()
    for first, second in pairwise(words):
        is_pair = first in single and (second in single or _is_noun(second))
        if is_pair and (first, second) not in phrases():
            pairs.add(f"{first} {second}")
    return {_singular(term) for term in single | pairs if len(term) <= MAX_WORD_CHARS}


def _may_teach(word: str) -> bool:
    return (
        len(word) > 3
        and word.isalpha()
        and word not in _SAYS_NOTHING
        and word not in _request_words()
        and not is_known_word(word)
        and not is_known_word(_singular(word))
    )


def _is_noun(word: str) -> bool:
    """Return whether a word of the lexicon may end a pair: "raglan sleeves", "eton collar"."""
    senses = phrases().get((word,), ())
    return bool(senses) and senses[0][0] == "detail"


def _singular(term: str) -> str:
    """Return the term with a plain plural taken off, so that both forms count together."""
    is_plural = term.endswith("s") and not term.endswith(("ss", "us", "is"))
    return term[:-1] if is_plural and len(term) > 4 else term


@lru_cache(maxsize=1)
def _request_words() -> frozenset[str]:
    """Return the words of requests, questions and asides: those of the intent templates."""
    templates, fillers = read_phrases(PHRASES)
    text = " ".join(line for lines in templates.values() for line in lines)
    text += " ".join(value for values in fillers.values() for value in values)
    return frozenset(re.findall(r"[a-z]+", text.casefold()))


def _judged(term: str, counts: _Counts, everything: _Counts) -> CatalogueWord:
    """Return the term with what its items have in common, if they have."""
    best: tuple[float, str, str, float] | None = None
    # Of equals the garment is the better reading, then the pattern, then the colour.
    ranks = {"type": 2, "pattern": 1, "colours": 0}
    for (slot, value), count in sorted(counts.values.items()):
        share = count / counts.items
        usual = everything.values[slot, value] / everything.items
        certain = lower_end(count, counts.items)
        if share < MIN_SHARE or certain < MIN_CERTAIN or share < MIN_LIFT * usual:
            continue
        is_better = best is None or (certain, ranks[slot]) > (best[0], ranks[best[1]])
        # "Plain" is what most things are: it names no pattern.
        if value != "plain" and is_better:
            best = (certain, slot, value, share)
    if best is None:
        return CatalogueWord(term, counts.items)
    return CatalogueWord(term, counts.items, best[1], best[2], round(best[3], 3))


def lower_end(count: int, total: int) -> float:
    """Return the lower end of the 90 % Wilson interval of a share."""
    share = count / total
    centre = share + Z * Z / (2 * total)
    half = Z * math.sqrt(share * (1 - share) / total + Z * Z / (4 * total * total))
    return (centre - half) / (1 + Z * Z / total)


def _without_parts(found: Sequence[CatalogueWord]) -> list[CatalogueWord]:
    """Drop pairs that say no more than one of their words: "raglan tops" beside "raglan"."""
    single = {word.word: word for word in found if " " not in word.word}
    kept = []
    for word in found:
        parts = [single[part] for part in word.word.split() if part in single]
        is_pair = " " in word.word
        if not is_pair or all((part.slot, part.value) != (word.slot, word.value) for part in parts):
            kept.append(word)
    return kept
