"""Is what was made good enough to be shown? Measures of pictures and videos, all higher = better.

A measure is a score beside the threshold it must reach. Thresholds were set on real outputs by
`manage.py calibrate_quality`; docs/algorithms/postprocessing.md has its table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from vision import hashing
from vision.clarity import measure

# Clarity: the worse of edge strength over contrast and contrast itself, as shares of these.
SHARP = 0.2
CONTRAST = 40.0
BLANK_DEVIATION = 2.5
LEAST_CLARITY = 1.0
# An edit may be as soft as its source, and this much softer.
AS_CLEAR_AS_SOURCE = 0.85
# Standard deviation, in grey levels, of the noise in a picture's smoothest parts.
MOST_GRAIN = 4.0
# Share of other requests that must fit worse; a picture of anything gets 0.5.
LEAST_RELEVANCE = 0.9
# What keeps most of a source shows its shadows and background too.
LEAST_RELEVANCE_OF_EDIT = 0.7
# Share of the garment that the main colour asked for must cover, close colours counted in.
LEAST_COLOUR = 0.15
# Share of random items that must be further from the person's likes.
LEAST_KINSHIP = 0.3
# Mean difference in CIE Lab, where the picture may change, below which an edit did nothing.
LEAST_CHANGE = 6.0
# Two pictures are copies when both their hashes and their colours are this near.
COPY_BITS = hashing.SAME_PICTURE
COPY_LAB = 6.0
# Below this share of both it is surely a copy; above, garments of one cut and colour are too.
SURE_COPY = 0.7
# Videos: share of neighbouring frames that differ at all; share that is not black; grey levels by
# which brightness swings from frame to frame and back.
LEAST_MOTION = 0.2
STILL_LEVEL = 0.15
BLACK_LEVEL = 20.0
LEAST_LIT = 0.7
MOST_FLICKER = 3.0

_LAPLACE_PAIR = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


@dataclass(frozen=True)
class Measure:
    """One thing that was looked at. `score` None means that it could not be measured."""

    name: str
    score: float | None
    threshold: float
    # What to say when it falls short, and what the person could change.
    complaint: str = ""
    advice: str = ""
    # A shortfall of others causes a second try, but no refusal.
    decides: bool = True

    @property
    def falls_short(self) -> bool:
        return self.score is not None and self.score < self.threshold

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept in the manifest and shown."""
        return {
            "name": self.name,
            "score": None if self.score is None else round(float(self.score), 3),
            "threshold": self.threshold,
            "ok": None if self.score is None else bool(not self.falls_short),
        }


@dataclass(frozen=True)
class Judgement:
    """All measures of one result."""

    measures: tuple[Measure, ...]

    @property
    def shortfalls(self) -> tuple[Measure, ...]:
        return tuple(one for one in self.measures if one.falls_short)

    @property
    def is_good(self) -> bool:
        return not self.shortfalls

    @property
    def is_refused(self) -> bool:
        return any(one.decides for one in self.shortfalls)

    @property
    def rank(self) -> tuple[int, int, float]:
        """Sorts judgements: fewer refusing shortfalls, fewer others, then by the worst share."""
        shares = [
            min(one.score / one.threshold, 1.5)
            for one in self.measures
            if one.score is not None and one.threshold > 0
        ]
        refusing = sum(one.decides for one in self.shortfalls)
        return -refusing, -len(self.shortfalls), min(shares, default=1.0)

    def refusal(self) -> str:
        """Return one sentence for each refusing shortfall and what to change."""
        refusing = [one for one in self.shortfalls if one.decides]
        complaints = ", and ".join(one.complaint for one in refusing)
        advice = " ".join(dict.fromkeys(one.advice for one in refusing if one.advice))
        return f"I could not make this well: {complaints}. {advice}".strip()


