"""What a job of each mode and kind costs, may take, and is called while it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Terms:
    """The terms of one kind of job.

    doing: what its person reads meanwhile. unit: what the operation counts, "" where only the share
    means something. cost: how many creations of the daily allowance. limit_s: after this it is
    stopped. first_s: what is guessed until a first one has been measured.
    """

    doing: str
    unit: str = "step"
    cost: int = 1
    limit_s: int = 240
    first_s: float = 6.0


# (mode, kind of the result); videos are counted by the minutes of a processor that they take.
TERMS: dict[tuple[str, str], Terms] = {
    ("create", "image"): Terms("Drawing"),
    ("edit", "image"): Terms("Redrawing"),
    ("thumbnail", "image"): Terms("Drawing the cover"),
    ("style", "image"): Terms("Laying the style over it", unit=""),
    ("create", "video"): Terms("Drawing the frames", cost=4, limit_s=900, first_s=15.0),
    ("revise", "video"): Terms("Redrawing the frames", cost=4, limit_s=1800, first_s=60.0),
    ("style", "video"): Terms("Restyling the frames", unit="", cost=4, limit_s=1800, first_s=60.0),
    ("clip", "video"): Terms("Cutting the clip", unit="", limit_s=900, first_s=10.0),
    ("caption", "video"): Terms("Writing the captions", unit="", limit_s=900, first_s=20.0),
    ("blur", "image"): Terms("Blurring faces", unit="", first_s=2.0),
    ("blur", "video"): Terms("Blurring faces", unit="", cost=2, limit_s=1800, first_s=60.0),
}
USUAL = Terms("Working", unit="")
LONGEST_S = max(terms.limit_s for terms in TERMS.values())


def terms_of(mode: str, kind: str) -> Terms:
    """Return the terms of this mode and kind of result; usual ones for what nobody lists."""
    return TERMS.get((mode, kind), USUAL)
