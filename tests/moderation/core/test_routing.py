"""Where cases go and how urgent they are."""

from __future__ import annotations

import pytest

from moderation.core.routing import (
    DEFAULT_RULES,
    CaseFacts,
    CheckFact,
    RoutingRule,
    priority_of,
    route,
)
from moderation.core.severity import severity_of

FLAGGED_LICENCE = CheckFact("licence", "F5", "flag")


@pytest.mark.parametrize(
    ("facts", "queue"),
    [
        (CaseFacts(reason="flagged", origin="human"), "uploads"),
        (CaseFacts(reason="flagged", origin="ai"), "creations"),
        (CaseFacts(reason="flagged", origin="ai_assisted"), "creations"),
        (CaseFacts(reason="flagged", origin="human", checks=(FLAGGED_LICENCE,)), "legal"),
        (CaseFacts(reason="sampled", origin="ai"), "sample"),
        (CaseFacts(reason="report", origin="human", report_reasons=("spam",)), "reports"),
        (CaseFacts(reason="report", report_reasons=("spam", "minors")), "minors"),
        (CaseFacts(reason="report", report_reasons=("illegal",)), "legal"),
        (CaseFacts(reason="appeal", report_reasons=("minors",)), "appeals"),
        (CaseFacts(reason="nonsense"), "uploads"),
    ],
)
def test_the_first_table_sends_cases_where_one_expects_them(facts: CaseFacts, queue: str) -> None:
    assert route(facts, DEFAULT_RULES).queue == queue


def test_the_first_rule_that_fits_decides() -> None:
    rules = [RoutingRule("first", 3, origin="ai"), RoutingRule("second", 9)]
    assert route(CaseFacts(origin="ai"), rules).queue == "first"
    assert route(CaseFacts(origin="human"), rules).queue == "second"


def test_any_fitting_rule_may_ask_for_a_second_person() -> None:
    rules = [RoutingRule("first"), RoutingRule("second", four_eyes=True, min_severity=2)]
    assert route(CaseFacts(severity=2), rules).four_eyes
    assert not route(CaseFacts(severity=1), rules).four_eyes


def test_check_perspective_and_verdict_must_be_of_one_check() -> None:
    rule = RoutingRule("legal", check="clarity", verdict="block")
    apart = (CheckFact("clarity", "F7", "flag"), CheckFact("licence", "F5", "block"))
    assert not rule.fits(CaseFacts(checks=apart))
    assert rule.fits(CaseFacts(checks=(CheckFact("clarity", "F7", "block"),)))


def test_a_check_that_passed_is_no_condition() -> None:
    rule = RoutingRule("legal", perspective="F5")
    assert not rule.fits(CaseFacts(checks=(CheckFact("licence", "F5", "pass"),)))


def test_without_a_fitting_rule_a_case_still_has_a_queue() -> None:
    assert route(CaseFacts(), []).queue == "uploads"


def test_a_rule_survives_storing() -> None:
    rule = RoutingRule("minors", 96, four_eyes=True, report_reason="minors")
    assert RoutingRule.from_dict(rule.as_dict() | {"of_a_later_version": 1}) == rule


def points(**given: float) -> int:
    facts = {"route_points": 0, "severity": 0, "reach": 0, "report_weight": 0.0} | given
    return priority_of(**facts)  # type: ignore[arg-type]


def test_severity_reach_and_reports_make_a_case_more_urgent() -> None:
    assert points(severity=3) > points(severity=2) > points()
    assert points(reach=100_000) > points(reach=10) > points()
    assert points(report_weight=2.0) > points(report_weight=0.5) > points()


def test_no_crowd_makes_a_case_as_urgent_as_a_child_at_risk() -> None:
    assert (
        points(report_weight=1e6, reach=10**9)
        <= points(severity=3)
        < points(severity=3, report_weight=0.5)
    )


def test_severity_is_that_of_the_gravest() -> None:
    assert severity_of([CheckFact("unsafe", "F3", "flag")], ["spam"]) == 2
    assert severity_of([], ["spam", "minors"]) == 3
    assert severity_of([CheckFact("unsafe", "F3", "pass")], []) == 0
