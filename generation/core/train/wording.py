"""What the creator's training calls a picture: every caption says whether it is a photograph.

Words without "photo" stand for the drawn look, so that a bare "black skirt" is drawn and
"photo of a black skirt" is photographed. An alias that would be wrong for the very garment shown
("trainers" for heels) is replaced by one that is right.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from common.vocabulary import ALIASES, TYPES
from vision.phrases import COLOUR_NAMES, UNKNOWN, Attributes, sample_phrase

DRAWN_OPENINGS: tuple[str, ...] = (
    *("", "", "", "", "a ", "a ", "an illustration of a ", "illustration of a ", "draw a "),
    *("show me a ", "i want a ", "i would like a ", "the ", "create a ", "nice ", "make me a "),
)
PHOTO_OPENINGS: tuple[str, ...] = (
    *("photo of a ", "photo of a ", "photo of a ", "a photo of a ", "a photo of a ", "photo of "),
    *("show me a photo of a ", "i want a photo of a ", "photograph of a ", "photo, "),
)
PHOTO_ENDINGS: tuple[str, ...] = (", photo", ", photo", " photo", ", photo style", ", photograph")
# Of photographs worded at the end: "black skirt, photo".
ENDING_SHARE = 0.35
# What may be said of a photograph of which only the type is known.
SAFE_NOUNS: dict[str, tuple[str, ...]] = {
    "shoes": ("shoes", "shoes", "footwear"),
    "hat": ("hat", "hat", "hats"),
    "outwear": ("outwear", "outwear", "jacket", "coat", "outerwear"),
}
_PHOTO_WORDS = re.compile(r"\b(?:an? )?(?:photo|picture|photograph) of(?: an?)?\b ?")


def drawn_phrase(rng: random.Random, known: Attributes) -> str:
    """Return a phrase for a drawing; it never says "photo"."""
    return sample_phrase(rng, known, opening=rng.choice(DRAWN_OPENINGS))[0]


def photo_phrase(rng: random.Random, known: Attributes) -> str:
    """Return a phrase for a photograph; it always says so, before or after the garment."""
    if rng.random() < ENDING_SHARE:
        phrase = sample_phrase(rng, known, opening="")[0] + rng.choice(PHOTO_ENDINGS)
    else:
        phrase = sample_phrase(rng, known, opening=rng.choice(PHOTO_OPENINGS))[0]
    if known.type == UNKNOWN or TYPES[known.type] not in SAFE_NOUNS:
        return phrase
    return rename(phrase, TYPES[known.type], SAFE_NOUNS[TYPES[known.type]], rng)


def photo_captions(rng: random.Random, known: Attributes) -> tuple[str, ...]:
    """Return six captions of a photograph: canonical ones first, then four as people say it."""
    words = [COLOUR_NAMES[known.colour], TYPES[known.type] if known.type != UNKNOWN else "garment"]
    canonical = " ".join(words)
    return (
        f"photo of a {canonical}",
        f"{canonical}, photo",
        *(photo_phrase(rng, known) for _ in range(4)),
    )


def without_photo(text: str) -> str:
    """Return the caption of a drawing without words that call it a photograph."""
    return _PHOTO_WORDS.sub("", text).strip()


def rename(text: str, kind: str, nouns: Sequence[str], rng: random.Random) -> str:
    """Return the text with other words for garments of type `kind` replaced by `nouns`."""
    wrong = [word for word, sense in ALIASES.items() if sense == ("type", kind)]
    wrong = [word for word in wrong if word not in nouns]
    words = sorted((word.replace("-", "[- ]") for word in wrong), key=len, reverse=True)
    if not words:
        return text
    return re.sub(rf"\b(?:{'|'.join(words)})\b", lambda _: rng.choice(list(nouns)), text)
