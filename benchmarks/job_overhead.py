"""What a job adds to a call of its operation: rows, lease, events; and what a long line costs.

    PYTHONPATH=platform:. python benchmarks/job_overhead.py [--jobs 40] [--line 1000]

Makes a scratch test database and a generator that returns at once. Side A calls the operation and
stores the item, as a script would. Side B hands a job in and runs it: quota, line, claim, lease,
steps, screening's row, done. Both in turns. Then the head of a long line is looked for. The broker
and the model are left out: the one adds its polling interval, the other its own time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
STEPS = 12


def main() -> None:
    """Run the benchmark and write results/job_overhead.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=40)
    parser.add_argument("--line", type=int, default=1000)
    options = parser.parse_args()

    import django

    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    connection.settings_dict["TEST"]["NAME"] = "weft_bench_jobs"
    setup_test_environment(debug=False)
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with tempfile.TemporaryDirectory() as folder:
            settings.VAR_DIR = Path(folder)
            settings.MEDIA_ROOT = Path(folder) / "media"
            settings.GENERATION_MAX_ACTIVE = settings.GENERATION_DAILY_QUOTA = 10**6
            settings.GENERATION_LOADER = "job_overhead.load_instant"
            run(options)
    finally:
        teardown_databases(databases, verbosity=0)


class InstantBackend:
    """A generator that takes no time: twelve steps, then a grey picture."""

    name, revision = "instant", "1"

    def run(self, request: Any, *, on_step: Any, should_stop: Any) -> Any:
        from generation.core.backends import GenerationResult

        for step in range(STEPS):
            on_step(step + 1, STEPS)
            should_stop()
        picture = np.full((640, 480, 3), request.seed % 200, np.uint8)
        return GenerationResult(picture, {"backend": self.name, "revision": self.revision})


def load_instant(name: str, *, revision: str | None = None) -> InstantBackend:
    """Stand in for the loader of generators."""
    return InstantBackend()


def run(options: argparse.Namespace) -> None:
    """Measure both sides in turns, then the line, and report."""
    from record import write_result

    import catalog.services.storing as storing
    from tests.factories import UserFactory

    # A picture's vector takes as long on both sides, and much longer than what is measured.
    storing.embed_if_possible = lambda item: None
    user = UserFactory()
    direct, queued, handed_in = [], [], []
    for number in range(options.jobs):
        direct.append(_timed(lambda n=number: _call(user, n)))
        handed_in.append(_timed(lambda n=number: _hand_in(user, n)))
        queued.append(_timed(_run_next))
    line = _measure_line(options.line)
    added = statistics.median(queued) - statistics.median(direct)
    figures = {
        "jobs": options.jobs,
        "direct_ms": _summary(direct),
        "hand_in_ms": _summary(handed_in),
        "run_ms": _summary(queued),
        "added_ms": round(added, 2),
        "line": options.line,
        "claim_from_line_ms": _summary(line),
    }
    for name, value in figures.items():
        print(f"{name:20} {value}")
    write_result("job_overhead", figures)


def _timed(call: Any) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def _guidance(user: Any, number: int) -> Any:
    from common.guidance import Attributes, Guidance

    wanted = Attributes(type="skirt", colours=("black",))
    return Guidance(user_id=user.pk, instruction="a black skirt", wanted=wanted, seed=number + 1)


def _call(user: Any, number: int) -> None:
    """Draw and store without a job."""
    from catalog.services import create_generated_item, submit_item
    from generation.conditions import build_request

    guidance = _guidance(user, 10**6 + number)
    result = load_instant("").run(
        build_request(guidance, None), on_step=lambda *_: None, should_stop=lambda: False
    )
    item = create_generated_item(
        image=result.image,
        made_for=user,
        owner=None,
        origin="ai",
        authorship="platform",
        title="Black skirt",
        guidance=guidance.as_dict(),
        manifest=result.manifest,
        garment_type="skirt",
        colours=["black"],
    )
    submit_item(item=item, by=None)


def _hand_in(user: Any, number: int) -> None:
    from generation.services import submit_job

    submit_job(user=user, guidance=_guidance(user, number), request_key=f"bench {number}")


def _run_next() -> None:
    from generation.services import run_next_job

    if not run_next_job():
        raise RuntimeError("there was no job to run")


def _measure_line(length: int) -> list[float]:
    """Return the milliseconds of ten claims from a line of so many jobs of fifty people."""
    from generation.leases import claim_next
    from generation.models import Job
    from tests.factories import UserFactory

    people = [UserFactory() for _ in range(50)]
    Job.objects.bulk_create(
        Job(
            user=people[number % 50],
            guidance=_guidance(people[number % 50], number).as_dict(),
            idempotency_key=f"line {number}",
        )
        for number in range(length)
    )
    return [_timed(claim_next) for _ in range(10)]


def _summary(times: list[float]) -> dict[str, float]:
    low, middle, high = np.percentile(times, [25, 50, 75])
    return {
        "p50": round(float(middle), 2),
        "p25": round(float(low), 2),
        "p75": round(float(high), 2),
    }


if __name__ == "__main__":
    main()
