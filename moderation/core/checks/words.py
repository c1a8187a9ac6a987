"""F1 and F3 in words: demeaning language, unsafe language, links and contacts, injections."""

from __future__ import annotations

import re

from moderation.core.checks import lexicon
from moderation.core.checks.contract import Finding, ScreeningInput, Verdict
from moderation.core.checks.folding import Hit, find_terms, folded

LINK = re.compile(
    r"(?:https?://|www\.)\S+"
    r"|\b[\w-]{2,40}\.(?:com|net|org|info|biz|shop|xyz|top|ru|cn|io|me|tk|link|site|online)\b"
    r"(?:/\S*)?",
    re.I,
)
CONTACT = re.compile(
    r"\b(?:whats\s?app|telegram|t\.me|wechat|snapchat|discord\.gg|dm me|text me|call me)\b"
    r"|(?<![\w@])@[\w.]{3,30}",
    re.I,
)
INJECTION = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:previous|prior|above|earlier|all|any"
    r"|your|the|these)\b.{0,30}\b(?:instructions?|rules?|prompts?|guidelines?|polic(?:y|ies)|checks?"
    r"|filters?|moderation|safety)\b"
    r"|\b(?:you are now|act as|pretend to be)\b.{0,40}\b(?:admin|moderator|system|developer|dan"
    r"|unrestricted)\b"
    r"|\b(?:system|developer) prompt\b"
    r"|</?\s*(?:system|assistant|instructions?)\s*>"
    r"|\b(?:publish|approve)\b.{0,20}\bwithout\b.{0,20}\b(?:review|screening|checks?|moderation)\b",
    re.I | re.S,
)


def demeaning_language(given: ScreeningInput, threshold: float) -> Finding:
    """Flag words and sentences that demean a group; the same rule whatever the group."""
    hits = _hits(given, lexicon.DEMEANING)
    hits += [
        {"field": field, "term": "generalisation", "text": sentence}
        for field, text in given.texts.items()
        for sentence in find_generalisations(text)
    ]
    if not hits:
        return Finding(Verdict.PASS, "No demeaning language.")
    return Finding(
        Verdict.FLAG,
        "The words may demean a group of people.",
        float(len(hits)),
        evidence={"found": hits},
    )


def unsafe_language(given: ScreeningInput, threshold: float) -> Finding:
    """Flag coarse, sexual and violent words; refuse only what has no innocent reading."""
    blocked = _hits(given, lexicon.BLOCKED)
    if blocked:
        return Finding(
            Verdict.BLOCK,
            "The words refer to sexual abuse of children.",
            float(len(blocked)),
            evidence={"found": blocked},
        )
    hits = _hits(given, lexicon.UNSAFE)
    if not hits:
        return Finding(Verdict.PASS, "No unsafe language.")
    return Finding(
        Verdict.FLAG,
        "The words may be coarse, sexual or violent.",
        float(len(hits)),
        evidence={"found": hits},
    )


def links_and_contacts(given: ScreeningInput, threshold: float) -> Finding:
    """Flag texts with more than `threshold` links, contacts and phrases of spam."""
    found = [
        {"field": field, "kind": kind, "text": match.group()[:80]}
        for field, text in given.texts.items()
        for kind, pattern in (("link", LINK), ("contact", CONTACT))
        for match in pattern.finditer(_visible(text))
    ]
    found += [{**hit, "kind": "advertising"} for hit in _hits(given, lexicon.SPAM)]
    if len(found) <= threshold:
        return Finding(
            Verdict.PASS, "No advertising links or contacts.", float(len(found)), threshold
        )
    return Finding(
        Verdict.FLAG,
        "The words hold links, contacts or advertising.",
        float(len(found)),
        threshold,
        {"found": found},
    )


def prompt_injection(given: ScreeningInput, threshold: float) -> Finding:
    """Flag words that try to command the machine instead of describing a picture."""
    found = [
        {"field": field, "text": match.group()[:120]}
        for field, text in given.texts.items()
        for match in INJECTION.finditer(folded(text))
    ]
    if not found:
        return Finding(Verdict.PASS, "No attempt to command the machine.")
    return Finding(
        Verdict.FLAG,
        "The words try to give the machine orders.",
        float(len(found)),
        evidence={"found": found},
    )


def find_generalisations(text: str) -> list[str]:
    """Return sentences like "all <group> are <accusation>"."""
    found = []
    for sentence in re.split(r"[.!?\n]+", folded(text)):
        words = set(re.findall(r"[a-z]+", sentence))
        if words & lexicon.GROUPS and words & lexicon.GENERALISING and words & lexicon.ACCUSING:
            found.append(sentence.strip()[:120])
    return found


def _hits(given: ScreeningInput, terms: frozenset[str]) -> list[dict[str, str]]:
    return [
        {"field": field, "term": hit.term, "text": hit.text}
        for field, text in given.texts.items()
        for hit in _unique(find_terms(text, terms))
    ]


def _unique(hits: list[Hit]) -> list[Hit]:
    return list(dict.fromkeys(hits))


def _visible(text: str) -> str:
    """Drop hidden characters that cut links apart."""
    return re.sub(r"[\u200b-\u200f\u2060\ufeff\u00ad]", "", text)
