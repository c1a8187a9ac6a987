"""F1 and F3 in words: demeaning language, unsafe language, links and contacts, injections."""

from __future__ import annotations

import re
from typing import Any

from moderation.core.checks import lexicon
from moderation.core.checks.context import excuse
from moderation.core.checks.contract import Finding, ScreeningInput, Verdict
from moderation.core.checks.folding import find_terms, folded
from moderation.core.checks.orders import find_orders

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


def demeaning_language(given: ScreeningInput, threshold: float) -> Finding:
    """Flag words and sentences that demean a group; the same rule whatever the group.

    Self-description, fixed phrases and speech against such words are kept as evidence and pass.
    """
    found = []
    for field, text in given.texts.items():
        for hit in _hits_in(field, text, lexicon.DEMEANING):
            found.append(hit | {"excuse": excuse(text, hit["start"], hit["end"])})
        for hit in _generalisations_in(field, text):
            why = excuse(text, hit["start"], hit["end"], is_sentence=True)
            found.append(hit | {"excuse": why})
    meant = [hit for hit in found if not hit["excuse"]]
    evidence = {"found": meant, "spans": _spans(meant)}
    if excused := [hit for hit in found if hit["excuse"]]:
        evidence["excused"] = excused
    if not meant:
        return Finding(Verdict.PASS, "No demeaning language.", 0.0, evidence=evidence)
    return Finding(
        Verdict.FLAG,
        "The words may demean a group of people.",
        float(len(meant)),
        evidence=evidence,
    )


def unsafe_language(given: ScreeningInput, threshold: float) -> Finding:
    """Flag coarse, sexual and violent words; refuse only what has no innocent reading."""
    blocked = _hits(given, lexicon.BLOCKED)
    if blocked:
        return Finding(
            Verdict.BLOCK,
            "The words refer to sexual abuse of children.",
            float(len(blocked)),
            evidence={"found": blocked, "spans": _spans(blocked)},
        )
    hits = _hits(given, lexicon.UNSAFE)
    if not hits:
        return Finding(Verdict.PASS, "No unsafe language.")
    return Finding(
        Verdict.FLAG,
        "The words may be coarse, sexual or violent.",
        float(len(hits)),
        evidence={"found": hits, "spans": _spans(hits)},
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
        {"field": field, "text": text[start:end][:120], "start": start, "end": end}
        for field, text in given.texts.items()
        for start, end in find_orders(text)
    ]
    if not found:
        return Finding(Verdict.PASS, "No attempt to command the machine.")
    return Finding(
        Verdict.FLAG,
        "The words try to give the machine orders.",
        float(len(found)),
        evidence={"found": found, "spans": _spans(found)},
    )


def find_generalisations(text: str) -> list[str]:
    """Return sentences that accuse, wish away or shut out a group as such."""
    return [hit["text"] for hit in _generalisations_in("", text)]


def _generalisations_in(field: str, text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    start = 0
    for sentence in re.split(r"(?<=[.!?\n])", text):
        read = folded(sentence)
        words = set(re.findall(r"[a-z]+", read))
        accused = bool(words & lexicon.GENERALISING and words & lexicon.ACCUSING)
        if words & lexicon.GROUPS and (accused or lexicon.AGAINST_GROUP.search(read)):
            found.append(
                {
                    "field": field,
                    "term": "generalisation",
                    "text": read.strip()[:120],
                    "start": start,
                    "end": start + len(sentence.rstrip()),
                    "label": "about a group",
                }
            )
        start += len(sentence)
    return found


def _hits(given: ScreeningInput, terms: frozenset[str]) -> list[dict[str, Any]]:
    return [hit for field, text in given.texts.items() for hit in _hits_in(field, text, terms)]


def _hits_in(field: str, text: str, terms: frozenset[str]) -> list[dict[str, Any]]:
    return [
        {"field": field, "term": hit.term, "text": hit.text, "start": hit.start, "end": hit.end}
        for hit in dict.fromkeys(find_terms(text, terms))
    ]


def _spans(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "field": hit["field"],
            "start": hit["start"],
            "end": hit["end"],
            "label": str(hit.get("label") or hit.get("term") or "an order"),
        }
        for hit in found
    ]


def _visible(text: str) -> str:
    """Drop hidden characters that cut links apart."""
    return re.sub(r"[\u200b-\u200f\u2060\ufeff\u00ad]", "", text)
