"""Walk the audit log's chain; exit code 1 when it is broken."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from moderation.services import audit


class Command(BaseCommand):
    help = "Walk the audit log's hash chain and name the first entry that does not fit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--expect",
            default="",
            metavar="DIGEST",
            help="a head noted earlier, which must still stand in the chain",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        report = audit.verify_chain(expected=options["expect"])
        if options["json"]:
            self.stdout.write(json.dumps({**vars(report), "is_whole": report.is_whole}))
        else:
            self.stdout.write(f"{report.length} entries, head {report.head or 'none'}")
        if report.broken_at is not None:
            raise CommandError(f"Broken at entry no. {report.broken_at}: {report.problem}")
        if not report.is_whole:
            raise CommandError("The expected head is not in the chain: entries were cut off.")
        if not options["json"]:
            self.stdout.write(self.style.SUCCESS("The chain is whole."))
