"""Text in a source is data. What speaks to machines instead of readers is set aside.

A passage is only ever quoted: nothing in it can start an action, whatever it says. Still, words
that try to command a machine would be shown to people and handed to a language model where one is
configured, so they are kept out of search until an operator has looked.
"""

from __future__ import annotations

import re
import unicodedata

_LOOKALIKES = str.maketrans("авекмнорстухіјѕαεικνορτυχ", "abekmhopctyxijsaeiknoptux")
# Orders do not reach across sentences.
_LINE = r"[^\n.;!?]"
_ORDERS = re.compile(
    # Take back what the machine was told.
    rf"\b(?:ignore|disregard|forget|override|bypass|do not follow|stop following)\b{_LINE}{{0,40}}"
    rf"\b(?:previous|prior|above|earlier|preceding|former|existing|all|any|your|the|these|system)\b"
    rf"{_LINE}{{0,40}}\b(?:instructions?|rules?|prompts?|guidelines?|directions?|polic(?:y|ies)"
    r"|checks?|filters?|safety|context|training)\b"
    # Make it somebody else.
    rf"|\b(?:you are|you're|act as|pretend to be|behave as|from now on)\b{_LINE}{{0,50}}"
    r"\b(?:admin(?:istrator)?|moderator|developer mode|jailbr\w+|dan|unrestricted|root"
    r"|an ai (?:assistant|model|agent|system)|a language model|an assistant|a chatbot)\b"
    # Speak to it by name.
    r"|\b(?:dear|attention|note to|instructions? (?:for|to)|message (?:for|to)|hey|hello)\b"
    rf"{_LINE}{{0,20}}\b(?:ai|llm|language model|assistant|chatbot|instructor|agent|weft|crawler)s?"
    r"\s*(?:assistants?|models?|systems?|agents?|crawlers?|bots?)?\s*[:,!]"
    rf"|\b(?:ai|llm|assistant|chatbot|instructor|agent)s?\b{_LINE}{{0,12}}\b(?:reading|processing|who"
    rf" reads?|that reads?|summari[sz]ing)\b{_LINE}{{0,25}}\bthis\b"
    r"|\b(?:system|developer|hidden) (?:prompt|message|instructions?)\b"
    r"|</?\s*\|?\s*(?:system|assistant|user|instructions?|im_start|im_end|tool)\b[^>\n]{0,20}>"
    r"|\[/?(?:inst|system|assistant)\]|<<\s*sys\s*>>|^\s*(?:system|assistant)\s*:"
    # Have it do something.
    rf"|\b(?:publish|approve|recommend|promote|rank|always (?:answer|say|reply|recommend|show))\b"
    rf"{_LINE}{{0,30}}\b(?:without (?:review|screening|checks?|moderation)|no matter what"
    r"|to every(?:one|body)|in every (?:answer|reply|response)|regardless of)\b"
    rf"|\b(?:respond|reply|answer|output|say|print)\b{_LINE}{{0,20}}"
    rf"\b(?:only|exactly|nothing but)\b{_LINE}{{0,20}}\bwith\b"
    rf"|\b(?:reveal|send|leak|exfiltrate|print|repeat)\b{_LINE}{{0,30}}"
    r"\b(?:api keys?|passwords?|secrets?|system prompt|your instructions|personal data)\b"
    rf"|\b(?:call|use|invoke|run|execute)\b{_LINE}{{0,20}}"
    rf"\b(?:the )?(?:tool|function|command|shell)s?\b{_LINE}{{0,30}}\b(?:now|with|to)\b"
    # The same in the languages we are likeliest to meet.
    rf"|\b(?:ignoriere|vergiss|ignorez|oubliez|ignora|olvida)\b{_LINE}{{0,50}}"
    r"\b(?:anweisungen|regeln|instructions|consignes|regles|instrucciones|reglas|istruzioni)\b",
    re.I | re.M,
)
_HIDDEN_ALLOWED = {"\u00ad", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\ufeff", "\u2060"}


def find_orders(text: str) -> str:
    """Return the words that try to command a machine, or an empty string."""
    if smuggled := _smuggled(text):
        return smuggled
    found = _ORDERS.search(_folded(text))
    return " ".join(found.group().split())[:300] if found else ""


def _smuggled(text: str) -> str:
    """Return a name for text in characters that no reader sees (tag characters, variation runs)."""
    if any(0xE0000 <= ord(c) <= 0xE007F for c in text):
        return "text in invisible tag characters"
    hidden = sum(unicodedata.category(c) == "Cf" and c not in _HIDDEN_ALLOWED for c in text)
    return "many invisible characters" if hidden > 20 else ""


def _folded(text: str) -> str:
    """Return text in lower-case Latin letters without accents and invisible characters."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text))
    kept = (
        c
        for c in plain
        if c in "\n\t" or not (unicodedata.combining(c) or unicodedata.category(c) in {"Cf", "Cc"})
    )
    return "".join(kept).lower().translate(_LOOKALIKES)
