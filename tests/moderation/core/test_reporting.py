"""How much a report counts."""

from __future__ import annotations

import pytest

from moderation.core.reporting import (
    BURST_WEIGHT,
    VISITOR_WEIGHT,
    History,
    WeighedReport,
    explain_weight,
    weigh_reporter,
    weigh_together,
)


@pytest.mark.parametrize(
    ("history", "days", "weight"),
    [
        (History(), 100.0, 0.5),
        (History(), 7.0, 0.25),
        (History(), 0.0, 0.1),
        (History(upheld=8), 100.0, 0.9),
        (History(dismissed=8), 100.0, 0.1),
        (History(upheld=1, bad_faith=2), 100.0, 2 / 11),
        (History(), None, VISITOR_WEIGHT),
    ],
)
def test_weight_follows_accuracy_and_age(
    history: History, days: float | None, weight: float
) -> None:
    assert weigh_reporter(history, days) == pytest.approx(weight, abs=1e-4)


def test_one_report_in_bad_faith_costs_more_than_one_that_was_wrong() -> None:
    assert weigh_reporter(History(bad_faith=1), 99) < weigh_reporter(History(dismissed=1), 99)


def crowd(count: int, days: float | None, apart: float = 0.01) -> list[WeighedReport]:
    return [WeighedReport(0.5, days, apart * one) for one in range(count)]


def test_a_burst_of_young_accounts_counts_as_one_good_reporter() -> None:
    weight, organised = weigh_together(crowd(50, 1.0))
    assert organised
    assert weight == BURST_WEIGHT


def test_visitors_are_young_too() -> None:
    assert weigh_together(crowd(50, None)) == (BURST_WEIGHT, True)


def test_settled_people_who_agree_are_no_burst() -> None:
    weight, organised = weigh_together(crowd(10, 400.0))
    assert not organised
    assert weight == 5.0


def test_young_accounts_over_days_are_no_burst() -> None:
    assert weigh_together(crowd(6, 1.0, apart=12.0)) == (3.0, False)


def test_settled_reporters_still_count_beside_a_burst() -> None:
    weight, organised = weigh_together([*crowd(20, 1.0), WeighedReport(0.9, 300.0, 0.1)])
    assert organised
    assert weight == pytest.approx(BURST_WEIGHT + 0.9)


def test_the_weight_is_explained() -> None:
    text = explain_weight(History(upheld=2, dismissed=1, bad_faith=1), 3.0)
    assert "2 upheld, 1 dismissed" in text
    assert "bad faith" in text
    assert "3 days old" in text
