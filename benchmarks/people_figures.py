"""The operator's figures about people on a large log: how long they take, and what of it the SQL.

    PYTHONPATH=platform:. python benchmarks/people_figures.py [--people 20000] [--events 2000000]

Fills a scratch test database by SQL (items of three origins, people of ten weeks, an impression and
a dwell per event, every fifth with a reaction), then measures the page's figures for 30 and 90 days
and writes results/people_figures.json.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")

DATABASE = "weft_bench_people"
FILL = (
    """CREATE TEMPORARY TABLE met AS
    SELECT n, %(first_user)s + (random() * (%(people)s - 1))::int AS user_id,
        %(first_item)s + (random() ^ 2 * (%(items)s - 1))::int AS item_id,
        now() - interval '90 days' * random() AS at FROM generate_series(1, %(events)s) n""",
    """INSERT INTO recommender_impression (user_id, item_id, feed_id, position, source, policy,
        reason, propensity, created_at)
    SELECT user_id, item_id, gen_random_uuid(), 1, 's', 'p', '{}', 1, at FROM met""",
    """INSERT INTO recommender_interaction (user_id, item_id, kind, value, event_id, created_at)
    SELECT user_id, item_id, 'dwell', -4 * ln(1 - random() * 0.999), gen_random_uuid(),
        at + interval '9 s' FROM met""",
    """INSERT INTO recommender_interaction (user_id, item_id, kind, value, event_id, created_at)
    SELECT user_id, item_id, (ARRAY['like', 'complete', 'share', 'dislike'])[1 + (n / 5) %% 4], 1,
        gen_random_uuid(), at + interval '8 s' FROM met WHERE n %% 5 = 0""",
    """INSERT INTO recommender_rating (user_id, item_id, facet, stars, created_at, updated_at)
    SELECT user_id, item_id, 'overall', 1 + n %% 5, at, at FROM met WHERE n %% 50 = 0
    ON CONFLICT DO NOTHING""",
    "ANALYZE",
)


def main() -> None:
    """Fill the database, measure, write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=2_000_000)
    options = parser.parse_args()

    import django

    django.setup()
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases
    from record import write_result

    # A name of its own: tests on the same server must not take this database away.
    connection.settings_dict["TEST"]["NAME"] = DATABASE
    config = setup_databases(verbosity=0, interactive=False)
    try:
        values = {**vars(options), **fill_tables(options.people, options.items)}
        with connection.cursor() as cursor:
            for sql in FILL:
                cursor.execute(sql, values)
        figures = {**vars(options), "days": {str(days): measure(days) for days in (30, 90)}}
    finally:
        teardown_databases(config, verbosity=0)
    print(figures)
    print("written to", write_result("people_figures", figures))


def fill_tables(people: int, items: int) -> dict[str, int]:
    """Make people of ten weeks and items of three origins; return the first id of each."""
    from django.utils import timezone

    from accounts.models import Profile, User
    from catalog.models import Item

    now = timezone.now()
    users = User.objects.bulk_create(
        (
            User(username=f"bench{n}", date_joined=now - timedelta(days=70 * n / people))
            for n in range(people)
        ),
        batch_size=5000,
    )
    Profile.objects.bulk_create(
        (Profile(user=user, ai_share=25 * (n % 5)) for n, user in enumerate(users)),
        batch_size=5000,
    )
    made = Item.objects.bulk_create(
        (
            Item(
                kind=Item.Kind.values[n % 2],
                origin=Item.Origin.values[n % 3],
                state=Item.State.PUBLISHED,
                media_state=Item.MediaState.READY,
                published_at=now,
            )
            for n in range(items)
        ),
        batch_size=5000,
    )
    return {"first_user": users[0].pk, "first_item": made[0].pk}


def measure(days: int) -> dict[str, Any]:
    """Return seconds of the whole and of its queries, the better of two."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from dashboard.people_figures import measure_people

    found = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            started = time.perf_counter()
            people = measure_people(until=timezone.now(), days=days)
            whole = time.perf_counter() - started
        sql = [float(query["time"]) for query in captured]
        found.append({"seconds": round(whole, 2), "sql_seconds": sql, "people": people.people})
    return min(found, key=lambda one: one["seconds"])


if __name__ == "__main__":
    main()