def clarity(image: np.ndarray, source: np.ndarray | None = None) -> Measure:
    """Measure edges and contrast of a picture (H, W, 3) uint8.

    A result made from `source` counts as clear when it is about as clear as that was.
    """
    score = clarity_score(image)
    if source is not None and 0 < score < LEAST_CLARITY:
        score = max(score, min(1.0, score / max(clarity_score(source), 1e-6) / AS_CLEAR_AS_SOURCE))
    blank = score == 0.0
    return Measure(
        "clarity",
        score,
        LEAST_CLARITY,
        "it came out empty" if blank else "it came out blurred or without contrast",
        "Try naming a garment and its colour."
        if blank
        else "Try simpler words, or a clearer picture to start from.",
    )


def clarity_score(image: np.ndarray) -> float:
    """Return the worse share of sharpness and contrast; 0 for a blank picture."""
    seen = measure(image)
    if seen["deviation"] < BLANK_DEVIATION:
        return 0.0
    sharpness = seen["edge"] / max(seen["contrast"], 1.0) / SHARP
    return min(sharpness, seen["contrast"] / CONTRAST)


def smoothness(image: np.ndarray) -> Measure:
    """Measure how free of grain a picture's smooth parts are: `MOST_GRAIN` over what is there."""
    return Measure(
        "smoothness",
        MOST_GRAIN / max(grain(image), 0.5),
        1.0,
        "it came out grainy",
        "Try lowering how literally the words are taken.",
    )


