"""How long strikes last and what they lead to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

LASTS = {1: timedelta(days=90), 2: timedelta(days=180), 3: timedelta(days=365)}
SUSPENDED_FOR = {"upload": timedelta(days=7), "both": timedelta(days=30)}
PAUSE_POINTS = 3
SUSPEND_POINTS = 6


@dataclass(frozen=True)
class ActiveStrike:
    """Points that still count, when they were given and until when they count."""

    points: int
    given_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Consequence:
    """What the points lead to; `until` None means nothing."""

    level: str = "none"
    until: datetime | None = None
    sentence: str = ""
    kinds: tuple[str, ...] = ()


def lasts(points: int) -> timedelta:
    """Return after how long so grave a strike ends by itself."""
    return LASTS[max(1, min(points, 3))]


def consequence_of(strikes: Sequence[ActiveStrike], now: datetime) -> Consequence:
    """Return what a person's active strikes lead to now.

    Under 3 points a warning; from 3, uploading stops for 7 days after the last strike; from 6,
    uploading and creating stop for 30. It ends earlier when points expire or are taken back.
    """
    active = [one for one in strikes if one.expires_at > now]
    points = sum(one.points for one in active)
    if not active:
        return Consequence()
    last = max(one.given_at for one in active)
    if points >= SUSPEND_POINTS:
        until = min(last + SUSPENDED_FOR["both"], _below(active, SUSPEND_POINTS))
        why = f"Uploading and creating are paused: {points} strike points."
        found = Consequence("suspended", until, why, ("upload", "create"))
    elif points >= PAUSE_POINTS:
        until = min(last + SUSPENDED_FOR["upload"], _below(active, PAUSE_POINTS))
        found = Consequence(
            "paused", until, f"Uploading is paused: {points} strike points.", ("upload",)
        )
    else:
        return Consequence("warned", None, "A warning: further strikes pause uploading.")
    if until <= now:
        return Consequence("warned", None, "The pause is over; the points still count.")
    return found


def _below(active: Sequence[ActiveStrike], threshold: int) -> datetime:
    """Return when so many points have expired that fewer than `threshold` are left."""
    left = sum(one.points for one in active)
    for one in sorted(active, key=lambda strike: strike.expires_at):
        left -= one.points
        if left < threshold:
            return one.expires_at
    return max(one.expires_at for one in active)
