"""F5: is this somebody else's published picture again?"""

from __future__ import annotations

from moderation.core.checks.contract import Finding, Neighbour, ScreeningInput, Verdict
from vision.hashing import MIN_QUALITY

# A hash this near is the same picture, whatever was done to its colours.
SURE_PDQ = 12
# Further off, two garments of one cut hash alike in any colour; their vectors tell them apart.
SAME_COSINE = 0.9
# A hash too far off to prove anything, but with an almost equal vector it is the same scene.
NEAR_PDQ = 48
NEAR_COSINE = 0.995


def near_duplicate(given: ScreeningInput, threshold: float) -> Finding:
    """Flag pictures at most `threshold` of 256 hash bits away from another owner's item.

    Own versions must not be among the neighbours.
    """
    if given.pdq_quality is None:
        return Finding(Verdict.CANNOT_TELL, "The picture could not be compared with others.")
    if given.pdq_quality < MIN_QUALITY:
        return Finding(
            Verdict.CANNOT_TELL,
            "The picture has too little structure to be compared with others.",
            evidence={"hash_quality": given.pdq_quality},
        )
    nearest = min(given.neighbours, key=_rank, default=None)
    if nearest is None:
        return Finding(Verdict.PASS, "There is nothing like it yet.", 256.0, threshold)
    alike = [one for one in given.neighbours if _is_alike(one, threshold)]
    evidence = {"neighbours": [_shown(one) for one in sorted(given.neighbours, key=_rank)[:4]]}
    score = None if nearest.pdq_distance is None else float(nearest.pdq_distance)
    if not alike:
        return Finding(
            Verdict.PASS, "No published item looks the same.", score, threshold, evidence
        )
    closest = min(alike, key=_rank)
    return Finding(
        Verdict.FLAG,
        f"It looks like item {closest.item_id} of somebody else.",
        score,
        threshold,
        evidence,
    )


def _is_alike(one: Neighbour, threshold: float) -> bool:
    if one.pdq_distance is None:
        return False
    if one.cosine is None:
        return one.pdq_distance <= threshold
    if one.cosine >= NEAR_COSINE:
        return one.pdq_distance <= max(threshold, NEAR_PDQ)
    if one.cosine >= SAME_COSINE:
        return one.pdq_distance <= threshold
    return one.pdq_distance <= min(threshold, SURE_PDQ)


def _rank(one: Neighbour) -> tuple[int, float]:
    distance = 257 if one.pdq_distance is None else one.pdq_distance
    return distance, -(one.cosine or 0.0)


def _shown(one: Neighbour) -> dict[str, object]:
    return {
        "item_id": one.item_id,
        "title": one.title,
        "pdq_distance": one.pdq_distance,
        "cosine": None if one.cosine is None else round(one.cosine, 4),
    }
