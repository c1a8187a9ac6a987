"""What stands around a listed word: fixed innocent phrases, self-description, speech against it.

A word between quotation marks alone excuses nothing: anybody can type quotation marks.
"""

from __future__ import annotations

import re

from moderation.core.checks.folding import folded

# A listed word within one of these is no insult. Folded, as they are compared.
INNOCENT_PHRASES = (
    *("chink in the armour", "chink in the armor", "chink in his armour", "chink in her armour"),
    *("chink in their armour", "chink of light", "chinks of light", "chink in the curtain"),
    *("spic and span", "spic-and-span", "paki stand", "tranny fluid", "retard the flame"),
    *("retarded combustion", "retarded growth", "flame retarded", "flame-retarded"),
)
# The speaker's own words for themselves.
_SELF = re.compile(
    r"\b(?:i am|i'm|im|we are|we're|as|call(?:ing)? (?:myself|ourselves)|identify as)\b"
    r"(?:\s+(?:a|an|the|proud|and|queer|fat|old|out|loud|happy|just|one)){0,4}\s*$"
)
# Towards others the same words are not self-description.
_OTHERS = re.compile(r"\b(?:you|your|they|them|their|those|these|every|all)\b")
# Speech about the word or against what it says.
_AGAINST = re.compile(
    r"\b(?:slur|slurs|insult|insulting|offensive|racist|sexist|homophobic|transphobic|ableist"
    r"|hate speech|hateful|stereotype|prejudice|derogatory|bigot(?:s|ed|ry)?|myth"
    r"|(?:was|were|been|got|being|get) called|called (?:me|us|him|her|them)"
    r"|(?:stop|never|don't|do not|nobody should|no one should|wrong to) (?:say|saying|call|calling"
    r"|use|using|claim|claiming|believe|think)"
    r"|not all|not every|it is false|it's false|it is wrong|it's wrong|i disagree)\b"
)
# Speech against a word that ends with doing it all the same is not speech against it.
_TURN = re.compile(r"\b(?:but|however|though|except|still|anyway)\b")
BEFORE, AFTER = 60, 60


def excuse(text: str, start: int, end: int, *, is_sentence: bool = False) -> str:
    """Return why the words from `start` to `end` demean nobody where they stand; "" if they may.

    Only their own sentence counts; `is_sentence`: they are all of it.
    """
    if is_sentence:
        return "speech against it" if _is_against(folded(text[start:end])) else ""
    first = max(text.rfind(mark, 0, start) for mark in ".!?\n") + 1
    lasts = [place for mark in ".!?\n" if (place := text.find(mark, end)) >= 0]
    last = min(lasts, default=len(text))
    before = folded(text[max(first, start - BEFORE) : start])
    itself = folded(text[start:end])
    after = folded(text[end : min(last, end + AFTER)])
    whole = before + itself + after
    for phrase in INNOCENT_PHRASES:
        place = whole.find(phrase)
        if 0 <= place <= len(before) and place + len(phrase) >= len(before) + len(itself):
            return "a fixed phrase"
    around = before + " " + after
    if _SELF.search(before.rstrip("\"'“”‘’ ")) and not _OTHERS.search(around):
        return "self-description"
    return "speech against it" if _is_against(around) else ""


def _is_against(words: str) -> bool:
    return bool(_AGAINST.search(words)) and not _TURN.search(words)
