"""A threshold from the scores of good items and the share of them that may be flagged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

# With fewer items than this a share of two in a hundred means nothing.
LEAST_ITEMS = 50


@dataclass(frozen=True)
class Calibrated:
    """What was found for one check. `flagged`: the share of the good items at the threshold."""

    threshold: float
    items: int
    flagged: float
    version: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return asdict(self)


def is_flagged(score: float, threshold: float, *, higher_is_stricter: bool) -> bool:
    """Return whether a score falls on the wrong side; on the threshold it passes."""
    return score < threshold if higher_is_stricter else score > threshold


def calibrate(
    scores: Sequence[float], rate: float, *, higher_is_stricter: bool, version: str
) -> Calibrated | None:
    """Return the strictest threshold at which at most `rate` of the scores are flagged.

    None for fewer than `LEAST_ITEMS` scores.
    """
    if not 0 < rate < 1:
        raise ValueError("the rate must lie between 0 and 1")
    if len(scores) < LEAST_ITEMS:
        return None
    ordered = sorted(scores, reverse=not higher_is_stricter)
    # That many may lie beyond the threshold; the next one sits on it and passes.
    threshold = ordered[math.floor(rate * len(ordered))]
    flagged = sum(
        is_flagged(score, threshold, higher_is_stricter=higher_is_stricter) for score in scores
    )
    return Calibrated(float(threshold), len(scores), round(flagged / len(scores), 4), version)
