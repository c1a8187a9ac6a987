"""`manage.py train_creator`: train the embedded creator on drawn garments and on photographs.

It lies in `demo`, not in `generation`, because the drawings come from here and imports point
downwards: the engine is handed a sampler.
"""

from __future__ import annotations

import random
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings as django_settings
from django.core.management.base import BaseCommand
from tqdm import tqdm

from common.vocabulary import PATTERNS, TYPES
from demo.drawing import draw_garment
from demo.garments import GarmentSpec, caption, sample_spec
from generation.core.train.cache import (
    HEIGHT,
    WIDTH,
    ZOOM,
    Facts,
    Sample,
    Sampler,
    build_cache,
)
from generation.core.train.photographs import PhotographSampler
from generation.core.train.wording import drawn_phrase, rename, without_photo
from vision.phrases import COLOUR_NAMES, UNKNOWN, Attributes

# Made of held-out senders' photographs, for measuring.
HELD_PHOTOGRAPHS = 200
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


class Command(BaseCommand):
    """Draws what is missing in the cache, then trains each part for its share of the time."""

    help = "Train the embedded creator; run again with the same --work to continue."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare where to write, how long to learn and from how much."""
        parser.add_argument("--work", type=Path, help="cache, check points and samples")
        parser.add_argument("--out", type=Path, help="folder of the finished pipeline")
        parser.add_argument("--minutes", type=float, default=120.0, help="for all parts together")
        parser.add_argument("--drawn", type=int, default=24_000)
        parser.add_argument("--large", type=int, default=1_500, help="of these, also drawn large")
        parser.add_argument(
            "--wardrobe", type=Path, help="folder of photographs (images.csv, images/*.jpg)"
        )
        parser.add_argument("--photographed", type=int, default=12_000, help="made of these")
        parser.add_argument(
            "--start", type=Path, help="folder of a finished pipeline to go on from"
        )
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--stages", default="", help="comma-separated; all when left out")

    def handle(self, *args: Any, **options: Any) -> None:
        """Draw, then train; torch is loaded only after the drawing."""
        work = options["work"] or django_settings.VAR_DIR / "creator"
        seed, folder = options["seed"], options["wardrobe"]
        _build(work / "cache", DrawnSampler(seed), options["drawn"], options["large"])
        if folder is not None:
            count = options["photographed"]
            held = PhotographSampler(folder, seed, held=True)
            _build(work / "photographs-held", held, HELD_PHOTOGRAPHS, HELD_PHOTOGRAPHS // 5)
            _build(work / "photographs", PhotographSampler(folder, seed), count, count // 20)
        from generation.core.train.stages import Plan, run_plan

        plan = Plan(
            work=work,
            out=options["out"] or work / "pipeline",
            minutes=options["minutes"],
            seed=seed,
            photographs=folder,
            start=options["start"],
            command="manage.py " + " ".join(sys.argv[1:]),
        )
        metrics = run_plan(plan, [name for name in options["stages"].split(",") if name])
        self.stdout.write(f"{metrics}")


def _build(folder: Path, sampler: Sampler, count: int, large: int) -> None:
    bar = tqdm(desc=folder.name, total=count, disable=not sys.stderr.isatty())
    build_cache(
        folder,
        sampler,
        count=count,
        large=large,
        progress=lambda done, total: bar.update(done - bar.n),
    )
    bar.close()


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
    known = _known(spec)
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


def _known(spec: GarmentSpec) -> Attributes:
    second = UNKNOWN if spec.second_colour is None else COLOUR_NAMES.index(spec.second_colour)
    return Attributes(
        type=TYPES.index(spec.type),
        colour=COLOUR_NAMES.index(spec.colour),
        second=second,
        pattern=PATTERNS.index(spec.pattern),
    )


def taste(spec: GarmentSpec) -> dict[str, str]:
    """Return what somebody may like about the garment, whatever its type."""
    backdrop, tint = spec.background.split(" ")
    return {"colour": spec.colour, "pattern": spec.pattern, "backdrop": backdrop, "tint": tint}
