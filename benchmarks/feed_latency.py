"""A page of the personal feed against a plain newest-first page, both in one run.

    PYTHONPATH=platform:. python benchmarks/feed_latency.py [--items 10000] [--interactions 200000]

Makes a scratch test database, fills it, trains the ranking model on it, then asks for both pages in
turn through the whole stack (middleware, session, queries, template), as the same signed-in people.
The plain page runs one newest-first query and renders the same cards. Prints p50, p95, the ratio.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")

TASTES = 60
DIM = 128
PEOPLE = 1000
ASKING = 25


def main() -> None:
    """Run the benchmark and write results/feed_latency.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--interactions", type=int, default=200_000)
    parser.add_argument("--pages", type=int, default=8, help="pages per person and side")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()

    import django

    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    import config.urls  # noqa: F401  a broken page must show before the long part

    # A name of its own: tests on the same server must not take this database away.
    connection.settings_dict["TEST"]["NAME"] = "weft_bench_feed"
    setup_test_environment(debug=False)
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with tempfile.TemporaryDirectory() as folder:
            settings.VAR_DIR = Path(folder)
            run(options)
    finally:
        teardown_databases(databases, verbosity=0)


def run(options: argparse.Namespace) -> None:
    """Fill, train, measure, report."""
    from record import write_result

    from recommender.services import train

    rng = np.random.default_rng(options.seed)
    started = time.perf_counter()
    people = fill(options.items, options.interactions, rng)
    filled = time.perf_counter() - started
    version = train()
    trained = time.perf_counter() - started - filled
    print(f"filled in {filled:.0f} s, trained in {trained:.0f} s", flush=True)
    times = measure(people[:ASKING], options.pages)
    figures = {
        "seed": options.seed,
        "items": options.items,
        "interactions": options.interactions,
        "fill_s": round(filled, 1),
        "train_s": round(trained, 1),
        "model": {
            name: version.metrics[name]
            for name in ("recall@20", "ndcg@20", "dense", "popularity", "content")
            if name in version.metrics
        },
        **{name: summary(values) for name, values in times.items()},
    }
    feed, plain = figures["feed_page_ms"], figures["plain_page_ms"]
    figures["ratio"] = {key: round(feed[key] / plain[key], 2) for key in ("p50", "p95")}
    for name in times:
        print(f"{name:16} p50 {figures[name]['p50']:8.1f}   p95 {figures[name]['p95']:8.1f}")
    print(f"{'ratio':16} p50 {figures['ratio']['p50']:8.2f}   p95 {figures['ratio']['p95']:8.2f}")
    print("written to", write_result("feed_latency", figures))


def fill(items: int, interactions: int, rng: np.random.Generator) -> list:
    """Store people with tastes, items with files and vectors, and their deeds; return people."""
    from django.utils import timezone

    from accounts.models import Consent, Profile, User
    from catalog.models import Asset, Embedding, Item
    from common.vocabulary import COLOURS, PATTERNS, TYPES
    from recommender.models import Interaction

    now = timezone.now()
    people = [User(username=f"bench{n}", email=f"bench{n}@example.org") for n in range(PEOPLE)]
    User.objects.bulk_create(people)
    Profile.objects.bulk_create(Profile(user=person, age_band="adult") for person in people)
    Consent.objects.bulk_create(
        Consent(user=person, kind="personalisation", granted=True) for person in people
    )
    taste = rng.integers(TASTES, size=items)
    made = [
        Item(
            owner=None if number % 4 == 0 else people[int(rng.integers(40))],
            kind="video" if number % 3 == 0 else "image",
            origin="ai" if number % 4 == 0 else "human",
            title=f"Item number {number}",
            garment_type=TYPES[taste[number] % len(TYPES)],
            colours=[list(COLOURS)[taste[number] % len(COLOURS)]],
            pattern=PATTERNS[number % len(PATTERNS)],
            state="published",
            media_state="ready",
            published_at=now - timedelta(minutes=float(rng.integers(60 * 24 * 60))),
        )
        for number in range(items)
    ]
    Item.objects.bulk_create(made, batch_size=2000)
    Asset.objects.bulk_create(
        (
            Asset(
                item=item,
                role=role,
                file=f"assets/{item.pk}-{role}",
                mime="image/jpeg",
                width=480,
                height=640,
                sha256=f"{item.pk:064d}",
            )
            for item in made
            for role in ("master", "poster", "thumb")
        ),
        batch_size=5000,
    )
    centres = rng.normal(size=(TASTES, DIM))
    vectors = centres[taste] + 0.8 * rng.normal(size=(items, DIM))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    Embedding.objects.bulk_create(
        (
            Embedding(item=item, model="bench", vector=vector.astype(np.float32))
            for item, vector in zip(made, vectors, strict=True)
        ),
        batch_size=2000,
    )
    Interaction.objects.bulk_create(
        deeds(people, made, taste, interactions, now, rng), batch_size=5000
    )
    return people


