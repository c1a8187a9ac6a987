"""Phrases that people might use for a garment, with what each of them states.

Training text: an attribute is left out as often as a person would leave it out, and named by the
vocabulary's word or by one of its aliases, so that a frock is a dress and tartan is checked.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from common.vocabulary import ALIASES, COLOURS, PATTERNS, TYPES

COLOUR_NAMES: tuple[str, ...] = tuple(COLOURS)
UNKNOWN = -1
PLAIN = PATTERNS.index("plain")

# Of a pattern's words, those that follow "with": a dress with stripes.
_PATTERN_NOUNS: dict[str, tuple[str, ...]] = {
    "striped": ("stripes", "stripe"),
    "checked": ("checks", "a check", "plaid", "tartan"),
    "dotted": ("dots", "polka dots", "spots"),
    "floral": ("flowers", "a flower print", "blossom"),
    "printed": ("a print", "a graphic", "a logo", "prints"),
}
_NOT_ADJECTIVES = {
    "stripes",
    "stripe",
    "checks",
    "check",
    "dots",
    "dot",
    "spots",
    "flowers",
    "prints",
}
_OPENINGS: tuple[str, ...] = (
    *("", "", "", "", "a ", "a ", "a photo of a ", "a picture of a ", "an illustration of a "),
    *(
        "show me a ",
        "make me a ",
        "i want a ",
        "i would like a ",
        "the ",
        "my ",
        "something like a ",
    ),
    *("please find a ", "do you have a ", "draw a ", "create a ", "nice ", "a photo of ", "some "),
)
_ANY_GARMENT: tuple[str, ...] = ("garment", "piece of clothing", "item", "clothes", "something", "")
_ALIAS_SHARE = 0.35


@dataclass(frozen=True)
class Attributes:
    """What is known of one picture, or stated by one phrase: indices, UNKNOWN where it is not."""

    type: int = UNKNOWN
    colour: int = UNKNOWN
    second: int = UNKNOWN
    pattern: int = UNKNOWN


def _words(attribute: str, names: tuple[str, ...]) -> list[tuple[str, ...]]:
    found: dict[str, list[str]] = {name: [name] for name in names}
    for word, (kind, value) in ALIASES.items():
        if kind == attribute:
            found[value].append(word)
    return [tuple(found[name]) for name in names]


TYPE_WORDS = _words("type", TYPES)
COLOUR_WORDS = _words("colour", COLOUR_NAMES)
PATTERN_WORDS = _words("pattern", PATTERNS)

# One attribute each: types, then colours, then patterns.
SINGLES: tuple[Attributes, ...] = (
    *(Attributes(type=index) for index in range(len(TYPES))),
    *(Attributes(colour=index) for index in range(len(COLOUR_NAMES))),
    *(Attributes(pattern=index) for index in range(len(PATTERNS))),
)


def sample_phrase(
    rng: random.Random, known: Attributes, opening: str | None = None
) -> tuple[str, Attributes]:
    """Return a phrase about a garment of which `known` is known, and what the phrase states.

    It begins with `opening`, or with one drawn by lot.
    """
    kept = _leave_out(rng, known)
    noun = _pick(rng, TYPE_WORDS, kept.type) or rng.choice(_ANY_GARMENT)
    colour = _pick(rng, COLOUR_WORDS, kept.colour)
    if kept.second != UNKNOWN:
        joint = rng.choice((" and ", " and ", " with ", ", "))
        colour += joint + _pick(rng, COLOUR_WORDS, kept.second)
    start = rng.choice(_OPENINGS) if opening is None else opening
    phrase = start + _ordered(rng, colour, kept.pattern, noun)
    return " ".join(phrase.replace("-", rng.choice(("-", " "))).split()), kept


def class_phrases(rng: random.Random) -> list[str]:
    """Return one phrase per type, then colour, then pattern, differently worded each time."""
    return [sample_phrase(rng, single)[0] for single in SINGLES]


def plain_prompts() -> tuple[list[str], list[str], list[str]]:
    """Return the prompts of zero-shot classification: types, colours, patterns."""
    return (
        [f"a {name}" for name in TYPES],
        [f"a {name} garment" for name in COLOUR_NAMES],
        [f"a {name} garment" for name in PATTERNS],
    )


def vocabulary_words() -> list[str]:
    """Return every word the encoder should know as few tokens."""
    fixed = [
        *_OPENINGS,
        *_ANY_GARMENT,
        *(noun for nouns in _PATTERN_NOUNS.values() for noun in nouns),
    ]
    cuts = (
        "short long mini maxi midi knee cropped sleeveless sleeve sleeves collar v-neck crew neck"
        " round slim loose wide fitted flared pleated straight oversized denim leather wool cotton"
        " silk linen knit velvet zip buttons pocket pockets belt hood ankle high low background"
        " studio gradient boots sandals heels beanie fedora cap brim vintage"
    )
    groups = (*TYPE_WORDS, *COLOUR_WORDS, *PATTERN_WORDS)
    return sorted({*fixed, *cuts.split(), *(word for group in groups for word in group), *ALIASES})


def _leave_out(rng: random.Random, known: Attributes) -> Attributes:
    """Return `known` with some attributes not stated; never all of them."""
    names = [name for name in ("type", "colour", "pattern") if getattr(known, name) != UNKNOWN]
    count = rng.choices((1, 2, 3), weights=(2, 3, 6))[0]
    stated = set(rng.sample(names, min(count, len(names))))
    colour = known.colour if "colour" in stated else UNKNOWN
    return Attributes(
        type=known.type if "type" in stated else UNKNOWN,
        colour=colour,
        second=known.second if colour != UNKNOWN and rng.random() < 0.5 else UNKNOWN,
        pattern=known.pattern if "pattern" in stated else UNKNOWN,
    )


def _pick(rng: random.Random, words: list[tuple[str, ...]], index: int) -> str:
    if index == UNKNOWN:
        return ""
    choices = words[index]
    return rng.choice(choices) if rng.random() < _ALIAS_SHARE else choices[0]


def _ordered(rng: random.Random, colour: str, pattern: int, noun: str) -> str:
    if pattern == UNKNOWN:
        return (
            rng.choice((f"{colour} {noun}", f"{colour} {noun}", f"{noun} in {colour}"))
            if colour
            else noun
        )
    nouns = _PATTERN_NOUNS.get(PATTERNS[pattern])
    if nouns and rng.random() < 0.3:
        return f"{colour} {noun} with {rng.choice(nouns)}"
    adjective = _pick(rng, PATTERN_WORDS, pattern)
    if adjective in _NOT_ADJECTIVES:
        adjective = PATTERNS[pattern]
    return rng.choice(
        (
            f"{colour} {adjective} {noun}",
            f"{colour} {adjective} {noun}",
            f"{adjective} {colour} {noun}",
            f"{adjective} {noun} in {colour}" if colour else f"{adjective} {noun}",
        )
    )
