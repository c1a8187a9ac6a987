"""How people take to what humans made and what AI made, side by side, with intervals over people.

GeneRec 2023, section 3.4 (user-side evaluation): ratings by facet, words, clicks, dwell, retention.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.core.cache import cache
from django.utils import timezone

from catalog.models import Item
from dashboard.intervals import Bootstrap, Estimate, estimate, wilson
from dashboard.people_queries import (
    CLICK_DWELL_S,
    FINISHED,
    read_behaviour,
    read_ratings,
    read_remarks,
    read_retention,
)
from recommender.models import Rating

ORIGINS = tuple(Item.Origin.values)
PERIODS = {7: "7 days", 30: "30 days", 90: "90 days", 365: "a year"}
DEFAULT_DAYS = 30
COHORTS, WEEKS = 10, 8
# The same figures for everybody who looks within this time: they are not cheap.
CACHE_S = 900


@dataclass(frozen=True)
class Figure:
    """One line of the comparison: a figure for each origin, and how AI differs from human."""

    key: str
    label: str
    unit: str  # "%", "s", "stars"
    definition: str
    by_origin: dict[str, Estimate]
    # AI less human, from the same draws of people.
    difference: Estimate

    @property
    def differs(self) -> bool:
        """Whether the interval of the difference leaves 0 out."""
        low, high = self.difference.low, self.difference.high
        return low is not None and high is not None and not low <= 0 <= high


@dataclass(frozen=True)
class RetentionRow:
    """One cohort: for each week after sign-up the share of its people who came."""

    name: str
    people: int
    weeks: list[Estimate]


@dataclass(frozen=True)
class PeopleFigures:
    """The whole page."""

    days: int
    since: datetime
    until: datetime
    people: int
    counts: dict[str, dict[str, int]]
    figures: list[Figure]
    cohorts: list[RetentionRow]
    by_ai_share: list[RetentionRow]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "days": self.days,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "people": self.people,
            "counts": self.counts,
            "figures": [
                {
                    "key": figure.key,
                    "label": figure.label,
                    "unit": figure.unit,
                    "definition": figure.definition,
                    **{name: one.as_dict() for name, one in figure.by_origin.items()},
                    "ai_minus_human": figure.difference.as_dict(),
                }
                for figure in self.figures
            ],
            "cohorts": [_row_dict(row) for row in self.cohorts],
            "by_ai_share": [_row_dict(row) for row in self.by_ai_share],
        }


def _row_dict(row: RetentionRow) -> dict[str, Any]:
    weeks = [week.as_dict() for week in row.weeks]
    return {"name": row.name, "people": row.people, "weeks": weeks}


def get_people_figures(days: int = DEFAULT_DAYS, *, fresh: bool = False) -> PeopleFigures:
    """Return the figures of the last `days`; up to a quarter of an hour old unless `fresh`."""
    key = f"people-figures-{days}"
    found = None if fresh else cache.get(key)
    if found is None:
        found = measure_people(until=timezone.now(), days=days)
        cache.set(key, found, CACHE_S)
    return found


def measure_people(*, until: datetime, days: int, seed: int = 0) -> PeopleFigures:
    """Return the figures of the `days` before `until`. Four queries; seeded, so repeatable."""
    since = until - timedelta(days=days)
    behaviour = read_behaviour(since, until)
    ratings = read_ratings(since, until)
    remarks = read_remarks(since, until)
    retention = _read_retention(until)
    users = {row[0] for rows in (behaviour, ratings, remarks) for row in rows}
    sums = _Sums({user: at for at, user in enumerate(sorted(users))})
    for user, origin, seen, clicked, liked, dwell, videos, watched, finished in behaviour:
        sums.add("ctr", user, origin, clicked, seen)
        sums.add("likes", user, origin, liked, seen)
        sums.add("completion", user, origin, watched, videos)
        sums.add("finished", user, origin, finished, videos)
        sums.set_dwell(user, origin, dwell)
    for user, origin, facet, count, stars in ratings:
        sums.add(f"rating_{facet}", user, origin, stars, count)
    for user, origin, _, praise, blame in remarks:
        sums.add("praise", user, origin, praise, praise + blame)
    return PeopleFigures(
        days=days,
        since=since,
        until=until,
        people=len(users),
        counts=_counts(behaviour, ratings, remarks),
        figures=sums.figures(seed),
        cohorts=_cohorts(retention),
        by_ai_share=_by_ai_share(retention),
    )


DEFINITIONS = {
    "ctr": (
        "Click-through",
        "%",
        f"Of the items that came into sight: liked, or looked at for {CLICK_DWELL_S:g} s or more.",
    ),
    "likes": ("Liked", "%", "Of the items that came into sight: a like that still stands."),
    "dwell": ("Look", "s", "Median over people of each one's median time with an item in sight."),
    "completion": ("Watched of a video", "%", "Share of a video that was played, at most all."),
    "finished": (
        "Watched to the end",
        "%",
        f"Of the videos that were begun: played to {FINISHED:.0%} or more.",
    ),
    **{
        f"rating_{facet.value}": (f"Stars: {facet.label.lower()}", "stars", "Mean of 1 to 5.")
        for facet in Rating.Facet
    },
    "praise": ("Praise in words", "%", "Of the remarks that judge: those that praise."),
}
RATIOS = [key for key in DEFINITIONS if key != "dwell"]


class _Sums:
    """Per person and origin: what is divided by what. (P, figures x origins)."""

    def __init__(self, place: dict[int, int]) -> None:
        self.place = place
        self.top = np.zeros((len(place), len(RATIOS) * len(ORIGINS)))
        self.bottom = np.zeros_like(self.top)
        self.dwell = np.full((len(place), len(ORIGINS)), np.nan)

    def add(self, key: str, user: int, origin: str, top: float, bottom: float) -> None:
        column = RATIOS.index(key) * len(ORIGINS) + ORIGINS.index(origin)
        self.top[self.place[user], column] += float(top)
        self.bottom[self.place[user], column] += float(bottom)

    def set_dwell(self, user: int, origin: str, seconds: float | None) -> None:
        if seconds is not None:
            self.dwell[self.place[user], ORIGINS.index(origin)] = seconds

    def figures(self, seed: int) -> list[Figure]:
        """Return all figures in the order of `DEFINITIONS`."""
        bootstrap = Bootstrap(len(self.place), seed=seed)
        ratios = bootstrap.ratios(self.top, self.bottom)
        medians = bootstrap.medians(self.dwell)
        rows = []
        for key in DEFINITIONS:
            if key == "dwell":
                drawn, known = medians, ~np.isnan(self.dwell)
            else:
                at = RATIOS.index(key) * len(ORIGINS)
                columns = slice(at, at + len(ORIGINS))
                drawn, known = ratios[:, columns], self.bottom[:, columns] > 0
            rows.append(_figure(key, drawn, known))
        return rows


def _figure(key: str, drawn: np.ndarray, known: np.ndarray) -> Figure:
    """Return one line from (1 + draws, origins) and who has something to say (P, origins)."""
    people = known.sum(axis=0)
    human, ai = ORIGINS.index("human"), ORIGINS.index("ai")
    by_origin = {
        origin: estimate(drawn[:, at], int(people[at])) for at, origin in enumerate(ORIGINS)
    }
    least = int(min(people[human], people[ai]))
    return Figure(
        key, *DEFINITIONS[key], by_origin, estimate(drawn[:, ai] - drawn[:, human], least)
    )


def _counts(behaviour: list, ratings: list, remarks: list) -> dict[str, dict[str, int]]:
    """Return how much there is of each origin: the figures' ground."""
    counts = {origin: {"in_sight": 0, "ratings": 0, "remarks": 0} for origin in ORIGINS}
    for row in behaviour:
        counts[row[1]]["in_sight"] += row[2]
    for row in ratings:
        counts[row[1]]["ratings"] += row[3]
    for row in remarks:
        counts[row[1]]["remarks"] += row[2]
    return counts


