"""`manage.py evaluate`: print the papers' tables for our own models, with the controls they lack.

It lies above `demo`, since the people and the garments of the demo world are what is evaluated on.
"""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from common.errors import DomainError

TABLES = ("thumbnails", "clips", "revision", "creation", "fashion", "policies")
# What fits on one core: pictures take a third of a second, clips several.
PEOPLE, VIDEOS, RUNS = 500, 160, 10
MADE_FOR = {"thumbnails": 50, "revision": 16, "creation": 16, "fashion": 60}
QUICK = {"people": 30, "videos": 30, "runs": 2, "made_for": 3}
QUICK_FASHION = 8
POLICY_PEOPLE, POLICY_RUNS, SESSIONS, LOG_PEOPLE = 200, 5, 10, 1000


class Command(BaseCommand):
    """Prints one table of the papers with intervals, orderings and controls; writes it as JSON."""

    help = "Evaluate the editor and the creator as the GeneRec papers do."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which table, on which data, and how much of it."""
        parser.add_argument("table", choices=TABLES)
        parser.add_argument("--data", default="demo", help='"demo" or a folder of photographs')
        parser.add_argument("--json", type=Path, help="where to write everything that was found")
        parser.add_argument("--runs", type=int, help=f"10; {POLICY_RUNS} for policies")
        parser.add_argument("--k", type=int, nargs="+", default=[5, 10])
        parser.add_argument("--people", type=int, help=f"at most; {PEOPLE} by default")
        parser.add_argument("--videos", type=int, default=VIDEOS)
        parser.add_argument(
            "--made-for", type=int, help="people for whom pictures or clips are generated"
        )
        parser.add_argument(
            "--pictures", type=int, default=2, help="per person and row (fashion only)"
        )
        parser.add_argument("--sessions", type=int, default=SESSIONS, help="policies only")
        parser.add_argument(
            "--log-people",
            type=int,
            default=LOG_PEOPLE,
            help="people whose log the learned policy learns from (policies only)",
        )
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument(
            "--everybody",
            action="store_true",
            help="of a folder, also people whose photographs the networks learnt from",
        )
        parser.add_argument("--quick", action="store_true", help="tiny sizes, to try it out")
        parser.add_argument("--cache", type=Path, help="where vectors and results are kept")

    def handle(self, *args: Any, **options: Any) -> None:
        """Measure, print, and say whether the required orderings hold."""
        started = time.monotonic()

        def report(what: str) -> None:
            self.stderr.write(f"  {what} ({time.monotonic() - started:.0f} s)")
            self.stderr.flush()

        try:
            result = _RUNNERS[options["table"]](options, report)
        except DomainError as error:
            raise CommandError(str(error)) from error
        found = {**result.as_dict(), "total_seconds": round(time.monotonic() - started, 1)}
        self.stdout.write(result.as_text())
        failed = [v for v in result.verdicts if v.required and not v.holds]
        for verdict in failed:
            self.stdout.write(
                f"NOT as in the paper: {verdict.better} {verdict.relation} {verdict.worse} "
                f"in {verdict.column} does not hold here."
            )
        if not failed:
            self.stdout.write("All required orderings of the paper hold.")
        if options["json"]:
            options["json"].parent.mkdir(parents=True, exist_ok=True)
            options["json"].write_text(json.dumps(found, indent=2) + "\n")


def _options(raw: dict[str, Any]) -> Any:
    from evaluation.study import Options

    table = raw["table"]
    quick = QUICK if raw["quick"] else {}
    people = quick.get("people", PEOPLE)
    if table == "fashion":
        people = QUICK_FASHION if raw["quick"] else MADE_FOR["fashion"]
    return Options(
        data=raw["data"],
        runs=quick.get("runs", _first(raw["runs"], RUNS)),
        ks=(1, 2) if raw["quick"] else tuple(sorted(set(raw["k"]))),
        people=_first(raw["people"], people),
        videos=quick.get("videos", raw["videos"]),
        made_for=_first(raw["made_for"], quick.get("made_for"), MADE_FOR.get(table, 0)),
        seed=raw["seed"],
        everybody=raw["everybody"],
        cache=raw["cache"] or settings.VAR_DIR / "evaluation",
    )


def _first(*values: int | None) -> int:
    return next(value for value in values if value is not None)


def _thumbnails(raw: dict[str, Any], report: Callable[[str], None]) -> Any:
    from evaluation.experiments.thumbnails import evaluate
    from evaluation.making import cover_maker
    from evaluation.study import open_study

    options = _options(raw)
    study = open_study(options, report)
    maker = cover_maker(study.networks, options.cache, report) if options.made_for else None
    return evaluate(study, maker)


def _clips(raw: dict[str, Any], report: Callable[[str], None]) -> Any:
    from evaluation.experiments.clips import evaluate
    from evaluation.study import open_study

    return evaluate(open_study(_options(raw), report))


def _revision(raw: dict[str, Any], report: Callable[[str], None]) -> Any:
    from evaluation.experiments.revision import evaluate
    from evaluation.making import clip_maker
    from evaluation.study import open_study

    options = _options(raw)
    study = open_study(options, report)
    return evaluate(study, clip_maker(study.networks.judge, options.cache, report))


def _creation(raw: dict[str, Any], report: Callable[[str], None]) -> Any:
    from evaluation.experiments.creation import evaluate
    from evaluation.making import clip_maker
    from evaluation.study import open_study

    options = _options(raw)
    study = open_study(options, report)
    return evaluate(study, clip_maker(study.networks.judge, options.cache, report))


def _fashion(raw: dict[str, Any], report: Callable[[str], None]) -> Any:
    from evaluation.experiments.fashion import evaluate
    from evaluation.fashion_world import make_fashion
    from evaluation.making import picture_maker
    from evaluation.study import load_networks

    options = _options(raw)
    networks = load_networks()
    world = make_fashion(options)
    report(f"{len(world.cases)} people, {len(world.pictures)} pictures")
    maker = picture_maker(networks.judge, options.cache, report)
    return evaluate(world, networks, maker, options, raw["pictures"])


def _policies(raw: dict[str, Any], report: Callable[[str], None]) -> Any:
    from evaluation.policies.experiment import Setting, evaluate

    if raw["quick"]:
        return evaluate(
            Setting(people=20, sessions=2, runs=1, log_people=60, ranker_people=500), report
        )
    setting = Setting(
        people=_first(raw["people"], POLICY_PEOPLE),
        sessions=raw["sessions"],
        runs=_first(raw["runs"], POLICY_RUNS),
        log_people=raw["log_people"],
        seed=raw["seed"],
    )
    return evaluate(setting, report)


_RUNNERS: dict[str, Callable[[dict[str, Any], Callable[[str], None]], Any]] = {
    "thumbnails": _thumbnails,
    "clips": _clips,
    "revision": _revision,
    "creation": _creation,
    "fashion": _fashion,
    "policies": _policies,
}
