"""F7 for AI items: is it what was asked for?"""

from __future__ import annotations

from moderation.core.checks.contract import Finding, ScreeningInput, Verdict
from vision.relevance import share_of_colour

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
    score = round(share_of_colour(main, given.measured_colours), 3)
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
