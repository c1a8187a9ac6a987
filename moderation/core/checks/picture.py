"""F7: colour in ΔE, traces of bad encoding, a garment that is cut off, what the set looks like."""

from __future__ import annotations

import numpy as np

from common.errors import DomainError
from common.vocabulary import COLOURS
from moderation.core.checks.contract import Finding, ScreeningInput, Verdict
from vision.colours import Garment, find_garment, tones_of
from vision.delta_e import delta_e
from vision.detail import measure_detail

# A measure at its limit counts 1.0; the worst is the score. Of 60 photographs of wardrobes the
# blockiest has 8.2 and banding .002; JPEG at quality 20 has 20 and .015; the smoothest photograph
# has .9 of detail, blurred by three pixels .25.
MOST_BLOCKS = 12.0
MOST_RINGING = 4.0
MOST_BANDING = 0.004
LEAST_DETAIL = 0.35
# A group of pixels smaller than this is a button or a shadow.
LEAST_GROUP = 0.12


def colour_distance(given: ScreeningInput, threshold: float) -> Finding:
    """Flag AI pictures whose garment has no tone within `threshold` ΔE2000 of the main colour."""
    if given.origin == "human" or not given.asked_colours:
        return Finding(Verdict.PASS, "No colour was asked for.")
    main = given.asked_colours[0]
    if given.still is None or main not in COLOURS:
        return Finding(Verdict.CANNOT_TELL, "The garment's colours could not be measured.")
    try:
        tones = _garment(given, given.still).tones
    except DomainError as error:
        return Finding(Verdict.CANNOT_TELL, str(error))
    score = round(nearest_tone(main, tones), 1)
    evidence = {
        "asked": main,
        "tones": [{"lab": [round(v, 1) for v in lab], "share": round(s, 3)} for lab, s in tones],
    }
    if score <= threshold:
        return Finding(Verdict.PASS, f"{main.capitalize()} is met.", score, threshold, evidence)
    return Finding(
        Verdict.FLAG,
        f"The nearest tone is {score:g} ΔE from {main}.",
        score,
        threshold,
        evidence,
    )


def nearest_tone(name: str, tones: list[tuple[tuple[float, ...], float]]) -> float:
    """Return the least ΔE2000 between a named colour and a garment's larger groups."""
    labs = np.array([lab for lab, share in tones if share >= LEAST_GROUP] or [tones[0][0]])
    return float(delta_e(labs[:, None], tones_of(name)[None]).min())


def artefacts(given: ScreeningInput, threshold: float) -> Finding:
    """Flag blocks, ripples, bands and lost detail: the worst, as a share of what is bearable."""
    if given.still is None:
        return Finding(Verdict.CANNOT_TELL, "The picture could not be read.")
    measured = measure_detail(given.still)
    shares = {
        "blocks": measured["blocks"] / MOST_BLOCKS,
        "ripples beside edges": measured["ringing"] / MOST_RINGING,
        "bands in soft slopes": measured["banding"] / MOST_BANDING,
        "lost detail": LEAST_DETAIL / max(measured["detail"], 1e-3),
    }
    worst = max(shares, key=lambda name: shares[name])
    score = round(min(shares[worst], 99.0), 3)
    evidence = {"measured": measured, "shares": {k: round(v, 3) for k, v in shares.items()}}
    if score <= threshold:
        return Finding(Verdict.PASS, "No traces of bad encoding.", score, threshold, evidence)
    return Finding(Verdict.FLAG, f"The picture shows {worst}.", score, threshold, evidence)


def whole_garment(given: ScreeningInput, threshold: float) -> Finding:
    """Flag AI pictures of a garment that covers more than `threshold` of a side of the frame.

    People crop as they like: theirs pass.
    """
    if given.origin == "human" or not given.request:
        return Finding(Verdict.PASS, "People crop as they like.")
    if given.still is None or given.kind == "video":
        return Finding(Verdict.PASS, "There is no single picture of a garment.")
    try:
        mask = _garment(given, given.still).mask
    except DomainError as error:
        return Finding(Verdict.CANNOT_TELL, str(error))
    sides = cut_sides(mask)
    worst = max(sides, key=lambda name: sides[name])
    score = sides[worst]
    evidence = {"sides": sides, "box": _box(mask)}
    if score <= threshold:
        return Finding(Verdict.PASS, "The garment is whole.", score, threshold, evidence)
    return Finding(
        Verdict.FLAG, f"The garment is cut off at the {worst}.", score, threshold, evidence
    )


def cut_sides(mask: np.ndarray) -> dict[str, float]:
    """Return the share of each side of the frame that the garment, (h, w) bool, covers."""
    sides = {"top": mask[0], "bottom": mask[-1], "left": mask[:, 0], "right": mask[:, -1]}
    return {name: round(float(side.mean()), 3) for name, side in sides.items()}


def style_of_set(given: ScreeningInput, threshold: float) -> Finding:
    """Flag AI pictures less like the set they belong to than `threshold` (mean cosine).

    A person may show something else every day: theirs are measured and pass.
    """
    if not given.set_cosines:
        return Finding(Verdict.PASS, "There is no set to compare it with.")
    score = round(float(np.mean(given.set_cosines)), 3)
    evidence: dict[str, float] = {
        "compared_with": len(given.set_cosines),
        "least": round(min(given.set_cosines), 3),
    }
    if given.origin == "human":
        evidence["mean"] = score
        return Finding(Verdict.PASS, "People show what they like.", evidence=evidence)
    if score >= threshold:
        return Finding(Verdict.PASS, "It goes with its set.", score, threshold, evidence)
    return Finding(
        Verdict.FLAG, "It looks unlike the set it belongs to.", score, threshold, evidence
    )


def _garment(given: ScreeningInput, still: np.ndarray) -> Garment:
    """Return the garment as it was found once for all checks, or find it."""
    return given.garment or find_garment(still)


def _box(mask: np.ndarray) -> list[float]:
    """Return the garment's box as shares of the picture: left, top, right, bottom."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return []
    height, width = mask.shape
    edges = (
        columns[0] / width,
        rows[0] / height,
        (columns[-1] + 1) / width,
        (rows[-1] + 1) / height,
    )
    return [round(float(edge), 3) for edge in edges]
