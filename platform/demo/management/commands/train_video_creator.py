"""`manage.py train_video_creator`: train the video creator on clips drawn by the demo world.

It lies in `demo`, not in `generation`, because the clips come from here and imports point
downwards: the engine is handed a sampler.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings as django_settings
from django.core.management.base import BaseCommand
from tqdm import tqdm

from common.vocabulary import TYPES
from demo.clips import CAMERA_MOVES, render_clip
from demo.garments import sample_spec
from demo.management.commands.train_creator import captions, taste
from generation.core.train.cache import HEIGHT, WIDTH, Facts
from generation.core.train.video_cache import ClipSample, build_clips

FPS, FRAMES = 12, 32
# What people say for the camera's way; the first is the canonical one.
CAMERA_WORDS = {
    "turntable": ("on a turntable", "turning", "rotating", "spinning slowly"),
    "runway": ("on the runway", "walking", "on a catwalk", "coming closer"),
    "close-up": ("in close-up", "seen from near", "the fabric up close", "camera gliding over it"),
}


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
