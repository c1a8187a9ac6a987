"""`manage.py train_video_creator`: train the video creator on clips drawn by the demo world.

It lies in `demo`, not in `generation`, because the clips come from here and imports point
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

from demo.training_samples import DrawnClips
from generation.core.train.video_cache import build_clips


class Command(BaseCommand):
    """Draws what is missing in the cache, trains for the given time, measures and exports."""

    help = "Train the embedded video creator; run again with the same --work to continue."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare where to write, how long to learn and from how much."""
        parser.add_argument("--work", type=Path, help="cache, check points and samples")
        parser.add_argument("--out", type=Path, help="folder of the finished weights")
        parser.add_argument("--minutes", type=float, default=60.0)
        parser.add_argument("--clips", type=int, default=8_000)
        parser.add_argument("--start", type=Path, help="image creator to go on from")
        parser.add_argument("--goes-on", type=Path, help="video creator to go on from instead")
        parser.add_argument("--rate", type=float, default=3e-4, help="peak learning rate")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--stages", default="", help="of draw,denoiser,export; all if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the stages asked for, in order."""
        from generation.core.creator import WEIGHTS
        from generation.core.train.video_stages import VideoPlan, image_creator, run_stages

        start = options["start"] or WEIGHTS
        work = options["work"] or django_settings.VAR_DIR / "video-creator"
        stages = [name for name in options["stages"].split(",") if name]
        if not stages or "draw" in stages:
            bar = tqdm(desc="clips", total=options["clips"], disable=not sys.stderr.isatty())
            build_clips(
                work / "clips",
                DrawnClips(options["seed"]),
                image_creator(start).vae,
                count=options["clips"],
                progress=lambda done, total: bar.update(done - bar.n),
            )
            bar.close()
        plan = VideoPlan(
            work=work,
            out=options["out"] or work / "weights",
            minutes=options["minutes"],
            seed=options["seed"],
            start=start,
            goes_on=options["goes_on"],
            rate=options["rate"],
            command="manage.py " + " ".join(sys.argv[1:]),
        )
        self.stdout.write(f"{run_stages(plan, stages)}")
