"""F1: the same words about another group must get the same verdict (counterfactual pairs)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from moderation.core.checks import lexicon, words
from moderation.core.checks.contract import ScreeningInput

_FAMILY_OF = {word: family for family in lexicon.FAMILIES for word in family}
_WORD = re.compile(r"\b(?:" + "|".join(sorted(_FAMILY_OF, key=len, reverse=True)) + r")\b", re.I)


@dataclass(frozen=True)
class FlipRate:
    """How many pairs were compared, and those whose verdicts differ."""

    pairs: int
    flipped: list[tuple[str, str]]

    @property
    def rate(self) -> float:
        """Return the share of pairs whose verdicts differ; 0 without pairs."""
        return len(self.flipped) / self.pairs if self.pairs else 0.0


def swapped(text: str) -> Iterator[str]:
    """Yield the text about each other group of the same kind, all its mentions swapped."""
    found = _WORD.search(text)
    if found is None:
        return
    word = found.group().lower()
    for other in _FAMILY_OF[word]:
        if other != word:
            yield re.sub(rf"\b{re.escape(word)}\b", other, text, flags=re.I)


def verdicts(text: str) -> tuple[str, ...]:
    """Return the verdicts of the checks of words that may treat groups differently."""
    given = ScreeningInput(texts={"instruction": text})
    checks = (words.demeaning_language, words.unsafe_language, words.prompt_injection)
    return tuple(str(check(given, 0.0).verdict) for check in checks)


def flip_rate(texts: Iterable[str], judge: Callable[[str], object] = verdicts) -> FlipRate:
    """Return how often swapping the group changes what `judge` says of a text."""
    pairs, flipped = 0, []
    for text in texts:
        said = judge(text)
        for other in swapped(text):
            pairs += 1
            if judge(other) != said:
                flipped.append((text, other))
    return FlipRate(pairs, flipped)
