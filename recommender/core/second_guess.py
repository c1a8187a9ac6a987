"""Where the rules are unsure, the small model's guess decides; elsewhere it is not asked.

Three places: a message that the rules find no request in; a request without anything to wear in it;
and unsafe requests in words that no pattern lists. A guess can only turn a message into something
to answer, or into a request of the person's own words: never into attributes nobody named.
"""

from __future__ import annotations

from dataclasses import replace

from recommender.core.dialogue import State, Understanding
from recommender.core.intent_model import REFUSED, Guess
from recommender.core.replies import ANSWERS

# Below these a guess counts for nothing. Refusing what was a plain wish for a garment is the worst
# mistake, so it takes most.
SURE_UNSAFE, SURE_UNSAFE_GARMENT = 0.45, 0.9
SURE_TOPIC, SURE_NO_GARMENT, SURE_MAKE = 0.45, 0.6, 0.95
TOPICS = frozenset(ANSWERS) & {
    "greeting",
    "thanks",
    "bye",
    "smalltalk",
    "identity",
    "help",
    "price",
    "upload",
    "off_topic",
}


def second_guess(
    heard: Understanding, guess: Guess, state: State, *, has_evidence: bool = True
) -> Understanding:
    """Return the understanding, changed by the guess only where the rules were unsure.

    has_evidence: whether some word speaks for a refusal, however sure the guess is of the frame.
    """
    if heard.refusal or heard.unreadable or (heard.topic and guess.intent not in REFUSED):
        return heard
    if guess.intent in REFUSED and not has_evidence:
        return heard
    if guess.intent in REFUSED:
        is_plain = heard.says_attributes or heard.topic or heard.references
        enough = SURE_UNSAFE_GARMENT if is_plain else SURE_UNSAFE
        chance = max(guess.probability, guess.unsafe)  # unsafe of whatever kind
        is_sure = chance >= enough and not (heard.affirms or heard.denies)
        return Understanding(text=heard.text, refusal=guess.intent) if is_sure else heard
    says_nothing = not (heard.says_attributes or heard.references or heard.reference_missing)
    if heard.intent == "unclear" and not state.pending:
        return _of_unclear(heard, guess)
    if says_nothing and heard.is_request and guess.intent in {"off_topic", "price", "help"}:
        if guess.probability >= SURE_NO_GARMENT:
            return _about(heard, guess.intent)
    elif (
        heard.intent == "refine"
        and heard.wanted.types
        and guess.intent == "make"
        and not heard.is_desire
    ):
        return replace(heard, is_make=guess.probability >= SURE_MAKE and not heard.no_make)
    return heard


def _of_unclear(heard: Understanding, guess: Guess) -> Understanding:
    """Return what a message without request or attributes seems to be."""
    if guess.probability < SURE_TOPIC:
        return heard
    if guess.intent in TOPICS:
        return _about(heard, guess.intent)
    if guess.intent == "like":
        return replace(heard, feedback="like")
    if guess.intent == "dislike":
        return replace(heard, feedback="dislike")
    return replace(
        heard,
        is_more=guess.intent == "more",
        is_desire=guess.intent == "vague" or heard.is_desire,
        is_make=guess.intent == "make",
        is_find=guess.intent == "find",
    )


def _about(heard: Understanding, topic: str) -> Understanding:
    return Understanding(text=heard.text, topic=topic, language=heard.language)
