"""F2 for what AI made: whose private data it rests on, and whether it repeats a picture it saw."""

from __future__ import annotations

from moderation.core.checks.contract import Finding, Neighbour, ScreeningInput, Verdict

# Hashes of different pictures differ in about 128 of 256 bits.
SAME_PDQ = 31
SURE_PDQ = 12
SAME_COSINE = 0.985
# A copy is far nearer than whatever comes next; one of many alike garments is not.
ALONE_RATIO = 0.5


def conditioning(given: ScreeningInput, threshold: float) -> Finding:
    """Flag what rests on an item that not everybody may see; say who may see the rest.

    What rests on the private data of fewer than `threshold` people is shown to them alone, unless
    they let others see it: the caller sees to that (`is_theirs_alone`).
    """
    evidence = {
        "people": given.conditioned_on,
        "may_be_shared": given.may_be_shared,
        "private_items": list(given.private_ingredients),
    }
    score = float(given.conditioned_on)
    if given.private_ingredients and not is_theirs_alone(given, threshold):
        said = "It was made from an item that not everybody may see."
        return Finding(Verdict.FLAG, said, score, threshold, evidence)
    if is_theirs_alone(given, threshold):
        said = "It rests on what one person likes, so only that person sees it."
    elif given.conditioned_on:
        said = "The person whose likes guided it lets others see it, or many did."
    else:
        said = "Nobody's private data guided it."
    return Finding(Verdict.PASS, said, score, threshold, evidence)


def is_theirs_alone(given: ScreeningInput, threshold: float) -> bool:
    """Return whether nobody but the person it was made for may see it."""
    return 0 < given.conditioned_on < threshold and not given.may_be_shared


def memorisation(given: ScreeningInput, threshold: float) -> Finding:
    """Flag what AI made that is a copy of one private or training item.

    A copy: at most `threshold` hash bits away or of almost equal vector, and much nearer than the
    next. Where the hash is almost equal, the next does not matter.
    """
    if given.origin == "human":
        return Finding(Verdict.PASS, "A person made it.")
    if given.remembered is None:
        return Finding(Verdict.CANNOT_TELL, "It could not be compared with what was seen.")
    seen = [one for one in given.remembered if one.is_private or one.is_training]
    if not seen:
        return Finding(Verdict.PASS, "Nothing private or trained on looks like it.", 256.0)
    nearest = min(seen, key=_distance)
    others = [one for one in given.remembered if one.item_id != nearest.item_id]
    ratio = _ratio(nearest, others)
    evidence = {
        "neighbours": [
            {
                "item_id": one.item_id,
                "title": "" if one.is_private else one.title,
                "pdq_distance": one.pdq_distance,
                "cosine": None if one.cosine is None else round(one.cosine, 4),
                "private": one.is_private,
            }
            for one in sorted(seen, key=_distance)[:4]
        ],
        "nearest_to_next": round(ratio, 3),
    }
    bits = nearest.pdq_distance if nearest.pdq_distance is not None else 256
    near = bits <= threshold and (nearest.cosine is None or nearest.cosine >= 0.9)
    is_copy = bits <= SURE_PDQ or (near and ratio <= ALONE_RATIO)
    is_copy |= (nearest.cosine or 0.0) >= SAME_COSINE and bits <= 2 * threshold
    if is_copy:
        said = f"It repeats item {nearest.item_id}, which the model saw or which is private."
        return Finding(Verdict.FLAG, said, float(bits), threshold, evidence)
    said = "It repeats nothing that is private or was trained on."
    return Finding(Verdict.PASS, said, float(bits), threshold, evidence)


def _distance(one: Neighbour) -> float:
    bits = 256 if one.pdq_distance is None else one.pdq_distance
    return bits - 100 * (one.cosine or 0.0)


def _ratio(nearest: Neighbour, others: list[Neighbour]) -> float:
    """Return the nearest's distance in bits over the next one's; 0 where there is no other."""
    bits = [one.pdq_distance for one in others if one.pdq_distance is not None]
    if nearest.pdq_distance is None:
        return 1.0
    return nearest.pdq_distance / max(min(bits), 1) if bits else 0.0
