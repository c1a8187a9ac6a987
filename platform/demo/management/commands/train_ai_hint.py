"""Train the hint on pictures of our creator beside drawn garments and photographs."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from django.core.management.base import BaseCommand
from PIL import Image

from common.vocabulary import COLOURS, PATTERNS, TYPES
from demo.drawing import draw_garment
from demo.garments import sample_spec
from generation.core.backends import GenerationRequest
from generation.loading import load_backend
from vision import traces

LOOKS = ("", "photo of a ", "illustration of a ")


class Command(BaseCommand):
    help = "Train the hint whether AI made a picture; print what it finds in the half kept back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("photographs", type=Path)
        parser.add_argument("--count", type=int, default=160, help="pictures of each kind")
        parser.add_argument("--seed", type=int, default=5)
        parser.add_argument("--json", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        lot, count = np.random.default_rng(options["seed"]), options["count"]
        made = _made(lot, count)
        drawn = [draw_garment(sample_spec(lot), 480, 640) for _ in range(count)]
        paths = sorted(options["photographs"].rglob("*.jpg"))[:count]
        shot = [np.asarray(Image.open(one).convert("RGB")) for one in paths]
        rows = {
            name: [traces.features(one) for one in images if min(one.shape[:2]) >= traces.SIDE]
            for name, images in (("made", made), ("drawn", drawn), ("photographs", shot))
        }
        weights = traces.fit(rows["made"][::2], [*rows["drawn"][::2], *rows["photographs"][::2]])
        traces.save_weights(weights)
        figures: dict[str, Any] = {
            name: _share(images[1::2])
            for name, images in (("made", made), ("drawn", drawn), ("photographs", shot))
        }
        figures["made, as jpeg 70"] = _share([_jpeg(one, 70) for one in made[1::2]])
        self.stdout.write(json.dumps(figures, indent=1))
        if options["json"]:
            options["json"].write_text(json.dumps(figures, indent=1) + "\n")


def _made(lot: np.random.Generator, count: int) -> list[np.ndarray]:
    backend, found = load_backend(), []
    for place in range(count):
        words = (lot.choice(list(COLOURS)), lot.choice(PATTERNS), lot.choice(TYPES))
        prompt = str(lot.choice(LOOKS)) + " ".join(str(one) for one in words)
        found.append(backend.run(GenerationRequest(prompt=prompt, seed=9000 + place)).image)
    return found


def _share(images: list[np.ndarray]) -> dict[str, float]:
    """How many pictures of a kind the hint calls AI."""
    scores = [one for image in images if (one := traces.trace_score(image)) is not None]
    return {"pictures": len(scores), "called_ai": round(float(np.mean(np.array(scores) > 0.5)), 4)}


def _jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
