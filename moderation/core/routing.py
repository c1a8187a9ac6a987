"""Which queue a case goes to, and how urgent it is: pure functions of its facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

MAX_PRIORITY = 500
DEFAULT_QUEUE = "uploads"
# Points of priority for each step of severity, and at most for reach and for reports.
SEVERITY_POINTS = 24
MAX_REACH_POINTS = 24
MAX_REPORT_POINTS = 48


@dataclass(frozen=True)
class CheckFact:
    """One check's verdict, as routing sees it."""

    name: str
    perspective: str
    verdict: str


@dataclass(frozen=True)
class CaseFacts:
    """What is known of a case when it is routed."""

    reason: str = ""
    origin: str = ""
    checks: tuple[CheckFact, ...] = ()
    report_reasons: tuple[str, ...] = ()
    severity: int = 0


@dataclass(frozen=True)
class RoutingRule:
    """Conditions, all of which must hold ("" holds always), and where such cases go.

    check, perspective and verdict are about one and the same check, among those that did not pass.
    """

    queue: str
    priority: int = 0
    four_eyes: bool = False
    reason: str = ""
    origin: str = ""
    check: str = ""
    perspective: str = ""
    verdict: str = ""
    report_reason: str = ""
    min_severity: int = 0

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> RoutingRule:
        """Return the rule that a stored dict describes; unknown keys are left out."""
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in given.items() if name in known})

    def as_dict(self) -> dict[str, Any]:
        """Return it for storing; conditions that always hold are left out."""
        return {name: value for name, value in asdict(self).items() if value or name == "queue"}

    def fits(self, facts: CaseFacts) -> bool:
        """Return whether every condition holds."""
        return (
            self.reason in {"", facts.reason}
            and self.origin in {"", facts.origin}
            and (not self.report_reason or self.report_reason in facts.report_reasons)
            and facts.severity >= self.min_severity
            and self._fits_a_check(facts)
        )

    def _fits_a_check(self, facts: CaseFacts) -> bool:
        if not (self.check or self.perspective or self.verdict):
            return True
        return any(
            self.check in {"", one.name}
            and self.perspective in {"", one.perspective}
            and self.verdict in {"", one.verdict}
            for one in facts.checks
            if one.verdict != "pass"
        )


@dataclass(frozen=True)
class Route:
    """Where a case goes. `rule` is its place in the table, or None when none fitted."""

    queue: str = DEFAULT_QUEUE
    priority: int = 0
    four_eyes: bool = False
    rule: int | None = field(default=None, compare=False)


def route(facts: CaseFacts, rules: Sequence[RoutingRule]) -> Route:
    """Return the route of the first rule that fits; four eyes where any rule that fits asks so."""
    fitting = [(place, rule) for place, rule in enumerate(rules) if rule.fits(facts)]
    if not fitting:
        return Route()
    place, first = fitting[0]
    return Route(first.queue, first.priority, any(rule.four_eyes for _, rule in fitting), place)


def priority_of(*, route_points: int, severity: int, reach: int, report_weight: float) -> int:
    """Return the points of a case: its rule's, its severity's, its reach's and its reports'.

    Reach counts by its doublings and reports by their weight, both capped: a crowd can hurry a case
    and can never put it before everything. Age needs no points: see `Case.due_at`.
    """
    reach_points = min(2 * max(reach, 0).bit_length(), MAX_REACH_POINTS)
    report_points = min(round(12 * max(report_weight, 0.0)), MAX_REPORT_POINTS)
    points = route_points + SEVERITY_POINTS * severity + reach_points + report_points
    return max(-MAX_PRIORITY, min(points, MAX_PRIORITY))


# What a fresh site starts with; operators change it by page or API.
DEFAULT_RULES: tuple[RoutingRule, ...] = (
    RoutingRule("appeals", 12, reason="appeal"),
    RoutingRule("minors", 96, four_eyes=True, report_reason="minors"),
    RoutingRule("minors", 48, report_reason="self_harm"),
    RoutingRule("legal", 36, four_eyes=True, report_reason="illegal"),
    RoutingRule("legal", 24, report_reason="copy"),
    RoutingRule("reports", 12, reason="report"),
    RoutingRule("sample", -12, reason="sampled"),
    RoutingRule("legal", 12, perspective="F5", verdict="flag"),
    RoutingRule("creations", 6, origin="ai"),
    RoutingRule("creations", 4, origin="ai_assisted"),
    RoutingRule("uploads"),
)
