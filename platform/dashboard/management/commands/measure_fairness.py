"""Print parity between groups of people; groups may be supplied as a JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from dashboard.fairness import measure_fairness
from dashboard.fairness_history import keep_measurement

MOST_FLIPS = 0.01


class Command(BaseCommand):
    help = (
        "Exposure of uploaders and success of creations by group, diversity of outputs, and how "
        "often swapping a group in a text changes a verdict. Fails above 1 % of those."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--groups", type=Path, help='JSON file of {"username": "group"}; default: age bands'
        )

        parser.add_argument(
            "--keep", action="store_true", help="keep it, so that /dashboard/fairness/ shows it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        groups = _read(options["groups"]) if options["groups"] else None
        figures = keep_measurement(groups).figures if options["keep"] else measure_fairness(groups)
        self.stdout.write(json.dumps(figures, indent=2))
        if figures["counterfactual"]["flip_rate"] > MOST_FLIPS:
            raise CommandError("Swapping the group changes more than 1 % of the verdicts.")


def _read(path: Path) -> dict[int, str]:
    try:
        said = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} could not be read as JSON.") from error
    if not isinstance(said, dict):
        raise CommandError('The file must hold {"username": "group", …}.')
    ids = dict(User.objects.filter(username__in=said).values_list("username", "pk"))
    return {pk: str(said[name]) for name, pk in ids.items()}
