"""`manage.py load_knowledge`: bring the facts that ship with Weft up to date."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from knowledge.services import load_starter


class Command(BaseCommand):
    help = "Load the shipped facts (rules with their sources, fabrics, patterns); safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        count = load_starter()
        self.stdout.write(f"{count} facts are in the knowledge store.")
