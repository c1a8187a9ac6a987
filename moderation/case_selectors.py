"""One case with everything that a decision needs."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Count
from django.http import Http404

from catalog.models import Item
from catalog.selectors import describe_making, list_lineage
from moderation.console_selectors import Showing, get_preference, showing_for
from moderation.core.reporting import explain_weight
from moderation.core.strikes import Consequence
from moderation.evidence import Box, MarkedText, boxes_of, mark_texts
from moderation.models import (
    Appeal,
    Case,
    CaseNote,
    CheckResult,
    Decision,
    Proposal,
    Queue,
    Report,
    Statement,
    Strike,
)
from moderation.policy import Policy
from moderation.selectors import TITLES, CheckView, as_text, present_checks, results_of
from moderation.services.age_ratings import OPEN_STATES
from moderation.services.claims import why_barred
from moderation.services.deciding import allowed_actions
from moderation.services.policies import current_policy
from moderation.services.reports import reputation
from moderation.services.strikes import standing_of

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)
Action = Decision.Action
MAX_REPORTS = 20


@dataclass(frozen=True)
class Choice:
    """One thing that can be decided: the button, its key, and what must be said with it."""

    action: str
    label: str
    key: str
    needs_reason: bool = False
    needs_note: bool = False
    is_grave: bool = False


@dataclass(frozen=True)
class ReportView:
    """One report with why it counts as it does."""

    report: Report
    reporter: str
    because: str


@dataclass(frozen=True)
class AuthorHistory:
    """What became of the author's items, and what stands against them."""

    states: list[tuple[str, int]]
    refusals: list[Statement]
    strikes: list[Strike]
    standing: Consequence

    @property
    def points(self) -> int:
        return sum(strike.points for strike in self.strikes if strike.is_active)


@dataclass(frozen=True)
class CaseView:
    """Everything on a case's page."""

    case: Case
    item: Item
    checks: list[CheckView]
    boxes: list[Box]
    texts: list[MarkedText]
    made_from: list[str]
    lineage: list[Item]
    earlier: list[Decision]
    notes: list[CaseNote]
    reports: list[ReportView]
    proposals: list[Proposal]
    author: AuthorHistory | None
    appeal: Appeal | None
    choices: tuple[Choice, Choice]
    policy: Policy
    queues: list[Queue]
    showing: Showing
    barred: str = ""
    is_mine: bool = False
    held_by: str = ""
    wanted: list[tuple[str, str]] = field(default_factory=list)
    # For whom the item may be made; empty where its rating cannot be changed.
    ratings: list[tuple[str, str]] = field(default_factory=list)

    @property
    def proposal(self) -> Proposal | None:
        """The first vote that waits for a second person."""
        waiting = (one for one in self.proposals if one.outcome == Proposal.Outcome.OPEN)
        return next(waiting, None)

    @property
    def needs_look(self) -> list[CheckView]:
        return [check for check in self.checks if check.verdict != "pass"]

    @property
    def passed(self) -> list[CheckView]:
        return [check for check in self.checks if check.verdict == "pass"]


def get_case_view(*, pk: int, moderator: User) -> CaseView:
    """Return a case with its evidence; `Http404` when there is none."""
    case = (
        Case.objects.select_related(
            "item", "item__owner", "item__made_for", "item__parent", "claimed_by", "screening"
        )
        .select_related("queue")
        .prefetch_related("item__assets")
        .filter(pk=pk)
        .first()
    )
    if case is None:
        raise Http404("There is no such case.")
    item = case.item
    results = results_of(case.screening)
    findings = [(TITLES.get(one.check_name, one.check_name), one.evidence) for one in _bad(results)]
    appeal = Appeal.objects.filter(case=case).select_related("appellant", "decision").first()
    return CaseView(
        case=case,
        item=item,
        checks=present_checks(results),
        boxes=boxes_of(findings),
        texts=mark_texts(_texts(item), findings),
        made_from=_described(item, moderator),
        lineage=list_lineage(user=moderator, item=item),
        earlier=list(
            Decision.objects.filter(item=item)
            .select_related("moderator", "confirmed_by")
            .order_by("-pk")[:8]
        ),
        notes=list(case.notes.select_related("author")),
        reports=_reports(case),
        proposals=list(case.proposals.select_related("moderator")),
        author=_author(item),
        appeal=appeal,
        choices=choices_of(case, appeal),
        policy=current_policy(),
        queues=list(Queue.objects.all()),
        showing=showing_for(get_preference(moderator), case.queue),
        barred=why_barred(case, moderator),
        is_mine=case.is_claimed and case.claimed_by_id == moderator.pk,
        held_by=case.claimed_by.username if case.is_claimed and case.claimed_by else "",
        wanted=_wanted(item),
        ratings=list(Item.AgeRating.choices) if item.state in OPEN_STATES else [],
    )


