"""A page of the personal feed at several sizes of the catalogue, beside a plain newest-first page.

    PYTHONPATH=platform:. python benchmarks/feed_latency.py [--items 10000 100000] [--pages 8]
        [--keep FOLDER]

For each size: makes a scratch test database, fills it (items of tastes, their vectors, people,
likes), builds the index of vectors, fits the model that such a site would serve, and asks for both
pages in turn through the whole stack (middleware, session, queries, template), as the same
signed-in people. Prints p50 and p95 of server time by the clock and of processor time (its own and
its database session's), queries of a page, recall@100 of the index
against exact search, the time from a like to a changed ranking, and a process's memory. With --keep
the database and the model stay, and the next run with that folder only measures:
a million items take an hour to make. Other sizes in the file of results are kept.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")

DATABASE = "weft_bench_feed"
ASKING = 25
RECALL_AT, RECALL_QUERIES = 100, 200


def main() -> None:
    """Run the benchmark at every size and write results/feed_latency.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--interactions", type=int, help="20 for each item, at most 2 million")
    parser.add_argument("--pages", type=int, default=9, help="pages per person and side")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--exact-items", type=int, help="FEED_EXACT_ITEMS, to compare both ways")
    parser.add_argument("--keep", type=Path, help="folder for what was made, to measure it again")
    parser.add_argument("--probe", help=argparse.SUPPRESS)
    options = parser.parse_args()

    import django

    django.setup()
    if options.probe:
        probe(options.probe, options.exact_items)
        return
    from record import write_result

    import config.urls  # noqa: F401  a broken page must show before the long part

    sizes = known_sizes()
    figures: dict[str, Any] = {"seed": options.seed, "people": options.people, "sizes": sizes}
    for items in options.items:
        figures["sizes"][str(items)] = at_size(items, options)
        print("written to", write_result("feed_latency", figures), flush=True)


