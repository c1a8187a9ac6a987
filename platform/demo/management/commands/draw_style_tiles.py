"""`manage.py draw_style_tiles`: the small pictures by which the studio shows its styles."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand
from PIL import Image

from common.vocabulary import LAID_STYLES
from demo.drawing import draw_garment
from demo.garments import sample_spec

WIDTH, HEIGHT = 360, 480
SEED = 12
# What "my palette" and "like an item" stand for on the tiles.
PALETTE = (((46, 92, 138), 0.5), ((228, 150, 98), 0.3), ((244, 226, 196), 0.2))


class Command(BaseCommand):
    """Draws one garment and lays each style over it."""

    help = "Draw the studio's style tiles anew; run it after a look has changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare where to write."""
        parser.add_argument("--out", type=Path, default=settings.BASE_DIR / "static" / "styles")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write one JPEG for each style."""
        from generation.core.styles import Recipe, restyle_picture

        rng = np.random.default_rng(SEED)
        garment = draw_garment(
            sample_spec(rng, type="dress", colour="red", pattern="dotted"), WIDTH, HEIGHT
        )
        exemplar = draw_garment(
            sample_spec(rng, type="hoodie", colour="green", pattern="striped"), WIDTH, HEIGHT
        )
        options["out"].mkdir(parents=True, exist_ok=True)
        for style in LAID_STYLES:
            recipe = Recipe(
                style,
                palette=PALETTE if style == "palette" else (),
                exemplar=exemplar if style == "exemplar" else None,
                seed=SEED,
            )
            styled = restyle_picture(garment, recipe)
            small = cv2.resize(styled, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
            Image.fromarray(small).save(options["out"] / f"{style}.jpg", quality=82)
            self.stdout.write(f"{style}")
