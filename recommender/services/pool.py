"""Which items are published, as every web process remembers it. A hint for ranking only.

A small catalogue is held whole, as columns (`Pool`), and ranked exactly. Of a large one a process
remembers nothing but the ids by group (`Outline`): nine bytes an item, enough to draw one evenly.
What a person may see is always asked of the database.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.conf import settings

from catalog.models import Item

POOL_SECONDS = 120.0
# Reading everything anew may take this share of a process's time at most.
READING_SHARE = 0.005
COLUMNS = (
    "pk",
    "published_at",
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
    adult: np.ndarray  # (N,) bool
    colours: tuple[tuple[str, ...], ...]
    read_at: float


@dataclass(frozen=True)
class Outline:
    """The ids of all published items, ascending, by (origin, whether for adults only)."""

    groups: dict[tuple[str, bool], np.ndarray]
    newest: float  # seconds since the epoch
    read_at: float
    read_anew_after: float

    def members(self, *, is_ai: bool, origins: Collection[str] | None, adults: bool) -> list:
        """Return the id arrays of what AI made, or of the rest, that this person is admitted to."""
        return [
            ids
            for (origin, adult), ids in self.groups.items()
            if (origin == Item.Origin.AI) == is_ai
            and (adults or not adult)
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
    """Return the ids of the published items of a large catalogue. One query, of the newest only.

    Items that were taken down stay in it until it is read anew; whoever uses it asks the database.
    """
    global _outline
    held = _outline
    if held is None or time.monotonic() > held.read_anew_after:
        with _lock:
            if _outline is held:
                _outline = _read_outline()
        return _outline or _read_outline()
    newer = list(_outline_rows(held.newest))
    if newer:
        held = _outline = _topped_up(held, newer)
    return held


def read_pool(items: Any, read_at: float) -> Pool:
    """Return these items as columns, in their order; at most one more than the exact way takes."""
    rows = list(items.values_list(*COLUMNS)[: settings.FEED_EXACT_ITEMS + 1])
    return pool_of(rows, read_at)


def pool_of(rows: list[tuple[Any, ...]], read_at: float = 0.0) -> Pool:
    """Return rows of `COLUMNS` as columns."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(COLUMNS)
    return Pool(
        ids=np.array(columns[0], dtype=np.int64),
        published=np.array([moment.timestamp() for moment in columns[1]], dtype=np.float64),
        origin=np.array(columns[2], dtype="U11"),
        kind=np.array(columns[3], dtype="U5"),
        garment_type=np.array(columns[4], dtype="U12"),
        owner=np.array([owner or 0 for owner in columns[5]], dtype=np.int64),
        adult=np.array([rating != Item.AgeRating.ALL for rating in columns[6]], dtype=bool),
        colours=tuple(tuple(names) for names in columns[7]),
        read_at=read_at,
    )


def _published() -> Any:
    return Item.objects.visible().standalone()


def _moment(seconds: np.ndarray) -> datetime:
    return datetime.fromtimestamp(float(seconds[0]) if len(seconds) else 0.0, UTC)


def _joined(newer: Pool, older: Pool) -> Pool:
    fresh = ~np.isin(newer.ids, older.ids)
    if not fresh.any():
        return older
    columns = {
        name: np.concatenate([getattr(newer, name)[fresh], getattr(older, name)])
        for name in ("ids", "published", "origin", "kind", "garment_type", "owner", "adult")
    }
    colours = tuple(c for c, kept in zip(newer.colours, fresh, strict=True) if kept)
    return Pool(**columns, colours=colours + older.colours, read_at=older.read_at)


def _read_outline() -> Outline:
    started = time.monotonic()
    parts: dict[tuple[str, bool], list[int]] = {}
    newest = 0.0
    for pk, published, origin, rating in _outline_rows(None):
        parts.setdefault((origin, rating != Item.AgeRating.ALL), []).append(pk)
        newest = max(newest, published.timestamp())
    groups = {key: np.sort(np.array(ids, dtype=np.int64)) for key, ids in parts.items()}
    ended = time.monotonic()
    pause = max(POOL_SECONDS, (ended - started) / READING_SHARE)
    return Outline(groups, newest, ended, ended + pause)


def _outline_rows(after: float | None) -> Any:
    items = _published()
    if after is not None:
        items = items.filter(published_at__gt=datetime.fromtimestamp(after, UTC))
    rows = items.values_list("pk", "published_at", "origin", "age_rating")
    return rows.order_by().iterator(chunk_size=20_000) if after is None else rows


def _topped_up(held: Outline, rows: list[tuple[Any, ...]]) -> Outline:
    groups = dict(held.groups)
    for pk, _, origin, rating in rows:
        key = (origin, rating != Item.AgeRating.ALL)
        ids = groups.get(key, np.zeros(0, dtype=np.int64))
        at = int(np.searchsorted(ids, pk))
        if at == len(ids) or ids[at] != pk:
            groups[key] = np.insert(ids, at, pk)
    newest = max(held.newest, *(row[1].timestamp() for row in rows))
    return Outline(groups, newest, held.read_at, held.read_anew_after)
