"""What is praised about a picture in sight: "I like the first one's collar" asks for no collar."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from recommender.core.dialogue import ShownItem, Slots
from recommender.core.references import Pointed
from recommender.core.tagging import Tag

_COLOUR = re.compile(r"\bcolou?rs?\b")
_PATTERN = re.compile(r"\b(?:pattern|print)s?\b")


def praised(
    text: str, tokens: Sequence[str], tags: Sequence[Tag], pointed: Pointed, item: ShownItem | None
) -> tuple[list[Tag], Slots]:
    """Return the tags that stand for sides of the picture pointed at, and what is liked about it.

    "The collar of the second one", "this one's collar"; of "the colour of the first" it is the
    item's main colour. text: as typed, for its apostrophes.
    """
    sides = [t for t in tags if t.start not in pointed.used and _is_of(text, tokens, t, pointed)]
    liked = Slots()
    for one in sides:
        liked = liked.plus(replace(one.slots(), types=()))
    plain = " ".join(tokens)
    if item and _COLOUR.search(plain):
        liked = liked.plus(Slots(colours=item.colours[:1]))
    if item and item.pattern not in {None, "plain"} and _PATTERN.search(plain):
        liked = replace(liked, patterns=(str(item.pattern),))
    return sides, liked


def _is_of(text: str, tokens: Sequence[str], one: Tag, pointed: Pointed) -> bool:
    follows = list(tokens[one.end : one.end + 1]) in (["of"], ["on"])
    if follows and one.end + 1 in pointed.used:
        return True
    return bool(re.search(rf"['’]s (?:\w+ )?{re.escape(one.words[0])}\b", text.casefold()))
