"""`manage.py train_creator`: train the embedded creator on drawn garments and on photographs.

It lies in `demo`, not in `generation`, because the drawings come from here and imports point
downwards: the engine is handed a sampler.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings as django_settings
from django.core.management.base import BaseCommand
from tqdm import tqdm

from demo.training_samples import DrawnSampler
from generation.core.train.cache import Sampler, build_cache
from generation.core.train.photographs import PhotographSampler

# Made of held-out senders' photographs, for measuring.
HELD_PHOTOGRAPHS = 200


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
        from generation.core.train.plan import Plan
        from generation.core.train.stages import run_plan

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
