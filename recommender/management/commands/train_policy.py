"""Learn the policy of activation from the log, or choose by hand which one serves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import DomainError
from recommender.models import PolicyVersion
from recommender.services import policies


class Command(BaseCommand):
    help = (
        "Judge the policy on trial, or learn a new one from logged decisions: when to retrieve, "
        "ask, edit or create. It serves once the log or its trial shows that it is better."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", type=Path, help="also write the figures to this file")
        parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")
        by_hand = parser.add_mutually_exclusive_group()
        by_hand.add_argument(
            "--rollback", action="store_true", help="serve the policy that served before; pin it"
        )
        by_hand.add_argument(
            "--rules-only", action="store_true", help="serve the rules until told otherwise"
        )
        by_hand.add_argument(
            "--automatic", action="store_true", help="let training choose what serves again"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            figures = _figures(self._version(options))
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(figures, indent=1))
        if options["json"]:
            options["json"].parent.mkdir(parents=True, exist_ok=True)
            options["json"].write_text(json.dumps(figures, indent=1) + "\n")

    def _version(self, options: dict[str, Any]) -> PolicyVersion | None:
        if options["rollback"]:
            return policies.roll_back()
        if options["rules_only"]:
            return policies.switch_to_rules()
        if options["automatic"]:
            return policies.switch_to_learned()
        return policies.train_policy(options["seed"])


def _figures(version: PolicyVersion | None) -> dict[str, Any]:
    """Return what there is to say of a version; None stands for the rules."""
    if version is None:
        return {"policy": policies.RULES, "serves": True}
    return {
        "policy": version.kind,
        "version": version.pk,
        "serves": version.is_serving,
        **version.metrics,
    }
