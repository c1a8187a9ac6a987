"""Off-line evaluation of the policy of activation on the site's log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from recommender.core.policy import LinearPolicy
from recommender.models import PolicyVersion
from recommender.services.policies import LEARNED, evaluate_log, read_log


class Command(BaseCommand):
    help = (
        "Print what the rules and a learned policy would have earned on the logged decisions: IPS, "
        "SNIPS and doubly robust, with intervals over people and effective sample sizes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--policy", type=int, help="version; the newest learned by default")
        parser.add_argument("--json", type=Path, help="also write the figures to this file")
        parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")

    def handle(self, *args: Any, **options: Any) -> None:
        version = self._version(options["policy"])
        log = read_log()
        if len(log) == 0:
            raise CommandError(
                "The log holds no settled decision that was left to chance. Without exploration "
                "nothing can be said of what was not done (POLICY_EXPLORATION)."
            )
        policy = LinearPolicy.from_dict(version.parameters) if version else None
        figures = {
            "decisions": len(log),
            "people": len(set(log.people.tolist())),
            "policy": str(version) if version else "rules",
            # On what it was learnt from a policy looks better than it is.
            "trained_on": version.metrics.get("trained_on", 0) if version else 0,
            **evaluate_log(log, policy, options["seed"]),
        }
        self.stdout.write(json.dumps(figures, indent=1))
        if options["json"]:
            options["json"].parent.mkdir(parents=True, exist_ok=True)
            options["json"].write_text(json.dumps(figures, indent=1) + "\n")

    def _version(self, number: int | None) -> PolicyVersion | None:
        learned = PolicyVersion.objects.filter(kind=LEARNED)
        if number is None:
            return learned.order_by("-pk").first()
        version = learned.filter(pk=number).first()
        if version is None:
            raise CommandError(f"There is no learned policy {number}.")
        return version