def choices_of(case: Case, appeal: Appeal | None) -> tuple[Choice, Choice]:
    """Return the two things that can be decided, as buttons."""
    first, second = allowed_actions(case)
    if first == Action.OVERTURN and appeal and appeal.by == Appeal.By.REPORTER:
        return (
            Choice(Action.UPHOLD, "Leave it public", "a", needs_note=True),
            Choice(Action.OVERTURN, "Remove it after all", "r", True, True, is_grave=True),
        )
    if first == Action.OVERTURN:
        return (
            Choice(Action.OVERTURN, "Take the decision back", "a"),
            Choice(Action.UPHOLD, "Let it stand", "r", needs_note=True, is_grave=True),
        )
    keeps = "Keep it public" if first == Action.KEEP else "Approve"
    takes = "Remove" if second == Action.REMOVE else "Reject"
    return Choice(first, keeps, "a"), Choice(second, takes, "r", True, True, is_grave=True)


def _bad(results: list[CheckResult]) -> list[CheckResult]:
    return [one for one in results if one.verdict != CheckResult.Verdict.PASS]


def _texts(item: Item) -> dict[str, str]:
    guidance = item.guidance if isinstance(item.guidance, dict) else {}
    instruction = guidance.get("instruction")
    return {
        "title": item.title,
        "description": item.description,
        "instruction": instruction if isinstance(instruction, str) else "",
    }


def _reports(case: Case) -> list[ReportView]:
    """Return the case's reports, the weightiest first, with why each counts as it does."""
    rows = case.reports.select_related("reporter").order_by("-weight", "pk")[:MAX_REPORTS]
    return [
        ReportView(
            report=one,
            reporter=one.reporter.username if one.reporter else "a visitor",
            because=explain_weight(*reputation(one.reporter)),
        )
        for one in rows
    ]


def _author(item: Item) -> AuthorHistory | None:
    """Return what is known of the author's items and standing; None for what Weft made."""
    owner = item.owner
    if owner is None:
        return None
    counted = Item.objects.filter(owner=owner).values_list("state").annotate(Count("pk"))
    refusals = Statement.objects.filter(recipient=owner).exclude(decision__item=item)
    return AuthorHistory(
        states=[(Item.State(state).label, count) for state, count in counted.order_by("state")],
        refusals=list(refusals.order_by("-pk")[:5]),
        strikes=list(Strike.objects.filter(user=owner).order_by("-pk")[:8]),
        standing=standing_of(user=owner),
    )


def _described(item: Item, moderator: User) -> list[str]:
    try:
        return describe_making(user=moderator, item=item)
    except (TypeError, KeyError, ValueError, AttributeError):
        # A record written by another version of the generator: the case must open all the same.
        logger.warning("guidance of item %s cannot be read", item.pk)
        return []


def _wanted(item: Item) -> list[tuple[str, str]]:
    guidance: dict[str, Any] = item.guidance if isinstance(item.guidance, dict) else {}
    wanted = guidance.get("wanted")
    if not isinstance(wanted, dict):
        return []
    return [(name.capitalize(), as_text(value)) for name, value in wanted.items() if value]
