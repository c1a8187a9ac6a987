"""What a garment of the demo world is: its attributes, drawn by lot, and its captions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from common.guidance import Attributes
from common.vocabulary import ALIASES, COLOURS, PATTERNS, TYPES
from demo.backdrop import BACKDROPS, TINTS
from demo.fabric import colour_distance

CUTS: dict[str, tuple[str, ...]] = {
    "t-shirt": ("crew-neck", "v-neck", "slim", "loose"),
    "longsleeve": ("crew-neck", "v-neck", "turtleneck"),
    "shirt": ("slim", "regular", "loose"),
    "blouse": ("bow", "ruffled", "v-neck"),
    "dress": ("fitted", "a-line", "flared"),
    "skirt": ("pencil", "a-line", "pleated"),
    "pants": ("slim", "straight", "wide-leg"),
    "shorts": ("slim", "regular", "loose"),
    "outwear": ("coat", "puffer", "bomber"),
    "hoodie": ("regular", "zip"),
    "shoes": ("sneakers", "boots", "heels"),
    "hat": ("cap", "beanie", "brimmed"),
    "blazer": ("single-breasted", "double-breasted"),
    "polo": ("slim", "regular", "loose"),
    "undershirt": ("slim", "regular"),
    "top": ("fitted", "regular", "flared"),
}
SLEEVES: dict[str, tuple[str, ...]] = {
    "t-shirt": ("short",),
    "longsleeve": ("long",),
    "shirt": ("long", "long", "short"),
    "blouse": ("long", "short"),
    "dress": ("sleeveless", "short", "long"),
    "outwear": ("long",),
    "hoodie": ("long",),
    "blazer": ("long",),
    "polo": ("short",),
    "undershirt": ("sleeveless",),
    "top": ("sleeveless",),
}
LENGTHS: dict[str, tuple[str, ...]] = {
    "t-shirt": ("regular", "regular", "cropped"),
    "longsleeve": ("regular",),
    "dress": ("mini", "midi", "maxi"),
    "skirt": ("mini", "midi", "maxi"),
    "pants": ("regular", "regular", "cropped"),
    "shorts": ("mini", "regular", "long"),
    "undershirt": ("regular", "long"),
    "top": ("cropped", "regular", "long"),
}
# Words of cut and length that say something to a reader; the rest only shape the drawing.
SPOKEN = {
    "crew-neck", "v-neck", "turtleneck", "slim", "loose", "ruffled", "fitted", "a-line",
    "flared", "pleated", "wide-leg",
    "pencil", "straight", "double-breasted", "cropped", "mini", "midi", "maxi", "sleeveless",
    "long",
}  # fmt: skip
# How often each pattern is drawn by lot: plain garments are the most common in a wardrobe.
PATTERN_WEIGHTS = {
    "plain": 0.3,
    "striped": 0.16,
    "checked": 0.14,
    "dotted": 0.13,
    "floral": 0.13,
    "printed": 0.14,
}
OPENINGS = ("", "", "a", "a photo of a", "illustration of a", "one")
# Two colours nearer than this (CIE76) cannot be told apart as a pattern.
MIN_CONTRAST = 42.0


@dataclass(frozen=True)
class GarmentSpec:
    """One garment; equal specs are drawn as equal pictures."""

    type: str
    colour: str
    second_colour: str | None
    pattern: str
    cut: str
    sleeve: str
    length: str
    # "<backdrop> <tint>", as in `demo.backdrop`.
    background: str
    # -1 (darker) to 1 (lighter) within what the colour's name allows.
    shade: float
    seed: int


def sample_spec(
    rng: np.random.Generator,
    *,
    type: str | None = None,
    colour: str | None = None,
    pattern: str | None = None,
    second_colour: str | None = None,
    cut: str | None = None,
    background: str | None = None,
) -> GarmentSpec:
    """Return a random garment; every attribute given stays as given."""
    kind = type or str(rng.choice(TYPES))
    main = colour or str(rng.choice(list(COLOURS)))
    weave = pattern or str(rng.choice(PATTERNS, p=[PATTERN_WEIGHTS[p] for p in PATTERNS]))
    partner = second_colour or str(rng.choice(partners(main)))
    return GarmentSpec(
        type=kind,
        colour=main,
        second_colour=None if weave == "plain" else partner,
        pattern=weave,
        cut=cut or str(rng.choice(CUTS[kind])),
        sleeve=str(rng.choice(SLEEVES.get(kind, ("none",)))),
        length=str(rng.choice(LENGTHS.get(kind, ("regular",)))),
        background=background or f"{rng.choice(BACKDROPS)} {rng.choice(list(TINTS))}",
        shade=round(float(np.clip(rng.normal(0, 0.45), -1, 1)), 3),
        seed=int(rng.integers(2**31)),
    )


def partners(colour: str) -> list[str]:
    """Return the colours that stand out on `colour`."""
    return [name for name in COLOURS if colour_distance(name, colour) > MIN_CONTRAST]


def attributes(spec: GarmentSpec) -> Attributes:
    """Return the garment in the common vocabulary, main colour first."""
    colours = (spec.colour,) if spec.second_colour is None else (spec.colour, spec.second_colour)
    return Attributes(type=spec.type, colours=colours, pattern=spec.pattern)


def caption(spec: GarmentSpec, rng: np.random.Generator | None = None) -> str:
    """Return the canonical caption, or with `rng` one of many natural wordings of it.

    Every wording names the type and the main colour, in the vocabulary's own word or a synonym.
    """
    if rng is None:
        return attributes(spec).as_caption()
    details = [w for w in (spec.cut, spec.length) if w in SPOKEN and rng.random() < 0.3]
    if spec.sleeve == "sleeveless" and spec.type == "dress" and rng.random() < 0.3:
        details.append("sleeveless")
    if (
        spec.sleeve in ("short", "long")
        and spec.type in ("shirt", "blouse", "dress")
        and rng.random() < 0.3
    ):
        details.append(f"{spec.sleeve}-sleeved")
    return _wording(spec, details, rng)


def _wording(spec: GarmentSpec, details: list[str], rng: np.random.Generator) -> str:
    """Return the words in one of several orders a person would use."""
    main, noun, pattern = (_spoken(w, rng) for w in (spec.colour, spec.type, spec.pattern))
    if spec.pattern == "plain" and rng.random() < 0.6:
        pattern = ""
    second = spec.second_colour if spec.second_colour and rng.random() < 0.75 else None
    shape = rng.random()
    if second and shape < 0.25:
        words = [*details, main, noun, f"with {_spoken(second, rng)} {_as_noun(spec.pattern)}"]
    else:
        words = [*details, f"{main} and {_spoken(second, rng)}" if second else main, pattern, noun]
        if shape > 0.75:
            words = [pattern, *details, words[len(details)], noun]
    text = " ".join(w for w in words if w)
    plural = noun.endswith("s") and not noun.endswith("ss")
    opening = str(rng.choice(OPENINGS))
    if plural:
        opening = "" if opening in ("a", "one") else opening.removesuffix(" a")
    elif opening.endswith("a") and text[0] in "aeiou":
        opening += "n"
    return f"{opening} {text}".strip()


def _spoken(word: str, rng: np.random.Generator) -> str:
    """Return `word` or, one time in four, something people say for it."""
    others = [w for w, (_, value) in ALIASES.items() if value == word and w not in SPOKEN]
    return str(rng.choice(others)) if others and rng.random() < 0.25 else word


def _as_noun(pattern: str) -> str:
    return {"striped": "stripes", "checked": "checks", "dotted": "dots", "floral": "flowers"}.get(
        pattern, "print"
    )