def deeds(people, made, taste, count: int, now, rng: np.random.Generator):
    """Yield interactions: people mostly act on items of their own three tastes."""
    from recommender.models import Interaction

    by_taste = [np.flatnonzero(taste == number) for number in range(TASTES)]
    fond = rng.integers(TASTES, size=(len(people), 3))
    for _ in range(count):
        who = int(rng.integers(len(people)))
        liking = rng.random() < 0.75
        pool = by_taste[fond[who, rng.integers(3)]] if liking else np.arange(len(made))
        kind, value = ("like", 1.0) if rng.random() < 0.4 else ("dwell", float(rng.gamma(2, 4)))
        if not liking and kind == "like":
            kind = "dislike"
        yield Interaction(
            user=people[who],
            item=made[int(rng.choice(pool))],
            kind=kind,
            value=value,
            created_at=now - timedelta(minutes=float(rng.integers(60 * 24 * 30))),
        )


def measure(people: list, pages: int) -> dict[str, list[float]]:
    """Return milliseconds per request of both pages, asked in turn, and of ranking alone."""
    from django.test import Client

    from recommender.services import rank_candidates

    add_plain_page()
    times: dict[str, list[float]] = {"plain_page_ms": [], "feed_page_ms": [], "ranking_ms": []}
    client = Client()
    for person in people:
        client.force_login(person)
        for number in range(pages):
            # The first round only warms caches: templates, the pool, the model's pages.
            keep = number > 0
            for name, action in (
                ("plain_page_ms", lambda: client.get("/plain/")),
                ("feed_page_ms", lambda: client.get("/")),
                ("ranking_ms", lambda who=person: rank_candidates(user=who, limit=32)),
            ):
                took = timed(action)
                if keep:
                    times[name].append(took)
    return times


def timed(action: Callable[[], object]) -> float:
    """Return the milliseconds that `action` took; a page that fails is an error."""
    started = time.perf_counter()
    answer = action()
    took = (time.perf_counter() - started) * 1000
    if getattr(answer, "status_code", 200) != 200:
        raise RuntimeError(f"status {answer.status_code}")
    return took


def add_plain_page() -> None:
    """Route /plain/: the newest items by one query, in the very template of the feed."""
    from django.conf import settings
    from django.shortcuts import render
    from django.urls import clear_url_caches, path

    import config.urls
    from catalog.models import Item
    from feed.selectors import Card, FeedPage

    def plain(request):
        items = Item.objects.for_audience(request.user).select_related("owner").with_assets()
        newest = items.order_by("-published_at", "-id")[: settings.FEED_PAGE_SIZE]
        cards = [Card(item, at, "fresh", "New on Weft") for at, item in enumerate(newest, 1)]
        page = FeedPage(cards=cards, cursor="", next_cursor="x", ai_share=25)
        return render(request, "feed/feed.html", {"page": page})

    config.urls.urlpatterns.append(path("plain/", plain))
    clear_url_caches()


def summary(values: list[float]) -> dict[str, float]:
    """Return p50, p95 and the number of measurements."""
    cuts = statistics.quantiles(values, n=20)
    return {"p50": round(statistics.median(values), 2), "p95": round(cuts[18], 2), "n": len(values)}


if __name__ == "__main__":
    main()
