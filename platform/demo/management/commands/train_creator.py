"""`manage.py train_creator`: train the embedded creator on garments drawn by the demo world.

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
from generation.core.train.cache import HEIGHT, WIDTH, ZOOM, Facts, Sample, build_cache
from vision.phrases import COLOUR_NAMES, UNKNOWN, Attributes, sample_phrase


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
        parser.add_argument("--wardrobe", type=Path, help="folder of photographs (images/*.jpg)")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--stages", default="", help="comma-separated; all when left out")

    def handle(self, *args: Any, **options: Any) -> None:
        """Draw, then train; torch is loaded only after the drawing."""
        work = options["work"] or django_settings.VAR_DIR / "creator"
        cache = work / "cache"
        bar = tqdm(desc="drawing", total=options["drawn"], disable=not sys.stderr.isatty())
        build_cache(
            cache,
            DrawnSampler(options["seed"]),
            count=options["drawn"],
            large=options["large"],
            progress=lambda done, total: bar.update(done - bar.n),
        )
        bar.close()
        from generation.core.train.stages import Plan, run_plan

        plan = Plan(
            work=work,
            out=options["out"] or work / "pipeline",
            minutes=options["minutes"],
            seed=options["seed"],
            photographs=options["wardrobe"],
            command="manage.py " + " ".join(sys.argv[1:]),
        )
        metrics = run_plan(plan, [name for name in options["stages"].split(",") if name])
        self.stdout.write(f"{metrics}")


class DrawnSampler:
    """Draws garment number `index`: types come in turn, all else by lot, the same every time."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __call__(self, index: int, large: bool) -> Sample:
        """Return the drawing with five wordings of what it shows."""
        rng = np.random.default_rng((self.seed, index))
        spec = sample_spec(rng, type=TYPES[index % len(TYPES)])
        return Sample(
            image=draw_garment(spec, WIDTH, HEIGHT),
            facts=Facts(captions=_captions(spec, rng), taste=_taste(spec)),
            large=draw_garment(spec, ZOOM * WIDTH, ZOOM * HEIGHT) if large else None,
        )


def _captions(spec: GarmentSpec, rng: np.random.Generator) -> tuple[str, ...]:
    """Return the canonical caption, two full wordings and two that leave something out."""
    words = random.Random(int(rng.integers(2**31)))
    known = _known(spec)
    return (
        caption(spec),
        caption(spec, rng),
        caption(spec, rng),
        sample_phrase(words, known)[0],
        sample_phrase(words, known)[0],
    )


def _known(spec: GarmentSpec) -> Attributes:
    second = UNKNOWN if spec.second_colour is None else COLOUR_NAMES.index(spec.second_colour)
    return Attributes(
        type=TYPES.index(spec.type),
        colour=COLOUR_NAMES.index(spec.colour),
        second=second,
        pattern=PATTERNS.index(spec.pattern),
    )


def _taste(spec: GarmentSpec) -> dict[str, str]:
    """Return what somebody may like about the garment, whatever its type."""
    backdrop, tint = spec.background.split(" ")
    return {"colour": spec.colour, "pattern": spec.pattern, "backdrop": backdrop, "tint": tint}
