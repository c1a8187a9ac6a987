"""What strikes lead to, and when they end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from moderation.core.strikes import ActiveStrike, consequence_of, lasts

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def strike(points: int, days_ago: float = 0.0) -> ActiveStrike:
    given = NOW - days_ago * DAY
    return ActiveStrike(points, given, given + lasts(points))


def test_nothing_without_strikes() -> None:
    assert consequence_of([], NOW).level == "none"


def test_one_or_two_points_are_a_warning() -> None:
    found = consequence_of([strike(2)], NOW)
    assert found.level == "warned"
    assert found.kinds == ()


def test_three_points_pause_uploads_for_a_week_after_the_last() -> None:
    found = consequence_of([strike(2, 5), strike(1, 1)], NOW)
    assert found.kinds == ("upload",)
    assert found.until == NOW + 6 * DAY


def test_six_points_pause_creating_too() -> None:
    found = consequence_of([strike(3), strike(3)], NOW)
    assert found.kinds == ("upload", "create")
    assert found.until == NOW + 30 * DAY


def test_a_pause_that_is_over_is_over() -> None:
    assert consequence_of([strike(3, 8)], NOW).level == "warned"


def test_expired_points_do_not_count() -> None:
    assert consequence_of([strike(1, 91), strike(2, 1)], NOW).level == "warned"


def test_a_pause_ends_when_the_points_that_caused_it_expire() -> None:
    found = consequence_of([strike(1, 87), strike(2, 0)], NOW)
    assert found.until == NOW + 3 * DAY


def test_graver_strikes_last_longer() -> None:
    assert lasts(1) < lasts(2) < lasts(3) == lasts(9)
