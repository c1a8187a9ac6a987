"""Train the feed's ranking model now and put it into service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import InvalidInputError
from recommender.services import train


class Command(BaseCommand):
    help = "Train the feed's ranking model (collective EASE) and put it into service."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", type=Path, help="also write the figures to this file")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            version = train()
        except InvalidInputError as error:
            raise CommandError(str(error)) from error
        figures = {"version": version.pk, "folder": version.folder, **version.metrics}
        self.stdout.write(json.dumps(figures, indent=1))
        if options["json"]:
            options["json"].parent.mkdir(parents=True, exist_ok=True)
            options["json"].write_text(json.dumps(figures, indent=1) + "\n")
