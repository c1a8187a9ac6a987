"""What moderators and the public see of screenings, cases and marks."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Count, QuerySet
from django.http import Http404
from django.urls import reverse

from catalog.models import Item
from catalog.selectors import describe_making, list_lineage
from moderation.core.checks import CHECKS, MARK_CHECK
from moderation.models import AuditEntry, Case, CheckResult, Decision, Mark, Rule, Screening

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)

TITLES = {check.name: check.title for check in CHECKS} | {MARK_CHECK: "Marks read back"}
URGENCY = {"block": 0, "flag": 1, "cannot_tell": 2, "pass": 3}
MAX_FACTS = 12
MAX_FACT_CHARS = 200


@dataclass(frozen=True)
class QueueRow:
    """One case as the queue shows it; `broken` when its data could not be shown."""

    pk: int
    url: str
    title: str = ""
    item: Item | None = None
    thumb_url: str = ""
    reason: str = ""
    because: str = ""
    claimed_by: str = ""
    is_mine: bool = False
    is_own: bool = False
    created_at: datetime | None = None
    broken: bool = False


@dataclass(frozen=True)
class CheckView:
    """One check's result, ready to be shown."""

    title: str
    perspective: str
    verdict: str
    verdict_label: str
    summary: str
    measured: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    neighbours: tuple[tuple[Item, str], ...] = ()


@dataclass(frozen=True)
class CaseView:
    """Everything on a case's page."""

    case: Case
    item: Item
    checks: list[CheckView]
    made_from: list[str]
    lineage: list[Item]
    history: list[tuple[str, int]]
    earlier: list[Decision]
    is_mine: bool = False
    is_own: bool = False
    held_by: str = ""
    wanted: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Trust:
    """What the public may know of an item's checks and provenance."""

    item: Item
    checks: list[CheckView]
    screened_at: datetime | None
    by_person: bool
    mark: Mark | None

    @property
    def passed(self) -> list[CheckView]:
        return [check for check in self.checks if check.verdict == "pass"]

    @property
    def noted(self) -> list[CheckView]:
        """What did not simply pass, and was published all the same by a person."""
        return [check for check in self.checks if check.verdict != "pass"]


def list_open_cases(*, reason: str = "", origin: str = "") -> QuerySet[Case]:
    """Return open cases, most urgent first."""
    cases = (
        Case.objects.filter(state=Case.State.OPEN)
        .select_related("item", "item__owner", "claimed_by", "screening")
        .prefetch_related("item__assets", "screening__results")
        .order_by("-priority", "created_at", "pk")
    )
    if reason:
        cases = cases.filter(reason=reason)
    return cases.filter(item__origin=origin) if origin else cases


def queue_rows(cases: Iterable[Case], moderator: User) -> list[QueueRow]:
    """Return the rows of the queue. A case that cannot be shown is a row that says so."""
    rows = []
    for case in cases:
        try:
            rows.append(_queue_row(case, moderator))
        except Exception:
            # One broken record must never blank the queue for everybody.
            logger.exception("case %s cannot be shown", case.pk)
            rows.append(QueueRow(pk=case.pk, url=_case_url(case.pk), broken=True))
    return rows


def get_case_view(*, pk: int, moderator: User) -> CaseView:
    """Return a case with its evidence; `Http404` when there is none."""
    case = (
        Case.objects.select_related(
            "item", "item__owner", "item__parent", "claimed_by", "screening"
        )
        .prefetch_related("item__assets")
        .filter(pk=pk)
        .first()
    )
    if case is None:
        raise Http404("There is no such case.")
    item = case.item
    return CaseView(
        case=case,
        item=item,
        checks=present_checks(_results_of(case.screening)),
        made_from=_described(item, moderator),
        lineage=list_lineage(user=moderator, item=item),
        history=_history(item),
        earlier=list(
            Decision.objects.filter(item=item).select_related("moderator").order_by("-pk")[:5]
        ),
        is_mine=case.is_claimed and case.claimed_by_id == moderator.pk,
        is_own=moderator.pk in {item.owner_id, item.made_for_id},
        held_by=case.claimed_by.username if case.is_claimed and case.claimed_by else "",
        wanted=_wanted(item),
    )


def present_checks(results: Sequence[CheckResult]) -> list[CheckView]:
    """Return results for showing, what needs a look first; evidence that is odd is left out."""
    items = Item.objects.with_assets().in_bulk(_neighbour_ids(results))
    views = [_check_view(result, items) for result in results]
    return sorted(views, key=lambda view: (URGENCY.get(view.verdict, 0), view.perspective))


def item_trust(item: Item) -> Trust:
    """Return what anybody who may see the item may know of its checks and marks."""
    screening = (
        Screening.objects.filter(item=item, state=Screening.State.DONE).order_by("-pk").first()
    )
    views = [_without_evidence(view) for view in present_checks(_results_of(screening))]
    mark = Mark.objects.filter(item=item).first()
    return Trust(
        item=item,
        checks=views,
        screened_at=screening.finished_at if screening else None,
        by_person=Decision.objects.filter(
            item=item, moderator__isnull=False, action=Decision.Action.PUBLISH
        ).exists(),
        mark=mark if mark and mark.sha256 else None,
    )


