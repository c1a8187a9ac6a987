"""Set the checks' thresholds by a share of good items that may be flagged."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.errors import DomainError
from demo.calibration import drawn_inputs, scores_of
from moderation.services.calibrating import site_scores, store_calibration


class Command(BaseCommand):
    help = (
        "Store the threshold at which each check flags the given share of good items: drawn "
        "garments, or what the site has published. Moderators take them over at /moderation/rules/."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fpr", type=float, default=0.02, help="share of good items flagged")
        parser.add_argument("--data", choices=["demo", "site"], default="demo")
        parser.add_argument("--count", type=int, default=300, help="items to draw or to look at")
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["data"] == "demo":
            scores = scores_of(drawn_inputs(options["count"], options["seed"]))
        else:
            scores = site_scores(options["count"])
        try:
            run = store_calibration(
                data=options["data"], rate=options["fpr"], scores=scores, seed=options["seed"]
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Calibration {run.number}, at most {options['fpr']:g} of good items:")
        for name, found in run.checks.items():
            self.stdout.write(
                f"  {name:16} {found['threshold']:8.3f}  flags {found['flagged']:.3f} "
                f"of {found['items']}"
            )
