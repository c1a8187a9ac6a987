"""`manage.py evaluate_knowledge QUESTIONS`: how well the search finds the fact that answers."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from knowledge import selectors
from knowledge.models import Source
from knowledge.services import load_starter

WAYS = {
    "fused": (True, True, True),
    "full text alone": (True, False, False),
    "rare words alone": (False, True, False),
    "vectors alone": (False, False, True),
}


class Command(BaseCommand):
    help = "Print Recall@1, Recall@3, MRR@10 of the shipped facts, and how often 'none' is said."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("questions", help="JSON with `answered` (question, keys) and `none`")
        parser.add_argument("--json", help="write the figures to this file as well")

    def handle(self, *args: Any, **options: Any) -> None:
        given = json.loads(Path(options["questions"]).read_text(encoding="utf-8"))
        figures: dict[str, Any] = {"answered": len(given["answered"]), "none": len(given["none"])}
        # Other sources stand aside while the shipped facts are asked; nothing is kept.
        with transaction.atomic():
            load_starter()
            Source.objects.exclude(kind=Source.Kind.STARTER).update(enabled=False)
            for name, parts in WAYS.items():
                figures[name] = _ask(given, parts)
            transaction.set_rollback(True)
        self.stdout.write(json.dumps(figures, indent=1))
        if options["json"]:
            Path(options["json"]).write_text(json.dumps(figures, indent=1) + "\n")


def _ask(given: dict[str, Any], parts: tuple[bool, bool, bool]) -> dict[str, float]:
    ranks, times = [], []
    for row in given["answered"]:
        started = time.perf_counter()
        found = selectors.search_passages(row["question"], k=10, parts=parts)
        times.append(1000 * (time.perf_counter() - started))
        keys = [one.document.key for one in found]
        ranks.append(next((n for n, key in enumerate(keys, 1) if key in row["keys"]), 0))
    silent = [not selectors.search_passages(text, k=1, parts=parts) for text in given["none"]]
    count = len(ranks)
    return {
        "recall@1": round(sum(rank == 1 for rank in ranks) / count, 3),
        "recall@3": round(sum(0 < rank <= 3 for rank in ranks) / count, 3),
        "mrr@10": round(sum(1 / rank for rank in ranks if rank) / count, 3),
        "answers nothing where nothing answers": round(sum(silent) / len(silent), 3),
        "ms (p50)": round(sorted(times)[count // 2], 1),
        "ms (p95)": round(sorted(times)[int(0.95 * count)], 1),
    }
