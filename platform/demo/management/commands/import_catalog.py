"""`manage.py import_catalog FOLDER`: load real photographs and videos."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from common.errors import DomainError
from demo.importing import Outcome, import_entries, list_entries


class Command(BaseCommand):
    help = (
        "Import a folder of pictures and videos. With an images.csv (image,sender_id,label,kids) "
        "each sender becomes an uploader; else each sub-folder does. New items are screened like "
        "uploads. Stop it at any time: the next run goes on where it ended."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--limit", type=int, help="import only the first so many files")
        parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.")
        try:
            entries = list_entries(folder.resolve())[: options["limit"]]
            with tqdm(total=len(entries), unit="file", desc="Importing") as bar:
                outcome = import_entries(
                    entries, workers=options["workers"], advance=lambda: bar.update() and None
                )
        except DomainError as error:
            raise CommandError(str(error)) from error
        self._report(outcome)

    def _report(self, outcome: Outcome) -> None:
        for key, problem in outcome.bad:
            self.stderr.write(f"skipped {key}: {problem}")
        self.stdout.write(
            f"{outcome.imported} imported, {outcome.skipped} were there before, "
            f"{len(outcome.bad)} could not be read."
        )
