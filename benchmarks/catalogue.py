"""A catalogue of any size, made inside the database: people with tastes, items, vectors, deeds.

Rows are cloned from one that the models made, so that a new column needs no change here; vectors
and deeds are sent in PostgreSQL's binary COPY format, straight from NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

DIM = 128
# Inner dimensions in which items of one taste differ, beside a little noise in all of them.
INNER = 16
ENCODER = "bench"
# Seconds from 1970 to PostgreSQL's epoch.
EPOCH = 946_684_800
UPLOADERS = 2000


@dataclass(frozen=True)
class World:
    """What was stored, as arrays. Ids are 1 .. n in every table."""

    vectors: np.ndarray  # (I, D) of length 1, item 1 first
    tastes: np.ndarray  # (I,)
    users: np.ndarray  # (E,) of every deed
    items: np.ndarray  # (E,)
    weights: np.ndarray  # (E,)


def fill(items: int, people: int, deeds: int, rng: np.random.Generator) -> World:
    """Store everything and return it."""
    tastes = max(20, min(400, items // 250))
    taste = rng.integers(tastes, size=items)
    vectors = _vectors(taste, tastes, rng)
    _people(people)
    _items(items, min(UPLOADERS, people), taste)
    _embeddings(vectors)
    world = World(vectors, taste, *_deeds(people, taste, tastes, deeds, rng))
    _store_deeds(world, rng)
    _follows(people, min(UPLOADERS, people))
    _run("ANALYZE")
    return world


def _vectors(taste: np.ndarray, tastes: int, rng: np.random.Generator) -> np.ndarray:
    centres = rng.normal(size=(tastes, DIM)).astype(np.float32)
    axes = rng.normal(size=(INNER, DIM)).astype(np.float32) / np.sqrt(INNER)
    vectors = rng.normal(size=(len(taste), INNER)).astype(np.float32) @ axes
    vectors += centres[taste]
    vectors += np.float32(0.3) * rng.normal(size=vectors.shape).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _people(count: int) -> None:
    from accounts.models import Consent, Profile, User

    first = User.objects.create(username="bench1", email="bench1@example.org")
    Profile.objects.filter(user=first).update(age_band="adult")
    Consent.objects.create(user=first, kind="personalisation", granted=True)
    clone("accounts_user", count, {"username": "'bench' || n", "email": "'b' || n || '@x.org'"})
    clone("accounts_profile", count, {"user_id": "n"})
    clone("accounts_consent", count, {"user_id": "n"})


def _items(count: int, uploaders: int, taste: np.ndarray) -> None:
    from django.utils import timezone

    from catalog.models import Asset, FrameVectors, Item
    from common.vocabulary import COLOURS, PATTERNS, TYPES

    item = Item.objects.create(
        title="Item 1", state="published", media_state="ready", published_at=timezone.now()
    )
    _run("CREATE TEMP TABLE tastes (item bigint, taste int)")
    binary_copy("tastes", {"item": np.arange(1, count + 1), "taste": taste.astype(np.int32)})
    _run("CREATE INDEX ON tastes (item)")
    taste_of = "(SELECT taste FROM tastes WHERE item = n)"
    clone(
        "catalog_item",
        count,
        {
            "title": "'Item number ' || n",
            "owner_id": "CASE WHEN mod(n, 4) = 0 THEN NULL ELSE "
            f"1 + mod(n * 7919::bigint, {uploaders}) END",
            "origin": "CASE WHEN mod(n, 4) = 0 THEN 'ai' ELSE 'human' END",
            "kind": "CASE WHEN mod(n, 3) = 0 THEN 'video' ELSE 'image' END",
            "garment_type": f"(%s::text[])[1 + mod({taste_of}, {len(TYPES)})]",
            "colours": f"ARRAY[(%s::text[])[1 + mod({taste_of}, {len(COLOURS)})]]",
            "pattern": f"(%s::text[])[1 + mod(n, {len(PATTERNS)})]",
            "published_at": "now() - random() * interval '60 days'",
        },
        {"garment_type": list(TYPES), "colours": list(COLOURS), "pattern": list(PATTERNS)},
    )
    roles = ("master", "poster", "thumb")
    for number, role in enumerate(roles):
        Asset.objects.create(
            item=item,
            role=role,
            file=f"assets/1-{role}.jpg",
            mime="image/jpeg",
            width=480,
            height=640,
            sha256=f"{number:064d}",
        )
    for number, role in enumerate(roles):
        clone(
            "catalog_asset",
            count,
            {"item_id": "n", "file": f"'assets/' || n || '-{role}.jpg'"},
            template=number + 1,
            first_id=number * count + len(roles),
        )
    frames = np.random.default_rng(0).normal(size=(16, DIM)).astype(np.float16)
    FrameVectors.objects.create(
        item=item, model=ENCODER, times=[n / 4 for n in range(16)], vectors=frames.tobytes()
    )
    clone("catalog_framevectors", count, {"item_id": "n"}, where="mod(n, 3) = 0")


def _embeddings(vectors: np.ndarray) -> None:
    count = len(vectors)
    header = np.tile(np.array([DIM >> 8, DIM & 255, 0, 0], dtype=np.uint8), (count, 1))
    body = np.ascontiguousarray(vectors.astype(">f4")).view(np.uint8).reshape(count, -1)
    ids = np.arange(1, count + 1)
    binary_copy(
        "catalog_embedding",
        {
            "id": ids,
            "item_id": ids,
            "model": np.full(count, ENCODER.encode()),
            "vector": np.hstack([header, body]),
            "created_at": np.full(count, _now(), dtype=np.int64),
        },
    )
    _run("SELECT setval(pg_get_serial_sequence('catalog_embedding', 'id'), %s)", [count])


def _deeds(
    people: int, taste: np.ndarray, tastes: int, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (user, item, weight) of each deed: mostly likes of three tastes, some of anything."""
    order = np.argsort(taste, kind="stable")
    starts = np.searchsorted(taste[order], np.arange(tastes + 1))
    fond = rng.integers(tastes, size=(people, 3))
    users = rng.integers(people, size=count)
    wanted = fond[users, rng.integers(3, size=count)]
    sizes = np.maximum(starts[wanted + 1] - starts[wanted], 1)
    # The square makes some items of every taste much more popular than others.
    at = (rng.random(count) ** 2 * sizes).astype(np.int64)
    chosen = order[np.minimum(starts[wanted] + at, len(taste) - 1)]
    liking = rng.random(count) < 0.8
    items = np.where(liking, chosen, rng.integers(len(taste), size=count))
    weights = np.where(liking, 1.0, np.where(rng.random(count) < 0.3, -1.0, 0.4))
    _, once = np.unique(users * np.int64(len(taste)) + items, return_index=True)
    return users[once] + 1, items[once] + 1, weights[once]


