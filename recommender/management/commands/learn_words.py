"""Learn words for clothes from the titles and captions of what is published."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from recommender.models import CatalogueWord
from recommender.services.words import learn_words


class Command(BaseCommand):
    help = "Learn words from published titles and captions; the worker does so by itself."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print every word as a JSON line")

    def handle(self, *args: Any, **options: Any) -> None:
        count = learn_words()
        if not options["json"]:
            self.stdout.write(f"{count} words are known from the catalogue.")
            return
        columns = ("word", "items", "slot", "value", "share")
        for row in CatalogueWord.objects.order_by("-items", "word").values(*columns):
            self.stdout.write(json.dumps(row, ensure_ascii=False))
