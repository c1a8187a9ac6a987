"""Which items are published, as every web process remembers it. A hint for ranking only.

A small catalogue is held whole, as columns (`Pool`), and ranked exactly. Of a large one a process
remembers nothing but the ids by group (`Outline`): eight bytes an item, enough to draw one evenly.
What a person may see is always asked of the database.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import FloatField, Max, QuerySet
from django.db.models.functions import Cast, Extract

from catalog.models import Item, ItemQuerySet

POOL_SECONDS = 120.0
# How long the outline is taken as it is: what has just come out is found by the other sources.
LOOK_SECONDS = 1.0
# Reading everything anew may take this share of a process's time at most.
READING_SHARE = 0.005
# Columns of `with_seconds`: a row's date would cost more to read than all its other columns.
COLUMNS = (
    "pk",
    "seconds",
    "origin",
    "kind",
    "garment_type",
    "owner_id",
    "age_rating",
    "colours",
)
_lock = threading.Lock()


@dataclass(frozen=True)
class Pool:
    """Published items as columns, newest first."""

    ids: np.ndarray  # (N,)
    published: np.ndarray  # (N,) seconds since the epoch
    origin: np.ndarray  # (N,) of str
    kind: np.ndarray
    garment_type: np.ndarray
    owner: np.ndarray  # (N,) owner id, 0 for the platform
    rating: np.ndarray  # (N,) of str: the age rating
    colours: tuple[tuple[str, ...], ...]
    read_at: float


@dataclass(frozen=True)
class Outline:
    """The ids of all published items, ascending, by (origin, age rating)."""

    groups: dict[tuple[str, str], np.ndarray]
    newest: float  # seconds since the epoch
    read_at: float
    read_anew_after: float
    looked_at: float

    def members(
        self, *, is_ai: bool, origins: Collection[str] | None, ratings: Collection[str]
    ) -> list[np.ndarray]:
        """Return the ids of what AI made, or of the rest, that these ratings admit, as parts."""
        return members(self.groups, is_ai=is_ai, origins=origins, ratings=ratings)


def members(
    groups: Mapping[tuple[str, str], np.ndarray],
    *,
    is_ai: bool,
    origins: Collection[str] | None,
    ratings: Collection[str],
) -> list[np.ndarray]:
    """Return the parts of what AI made, or of the rest, of these origins and age ratings."""
    return [
        part
        for (origin, rating), part in groups.items()
        if (origin == Item.Origin.AI) == is_ai
        and rating in ratings
        and (origins is None or origin in origins)
    ]


_pool: Pool | None = None
_outline: Outline | None = None
_large_until = 0.0


def forget_pool() -> None:
    """Drop what is remembered; the next request reads it anew."""
    global _pool, _outline, _large_until
    _pool = _outline = None
    _large_until = 0.0


def read_anew() -> None:
    """Read a small catalogue anew with the next request, so that a gone item's place is filled.

    The outline of a large one may hold what is gone: whoever draws from it asks the database.
    """
    global _pool
    _pool = None


def item_pool() -> Pool | None:
    """Return the published items; None where there are more than `FEED_EXACT_ITEMS`.

    Read anew every two minutes, topped up in between. One query; none for a large catalogue.
    """
    global _pool, _large_until
    now = time.monotonic()
    if now < _large_until:
        return None
    held = _pool
    if held is None or now - held.read_at > POOL_SECONDS:
        held = read_pool(_published().order_by("-published_at", "-id"), now)
    else:
        newer = _published().filter(published_at__gt=_moment(held.published[:1]))
        newest = read_pool(newer.order_by("-published_at", "-id"), held.read_at)
        held = _joined(newest, held)
    if len(held.ids) > settings.FEED_EXACT_ITEMS:
        _pool, _large_until = None, now + POOL_SECONDS
        return None
    _pool = held
    return held


def is_small() -> bool:
    """Return whether the catalogue is held whole; asks the database only where nothing is known."""
    if _pool is not None:
        return True
    return time.monotonic() >= _large_until and item_pool() is not None


def item_outline() -> Outline:
    """Return the ids of the published items of a large catalogue. A short query once a second.

    Items that were taken down stay in it until it is read anew; whoever uses it asks the database.
    """
    global _outline
    held, now = _outline, time.monotonic()
    if held is None or now > held.read_anew_after:
        with _lock:
            if _outline is held:
                _outline = _read_outline()
        return _outline or _read_outline()
    if now - held.looked_at > LOOK_SECONDS:
        held = _outline = _topped_up(held, _newer_rows(held.newest), now)
    return held


def read_pool(items: Any, read_at: float) -> Pool:
    """Return these items as columns, in their order; at most one more than the exact way takes."""
    rows = with_seconds(items).values_list(*COLUMNS)[: settings.FEED_EXACT_ITEMS + 1]
    return pool_of(list(rows), read_at)


def with_seconds(items: QuerySet[Item]) -> QuerySet[Item]:
    """Return the items with the moment of their publication as `seconds` since the epoch."""
    seconds = Cast(Extract("published_at", "epoch"), FloatField())
    return items.annotate(seconds=seconds)


def pool_of(rows: Sequence[tuple[Any, ...]], read_at: float = 0.0) -> Pool:
    """Return rows of `COLUMNS` as columns."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(COLUMNS)
    return Pool(
        ids=np.array(columns[0], dtype=np.int64),
        published=np.array(columns[1], dtype=np.float64),
        origin=np.array(columns[2], dtype="U11"),
        kind=np.array(columns[3], dtype="U5"),
        garment_type=np.array(columns[4], dtype="U12"),
        owner=np.array([owner or 0 for owner in columns[5]], dtype=np.int64),
        rating=np.array(columns[6], dtype="U5"),
        colours=tuple(tuple(names) for names in columns[7]),
        read_at=read_at,
    )