def _store_deeds(world: World, rng: np.random.Generator) -> None:
    first = 1
    for kind, value, rows in (
        ("like", 1.0, world.weights == 1.0),
        ("dislike", 1.0, world.weights == -1.0),
        ("dwell", 12.0, world.weights == 0.4),
    ):
        count = int(rows.sum())
        ago = (rng.random(count) * 30 * 24 * 3600e6).astype(np.int64)
        binary_copy(
            "recommender_interaction",
            {
                "id": np.arange(first, first + count),
                "user_id": world.users[rows],
                "item_id": world.items[rows],
                "kind": np.full(count, kind.encode()),
                "value": np.full(count, value),
                "event_id": rng.integers(256, size=(count, 16), dtype=np.uint8),
                "created_at": _now() - ago,
            },
        )
        first += count
    _run("SELECT setval(pg_get_serial_sequence('recommender_interaction', 'id'), %s)", [first])


def _follows(people: int, uploaders: int) -> None:
    _run(
        "INSERT INTO accounts_follow (follower_id, followed_id, created_at) "
        "SELECT n, 1 + mod(n * k, %s), now() FROM generate_series(1, %s) n, "
        "unnest(ARRAY[31, 57, 101, 211, 499]) k WHERE n <> 1 + mod(n * k, %s) "
        "ON CONFLICT DO NOTHING",
        [uploaders, people, uploaders],
    )


def clone(
    table: str,
    count: int,
    changes: Mapping[str, str],
    parameters: Mapping[str, Any] | None = None,
    *,
    template: int = 1,
    first_id: int | None = None,
    where: str = "true",
) -> None:
    """Insert rows 2 .. count as copies of row `template`; changes: column -> SQL in terms of n."""
    from django.db import connection

    parameters = parameters or {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position",
            [table],
        )
        columns = [row[0] for row in cursor.fetchall()]
        changes = {"id": "n" if first_id is None else f"{first_id} + n", **changes}
        values = [changes.get(name, f"t.{name}") for name in columns]
        bound = [parameters[name] for name in columns if name in parameters]
        text = ", ".join(values)
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {text} "
            f"FROM {table} t, generate_series(2, {int(count)}) n "
            f"WHERE t.id = {int(template)} AND {where}",
            bound or None,
        )
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        )


def binary_copy(table: str, columns: Mapping[str, np.ndarray]) -> None:
    """Append rows: (n,) integers, floats or bytes of one length, or (n, w) uint8 as they stand."""
    from django.db import connection

    count = len(next(iter(columns.values())))
    fields: list[Any] = [("count", ">i2")]
    parts: dict[str, np.ndarray] = {}
    for name, values in columns.items():
        sent = _as_sent(values)
        parts[name] = sent
        fields += [(f"length of {name}", ">i4"), (name, sent.dtype, sent.shape[1:])]
    with connection.cursor() as cursor:
        names = ", ".join(columns)
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT binary)") as copy:
            copy.write(b"PGCOPY\n\xff\r\n\x00" + bytes(8))
            for start in range(0, count, 100_000):
                span = slice(start, min(start + 100_000, count))
                rows = np.zeros(span.stop - span.start, dtype=fields)
                rows["count"] = len(columns)
                for name, sent in parts.items():
                    rows[f"length of {name}"] = sent[:1].nbytes
                    rows[name] = sent[span]
                copy.write(rows.tobytes())
            copy.write(b"\xff\xff")


def _as_sent(values: np.ndarray) -> np.ndarray:
    if values.dtype == np.uint8 or values.dtype.kind == "S":
        return values
    return values.astype(values.dtype.newbyteorder(">"))


def _now() -> int:
    from django.utils import timezone

    return int((timezone.now().timestamp() - EPOCH) * 1e6)


def _run(statement: str, parameters: list[Any] | None = None) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
