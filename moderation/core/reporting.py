"""How much a report counts, so that a crowd of new accounts is no argument."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

VISITOR_WEIGHT = 0.2
# Reports that a reporter of unknown accuracy is given the benefit of.
PRIOR_UPHELD, PRIOR_ALL = 1.0, 2.0
SETTLED_DAYS = 14.0
YOUNG_DAYS = 7.0
LEAST_AGE_FACTOR = 0.2
# A dismissal in bad faith counts as this many plain ones.
BAD_FAITH_COUNTS = 4
BURST = 5
BURST_HOURS = 2.0
BURST_WEIGHT = 1.0


@dataclass(frozen=True)
class History:
    """What became of a person's earlier reports."""

    upheld: int = 0
    dismissed: int = 0
    bad_faith: int = 0

    @property
    def accuracy(self) -> float:
        """Share of reports that were right, pulled to one half while there are few."""
        wrong = self.dismissed + BAD_FAITH_COUNTS * self.bad_faith
        return (self.upheld + PRIOR_UPHELD) / (self.upheld + wrong + PRIOR_ALL)


@dataclass(frozen=True)
class WeighedReport:
    """One open report: its weight, its reporter's age in days, and how long ago it came."""

    weight: float
    account_days: float | None
    hours_ago: float


def weigh_reporter(history: History, account_days: float | None) -> float:
    """Return a report's weight in [0, 1]; 0.5 for a settled account without a history.

    account_days: None for visitors, who always count little.
    """
    if account_days is None:
        return VISITOR_WEIGHT
    age = max(LEAST_AGE_FACTOR, min(1.0, account_days / SETTLED_DAYS))
    return round(history.accuracy * age, 4)


def weigh_together(reports: Sequence[WeighedReport]) -> tuple[float, bool]:
    """Return the joint weight of an item's open reports and whether they look organised.

    They do when `BURST` of young accounts or visitors came within `BURST_HOURS` of one another:
    then all of these together count at most `BURST_WEIGHT`.
    """
    young = [one for one in reports if _is_young(one)]
    settled = sum(one.weight for one in reports if not _is_young(one))
    crowd = sum(one.weight for one in young)
    organised = _is_burst(young)
    if organised:
        crowd = min(crowd, BURST_WEIGHT)
    return round(settled + crowd, 4), organised


def explain_weight(history: History, account_days: float | None) -> str:
    """Return why a reporter's word counts as it does, for the console and for themselves."""
    if account_days is None:
        return "A visitor: counts little, whatever they say."
    parts = [f"{history.upheld} upheld, {history.dismissed} dismissed"]
    if history.bad_faith:
        parts.append(f"{history.bad_faith} in bad faith (each counts as {BAD_FAITH_COUNTS})")
    days = math.floor(account_days)
    if account_days < SETTLED_DAYS:
        parts.append(f"account only {days} day{'s' if days != 1 else ''} old")
    return "; ".join(parts) + "."


def _is_young(report: WeighedReport) -> bool:
    return report.account_days is None or report.account_days < YOUNG_DAYS


def _is_burst(young: Sequence[WeighedReport]) -> bool:
    times = sorted(one.hours_ago for one in young)
    return any(
        late - early <= BURST_HOURS for early, late in zip(times, times[BURST - 1 :], strict=False)
    )
