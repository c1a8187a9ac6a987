"""What moderators and the public see of screenings, rules, marks and the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from catalog.models import Credential, Item
from moderation.core.checks import CHECKS, MARK_CHECK
from moderation.models import (
    AuditEntry,
    CalibrationRun,
    CheckResult,
    Decision,
    Mark,
    Rule,
    Screening,
)

TITLES = {check.name: check.title for check in CHECKS} | {MARK_CHECK: "Marks read back"}
URGENCY = {"block": 0, "flag": 1, "cannot_tell": 2, "pass": 3}
MAX_FACTS = 12
MAX_FACT_CHARS = 200
# Drawn over the picture or beside it, see `evidence`.
SHOWN_ELSEWHERE = {"neighbours", "boxes", "spans"}


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
class Trust:
    """What the public may know of an item's checks and provenance."""

    item: Item
    checks: list[CheckView]
    screened_at: datetime | None
    by_person: bool
    mark: Mark | None
    # What is said of the manifest that the upload came with.
    came_with: str = ""

    @property
    def passed(self) -> list[CheckView]:
        return [check for check in self.checks if check.verdict == "pass"]

    @property
    def noted(self) -> list[CheckView]:
        """What did not simply pass, and was published all the same by a person."""
        return [check for check in self.checks if check.verdict != "pass"]


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
    views = [_without_evidence(view) for view in present_checks(results_of(screening))]
    mark = Mark.objects.filter(item=item).first()
    credential = Credential.objects.filter(item=item).first()
    return Trust(
        item=item,
        checks=views,
        screened_at=screening.finished_at if screening else None,
        by_person=Decision.objects.filter(
            item=item, moderator__isnull=False, action=Decision.Action.PUBLISH
        ).exists(),
        mark=mark if mark and mark.sha256 else None,
        came_with=credential.sentence if credential else "",
    )


def list_audit_entries(*, action: str = "", item_id: int | None = None) -> QuerySet[AuditEntry]:
    """Return the audit log, newest first."""
    entries = AuditEntry.objects.select_related("actor").order_by("-pk")
    if action:
        entries = entries.filter(action=action)
    return entries.filter(item_id=item_id) if item_id else entries


def list_rules() -> list[dict[str, Any]]:
    """Return every check with the threshold in force and what its last results were."""
    rules = {
        rule.check_name: rule for rule in Rule.objects.select_related("changed_by", "calibration")
    }
    run = CalibrationRun.objects.order_by("-number").first()
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
            "run": run,
            "proposed": run.of(check.name) if run else None,
        }
        for check in CHECKS
    ]


def results_of(screening: Screening | None) -> list[CheckResult]:
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
        (str(name).replace("_", " ").capitalize(), as_text(value)[:MAX_FACT_CHARS])
        for name, value in list(evidence.items())[:MAX_FACTS]
        if name not in SHOWN_ELSEWHERE and value not in (None, "", [], {})
    ]


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {as_text(one)}" for key, one in list(value.items())[:8])
    if isinstance(value, list):
        return " · ".join(as_text(one) for one in value[:8])
    return str(value)