def list_audit_entries(*, action: str = "", item_id: int | None = None) -> QuerySet[AuditEntry]:
    """Return the audit log, newest first."""
    entries = AuditEntry.objects.select_related("actor").order_by("-pk")
    if action:
        entries = entries.filter(action=action)
    return entries.filter(item_id=item_id) if item_id else entries


def list_rules() -> list[dict[str, Any]]:
    """Return every check with the threshold in force and what its last results were."""
    rules = {rule.check_name: rule for rule in Rule.objects.select_related("changed_by")}
    counts: dict[str, dict[str, int]] = {}
    rows = CheckResult.objects.values_list("check_name", "verdict").annotate(Count("pk"))
    for name, verdict, count in rows.order_by():
        counts.setdefault(name, {})[verdict] = count
    return [
        {
            "check": check,
            "rule": rules.get(check.name),
            "threshold": rules[check.name].threshold if check.name in rules else check.threshold,
            "enabled": rules[check.name].enabled if check.name in rules else True,
            "counts": counts.get(check.name, {}),
        }
        for check in CHECKS
    ]


def _queue_row(case: Case, moderator: User) -> QueueRow:
    item = case.item
    results = case.screening.results.all() if case.screening else []
    reasons = [result.summary for result in results if result.verdict != "pass"]
    return QueueRow(
        pk=case.pk,
        url=_case_url(case.pk),
        title=item.title or "Untitled",
        item=item,
        thumb_url=item.thumb_url,
        reason=case.get_reason_display(),
        because=" ".join(reasons)[:200],
        claimed_by=case.claimed_by.username if case.is_claimed and case.claimed_by else "",
        is_mine=case.is_claimed and case.claimed_by_id == moderator.pk,
        is_own=moderator.pk in {item.owner_id, item.made_for_id},
        created_at=case.created_at,
    )


def _case_url(pk: int) -> str:
    return reverse("moderation:case", args=[pk])


def _results_of(screening: Screening | None) -> list[CheckResult]:
    return list(screening.results.all()) if screening else []


def _neighbour_ids(results: Sequence[CheckResult]) -> list[int]:
    return [entry["item_id"] for result in results for entry in _neighbour_entries(result.evidence)]


def _neighbour_entries(evidence: Any) -> list[dict[str, Any]]:
    entries = evidence.get("neighbours") if isinstance(evidence, dict) else None
    if not isinstance(entries, list):
        return []
    return [one for one in entries if isinstance(one, dict) and isinstance(one.get("item_id"), int)]


def _check_view(result: CheckResult, items: dict[int, Item]) -> CheckView:
    measured = ""
    if result.score is not None:
        measured = f"{result.score:g}"
        if result.threshold is not None:
            measured += f" (limit {result.threshold:g})"
    neighbours = tuple(
        (items[one["item_id"]], _how_near(one))
        for one in _neighbour_entries(result.evidence)
        if one["item_id"] in items
    )
    return CheckView(
        title=TITLES.get(result.check_name, result.check_name),
        perspective=result.get_perspective_display(),
        verdict=result.verdict,
        verdict_label=result.get_verdict_display(),
        summary=result.summary,
        measured=measured,
        facts=tuple(_facts(result.evidence)),
        neighbours=neighbours,
    )


def _without_evidence(view: CheckView) -> CheckView:
    """The public sees verdicts and sentences; what was found in whose words stays inside."""
    return CheckView(
        title=view.title,
        perspective=view.perspective,
        verdict=view.verdict,
        verdict_label=view.verdict_label,
        summary=view.summary,
    )


def _how_near(entry: dict[str, Any]) -> str:
    parts = []
    if isinstance(entry.get("pdq_distance"), int):
        parts.append(f"{entry['pdq_distance']} of 256 bits apart")
    if isinstance(entry.get("cosine"), int | float):
        parts.append(f"cosine {entry['cosine']:.3f}")
    return ", ".join(parts)


def _facts(evidence: Any) -> list[tuple[str, str]]:
    """Return evidence as (name, text); nested values in short."""
    if not isinstance(evidence, dict):
        return []
    return [
        (str(name).replace("_", " ").capitalize(), _as_text(value)[:MAX_FACT_CHARS])
        for name, value in list(evidence.items())[:MAX_FACTS]
        if name != "neighbours" and value not in (None, "", [], {})
    ]


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_as_text(one)}" for key, one in list(value.items())[:8])
    if isinstance(value, list):
        return " · ".join(_as_text(one) for one in value[:8])
    return str(value)


def _described(item: Item, moderator: User) -> list[str]:
    try:
        return describe_making(user=moderator, item=item)
    except (TypeError, KeyError, ValueError, AttributeError):
        # A record written by another version of the generator: the case must open all the same.
        logger.warning("guidance of item %s cannot be read", item.pk)
        return []


def _wanted(item: Item) -> list[tuple[str, str]]:
    guidance = item.guidance if isinstance(item.guidance, dict) else {}
    wanted = guidance.get("wanted")
    if not isinstance(wanted, dict):
        return []
    return [(name.capitalize(), _as_text(value)) for name, value in wanted.items() if value]


def _history(item: Item) -> list[tuple[str, int]]:
    """Return how many items of the same author are in each state."""
    if item.owner_id is None:
        return []
    rows = (
        Item.objects.filter(owner_id=item.owner_id)
        .values_list("state")
        .annotate(Count("pk"))
        .order_by("state")
    )
    return [(Item.State(state).label, count) for state, count in rows]
