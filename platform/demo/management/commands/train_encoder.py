"""`manage.py train_encoder`: train the embedded encoder on drawn garments and photographs.

It lies in `demo`, not in `vision`, because the drawings come from here and imports point downwards.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings as django_settings
from django.core.management.base import BaseCommand

from demo.training_samples import drawings


class Command(BaseCommand):
    """Draws what is missing in the cache, trains, prints the held-out figures."""

    help = "Train the embedded encoder; run again with the same --out to continue."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare where to write, how long to learn and from what."""
        parser.add_argument("--out", type=Path, required=True)
        parser.add_argument("--steps", type=int, default=2000)
        parser.add_argument("--minutes", type=float)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--drawn", type=int, default=16_000, help="garments to draw, 0 for none"
        )
        parser.add_argument("--held", type=int, default=800, help="of these, kept for measuring")
        parser.add_argument("--wardrobe", type=Path, help="folder with images.csv and images/")
        parser.add_argument("--cache", type=Path, help="where small pictures are kept")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the three stages; torch is loaded only now."""
        from vision.training import Settings, run

        cache = options["cache"] or django_settings.VAR_DIR / "encoder"
        drawn = None
        if options["drawn"]:
            name = f"drawn-{options['drawn']}-{options['held']}-{options['seed']}"
            drawn = ensure_drawn(cache / name, options["drawn"], options["held"], options["seed"])
        settings = Settings(
            out=options["out"],
            steps=options["steps"],
            minutes=options["minutes"],
            seed=options["seed"],
            command="manage.py " + " ".join(sys.argv[1:]),
        )
        metrics = run(settings, drawn=drawn, wardrobe=options["wardrobe"], cache=cache)
        self.stdout.write(json.dumps(metrics["held_out"], indent=2))


def ensure_drawn(folder: Path, count: int, held: int, seed: int) -> Path:
    """Return `folder`, with `count` drawings in it; drawn only once."""
    from vision.samples import drawn_samples

    if not (folder / "known.json").exists():
        drawn_samples(drawings(count, held, seed), count, held).save(folder)
    return folder
