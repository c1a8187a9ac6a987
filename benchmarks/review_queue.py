"""The review queue with 300,000 open cases: how long its page takes, and how many queries.

    WEFT_VAR=/tmp/weft-bench python benchmarks/review_queue.py --cases 300000

Rows are written by SQL into a database of its own (`bench_review_queue`), which is dropped
afterwards. Each request goes through Django's whole stack, template and all. Three pages are
asked for in turn: the start of all queues, the start of one queue, and a page from the middle.
Milliseconds are by the clock, which other work on the machine slows, and of processor time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")

import django  # noqa: E402

django.setup()

from django.db import connection  # noqa: E402
from django.db.models import Model  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from record import write_result  # noqa: E402

from accounts.models import User  # noqa: E402
from catalog.models import Asset, Item  # noqa: E402
from moderation.models import Case, CheckResult, Screening  # noqa: E402

NAME = "bench_review_queue"
OWNERS = 500
CHECKS = "(VALUES ('one', 'flag'), ('two', 'cannot_tell'), ('three', 'pass'))"
WAITED = "now() - n * interval '7 seconds'"
POINTS = "(i.id % 40)"


def main() -> None:
    """Fill, ask, print, write the result, and drop the database."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=300_000)
    parser.add_argument("--requests", type=int, default=200)
    arguments = parser.parse_args()
    connection.creation._get_test_db_name = lambda: NAME  # type: ignore[method-assign]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        moderator = fill(100)
        few = ask(moderator, 6)
        fill(arguments.cases)
        many = ask(moderator, arguments.requests)
    finally:
        connection.creation.destroy_test_db(NAME, verbosity=0)
    figures = {"cases": arguments.cases, "queries_at_100_cases": few["queries"], **many}
    print(figures)
    write_result("review_queue", figures)


def fill(cases: int) -> User:
    """Replace all rows by so many cases; return the moderator who asks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE catalog_item, accounts_user, moderation_case RESTART IDENTITY CASCADE"
        )
    from moderation.defaults import ensure_defaults

    ensure_defaults(None)
    User.objects.bulk_create(
        User(username=f"owner{one}", email=f"{one}@example.org") for one in range(OWNERS)
    )
    started = time.perf_counter()
    write_rows(cases)
    print(f"{cases} cases written in {time.perf_counter() - started:.0f} s")
    return User.objects.create(username="reviewer", role=User.Role.MODERATOR)


def write_rows(cases: int) -> None:
    """Write items with a file, a screening with three results and an open case each."""
    owner = f"(SELECT min(id) FROM accounts_user) + n % {OWNERS}"
    origin = "(ARRAY['human', 'ai', 'ai_assisted'])[1 + n % 3]"
    insert(
        Item,
        f"generate_series(1, {cases}) n",
        owner_id=owner,
        origin=origin,
        kind="'image'",
        state="'in_review'",
        media_state="'ready'",
        title="'Item ' || n",
        created_at=WAITED,
        updated_at="now()",
    )
    insert(Screening, "catalog_item i", item_id="i.id", state="'done'", created_at="now()")
    insert(
        CheckResult,
        f"moderation_screening s CROSS JOIN {CHECKS} c(name, verdict)",
        screening_id="s.id",
        check_name="c.name",
        verdict="c.verdict",
        perspective="'F3'",
        summary="'A sentence about what was found.'",
    )
    insert(
        Asset,
        "catalog_item i",
        item_id="i.id",
        role="'thumb'",
        file="'assets/' || i.id",
        sha256="repeat('a', 64)",
        created_at="now()",
    )
    insert(
        Case,
        "catalog_item i JOIN moderation_screening s ON s.item_id = i.id "
        "CROSS JOIN (SELECT array_agg(id ORDER BY id) ids FROM moderation_queue) q",
        item_id="i.id",
        screening_id="s.id",
        queue_id="q.ids[1 + i.id % array_length(q.ids, 1)]",
        reason="(ARRAY['flagged', 'uncertain', 'sampled', 'report'])[1 + i.id % 4]",
        priority=POINTS,
        due_at=f"i.created_at - {POINTS} * interval '30 minutes'",
        severity="i.id % 4",
        origin="i.origin",
        created_at="i.created_at",
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def insert(model: type[Model], source: str, **columns: str) -> None:
    """Insert a row for each of `source`; columns that are not given get their field's default."""
    given: list[Any] = []
    for field in model._meta.concrete_fields:
        if field.primary_key or field.generated or field.column in columns:
            continue
        columns[field.column] = "%s"
        given.append(field.get_db_prep_save(field.get_default(), connection))
    values = ", ".join(one if one == "%s" else one.replace("%", "%%") for one in columns.values())
    statement = f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) SELECT {values} "
    with connection.cursor() as cursor:
        cursor.execute(statement + "FROM " + source.replace("%", "%%"), given)


def ask(moderator: User, requests: int) -> dict[str, Any]:
    """Return milliseconds of the page and the number of its queries."""
    client = Client()
    client.force_login(User.objects.get(username=moderator.username))
    addresses = ["/moderation/", "/moderation/?queue=uploads", middle()]
    queries = set()
    for address in addresses:
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(address)
        assert answer.status_code == 200, answer.status_code
        queries.add(len(captured))
    by_clock, by_processor = [], []
    for turn in range(requests):
        started, worked = time.perf_counter(), processor_ms()
        client.get(addresses[turn % len(addresses)])
        by_clock.append((time.perf_counter() - started) * 1000)
        by_processor.append(processor_ms() - worked)
    found = {"requests": requests, "queries": sorted(queries)}
    for name, spent in (("clock", by_clock), ("processor", by_processor)):
        cuts = statistics.quantiles(spent, n=100)
        found |= {f"{name}_p{one}_ms": round(cuts[one - 1], 1) for one in (50, 95, 99)}
    return found


def processor_ms() -> float:
    """Return the processor time that this process and its database session have used so far."""
    connection.ensure_connection()
    session = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    nanoseconds = int(session.read_text().split()[0]) if session.exists() else 0
    return time.process_time() * 1000 + nanoseconds / 1e6


def middle() -> str:
    """Return the address of a page from the middle of the queue."""
    from moderation.console_selectors import _token

    cases = Case.objects.order_by("due_at", "pk")
    return f"/moderation/?after={_token(cases[cases.count() // 2])}"


if __name__ == "__main__":
    main()
