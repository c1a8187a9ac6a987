"""What post-processing measured of a generated item, in words."""

from __future__ import annotations

from dataclasses import dataclass

from django import template

from catalog.models import Item

register = template.Library()

LABELS = {
    "clarity": "Sharp, with contrast",
    "clarity of frames": "Frames are sharp",
    "smoothness": "Free of grain",
    "relevance": "Shows what was asked for",
    "colour": "Has the colour asked for",
    "kinship": "Suits what the person likes",
    "change": "Differs from its source",
    "originality": "No copy of another picture",
    "motion": "Moves",
    "light": "Not black",
    "steadiness": "Does not flicker",
    "picture": "Shows something",
    "plays": "Can be played",
}


@dataclass(frozen=True)
class JudgedMeasure:
    """One measure: ok is None where it could not be taken."""

    label: str
    score: float | None
    threshold: float
    ok: bool | None


@dataclass(frozen=True)
class Judged:
    """The judgement of the try that was kept, and how many there were."""

    measures: list[JudgedMeasure]
    tries: int


@register.filter
def judged(item: Item) -> Judged | None:
    """Return how the item was judged when it was made; None for what was not."""
    report = (item.manifest or {}).get("quality")
    if not report:
        return None
    kept = report["attempts"][report["kept"]]
    measures = [
        JudgedMeasure(
            LABELS.get(one["name"], one["name"].capitalize()),
            one["score"],
            one["threshold"],
            one["ok"],
        )
        for one in kept["measures"]
    ]
    return Judged(measures, len(report["attempts"]))
