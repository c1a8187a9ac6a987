"""Print how the measures of post-processing tell good pictures from spoiled ones.

For every measure: its spread over what the generator in force makes, how many of these it would
refuse, and how many of deliberately spoiled ones it catches.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from django.core.management.base import BaseCommand

from catalog.services.vectors import load_current_encoder
from common.guidance import Attributes
from common.vocabulary import COLOURS, PATTERNS, TYPES
from generation.core import quality
from generation.core.backends import GenerationRequest
from generation.core.memory import load_memory
from generation.loading import load_backend
from vision.relevance import other_requests, share_beaten

PERCENTILES = (0, 1, 5, 25, 50, 75, 95)
LOOKS = ("", "photo of a ", "illustration of a ")


class Command(BaseCommand):
    help = "Measure what the generator makes, and spoiled copies of it; print shares per threshold."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--count", type=int, default=64, help="pictures to make")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--json", type=Path, help="write the table there too")

    def handle(self, *args: Any, **options: Any) -> None:
        rows: dict[str, list[float]] = {}
        for name, score in _measured(options["count"], options["seed"]):
            rows.setdefault(name, []).append(score)
        table = {name: _summary(name, scores) for name, scores in rows.items()}
        for name, row in table.items():
            spread = "  ".join(f"p{p} {value:.2f}" for p, value in row["percentiles"].items())
            self.stdout.write(
                f"{name:28} short {row['short']:4.0%}  (at {row['threshold']:g})  {spread}"
            )
        if options["json"]:
            options["json"].write_text(json.dumps(table, indent=1))


def _summary(name: str, scores: list[float]) -> dict[str, Any]:
    values = np.array(scores)
    threshold = {
        "clarity": quality.LEAST_CLARITY,
        "relevance": quality.LEAST_RELEVANCE,
        "change": quality.LEAST_CHANGE,
    }.get(name.split(":")[0], 1.0)
    return {
        "count": len(values),
        "threshold": threshold,
        "short": float((values < threshold).mean()),
        "percentiles": {p: round(float(np.percentile(values, p)), 3) for p in PERCENTILES},
    }


def _measured(count: int, seed: int) -> Iterator[tuple[str, float]]:
    backend, encoder, memory = load_backend(), load_current_encoder(), load_memory()
    lot = np.random.default_rng(seed)
    for index in range(count):
        asked = _drawn_by_lot(lot)
        prompt = str(lot.choice(LOOKS)) + asked.as_caption()
        request = GenerationRequest(prompt=prompt, seed=seed * 10_000 + index)
        image = backend.run(request).image
        yield from _stills("", image)
        yield from _stills(": blurred", cv2.GaussianBlur(image, (0, 0), 6))
        noise = lot.normal(0, 12, image.shape)
        yield from _stills(": noisy", np.clip(image + noise, 0, 255).astype(np.uint8))
        vector = encoder.encode_images([image])[0]
        yield "relevance", _relevance(encoder, vector, asked.as_caption())
        other = _drawn_by_lot(lot, without=asked)
        yield "relevance: other request", _relevance(encoder, vector, other.as_caption())
        fresh = quality.originality(*memory.nearest(image), "").score
        if fresh is not None:
            yield "originality", fresh
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 60])
        copy = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
        copied = quality.originality(*quality.likeness(image, copy), "").score
        if copied is not None:
            yield "originality: JPEG copy", copied
        yield "change: JPEG copy", quality.change(image, copy).score or 0.0
        recoloured = np.ascontiguousarray(image[..., [2, 0, 1]])
        yield "change: recoloured", quality.change(image, recoloured).score or 0.0


def _stills(kind: str, image: np.ndarray) -> Iterator[tuple[str, float]]:
    yield f"clarity{kind}", quality.clarity(image).score or 0.0
    yield f"smoothness{kind}", quality.smoothness(image).score or 0.0


def _drawn_by_lot(lot: np.random.Generator, without: Attributes | None = None) -> Attributes:
    """Return a request with a type, one or two colours and a pattern; `without` shares neither."""
    kinds = [kind for kind in TYPES if without is None or kind != without.type]
    colours = [one for one in COLOURS if without is None or one not in without.colours]
    pattern = str(lot.choice(PATTERNS[:4]))
    picked = lot.choice(colours, 1 if pattern == "plain" else 2, replace=False)
    return Attributes(str(lot.choice(kinds)), tuple(map(str, picked)), pattern)


def _relevance(encoder: Any, vector: np.ndarray, caption: str) -> float:
    asked = encoder.encode_texts([caption])[0]
    return share_beaten(vector, asked, encoder.encode_texts(other_requests(caption)))
