"""F7 for AI items: is it what was asked for?"""

from __future__ import annotations

from itertools import product

import numpy as np

from common.vocabulary import COLOURS, TYPES
from moderation.core.checks.contract import Finding, ScreeningInput, Verdict

# Lab distance between two names at which a fold or a shadow turns one into the other.
CLOSE_COLOURS = 38.0
LEAST_SHARE = 0.15


def request_match(given: ScreeningInput, threshold: float) -> Finding:
    """Flag pictures that fit other requests as well as the one made.

    The score is the share of other requests that fit worse: it does not depend on how an encoder
    scales its cosines, and a picture of anything would get a half.
    """
    if given.origin == "human" or not given.request:
        return Finding(Verdict.PASS, "Nothing was asked for that a picture could miss.")
    if given.relevance is None:
        return Finding(Verdict.CANNOT_TELL, "The picture could not be compared with the request.")
    evidence = {"request": given.request, "model": given.relevance_model}
    score = round(given.relevance, 3)
    if score >= threshold:
        return Finding(Verdict.PASS, "The picture fits the request.", score, threshold, evidence)
    return Finding(
        Verdict.FLAG, f"The picture may not show “{given.request}”.", score, threshold, evidence
    )


def colour_match(given: ScreeningInput, threshold: float) -> Finding:
    """Flag pictures in which the main colour asked for covers less than `threshold`.

    Close colours count: a shadow makes navy black, white grey. The other colours asked for are
    those of a pattern, whose dots and lines are too fine to measure; they are shown, not judged.
    """
    if given.origin == "human" or not given.asked_colours:
        return Finding(Verdict.PASS, "No colour was asked for.")
    if given.measured_colours is None:
        return Finding(Verdict.CANNOT_TELL, "The garment's colours could not be measured.")
    measured = [(name, round(share, 3)) for name, share in given.measured_colours]
    evidence = {"asked": list(given.asked_colours), "measured": measured}
    main = given.asked_colours[0]
    score = round(_covered(main, given.measured_colours), 3)
    if score >= threshold:
        return Finding(
            Verdict.PASS, "The main colour asked for is there.", score, threshold, evidence
        )
    return Finding(
        Verdict.FLAG,
        f"{main.capitalize()} was asked for and is hardly there.",
        score,
        threshold,
        evidence,
    )


def other_requests(asked: str) -> list[str]:
    """Return plain requests for every colour and type, without the one that was made."""
    return [
        caption
        for colour, kind in product(COLOURS, TYPES)
        if (caption := f"{colour} {kind}") != asked
    ]


def share_beaten(picture: np.ndarray, request: np.ndarray, others: np.ndarray) -> float:
    """Return the share of `others` (N, D) whose cosine with the picture (D,) is below request's."""
    return float((others @ picture < float(request @ picture)).mean())


def _covered(asked: str, measured: tuple[tuple[str, float], ...]) -> float:
    return sum(share for name, share in measured if _close(asked, name))


def _close(first: str, second: str) -> bool:
    if first == second:
        return True
    if first not in COLOURS or second not in COLOURS:
        return False
    return float(np.linalg.norm(_lab(first) - _lab(second))) <= CLOSE_COLOURS


def _lab(name: str) -> np.ndarray:
    """Return CIE Lab (D65) of a colour name's reference."""
    rgb = np.array(COLOURS[name]) / 255.0
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = matrix @ linear / np.array([0.9505, 1.0, 1.089])
    curve = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * curve[1] - 16, 500 * (curve[0] - curve[1]), 200 * (curve[1] - curve[2])])
