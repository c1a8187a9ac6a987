"""Look for attacks in recent feedback and set aside what looks made up."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from recommender.services.attacks import find_attacks


class Command(BaseCommand):
    help = (
        "Look through recent feedback for profiles made to push an item up or down. What is found "
        "is set aside until an operator confirms or restores it at /dashboard/attacks/."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
        parser.add_argument("--json", type=Path, metavar="OUT", help="write the report here")

    def handle(self, *args: Any, **options: Any) -> None:
        report = find_attacks(dry_run=options["dry_run"])
        done = "would be set aside" if options["dry_run"] else "set aside"
        self.stdout.write(
            f"{report.people} people looked at, {report.flagged} flagged: {len(report.set_aside)} "
            f"{done}, {len(report.proposed)} wait for a person, {len(report.forgiven)} were "
            "restored before and are left alone."
        )
        for group in report.groups:
            verb = "for" if group["is_push"] else "against"
            self.stdout.write(
                f"  {len(group['people'])} of {group['size']} people {verb} item {group['item']}"
            )
        if options["json"]:
            options["json"].parent.mkdir(parents=True, exist_ok=True)
            options["json"].write_text(json.dumps(asdict(report), indent=1) + "\n")
