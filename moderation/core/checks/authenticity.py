"""F4: are the words true, do their figures add up, and do they name what the picture shows?"""

from __future__ import annotations

import re

from moderation.core.checks.contract import Finding, ScreeningInput, Verdict
from moderation.core.facts.holding import NOT_FOUND, REFUTED, hold
from moderation.core.facts.sums import wrong_sums

_TOOLS = (
    r"(?:midjourney|stable[- ]diffusion|dall-?e|sdxl|chat\s?gpt|firefly|imagen|flux\.1"
    r"|(?:an?\s)?ai|artificial intelligence|a generator)"
)
SAYS_AI = re.compile(
    rf"\b(?:made|created|generated|drawn|designed|rendered|produced)\s+(?:with|by|in|using)\s+{_TOOLS}\b"
    r"|\bai[- ](?:generated|made|created|art|image|picture|video|render)\b|#(?:aiart|midjourney)\b"
    r"|\bmidjourney\s+v?\d\b",
    re.I,
)
DENIES_AI = re.compile(
    r"\b(?:no|not|non|without|zero)[- ](?:an?\s|any\s|made (?:by|with) )?"
    r"(?:ai|artificial intelligence)"
    r"(?:[- ](?:generated|made|used|involved))?\b"
    r"|\b(?:100\s?%|completely|entirely|fully)\s+(?:real|human[- ]made|authentic)\b"
    r"|\breal (?:photo|photograph|footage|video)\b|\bunedited\b|#no(?:ai|filter)\b",
    re.I,
)
_NEGATED = re.compile(r"\b(?:no|not|non|never|isn't|without|nothing)\W+(?:\w+\W+){0,3}$", re.I)


def claims(given: ScreeningInput, threshold: float) -> Finding:
    """Flag words that a source refutes, and more than `threshold` certificates without a source."""
    if not given.claims:
        return Finding(Verdict.PASS, "The words claim nothing that a source could tell.")
    held = [(one, hold(one.text, passages)) for one, passages in given.claims]
    evidence = {
        "claims": [
            {**holding.as_dict(), "field": one.field, "at": [one.start, one.end], "kind": one.kind}
            for one, holding in held
        ]
    }
    refuted = [one for one, holding in held if holding.verdict == REFUTED]
    unproven = [
        one for one, holding in held if holding.verdict == NOT_FOUND and one.kind == "certificate"
    ]
    score = float(len(refuted) or len(unproven))
    if refuted:
        return Finding(
            Verdict.FLAG, "A source says otherwise than these words.", score, threshold, evidence
        )
    if len(unproven) > threshold:
        return Finding(
            Verdict.FLAG,
            "The words name certificates or origins for which there is no source.",
            score,
            threshold,
            evidence,
        )
    return Finding(Verdict.PASS, "No source contradicts the words.", score, threshold, evidence)


def sums(given: ScreeningInput, threshold: float) -> Finding:
    """Flag figures that do not add up, units that do not convert, dates that do not exist."""
    found = [
        {"field": field, **wrong}
        for field, text in given.texts.items()
        for wrong in wrong_sums(text, given.today)
    ]
    if not found:
        return Finding(Verdict.PASS, "Figures, units and dates come out right.")
    return Finding(
        Verdict.FLAG,
        f"Something does not come out: {found[0]['problem']}.",
        float(len(found)),
        evidence={"found": found},
    )


def label_in_words(given: ScreeningInput, threshold: float) -> Finding:
    """Flag words that contradict the label: AI that is denied, AI that is not labelled."""
    is_ai = given.origin != "human"
    pattern = DENIES_AI if is_ai else SAYS_AI
    found = [
        {"field": field, "text": match.group()[:80], "span": list(match.span())}
        for field, text in given.texts.items()
        if field != "instruction"
        for match in pattern.finditer(text)
        if is_ai or not _NEGATED.search(text[max(0, match.start() - 40) : match.start()])
    ]
    if not found:
        return Finding(Verdict.PASS, "The words do not contradict the label.")
    sentence = (
        "It is labelled AI and its words deny it."
        if is_ai
        else "Its words say that AI made it and its label does not."
    )
    return Finding(Verdict.FLAG, sentence, float(len(found)), evidence={"found": found})


def named_garment(given: ScreeningInput, threshold: float) -> Finding:
    """Flag pictures that other garments fit better than the one that the words name.

    The score is the share of the other types of garment that fit worse, by the encoder.
    """
    if not given.named_type or given.kind == "video":
        return Finding(Verdict.PASS, "The words name no garment that could be compared.")
    if given.type_fits is None or given.named_type not in given.type_fits:
        # Says nothing against the item: the request check covers what AI made.
        return Finding(Verdict.PASS, "There was no vector to compare words and picture with.")
    own = given.type_fits[given.named_type]
    others = {name: fit for name, fit in given.type_fits.items() if name != given.named_type}
    score = round(sum(fit < own for fit in others.values()) / max(len(others), 1), 3)
    best = max(given.type_fits, key=lambda name: given.type_fits[name])  # type: ignore[index]
    evidence = {"named": given.named_type, "looks_like": best, "cosine": round(own, 4)}
    if score >= threshold:
        return Finding(Verdict.PASS, "Words and picture agree.", score, threshold, evidence)
    return Finding(
        Verdict.FLAG,
        f"The words say {given.named_type}; the picture looks like {best}.",
        score,
        threshold,
        evidence,
    )
