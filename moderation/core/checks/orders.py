"""Orders to the machine hidden in words: in titles, instructions, captions and sources of facts."""

from __future__ import annotations

import base64
import binascii
import re

from moderation.core.checks.folding import folded

_OBJECT = (
    r"(?:instructions?|rules?|prompts?|guidelines?|polic(?:y|ies)|checks?|filters?|moderation"
    r"|safety|restrictions?|constraints?|guardrails?)"
)
_PATTERNS = (
    r"\b(?:ignore|disregard|forget|override|bypass|skip|drop|circumvent)\b.{0,40}\b(?:previous"
    rf"|prior|above|earlier|all|any|your|the|these|every)\b.{{0,30}}\b{_OBJECT}\b",
    r"\b(?:you are now|act as|pretend to be|from now on you|roleplay as)\b.{0,40}\b(?:admin"
    r"|administrator|moderator|system|developer|dan|unrestricted|jailbroken|root)\b",
    r"\b(?:system|developer|hidden|initial) prompt\b",
    r"\b(?:reveal|print|repeat|show|output|leak)\b.{0,30}\b(?:your|the)\b.{0,20}\b(?:instructions"
    r"|prompt|system message|secret key|api key|password)\b",
    r"</?\s*\|?\s*(?:system|assistant|instructions?|im_start|im_end)\b[^>]{0,20}>",
    r"<\|[a-z_]{3,20}\|>|\[/?inst\]|###\s*(?:system|instruction)",
    r"\b(?:publish|approve|pass|accept)\b.{0,20}\bwithout\b.{0,20}\b(?:review|screening|checks?"
    r"|moderation|label(?:ling)?|watermark)\b",
    r"\b(?:do not|don't|never) (?:label|mark|watermark|flag|report|screen)\b.{0,30}"
    r"\b(?:this|it|as ai|item|picture|image|video|content)\b",
    r"\b(?:mark|label|rate|classify|report|treat)\b.{0,20}\b(?:this|it|as)\b.{0,20}\b(?:safe"
    r"|approved|human[- ]made|verified|trusted)\b",
    r"\b(?:dear|attention|note to|hey),? (?:ai|llm|assistant|chatbot|language model|model)\b",
    r"\b(?:as an? (?:ai|language model)|if you are an? (?:ai|llm|language model|assistant))\b"
    r".{0,40}\b(?:must|should|please|always|ignore|say|write|respond)\b",
    r"\b(?:ignoriere?|vergiss|missachte)\b.{0,40}\b(?:anweisungen|regeln|vorgaben)\b",
    r"\b(?:ignorez?|oubliez?)\b.{0,40}\b(?:instructions|consignes|regles)\b",
    r"\b(?:ignora|olvida)\b.{0,40}\b(?:instrucciones|reglas)\b",
)
ORDER = re.compile("|".join(_PATTERNS), re.I | re.S)
_ENCODED = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")


def find_orders(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of every attempt to command the machine, also disguised or in base64."""
    plain = folded(text)
    if len(plain) == len(text):
        found = [match.span() for match in ORDER.finditer(plain)]
    else:
        # Disguised: letters were hidden or replaced, so places are those of the whole.
        found = [(0, min(len(text), 120))] if ORDER.search(plain) else []
    for match in _ENCODED.finditer(text):
        if ORDER.search(_decoded(match.group())):
            found.append(match.span())
    return found


def _decoded(text: str) -> str:
    try:
        whole = text[: len(text) // 4 * 4]
        return base64.b64decode(whole, validate=True).decode("utf-8", "ignore")
    except (binascii.Error, ValueError):
        return ""