def _read_retention(until: datetime) -> list[tuple[Any, ...]]:
    """Return the rows of the newest cohorts, whole weeks of sign-up."""
    today = until.astimezone(UTC).date()
    first = today - timedelta(days=today.weekday(), weeks=COHORTS)
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return read_retention(since, until, WEEKS)


def _cohorts(rows: list[tuple[Any, ...]]) -> list[RetentionRow]:
    """Return retention by week of sign-up, oldest first."""
    return _retention_rows(rows, 0, lambda monday: f"{monday:%d %b %Y}")


def _by_ai_share(rows: list[tuple[Any, ...]]) -> list[RetentionRow]:
    """Return retention by the share of AI that people chose for their feed."""
    return _retention_rows(rows, 1, lambda share: f"{share} %")


def _retention_rows(
    rows: list[tuple[Any, ...]], column: int, name: Callable[[Any], str]
) -> list[RetentionRow]:
    groups: dict[Any, list[list[int]]] = {}
    for row in rows:
        week, people, active = row[2:]
        cells = groups.setdefault(row[column], [[0, 0] for _ in range(WEEKS)])
        cells[week][0] += active
        cells[week][1] += people
    return [
        RetentionRow(name(group), cells[0][1], [wilson(active, people) for active, people in cells])
        for group, cells in sorted(groups.items())
    ]
