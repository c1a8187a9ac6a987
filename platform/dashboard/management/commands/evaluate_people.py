"""`manage.py evaluate_people`: what people make of human and AI items, as on the dashboard."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from dashboard.intervals import Estimate
from dashboard.people_figures import (
    DEFAULT_DAYS,
    ORIGINS,
    WEEKS,
    Figure,
    PeopleFigures,
    RetentionRow,
    measure_people,
)
from dashboard.templatetags.figures import figure, interval, signed


class Command(BaseCommand):
    """Prints click-through, looks, completion, stars, words and retention, with intervals."""

    help = "Evaluate how people take to what humans and what AI made."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the period and where to write everything."""
        parser.add_argument("--days", type=int, default=DEFAULT_DAYS, help="how far back")
        parser.add_argument("--json", type=Path, help="where to write everything that was found")
        parser.add_argument("--seed", type=int, default=0, help="of the draws of people")

    def handle(self, *args: Any, **options: Any) -> None:
        """Measure, print, write."""
        days = max(1, min(options["days"], 3650))
        # A little later than now: what happened this very moment counts.
        until = timezone.now() + timedelta(seconds=1)
        found = measure_people(until=until, days=days, seed=options["seed"])
        self.stdout.write(as_text(found))
        if options["json"]:
            options["json"].parent.mkdir(parents=True, exist_ok=True)
            options["json"].write_text(json.dumps(found.as_dict(), indent=1) + "\n")


def as_text(found: PeopleFigures) -> str:
    """Return the page as plain text."""
    lines = [
        f"{found.people} people over {found.days} days; 95 % intervals by drawing people.",
        "",
        f"{'':24}" + "".join(f"{origin:>26}" for origin in ORIGINS) + f"{'ai - human':>26}",
        *(_line(row) for row in found.figures),
        "",
        "Share of people who came in each week after sign-up, by week of sign-up:",
        *(_retention(row) for row in found.cohorts),
        "",
        "The same by the share of AI they chose:",
        *(_retention(row) for row in found.by_ai_share),
    ]
    return "\n".join(lines)


def _line(row: Figure) -> str:
    cells = [_cell(row.by_origin[origin], row.unit) for origin in ORIGINS]
    difference = f"{signed(row.difference, row.unit)} ({interval(row.difference, row.unit)})"
    shown = difference if row.difference.low is not None else signed(row.difference, row.unit)
    return f"{row.label:24}" + "".join(f"{cell:>26}" for cell in (*cells, shown))


def _cell(one: Estimate, unit: str) -> str:
    bounds = interval(one, unit)
    return figure(one, unit) + (f" ({bounds})" if bounds else "")


def _retention(row: RetentionRow) -> str:
    cells = "".join(f"{figure(week, '%'):>9}" for week in row.weeks[:WEEKS])
    return f"{row.name:>14} {row.people:>6}{cells}"
