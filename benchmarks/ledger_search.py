"""Finding the near-duplicate of a picture among many prints of the ledger, exactly, by index.

    WEFT_VAR=/tmp/weft-bench python benchmarks/ledger_search.py --prints 60000

Prints are drawn at random into a database of its own (`bench_ledger_search`), which is dropped
afterwards. A fifth of the questions are prints with up to 31 of 256 bits turned at random, so that
what must be found is known; the others are unrelated. Milliseconds are by the clock.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")

import django  # noqa: E402

django.setup()

from django.db import connection  # noqa: E402
from record import write_result  # noqa: E402

from catalog.models import Item  # noqa: E402
from moderation.models import LedgerPrint, Mark  # noqa: E402
from moderation.services.ledger import near_digests  # noqa: E402
from vision import hashing  # noqa: E402

NAME = "bench_ledger_search"
BATCH = 5_000


def fill(count: int, lot: random.Random) -> list[str]:
    """Write so many random prints and return their hashes."""
    item = Item.objects.create(kind="image")
    mark = Mark.objects.create(item=item, payload=1, key_id="1")
    digests = [f"{lot.getrandbits(256):064x}" for _ in range(count)]
    for at in range(0, count, BATCH):
        rows = [
            LedgerPrint(mark=mark, second=at + number, pdq=one, chunks=hashing.chunks(one))
            for number, one in enumerate(digests[at : at + BATCH])
        ]
        LedgerPrint.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE moderation_ledgerprint")
    return digests


def ask(digests: list[str], questions: int, lot: random.Random) -> dict[str, float]:
    """Return how long questions took, what was found of what is there, and what wrongly."""
    times, found, wanted, wrong = [], 0, 0, 0
    for number in range(questions):
        near = number % 5 == 0
        digest = f"{lot.getrandbits(256):064x}"
        place = lot.randrange(len(digests))
        if near:
            turned = int(digests[place], 16)
            for bit in lot.sample(range(256), lot.randint(0, hashing.SAME_PICTURE)):
                turned ^= 1 << bit
            digest = f"{turned:064x}"
        started = time.perf_counter()
        answer = near_digests(digest, hashing.SAME_PICTURE, 5)
        times.append((time.perf_counter() - started) * 1000.0)
        seconds = [one.second for one in answer]
        wanted += near
        found += near and place in seconds
        wrong += len(seconds) - (near and place in seconds)
    times.sort()
    return {
        "questions": questions,
        "p50_ms": round(statistics.median(times), 1),
        "p95_ms": round(times[int(0.95 * len(times))], 1),
        "recall": round(found / wanted, 4),
        "wrong": wrong,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prints", type=int, default=60_000)
    parser.add_argument("--questions", type=int, default=500)
    options = parser.parse_args()
    lot = random.Random(7)
    connection.creation._get_test_db_name = lambda: NAME  # type: ignore[method-assign]
    usual = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        digests = fill(options.prints, lot)
        figures = {"prints": options.prints, **ask(digests, options.questions, lot)}
    finally:
        connection.creation.destroy_test_db(usual, verbosity=0)
    print(figures)
    write_result("ledger_search", figures)


if __name__ == "__main__":
    main()
