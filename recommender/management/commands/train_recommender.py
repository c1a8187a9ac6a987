"""Train recommenders on the site's log or on a folder of interactions; roll back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import DomainError
from recommender.core.folder import read_folder
from recommender.core.rankers import EASE
from recommender.core.trial import run_trial
from recommender.models import ModelVersion
from recommender.services import roll_back, train_all
from recommender.services.training import KINDS

SITE, ALL = "site", "all"
# The name of the literature for what is stored as "ease".
NAMES = {"cease": EASE, **{kind: kind for kind in KINDS if kind != EASE}}


class Command(BaseCommand):
    help = (
        "Train a recommender and print its figures on held-out interactions. On the site's log it "
        "is stored and serves unless validation speaks against it; on a folder it is only measured."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", choices=[*NAMES, ALL], default="cease")
        parser.add_argument(
            "--data",
            default=SITE,
            help='"site", or a folder with train/valid/test interactions and features (.npy)',
        )
        parser.add_argument("--json", type=Path, help="also write the figures to this file")
        parser.add_argument("--out", type=Path, help="keep a folder's models here")
        parser.add_argument("--epochs", type=int, help="at most this many for graph models")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument(
            "--rollback", action="store_true", help="serve the version that served before"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        kinds = KINDS if options["model"] == ALL else [NAMES[options["model"]]]
        try:
            figures = self._figures(list(kinds), options)
        except (DomainError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(figures, indent=1))
        if options["json"]:
            options["json"].parent.mkdir(parents=True, exist_ok=True)
            options["json"].write_text(json.dumps(figures, indent=1) + "\n")

    def _figures(self, kinds: list[str], options: dict[str, Any]) -> Any:
        if options["rollback"]:
            return _version_figures(roll_back())
        if options["data"] == SITE:
            found = [_version_figures(version) for version in train_all(kinds, by_hand=True)]
        else:
            limits = {"seed": options["seed"]}
            if options["epochs"]:
                limits["epochs"] = options["epochs"]
            folder = Path(options["data"])
            found = run_trial(read_folder(folder), kinds, limits, options["out"])
        return found[0] if len(found) == 1 else found


def _version_figures(version: ModelVersion) -> dict[str, Any]:
    version.refresh_from_db()
    return {
        "model": version.kind,
        "version": version.pk,
        "folder": version.folder,
        "serves": version.is_serving,
        **version.metrics,
    }
