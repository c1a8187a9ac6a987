"""`manage.py seed_demo`: draw and fill the demo world."""

from __future__ import annotations

import os
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from demo.seeding import Size, clear_interrupted, seed_world, world_exists


class Command(BaseCommand):
    help = "Fill an empty site with the demo world: people, items, history, open work."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--password", required=True, help="of the four demo logins")
        parser.add_argument("--items", type=int, default=int(os.environ.get("DEMO_ITEMS", 600)))
        parser.add_argument("--viewers", type=int, default=int(os.environ.get("DEMO_VIEWERS", 60)))
        parser.add_argument(
            "--creations", type=int, default=int(os.environ.get("DEMO_CREATIONS", 24))
        )
        parser.add_argument("--if-empty", action="store_true", help="do nothing on a site in use")

    def handle(self, *args: Any, **options: Any) -> None:
        if world_exists():
            if options["if_empty"]:
                return
            raise CommandError("There is a world already. Seeding is for an empty site.")
        if clear_interrupted():
            self.stdout.write("  Making the demo world was interrupted; starting it afresh.")
        started = time.monotonic()

        def report(what: str) -> None:
            self.stdout.write(f"  {what} ({time.monotonic() - started:.0f} s)")
            self.stdout.flush()

        # A small world needs no more than a few of the longer videos, which take longest to draw.
        lookbooks = min(Size.lookbooks, options["items"] // 12)
        size = Size(options["items"], options["viewers"], options["creations"], lookbooks)
        seed_world(password=options["password"], size=size, report=report)
        report("demo world complete")
