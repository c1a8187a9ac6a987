"""How grave a case is, from what the checks found and what people report: 0 to 3."""

from __future__ import annotations

from collections.abc import Iterable

from moderation.core.routing import CheckFact

OF_REPORT = {
    "minors": 3,
    "illegal": 2,
    "self_harm": 2,
    "violence": 2,
    "sexual": 2,
    "privacy": 1,
    "demeaning": 1,
    "copy": 1,
}
# Perspectives whose flags concern people rather than the picture's craft.
OF_PERSPECTIVE = {"F1": 1, "F2": 1, "F3": 2, "F5": 1}


def severity_of(checks: Iterable[CheckFact], report_reasons: Iterable[str]) -> int:
    """Return the gravest of all; a check counts where it flagged or blocked."""
    found = [OF_REPORT.get(reason, 0) for reason in report_reasons]
    found += [
        OF_PERSPECTIVE.get(check.perspective, 0)
        for check in checks
        if check.verdict in {"flag", "block"}
    ]
    return max(found, default=0)
