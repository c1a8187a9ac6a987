"""Evidence of checks made visible: boxes over the picture, marked passages in the words.

Checks may put two lists into their evidence: `boxes`, each {"x", "y", "w", "h"} as shares of width
and height from the top left with an optional "label", and `spans`, each {"field", "start", "end"}
in characters with an optional "label". Older checks name a `found` list of {"field", "text"};
the text is then looked up. Whatever is odd is left out: evidence comes from many versions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Boxes are drawn in a picture of this many units a side.
UNITS = 1000
MAX_BOXES = 40
MAX_MARKS = 60
MAX_LABEL = 60


@dataclass(frozen=True)
class Box:
    """A rectangle over the picture, in units of `UNITS` a side."""

    x: int
    y: int
    width: int
    height: int
    label: str

    @property
    def label_y(self) -> int:
        """Where its label stands: above it, or inside when there is no room."""
        return self.y - 8 if self.y > 40 else self.y + 30


@dataclass(frozen=True)
class Piece:
    """A piece of a text; `label` says what was found in it, "" for nothing."""

    text: str
    label: str = ""


@dataclass(frozen=True)
class MarkedText:
    """One of the item's texts with what the checks found in it."""

    field: str
    pieces: tuple[Piece, ...]

    @property
    def is_marked(self) -> bool:
        return any(piece.label for piece in self.pieces)


def boxes_of(findings: Iterable[tuple[str, Any]]) -> list[Box]:
    """Return the boxes of all findings (title, evidence), at most `MAX_BOXES`."""
    found = []
    for title, evidence in findings:
        for one in _dicts(evidence, "boxes"):
            box = _box(one, title)
            if box is not None:
                found.append(box)
    return found[:MAX_BOXES]


def mark_texts(texts: Mapping[str, str], findings: Iterable[tuple[str, Any]]) -> list[MarkedText]:
    """Return the texts cut into pieces, those that were found labelled with the check's title."""
    findings = list(findings)
    marked = []
    for name, text in texts.items():
        if not text:
            continue
        marks = [
            mark for title, evidence in findings for mark in _marks(name, text, title, evidence)
        ]
        marked.append(MarkedText(name, tuple(_cut(text, marks[:MAX_MARKS]))))
    return marked


def _box(one: Mapping[str, Any], title: str) -> Box | None:
    sides = [one.get(name) for name in ("x", "y", "w", "h")]
    numbers = [float(side) for side in sides if isinstance(side, int | float)]
    if len(numbers) != 4 or not all(0 <= number <= 1 for number in numbers):
        return None
    x, y, width, height = (round(number * UNITS) for number in numbers)
    if not (width and height):
        return None
    label = str(one.get("label") or title)[:MAX_LABEL]
    return Box(x, y, min(width, UNITS - x), min(height, UNITS - y), label)


def _marks(name: str, text: str, title: str, evidence: Any) -> Iterable[tuple[int, int, str]]:
    for one in _dicts(evidence, "spans"):
        start, end = one.get("start"), one.get("end")
        if one.get("field") != name or not isinstance(start, int) or not isinstance(end, int):
            continue
        if 0 <= start < end <= len(text):
            yield start, end, str(one.get("label") or title)[:MAX_LABEL]
    for one in _dicts(evidence, "found"):
        words = one.get("text")
        if one.get("field") != name or not isinstance(words, str) or not words.strip():
            continue
        start = text.lower().find(words.lower())
        if start >= 0:
            yield start, start + len(words), title[:MAX_LABEL]


def _cut(text: str, marks: Sequence[tuple[int, int, str]]) -> Iterable[Piece]:
    """Yield the pieces of the text in order; of marks that overlap the first one holds."""
    at = 0
    for start, end, label in sorted(marks):
        if start < at:
            continue
        if start > at:
            yield Piece(text[at:start])
        yield Piece(text[start:end], label)
        at = end
    if at < len(text):
        yield Piece(text[at:])


def _dicts(evidence: Any, name: str) -> list[Mapping[str, Any]]:
    listed = evidence.get(name) if isinstance(evidence, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