def _published() -> ItemQuerySet:
    return Item.objects.visible().standalone()


def _moment(seconds: np.ndarray) -> datetime:
    return datetime.fromtimestamp(float(seconds[0]) if len(seconds) else 0.0, UTC)


def _joined(newer: Pool, older: Pool) -> Pool:
    fresh = ~np.isin(newer.ids, older.ids)
    if not fresh.any():
        return older
    columns = {
        name: np.concatenate([getattr(newer, name)[fresh], getattr(older, name)])
        for name in ("ids", "published", "origin", "kind", "garment_type", "owner", "rating")
    }
    colours = tuple(c for c, kept in zip(newer.colours, fresh, strict=True) if kept)
    return Pool(**columns, colours=colours + older.colours, read_at=older.read_at)


def _read_outline() -> Outline:
    """Return the outline of everything published: one row a group."""
    started = time.monotonic()
    rows = (
        _published()
        .order_by()
        .values_list("origin", "age_rating")
        .annotate(newest=Max("published_at"), ids=ArrayAgg("pk"))
    )
    groups, newest = {}, 0.0
    for origin, rating, at, ids in rows:
        groups[origin, rating] = np.sort(np.array(ids, dtype=np.int64))
        newest = max(newest, at.timestamp())
    ended = time.monotonic()
    pause = max(POOL_SECONDS, (ended - started) / READING_SHARE)
    return Outline(groups, newest, ended, ended + pause, ended)


def _newer_rows(after: float) -> list[tuple[Any, ...]]:
    newer = _published().filter(published_at__gt=datetime.fromtimestamp(after, UTC)).order_by()
    return list(newer.values_list("pk", "published_at", "origin", "age_rating"))


def _topped_up(held: Outline, rows: list[tuple[Any, ...]], now: float) -> Outline:
    groups = dict(held.groups)
    for pk, _, origin, rating in rows:
        ids = groups.get((origin, rating), np.zeros(0, dtype=np.int64))
        at = int(np.searchsorted(ids, pk))
        if at == len(ids) or ids[at] != pk:
            groups[origin, rating] = np.insert(ids, at, pk)
    newest = max([held.newest, *(row[1].timestamp() for row in rows)])
    return Outline(groups, newest, held.read_at, held.read_anew_after, now)
