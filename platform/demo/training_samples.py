"""What the demo world hands to the training of the models: drawings with exact words.

Nothing of Django is needed here, so that the models can be trained on a machine without it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from common.vocabulary import PATTERNS, TYPES
from demo.clips import CAMERA_MOVES, render_clip
from demo.drawing import draw_garment
from demo.garments import GarmentSpec, caption, sample_spec
from generation.core.train.cache import HEIGHT, WIDTH, ZOOM, ClipSample, Facts, Sample
from generation.core.train.wording import drawn_phrase, rename, without_photo
from vision.phrases import COLOUR_NAMES, UNKNOWN, Attributes

# Most are drawn small, which is fast; the rest, and all that measure, large and then scaled down,
# as people's pictures are.
SMALL, LARGE = (120, 160), (240, 320)
LARGE_SHARE = 0.3
FPS, FRAMES = 12, 32
# What people say for the camera's way; the first is the canonical one.
CAMERA_WORDS = {
    "turntable": ("on a turntable", "turning", "rotating", "spinning slowly"),
    "runway": ("on the runway", "walking", "on a catwalk", "coming closer"),
    "close-up": ("in close-up", "seen from near", "the fabric up close", "camera gliding over it"),
}
# What a cut may be called, the most telling name last; without an entry any name of the type.
CUT_NOUNS: dict[tuple[str, str], tuple[str, ...]] = {
    ("shoes", "sneakers"): ("shoes", "sneakers", "trainers"),
    ("shoes", "boots"): ("shoes", "boots"),
    ("shoes", "heels"): ("shoes", "heels"),
    ("hat", "cap"): ("hat", "cap"),
    ("hat", "beanie"): ("hat", "beanie"),
    ("hat", "brimmed"): ("hat", "hats"),
    ("outwear", "coat"): ("outwear", "coat"),
    ("outwear", "puffer"): ("outwear", "parka", "jacket"),
    ("outwear", "bomber"): ("outwear", "jacket"),
}


class DrawnSampler:
    """Draws garment number `index`: types come in turn, all else by lot, the same every time."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __call__(self, index: int, large: bool) -> Sample:
        """Return the drawing with wordings of what it shows."""
        spec, facts = self.known(index)
        return Sample(
            image=draw_garment(spec, WIDTH, HEIGHT),
            facts=facts,
            large=draw_garment(spec, ZOOM * WIDTH, ZOOM * HEIGHT) if large else None,
        )

    def known(self, index: int) -> tuple[GarmentSpec, Facts]:
        """Return what drawing number `index` shows, without drawing it."""
        rng = np.random.default_rng((self.seed, index))
        spec = sample_spec(rng, type=TYPES[index % len(TYPES)])
        return spec, Facts(captions=captions(spec, rng), taste=taste(spec))


def captions(spec: GarmentSpec, rng: np.random.Generator) -> tuple[str, ...]:
    """Return the canonical caption, two full wordings and two that leave something out.

    Where the cut has names of its own, one more caption uses them, and no other name is wrong.
    """
    words = random.Random(int(rng.integers(2**31)))
    known = attributes_of(spec)
    texts = [
        caption(spec),
        without_photo(caption(spec, rng)),
        without_photo(caption(spec, rng)),
        drawn_phrase(words, known),
        drawn_phrase(words, known),
    ]
    nouns = CUT_NOUNS.get((spec.type, spec.cut))
    if nouns is None:
        return tuple(texts)
    short = [spec.colour, "" if spec.pattern == "plain" else spec.pattern, nouns[-1]]
    texts = [rename(text, spec.type, nouns, words) for text in texts]
    return (*texts, " ".join(word for word in short if word))


def taste(spec: GarmentSpec) -> dict[str, str]:
    """Return what somebody may like about the garment, whatever its type."""
    backdrop, tint = spec.background.split(" ")
    return {"colour": spec.colour, "pattern": spec.pattern, "backdrop": backdrop, "tint": tint}


class DrawnClips:
    """Draws clip number `index`: moves and types come in turn, all else by lot."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __call__(self, index: int) -> ClipSample:
        """Return the clip with wordings of what it shows, half of them naming the camera's way."""
        rng = np.random.default_rng((self.seed, 7, index))
        camera = CAMERA_MOVES[index % len(CAMERA_MOVES)]
        spec = sample_spec(rng, type=TYPES[index // len(CAMERA_MOVES) % len(TYPES)])
        seconds = FRAMES / FPS
        frames = np.stack(
            list(render_clip(spec, camera, seconds=seconds, fps=FPS, width=WIDTH, height=HEIGHT))
        )
        plain = captions(spec, rng)
        moving = tuple(f"{text}, {rng.choice(CAMERA_WORDS[camera])}" for text in plain)
        return ClipSample(
            frames=frames,
            # As the demo world chooses a clip's still: its fullest view of the garment.
            poster=frames[0 if camera == "turntable" else -1],
            camera=camera,
            facts=Facts(captions=plain + moving, taste=taste(spec)),
        )


def drawings(count: int, held: int, seed: int) -> Iterator[tuple[np.ndarray, Attributes, str]]:
    """Yield (picture, attributes, caption) of garments drawn by lot; types come in turn."""
    rng = np.random.default_rng(seed)
    for index in range(count):
        spec = sample_spec(rng, type=TYPES[index % len(TYPES)])
        large = index >= count - held or rng.random() < LARGE_SHARE
        width, height = LARGE if large else SMALL
        yield draw_garment(spec, width, height), attributes_of(spec), caption(spec, rng)


def attributes_of(spec: GarmentSpec) -> Attributes:
    """Return a garment's attributes as indices into the vocabulary."""
    second = COLOUR_NAMES.index(spec.second_colour) if spec.second_colour else UNKNOWN
    return Attributes(
        type=TYPES.index(spec.type),
        colour=COLOUR_NAMES.index(spec.colour),
        second=second,
        pattern=PATTERNS.index(spec.pattern),
    )


@dataclass(frozen=True)
class SpecOf:
    """Tells what drawing number `index` shows."""

    seed: int

    def __call__(self, index: int) -> Attributes:
        """Return its attributes."""
        return attributes_of(DrawnSampler(self.seed).known(index)[0])


@dataclass(frozen=True)
class LargeDrawing:
    """Draws garments large, other ones than DrawnSampler."""

    seed: int

    def __call__(self, index: int) -> tuple[np.ndarray, Attributes, str]:
        """Return picture, attributes and caption of garment number `index`."""
        rng = np.random.default_rng((self.seed, 5, index))
        spec = sample_spec(rng, type=TYPES[index % len(TYPES)])
        return draw_garment(spec, *LARGE), attributes_of(spec), caption(spec, rng)
