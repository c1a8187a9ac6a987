"""`manage.py index_vectors`: make the index by which a large catalogue finds what looks alike."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from catalog.services.vector_index import ensure_vector_index


class Command(BaseCommand):
    help = (
        "Make the HNSW index of the vectors of the encoder in use and drop those of others. "
        "Nothing is locked meanwhile; safe to repeat. A beat task does it once it is needed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--model", help="another encoder than the one in use")
        parser.add_argument(
            "--memory-mb",
            type=int,
            help="what building may take; by default what the vectors need, at most 2048 "
            "(1.3 GB for a million of 128 dimensions); with less, the rest is built on disk",
        )

    def handle(self, *args: Any, model: str | None, memory_mb: int | None, **options: Any) -> None:
        name = ensure_vector_index(model, memory_mb=memory_mb)
        self.stdout.write(f"{name} is ready." if name else "There are no vectors to index.")
