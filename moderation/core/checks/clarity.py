"""F7: can one see what it is? Sharpness, contrast, size, and whether there is anything at all."""

from __future__ import annotations

from moderation.core.checks.contract import Finding, ScreeningInput, Verdict
from vision.clarity import measure

# A measure at its limit counts 1.0; the worst of them is the score.
# Edge strength as a share of contrast, so that a bold pattern out of focus does not pass for sharp.
# Of 200 photographs of wardrobes the softest has 0.217; at a blur of sigma 8 the median is 0.13.
MIN_SHARPNESS = 0.2
MIN_CONTRAST = 40.0
MIN_SHORT_SIDE = 240
BLANK_DEVIATION = 2.5


def clarity(given: ScreeningInput, threshold: float) -> Finding:
    """Flag pictures whose worst measure, as a share of what it should be, is under `threshold`."""
    if given.still is None:
        return Finding(Verdict.CANNOT_TELL, "The picture could not be read.")
    measured = measure(given.still)
    if measured["deviation"] < BLANK_DEVIATION:
        return Finding(
            Verdict.BLOCK, "The picture is blank.", 0.0, threshold, {"measured": measured}
        )
    shares = {
        "sharpness": measured["edge"] / max(measured["contrast"], 1.0) / MIN_SHARPNESS,
        "contrast": measured["contrast"] / MIN_CONTRAST,
        "size": min(given.width or 1, given.height or 1) / MIN_SHORT_SIDE,
    }
    worst = min(shares, key=lambda name: shares[name])
    score = round(shares[worst], 3)
    evidence = {"measured": measured, "shares": {k: round(v, 3) for k, v in shares.items()}}
    if score >= threshold:
        return Finding(Verdict.PASS, "The picture is clear.", score, threshold, evidence)
    sentence = {
        "sharpness": "The picture looks blurred.",
        "contrast": "The picture has very little contrast.",
        "size": "The picture is small.",
    }[worst]
    return Finding(Verdict.FLAG, sentence, score, threshold, evidence)
