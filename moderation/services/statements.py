"""Statements of reasons: written with every refusal and removal, for the person it concerns."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from catalog.models import Item
from moderation.core import disclosure_codes as codes
from moderation.models import Appeal, Case, CheckResult, Decision, Report, Statement
from moderation.policy import Reason
from moderation.services.policies import current_policy

if TYPE_CHECKING:
    from accounts.models import User


def state_reasons(
    *, decision: Decision, item: Item, case: Case, paused_until: datetime | None = None
) -> Statement:
    """Write down why a person refused or removed an item, and tell whom it concerns."""
    reason = current_policy().find(decision.reason_code) or Reason(
        decision.reason_code, "Another reason", "", rule="Weft's rules."
    )
    found = _titles(case)
    reports = case.reports.exclude(state=Report.State.MOOT)
    count = reports.count()
    partly = bool(found)
    return _save(
        decision,
        item,
        rule=reason.rule or reason.label,
        ground=reason.ground,
        legal_ground=reason.legal_ground if reason.ground == "illegal" else "",
        category=reason.category,
        facts=codes.describe_facts(
            kind=item.kind,
            origin=item.origin,
            rule=reason.rule or reason.label,
            found=found,
            reports=count,
            by_person=True,
        ),
        source=_source(reports),
        automated_detection=partly and not count,
        automated_decision=Statement.Decided.PARTIALLY if partly else Statement.Decided.NOT,
        service_until=paused_until.date() if paused_until else None,
    )


def state_automatic(
    *, decision: Decision, item: Item, check: str, title: str, perspective: str
) -> Statement:
    """Write down why a check refused an item without a person."""
    rule = f"Items must pass the check “{title}”."
    return _save(
        decision,
        item,
        rule=rule,
        ground="incompatible",
        category=codes.CATEGORY_OF_PERSPECTIVE.get(perspective, "OTHER_VIOLATION_TC"),
        facts=codes.describe_facts(
            kind=item.kind, origin=item.origin, rule=rule, found=[title], reports=0, by_person=False
        ),
        automated_detection=True,
        automated_decision=Statement.Decided.FULLY,
    )


def state_age_restriction(*, decision: Decision, item: Item, rating: str) -> Statement:
    """Write down why a person made an item's age rating stricter. rating: in words."""
    reason = current_policy().find(decision.reason_code)
    rule = (reason.rule or reason.label) if reason else "Not everybody should see everything."
    facts = codes.describe_facts(
        kind=item.kind, origin=item.origin, rule=rule, found=[], reports=0, by_person=True
    )
    return _save(
        decision,
        item,
        rule=rule,
        # It stays public: whatever the reason's ground, this is about who should see it.
        ground="incompatible",
        category="PROTECTION_OF_MINORS",
        facts=f"{facts} It is shown to people of this age alone: {rating.lower()}.",
        visibility=codes.AGE_RESTRICTED,
    )


def mark_seen(*, user: User) -> None:
    """The person has opened the page where all of this stands."""
    now = timezone.now()
    with transaction.atomic():
        Statement.objects.filter(recipient=user, seen_at=None).update(seen_at=now)
        Report.objects.filter(reporter=user, seen_at=None, decided_at__isnull=False).update(
            seen_at=now
        )
        Appeal.objects.filter(appellant=user, seen_at=None, decided_at__isnull=False).update(
            seen_at=now
        )


def _save(decision: Decision, item: Item, **fields: Any) -> Statement:
    now = timezone.now()
    removed = decision.action != Decision.Action.REJECT
    fields.setdefault("visibility", codes.REMOVED if removed else codes.DISABLED)
    statement = Statement(
        decision=decision,
        recipient=item.owner or item.made_for,
        reason_code=decision.reason_code,
        policy_version=decision.policy_version,
        message=decision.note,
        territorial_scope=list(codes.EEA),
        content_type=codes.content_types(kind=item.kind, origin=item.origin),
        content_date=item.created_at.date(),
        application_date=now.date(),
        title=item.title,
        appeal_until=now + Appeal.TERM,
        **fields,
    )
    statement.full_clean()
    statement.save()
    return statement


def _titles(case: Case) -> list[str]:
    from moderation.selectors import TITLES  # breaks the import cycle

    if case.screening is None:
        return []
    names = case.screening.results.exclude(verdict=CheckResult.Verdict.PASS)
    return [TITLES.get(name, name) for name in names.values_list("check_name", flat=True)]


def _source(reports: Any) -> str:
    """A notice by its law (Art. 16), another report, or our own looking."""
    if reports.filter(reason=Report.Reason.ILLEGAL).exists():
        return Statement.Source.NOTICE
    return Statement.Source.OTHER_NOTICE if reports.exists() else Statement.Source.VOLUNTARY