def grain(image: np.ndarray) -> float:
    """Return the noise's standard deviation in grey levels, in the smoothest tenth of the picture.

    Immerkaer, Fast Noise Variance Estimation (1996): a difference of two Laplacians cancels
    whatever is locally linear. Taken block by block, since cloth is not noise.
    """
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    residue = np.abs(cv2.filter2D(luma, cv2.CV_32F, _LAPLACE_PAIR))
    side = max(8, min(luma.shape) // 24)
    height, width = (size // side * side for size in luma.shape)
    if not height or not width:
        return 0.0
    blocks = residue[:height, :width].reshape(height // side, side, width // side, side)
    sigma = blocks.mean((1, 3)) * np.sqrt(np.pi / 2) / 6  # (rows, columns)
    return float(np.percentile(sigma, 10))


def relevance(share: float | None, *, is_edit: bool = False) -> Measure:
    """Measure whether it shows what was asked for; see `vision.relevance.share_beaten`."""
    return Measure(
        "relevance",
        share,
        LEAST_RELEVANCE_OF_EDIT if is_edit else LEAST_RELEVANCE,
        "it does not show what you asked for",
        "Try fewer or plainer words, such as “red striped skirt”, or raise how literally they "
        "are taken.",
    )


def colour(share: float | None, asked: str) -> Measure:
    """Measure whether the main colour asked for is there; see `vision.relevance.share_of_colour`.

    Measured on one garment among shadows, so a shortfall is worth another try but no refusal.
    """
    return Measure("colour", share, LEAST_COLOUR, f"it is hardly {asked}", "", decides=False)


def kinship(vector: np.ndarray, history: np.ndarray, strangers: np.ndarray) -> Measure:
    """Measure whether it suits the person: the share of random items that are further from likes.

    vector (D,), history (K, D) of liked items, strangers (N, D), all of length 1. Words come before
    taste, so this alone never refuses.
    """
    score = None
    if len(history) and len(strangers):
        own = float((history @ vector).mean())
        score = float(((strangers @ history.T).mean(1) < own).mean())
    return Measure("kinship", score, LEAST_KINSHIP, "it is unlike what you like", "", decides=False)


def change(source: np.ndarray, result: np.ndarray, where: np.ndarray | None = None) -> Measure:
    """Measure what an edit did: the mean difference in CIE Lab where the picture could change.

    where: (H, W) of any size, above 127 where it may change; None: everywhere. Of an edit that
    changes a part, the most changed tenth counts.
    """
    size = (96, 96)
    before, after = (
        cv2.resize(_lab(image), size, interpolation=cv2.INTER_AREA) for image in (source, result)
    )
    difference = np.linalg.norm(after - before, axis=2)
    if where is not None:
        open_parts = cv2.resize(where, size, interpolation=cv2.INTER_AREA) > 127
        difference = difference[open_parts] if open_parts.any() else difference
    most = np.sort(difference.ravel())[-max(1, difference.size // 10) :]
    return Measure(
        "change",
        float(most.mean()),
        LEAST_CHANGE,
        "nothing changed",
        "Try raising how much may change, or name what should be different.",
    )


def originality(bits: int | None, colours: float | None, of: str) -> Measure:
    """Measure how far it is from the picture that is most like it; 1 and more is far enough.

    Only a sure copy is refused; what is nearly one is made again.

    bits: how many of 256 hash bits differ. colours: mean difference in CIE Lab. A copy is near in
    both: garments of one cut hash alike in any colour.
    """
    score = None
    if bits is not None and colours is not None:
        score = max(bits / (COPY_BITS + 1), colours / COPY_LAB)
    return Measure(
        "originality",
        score,
        1.0,
        f"it came out the same as {of}",
        "Try asking for something that sets it apart: another colour, pattern or cut.",
        decides=score is not None and score < SURE_COPY,
    )


def likeness(first: np.ndarray, second: np.ndarray) -> tuple[int | None, float]:
    """Return in how many hash bits two pictures differ, and their mean difference in CIE Lab.

    Bits are None where a picture has too little structure to be hashed.
    """
    (one, sure), (two, also_sure) = hashing.pdq(first), hashing.pdq(second)
    is_sure = min(sure, also_sure) >= hashing.MIN_QUALITY
    return hashing.distance(one, two) if is_sure else None, colour_difference(first, second)


def colour_difference(first: np.ndarray, second: np.ndarray) -> float:
    """Return the mean difference in CIE Lab of two pictures at 16 x 16."""
    small = [
        cv2.resize(_lab(one), (16, 16), interpolation=cv2.INTER_AREA) for one in (first, second)
    ]
    return float(np.linalg.norm(small[0] - small[1], axis=2).mean())


def motion(luma: np.ndarray) -> Measure:
    """Measure the share of neighbouring frames (T, h, w) that differ at all."""
    score = None
    if len(luma) > 1:
        steps = np.abs(np.diff(luma.astype(np.float32), axis=0)).mean((1, 2))
        score = float((steps > STILL_LEVEL).mean())
    return Measure(
        "motion",
        score,
        LEAST_MOTION,
        "it does not move",
        "Try words that say what should happen, such as “turning” or “walking”.",
    )


def light(luma: np.ndarray) -> Measure:
    """Measure the share of frames (T, h, w) that are not black."""
    lit = float((np.percentile(luma, 95, axis=(1, 2)) > BLACK_LEVEL).mean()) if len(luma) else 0.0
    return Measure("light", lit, LEAST_LIT, "much of it is black", "Try another part or a style.")


def steadiness(luma: np.ndarray, source: np.ndarray | None = None) -> Measure:
    """Measure how little the brightness swings: `MOST_FLICKER` over what is there.

    A result made from a video may swing as much as that does.
    """
    swing = flicker(luma)
    most = MOST_FLICKER if source is None else max(MOST_FLICKER, 1.3 * flicker(source))
    return Measure(
        "steadiness",
        None if len(luma) < 3 else most / max(swing, 0.1),
        1.0,
        "it flickers",
        "Try changing less of it.",
    )


def flicker(luma: np.ndarray) -> float:
    """Return by how many grey levels parts of the picture swing from frame to frame and back.

    luma (T, h, w). Second differences in time of the means of 4 x 4 parts: motion moves slowly from
    part to part, a flash does not. The upper quartile over time, so that a cut does not count.
    """
    if len(luma) < 3:
        return 0.0
    parts = np.stack(
        [cv2.resize(one.astype(np.float32), (4, 4), interpolation=cv2.INTER_AREA) for one in luma]
    )  # (T, 4, 4)
    swings = np.abs(parts[2:] - 2 * parts[1:-1] + parts[:-2]).mean((1, 2)) / 2
    return float(np.percentile(swings, 75))


def typical(measures: Sequence[Measure]) -> Measure:
    """Return the measure of the middle score: one soft frame does not spoil a video."""
    return sorted(measures, key=lambda one: one.score or 0.0)[len(measures) // 2]


def _lab(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
