"""Print the statements of reasons of a period, by the DSA Transparency Database's fields."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import DomainError
from moderation.services import transparency


class Command(BaseCommand):
    help = "Print the statements of reasons of a period as CSV or JSON; no personal data."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="first", type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--to", dest="last", type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--format", choices=("csv", "json", "counts"), default="csv")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            first, last = transparency.period(options["first"], options["last"])
        except DomainError as error:
            raise CommandError(str(error)) from error
        if options["format"] == "counts":
            counts = transparency.count_period(first=first, last=last)
            self.stdout.write(json.dumps(counts, default=str, indent=2))
            return
        statements = transparency.list_statements(first=first, last=last)
        if options["format"] == "json":
            rows = [transparency.as_row(one) for one in statements]
            self.stdout.write(json.dumps({"statements": rows}, indent=2))
            return
        for line in transparency.as_csv(statements):
            self.stdout.write(line, ending="")
