"""Train the instructor's small intent model from its templates; the same seed, the same file."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from recommender.core.intent_model import WEIGHTS
from recommender.core.intent_training import Settings, save, train


class Command(BaseCommand):
    help = "Train the instructor's intent model and write its weights and figures."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", type=Path, default=WEIGHTS.parent)
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--examples", type=int, default=Settings.per_intent, help="per intent")
        parser.add_argument("--iterations", type=int, default=Settings.iterations)

    def handle(self, *args: Any, **options: Any) -> None:
        settings = Settings(
            per_intent=options["examples"], iterations=options["iterations"], seed=options["seed"]
        )
        model, metrics = train(settings)
        metrics["bytes"] = save(model, options["out"] / WEIGHTS.name)
        text = json.dumps(metrics, indent=1)
        (options["out"] / "metrics.json").write_text(text + "\n")
        self.stdout.write(text)