def at_size(items: int, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one size in a database of its own."""
    from django.conf import settings
    from django.db import connection
    from django.test.utils import (
        setup_databases,
        setup_test_environment,
        teardown_databases,
        teardown_test_environment,
    )

    from recommender.services import serving, user_emb

    keep = options.keep and options.keep.resolve() / str(items)
    # A name of its own: tests on the same server must not take this database away.
    connection.settings_dict["TEST"]["NAME"] = f"{DATABASE}_{items}"
    setup_test_environment(debug=False)
    databases = setup_databases(
        verbosity=0, interactive=False, keepdb=bool(keep), serialized_aliases=[]
    )
    if options.exact_items is not None:
        settings.FEED_EXACT_ITEMS = options.exact_items
    try:
        with tempfile.TemporaryDirectory() as folder:
            settings.VAR_DIR = keep or Path(folder)
            settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
            serving.forget()
            user_emb.forget()
            return run(items, options)
    finally:
        teardown_databases(databases, verbosity=0, keepdb=bool(keep))
        teardown_test_environment()


def known_sizes() -> dict[str, Any]:
    """Return the figures of sizes that were measured before, by size."""
    path = ROOT / "benchmarks/results/feed_latency.json"
    found: dict[str, Any] = json.loads(path.read_text())["sizes"] if path.exists() else {}
    return found


def made(items: int, options: argparse.Namespace) -> tuple[Any, dict[str, Any]]:
    """Fill, index and fit, or find that it was done before; return the world, and what it took."""
    from catalogue import World, fill
    from django.conf import settings

    from catalog.services.vector_index import ensure_vector_index

    arrays, facts = (Path(settings.VAR_DIR) / name for name in ("world.npz", "made.json"))
    if facts.exists():
        return World(**np.load(arrays)), json.loads(facts.read_text())
    rng = np.random.default_rng(options.seed)
    clock = Clock()
    world = fill(items, options.people, options.interactions or min(20 * items, 2_000_000), rng)
    figures: dict[str, Any] = {"interactions": len(world.users), "fill_s": clock.lap()}
    ensure_vector_index()
    figures["index_s"] = clock.lap()
    figures["model"] = fit(world, options.people)
    figures["fit_s"] = clock.lap()
    if options.keep:
        np.savez(arrays, **vars(world))
        facts.write_text(json.dumps(figures))
    return world, figures


def run(items: int, options: argparse.Namespace) -> dict[str, Any]:
    """Fill, index, fit, measure."""
    from django.conf import settings

    from recommender.models import Impression

    world, figures = made(items, options)
    rng = np.random.default_rng(options.seed)
    Impression.objects.all().delete()
    print(f"\n{items} items: {figures}", flush=True)
    figures["whole"] = items <= settings.FEED_EXACT_ITEMS
    # People who did something, as a site's visitors of every day.
    asking = [int(user) for user in np.unique(world.users)[:: max(1, options.people // ASKING)]]
    times = measure(asking[:ASKING], options.pages)
    figures |= {name: summary(values) for name, values in times.items() if name.endswith("_ms")}
    figures["queries"] = {
        "most": max(times["queries"]),
        "median": float(np.median(times["queries"])),
    }
    for name, kind in (("ratio_to_plain", ""), ("processor_ratio_to_plain", "_cpu")):
        feed, plain = figures[f"feed_page{kind}_ms"], figures[f"plain_page{kind}_ms"]
        figures[name] = {key: round(feed[key] / plain[key], 2) for key in ("p50", "p95")}
    figures["recall@100"] = recall(world, rng)
    figures["memory_mb"] = memory(Path(settings.VAR_DIR), asking[0], options.exact_items)
    for name, value in figures.items():
        print(f"  {name:18} {value}", flush=True)
    return figures


def fit(world: Any, people: int) -> str:
    """Fit the kind of model that serves a catalogue of this size, with its usual settings."""
    from catalogue import ENCODER
    from scipy import sparse

    from recommender.core.recipes import EASE_GRID, IALS_GRID, Data, build
    from recommender.services.registry import serve, store
    from recommender.services.training import WIDEST_CAP, _maps, _popularity, default_kind

    kind = default_kind()
    counts = np.bincount(world.items, minlength=len(world.vectors) + 1)[1:]
    # As training does it: beyond its cap the items with most opinions.
    kept = np.sort(np.argsort(-counts, kind="stable")[:WIDEST_CAP])
    column = np.full(len(counts), -1)
    column[kept] = np.arange(len(kept))
    known = column[world.items - 1] >= 0
    shape = (people, len(kept))
    places = (world.users[known] - 1, column[world.items[known] - 1])
    opinions = sparse.csr_matrix((world.weights[known].astype(np.float32), places), shape=shape)
    vectors = world.vectors[kept]
    data = Data(opinions, sparse.csr_matrix(shape, dtype=np.float32), {"visual": vectors})
    settings = {"ease": EASE_GRID, "ials": IALS_GRID}[kind][0]
    ranker = build(kind, data, settings)
    arrays = {"item_ids": kept + 1, "popularity": _popularity(data.liked)}
    maps = _maps(kind, ranker, data.liked, vectors)
    config = {"kind": kind, "encoder": ENCODER, "settings": settings}
    serve(store(kind, ranker, arrays, maps, config, {"bench": 1}))
    return kind


def measure(asking: list[int], pages: int) -> dict[str, list[float]]:
    """Return milliseconds of both pages, of ranking, and from a like to a ranking; queries."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from accounts.models import User
    from recommender.services import rank, react

    add_plain_page()
    names = (
        "feed_page_ms",
        "feed_page_cpu_ms",
        "plain_page_ms",
        "plain_page_cpu_ms",
        "ranking_ms",
        "like_to_ranking_ms",
        "fold_in_ms",
    )
    times: dict[str, list[float]] = {name: [] for name in (*names, "queries")}
    client = Client()
    for person in User.objects.filter(pk__in=asking):
        client.force_login(person)
        for number in range(pages):
            took = {}
            for name, address in (("plain", "/plain/"), ("feed", "/")):
                spent = processor_ms()
                took[f"{name}_page_ms"] = timed(lambda where=address: client.get(where))
                took[f"{name}_page_cpu_ms"] = processor_ms() - spent
            took["ranking_ms"] = timed(lambda who=person: rank(user=who, limit=24))
            liked = rank(user=person, limit=8).candidates[number % 8].item_id
            started = time.perf_counter()
            react(user=person, item=_item(liked), kind="like")
            rank(user=person, limit=24, exclude_ids=[liked])
            took["like_to_ranking_ms"] = (time.perf_counter() - started) * 1000
            took["fold_in_ms"] = timed(fold_in_of(person))
            # The first round only warms caches: templates, the pool, the model's pages.
            if number > 0:
                for name, value in took.items():
                    times[name].append(value)
        with CaptureQueriesContext(connection) as captured:
            client.get("/")
        times["queries"].append(len(captured))
    return times


def _item(pk: int) -> Any:
    from catalog.models import Item

    return Item.objects.get(pk=pk)


def fold_in_of(person: Any) -> Callable[[], object]:
    """Return what folds this person's opinions into the serving model and scores its items."""
    from recommender.services.field import collective_scores
    from recommender.services.reasons import person_of
    from recommender.services.serving import serving_model

    known, model = person_of(person), serving_model()
    return lambda: collective_scores(known, model)


def recall(world: Any, rng: np.random.Generator) -> dict[str, float]:
    """Return the share of the exact nearest 100 that the index finds, and its milliseconds."""
    from catalogue import ENCODER

    from catalog.models import Item
    from catalog.near import near_items

    found, times = [], []
    liked = world.weights == 1.0
    for number in range(RECALL_QUERIES):
        query = world.vectors[rng.integers(len(world.vectors))]
        if number % 2:
            # What serving asks about: the mean of somebody's likes.
            user = world.users[rng.integers(len(world.users))]
            own = world.items[(world.users == user) & liked][:20]
            query = world.vectors[own - 1].mean(axis=0) if len(own) else query
            query = query / np.linalg.norm(query)
        scores = world.vectors @ query
        exact = set((np.argpartition(-scores, RECALL_AT)[:RECALL_AT] + 1).tolist())
        started = time.perf_counter()
        near = near_items(
            vectors=query[None], model=ENCODER, each=RECALL_AT, items=Item.objects.visible()
        )
        times.append((time.perf_counter() - started) * 1000)
        found.append(len(exact & set(near)) / RECALL_AT)
    return {
        "mean": round(float(np.mean(found)), 4),
        "p05": round(float(np.quantile(found, 0.05)), 4),
        **{f"ms_{name}": value for name, value in summary(times).items() if name != "n"},
    }


def memory(folder: Path, person: int, exact_items: int | None) -> dict[str, float]:
    """Return what a fresh process holds after twenty pages: its own memory, and mapped files."""
    from django.db import connection

    name = connection.settings_dict["NAME"]
    command = [sys.executable, __file__, "--probe", f"{name}:{person}:{folder}"]
    if exact_items is not None:
        command += ["--exact-items", str(exact_items)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def probe(place: str, exact_items: int | None) -> None:
    """Serve twenty pages in this process and print what memory it took, in megabytes."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client

    from accounts.models import User

    name, person, folder = place.split(":", 2)
    connection.settings_dict["NAME"] = name
    settings.VAR_DIR = Path(folder)
    settings.ALLOWED_HOSTS = ["*"]
    if exact_items is not None:
        settings.FEED_EXACT_ITEMS = exact_items
    before = status()
    client = Client()
    client.force_login(User.objects.get(pk=int(person)))
    for _ in range(20):
        timed(lambda: client.get("/"))
    after = status()
    print(json.dumps({"before": before, "own": after["own"], "mapped": after["mapped"]}))


def status() -> dict[str, float]:
    """Return this process's own and file-backed resident memory in megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    found = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Rss")}
    return {"own": int(found["RssAnon"]) // 1024, "mapped": int(found["RssFile"]) // 1024}


def timed(action: Callable[[], object]) -> float:
    """Return the milliseconds that `action` took; a page that fails is an error."""
    started = time.perf_counter()
    answer = action()
    took = (time.perf_counter() - started) * 1000
    if getattr(answer, "status_code", 200) != 200:
        raise RuntimeError(f"status {answer.status_code}")
    return took


def processor_ms() -> float:
    """Return the processor time of this process and of its database session, in milliseconds.

    What a page would take on cores of its own; on a busy machine the clock shows much more.
    """
    from django.db import connection

    pid = connection.connection.info.backend_pid if connection.connection else 0
    session = Path(f"/proc/{pid}/schedstat")
    nanoseconds = int(session.read_text().split()[0]) if session.exists() else 0
    return time.process_time() * 1000 + nanoseconds / 1e6


class Clock:
    """Seconds since the last time it was asked."""

    def __init__(self) -> None:
        self.last = time.perf_counter()

    def lap(self) -> float:
        """Return the seconds since the last lap."""
        before, self.last = self.last, time.perf_counter()
        return round(self.last - before, 1)


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

    if not any(getattr(one, "name", "") == "bench-plain" for one in config.urls.urlpatterns):
        config.urls.urlpatterns.append(path("plain/", plain, name="bench-plain"))
        clear_url_caches()


def summary(values: list[float]) -> dict[str, float]:
    """Return p50, p95 and the number of measurements."""
    cuts = statistics.quantiles(values, n=20)
    return {"p50": round(statistics.median(values), 2), "p95": round(cuts[18], 2), "n": len(values)}


if __name__ == "__main__":
    main()
