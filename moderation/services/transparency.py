"""What moderation did in a period, by the fields of the DSA Transparency Database."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Avg, Count, F, Q, QuerySet
from django.utils import timezone

from common.errors import InvalidInputError
from moderation.core.disclosure_codes import FIELDS
from moderation.models import Appeal, Case, Report, Statement
from moderation.policy import CATEGORY

MAX_DAYS = 732


def period(start: date | None, end: date | None) -> tuple[date, date]:
    """Return first and last day of the period; by default the last 30 days."""
    last = end or timezone.now().date()
    first = start or last - timedelta(days=29)
    if first > last:
        raise InvalidInputError("The period ends before it begins.")
    if (last - first).days > MAX_DAYS:
        raise InvalidInputError("Choose a period of two years at most.")
    return first, last


def list_statements(*, first: date, last: date) -> QuerySet[Statement]:
    """Return the statements of reasons of these days, oldest first."""
    return Statement.objects.filter(created_at__range=_bounds(first, last)).order_by("pk")


def as_row(statement: Statement) -> dict[str, Any]:
    """Return one statement by the database's fields. Nothing in it tells who anybody is.

    The sentence to the author and the texts of reports may hold personal data: only words of ours
    are given (`facts`, the rule).
    """
    illegal = statement.ground == "illegal"
    paused = statement.service_until
    row = {
        "decision_visibility": [statement.visibility],
        "decision_provision": "DECISION_PROVISION_PARTIAL_SUSPENSION" if paused else None,
        "end_date_service_restriction": paused.isoformat() if paused else None,
        "decision_ground": f"DECISION_GROUND_{'ILLEGAL' if illegal else 'INCOMPATIBLE'}_CONTENT",
        "illegal_content_legal_ground": statement.legal_ground if illegal else None,
        "illegal_content_explanation": statement.rule if illegal else None,
        "incompatible_content_ground": None if illegal else f"Policy {statement.policy_version}",
        "incompatible_content_explanation": None if illegal else statement.rule,
        "incompatible_content_illegal": None if illegal else "No",
        "category": CATEGORY + statement.category,
        "content_type": statement.content_type,
        "content_date": statement.content_date.isoformat(),
        "territorial_scope": statement.territorial_scope,
        "application_date": statement.application_date.isoformat(),
        "decision_facts": statement.facts,
        "source_type": statement.source,
        "automated_detection": "Yes" if statement.automated_detection else "No",
        "automated_decision": statement.automated_decision,
        "puid": str(statement.puid),
    }
    return {name: row[name] for name in FIELDS}


def as_csv(statements: QuerySet[Statement]) -> Iterator[str]:
    """Yield lines of CSV, the header first; several values of a field are joined by "|"."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(FIELDS)
    yield buffer.getvalue()
    for statement in statements.iterator(chunk_size=500):
        buffer.seek(0)
        buffer.truncate()
        writer.writerow(_cell(value) for value in as_row(statement).values())
        yield buffer.getvalue()


def count_period(*, first: date, last: date) -> dict[str, Any]:
    """Return the counts of a transparency report for these days; they tell of no single person."""
    span = _bounds(first, last)
    statements = list_statements(first=first, last=last).order_by()
    reports = Report.objects.filter(created_at__range=span).order_by()
    appeals = Appeal.objects.filter(created_at__range=span).order_by()
    cases = Case.objects.filter(decided_at__range=span)
    waited = cases.aggregate(waited=Avg(F("decided_at") - F("created_at")))["waited"]
    return {
        "first": first,
        "last": last,
        "statements": statements.count(),
        "by_category": _counted(statements, "category"),
        "by_ground": _counted(statements, "ground"),
        "by_automation": _counted(statements, "automated_decision"),
        "by_source": _counted(statements, "source"),
        "reversed": statements.filter(reversed_at__isnull=False).count(),
        "reports": reports.count(),
        "reports_by_reason": _counted(reports, "reason"),
        "reports_by_outcome": _counted(reports, "state"),
        "appeals": appeals.count(),
        "appeals_by_outcome": _counted(appeals, "state"),
        "cases_decided": cases.count(),
        "hours_to_decision": round(waited.total_seconds() / 3600, 1) if waited else None,
        "four_eyes": cases.filter(Q(four_eyes=True)).count(),
    }


def _counted(rows: QuerySet[Any], field: str) -> dict[str, int]:
    counts = rows.values_list(field).annotate(count=Count("pk")).order_by("-count", field)
    return dict(counts)


def _bounds(first: date, last: date) -> tuple[datetime, datetime]:
    zone = timezone.get_current_timezone()
    return (
        datetime.combine(first, time.min, zone),
        datetime.combine(last, time.max, zone),
    )


def _cell(value: Any) -> str:
    """Return a value for CSV; a leading sign that a spreadsheet would run is made harmless."""
    text = "|".join(value) if isinstance(value, list) else str(value or "")
    return f"'{text}" if text[:1] in {"=", "+", "-", "@"} else text
