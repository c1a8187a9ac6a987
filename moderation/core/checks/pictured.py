"""F2 in pictures: faces of people who were not asked, and codes that say more than one sees."""

from __future__ import annotations

from typing import Any

from moderation.core.checks.contract import Finding, ScreeningInput, Spot, Verdict
from moderation.core.checks.orders import find_orders
from moderation.core.checks.privacy import locate_personal_data


def faces(given: ScreeningInput, threshold: float) -> Finding:
    """Flag faces at least `threshold` of the picture's width wide, unless the people agreed.

    What AI made from nothing shows nobody.
    """
    if given.origin == "ai" and not given.parent_origin:
        return Finding(Verdict.PASS, "What AI made from nothing shows no real person.")
    if given.faces is None:
        return Finding(Verdict.CANNOT_TELL, "The picture could not be searched for faces.")
    seen = [spot for spot in given.faces if spot.box[2] >= threshold]
    widest = max((spot.box[2] for spot in seen), default=0.0)
    evidence = {"boxes": _boxes(seen, "face"), "faces": len(seen), "agreed": given.people_agreed}
    score = round(widest, 4)
    if not seen:
        return Finding(Verdict.PASS, "No face is shown.", score, threshold, evidence)
    if given.people_agreed:
        said = "The uploader says that the people shown agreed."
        return Finding(Verdict.PASS, said, score, threshold, evidence)
    said = "It shows faces, and nobody said that the people agreed."
    return Finding(Verdict.FLAG, said, score, threshold, evidence)


def codes(given: ScreeningInput, threshold: float) -> Finding:
    """Flag QR and bar codes, with what they say."""
    if given.codes is None:
        return Finding(Verdict.CANNOT_TELL, "The picture could not be searched for codes.")
    if not given.codes:
        return Finding(Verdict.PASS, "No QR or bar code is shown.", 0.0)
    kinds = {kind for spot in given.codes for kind, _, _ in locate_personal_data(spot.text)}
    if any(find_orders(spot.text) for spot in given.codes):
        kinds.add("an order to the machine")
    said = f"A code in the picture says: {given.codes[0].text[:120]}"
    evidence = {
        "boxes": _boxes(given.codes, ""),
        "decoded": [spot.text for spot in given.codes],
        "kinds": sorted(kinds),
    }
    return Finding(Verdict.FLAG, said, float(len(given.codes)), evidence=evidence)


def _boxes(spots: tuple[Spot, ...] | list[Spot], label: str) -> list[dict[str, Any]]:
    """Return the boxes of the picture that reviewers see; a video's other stills have their own."""
    return [
        dict(zip("xywh", spot.box, strict=True)) | {"label": label or spot.text[:60]}
        for spot in spots
        if spot.still == 0
    ]
