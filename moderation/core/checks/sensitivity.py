"""F3 for eyes, ears and ages: flashing, loudness, and for whom an item is."""

from __future__ import annotations

from moderation.core.checks import lexicon
from moderation.core.checks.contract import Finding, ScreeningInput, Verdict
from moderation.core.checks.folding import find_terms

# From the mildest to the strictest.
RATINGS = ("all", "13", "16", "adult")
MAX_PEAK = 1.0
QUIETEST = -45.0


def flashing(given: ScreeningInput, threshold: float) -> Finding:
    """Flag videos with more than `threshold` flashes in a second (`media.flashing`)."""
    if given.kind != "video":
        return Finding(Verdict.PASS, "A picture does not flash.")
    if given.flashes is None:
        return Finding(Verdict.CANNOT_TELL, "The video could not be watched for flashes.")
    seen = given.flashes
    most = max(seen.general, seen.red)
    evidence = {"general": seen.general, "red": seen.red, "at_s": seen.at_s}
    if most <= threshold:
        return Finding(Verdict.PASS, "It does not flash.", float(most), threshold, evidence)
    colour = " in red" if seen.red > seen.general else ""
    said = f"It flashes {most} times a second{colour}, at {seen.at_s:.1f} s."
    return Finding(Verdict.FLAG, said, float(most), threshold, evidence)


def loudness(given: ScreeningInput, threshold: float) -> Finding:
    """Flag sound louder than `threshold` LUFS, with peaks that clip hard, or hardly to be heard."""
    if given.kind != "video":
        return Finding(Verdict.PASS, "A picture has no sound.")
    if given.sound is None:
        return Finding(Verdict.CANNOT_TELL, "The sound could not be measured.")
    level, peak = given.sound.loudness, given.sound.peak
    evidence = {"lufs": level, "peak_dbtp": peak}
    if level is None:
        return Finding(Verdict.PASS, "It is silent.", None, threshold, evidence)
    problem = ""
    if level > threshold:
        problem = f"It is very loud ({level:.0f} LUFS)."
    elif peak is not None and peak > MAX_PEAK:
        problem = f"Its sound clips (peak {peak:+.1f} dBTP)."
    elif level < QUIETEST:
        problem = f"Its sound can hardly be heard ({level:.0f} LUFS)."
    if problem:
        return Finding(Verdict.FLAG, problem, level, threshold, evidence)
    return Finding(Verdict.PASS, "Its loudness is usual.", level, threshold, evidence)


def age_rating(given: ScreeningInput, threshold: float) -> Finding:
    """Say for whom the item is by its words: the stricter of that and the uploader's own rating.

    It passes: the rating is applied, and who is younger does not see the item.
    """
    reasons = {
        rating: hits
        for rating, terms in lexicon.BY_AGE.items()
        if (hits := [h for text in given.texts.values() for h in find_terms(text, terms)])
    }
    rating = max((given.age_rating, *reasons), key=RATINGS.index)
    words = {name: sorted({hit.term for hit in hits}) for name, hits in reasons.items()}
    evidence = {"rating": rating, "uploader": given.age_rating, "words": words}
    shown = {"all": "everybody", "adult": "adults"}.get(rating, f"people of {rating} and older")
    return Finding(
        Verdict.PASS, f"It is for {shown}.", float(RATINGS.index(rating)), evidence=evidence
    )
