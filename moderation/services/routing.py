"""Which queue a case stands in, and the table that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from common.errors import ConflictError, InvalidInputError, NotAllowedError
from moderation.core.routing import (
    DEFAULT_QUEUE,
    DEFAULT_RULES,
    MAX_PRIORITY,
    CaseFacts,
    CheckFact,
    RoutingRule,
    priority_of,
    route,
)
from moderation.core.severity import severity_of
from moderation.models import Case, Queue, Report, RoutingVersion
from moderation.services import audit

if TYPE_CHECKING:
    from accounts.models import User

MAX_RULES = 100
OUTDATED = "Somebody changed the table meanwhile. Look at it again, then make your change."
# Made to order: somebody waits for it.
WAITED_FOR = 5


def current_routing() -> tuple[int, tuple[RoutingRule, ...]]:
    """Return the number of the table in force and its rules."""
    newest = RoutingVersion.objects.order_by("-number").first()
    if newest is None:
        return 0, DEFAULT_RULES
    return newest.number, tuple(RoutingRule.from_dict(one) for one in newest.rules)


def place_case(case: Case) -> Case:
    """Put a case where the table says and give it its priority; call it again when facts change."""
    number, rules = current_routing()
    checks = _checks(case)
    reports = list(
        Report.objects.filter(case=case, state=Report.State.OPEN).values_list("reason", flat=True)
    )
    facts = CaseFacts(
        reason=case.reason,
        origin=case.item.origin,
        checks=checks,
        report_reasons=tuple(dict.fromkeys(reports)),
        severity=severity_of(checks, reports),
    )
    found = route(facts, rules)
    case.queue = _queue(found.queue)
    case.origin, case.severity, case.routing_version = facts.origin, facts.severity, number
    case.four_eyes = case.four_eyes or found.four_eyes
    points = found.priority + (WAITED_FOR if case.item.exposure == "direct" else 0)
    case.priority = priority_of(
        route_points=points,
        severity=facts.severity,
        reach=_reach(case),
        report_weight=case.report_weight,
    )
    case.due_at = case.created_at - case.priority * Case.POINT
    case.save(
        update_fields=[
            *("queue", "origin", "severity", "routing_version", "four_eyes", "priority", "due_at")
        ]
    )
    return case


def move_case(*, case: Case, queue: str, moderator: User) -> Case:
    """Put a case into another queue by hand."""
    if not moderator.can_moderate:
        raise NotAllowedError("Only moderators can do this.")
    target = Queue.objects.filter(slug=queue).first()
    if target is None:
        raise InvalidInputError("There is no such queue.")
    with transaction.atomic():
        moved = Case.objects.filter(pk=case.pk, state=Case.State.OPEN).update(
            queue=target, claimed_by=None, claimed_until=None
        )
        if not moved:
            raise ConflictError("This case was already decided.")
        audit.record(
            action="case_moved", actor=moderator, item_id=case.item_id, case=case.pk, queue=queue
        )
    case.refresh_from_db()
    return case


def change_routing(*, rules: Sequence[Mapping[str, Any]], base: int, by: User) -> int:
    """Put a new table in force and return its number; `base` is the one that was changed.

    Cases that wait already stay where they are.
    """
    if not by.can_operate:
        raise NotAllowedError("Only operators can change where cases go.")
    slugs = set(Queue.objects.values_list("slug", flat=True))
    checked = [_checked(place, one, slugs) for place, one in enumerate(rules, start=1)]
    if len(checked) > MAX_RULES:
        raise InvalidInputError(f"Keep to {MAX_RULES} rules.")
    with transaction.atomic():
        newest = RoutingVersion.objects.select_for_update().order_by("-number").first()
        if (newest.number if newest else 0) != base:
            raise ConflictError(OUTDATED)
        row = RoutingVersion(
            number=base + 1, rules=[one.as_dict() for one in checked], changed_by=by
        )
        row.full_clean()
        row.save()
        audit.record(action="routing_changed", actor=by, before=base, after=row.number)
    return row.number


def _checked(place: int, given: Mapping[str, Any], slugs: set[str]) -> RoutingRule:
    try:
        rule = RoutingRule.from_dict(given)
    except TypeError as error:
        raise InvalidInputError(f"Rule {place}: choose a queue.") from error
    texts = ("reason", "origin", "check", "perspective", "verdict", "report_reason")
    if rule.queue not in slugs:
        raise InvalidInputError(f"Rule {place}: there is no such queue.")
    if any(not isinstance(value := getattr(rule, name), str) or len(value) > 40 for name in texts):
        raise InvalidInputError(f"Rule {place}: a condition is a short word.")
    numbers = (rule.priority, rule.min_severity)
    if any(not isinstance(one, int) or abs(one) > MAX_PRIORITY for one in numbers):
        raise InvalidInputError(f"Rule {place}: priority is a number up to {MAX_PRIORITY}.")
    return rule


def _queue(slug: str) -> Queue | None:
    queues = {queue.slug: queue for queue in Queue.objects.all()}
    return queues.get(slug) or queues.get(DEFAULT_QUEUE)


def _checks(case: Case) -> tuple[CheckFact, ...]:
    if case.screening is None:
        return ()
    rows = case.screening.results.values_list("check_name", "perspective", "verdict")
    return tuple(CheckFact(*row) for row in rows)


def _reach(case: Case) -> int:
    """Return how many people saw the item. The counter belongs to a sibling: settings name it."""
    if case.item.published_at is None:
        return 0
    return int(import_string(settings.ITEM_REACH)(case.item_id))
