"""Words that the catalogue taught the instructor, as this process holds them.

They stand beside the hand-made lexicon and never against it: a word that the lexicon knows is not
looked up here. What a word implies (garment, pattern, colour) is soft: it holds only where the
person names nothing else of that kind, and "not paisley" rules out paisley, not every print.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from recommender.core.lexicon import Phrase, Sense, plurals

# The slot of a word -> the sense that stands for it softly.
SOFT = {"type": "soft type", "colours": "soft", "pattern": "soft pattern"}


@dataclass(frozen=True)
class CatalogueWord:
    """A term of titles and captions; `slot` and `value` are empty where its items do not agree."""

    word: str
    # Published items that carry it, and the share of them that have the value.
    items: int
    slot: str = ""
    value: str = ""
    share: float = 0.0

    @property
    def senses(self) -> tuple[Sense, ...]:
        own: Sense = ("detail", self.word)
        return (own, (SOFT[self.slot], self.value)) if self.slot else (own,)


_held: dict[Phrase, CatalogueWord] = {}


def hold(words: Iterable[CatalogueWord]) -> None:
    """Put these words in the place of those held; the lexicon's own plurals hold for them too."""
    table: dict[Phrase, CatalogueWord] = {}
    for word in words:
        *before, last = word.word.split()
        for form in plurals(last):
            table.setdefault((*before, form), word)
    global _held
    _held = table  # one assignment: a turn in another thread sees the old table or the new one


def find(tokens: Sequence[str]) -> CatalogueWord | None:
    """Return the word that these tokens spell, or None."""
    return _held.get(tuple(tokens))


def is_learned(token: str) -> bool:
    """Return whether a single typed word is one of the catalogue's, so that it is no slip."""
    return (token,) in _held


def is_required(detail: str) -> bool:
    """Return whether an item must carry this word: nothing measured can stand for it."""
    word = _held.get(tuple(detail.split()))
    return word is not None and not word.slot
