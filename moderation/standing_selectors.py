"""What a person sees of their own: statements of reasons, strikes, appeals, reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import Http404

from accounts.models import Restriction
from accounts.services import list_restrictions
from moderation.core.reporting import History, explain_weight, weigh_reporter
from moderation.core.strikes import Consequence
from moderation.models import Appeal, Report, Statement, Strike
from moderation.services.appeals import dismissal_of
from moderation.services.reports import reputation
from moderation.services.strikes import standing_of

if TYPE_CHECKING:
    from accounts.models import User

MOST = 100


@dataclass(frozen=True)
class Standing:
    """Everything that moderation has to say to one person."""

    statements: list[Statement]
    strikes: list[Strike]
    restrictions: list[Restriction]
    consequence: Consequence
    appeals: list[Appeal]
    reports: list[Report]
    history: History
    report_weight: float
    weight_because: str

    @property
    def points(self) -> int:
        return sum(strike.points for strike in self.strikes if strike.is_active)


def get_standing(user: User) -> Standing:
    """Return a person's own record, newest first."""
    history, days = reputation(user)
    return Standing(
        statements=list(
            Statement.objects.filter(recipient=user)
            .select_related("decision", "decision__appeal")
            .order_by("-pk")[:MOST]
        ),
        strikes=list(Strike.objects.filter(user=user).order_by("-pk")[:MOST]),
        restrictions=list_restrictions(user=user),
        consequence=standing_of(user=user),
        appeals=list(Appeal.objects.filter(appellant=user).order_by("-pk")[:MOST]),
        reports=list(
            Report.objects.filter(reporter=user).select_related("item").order_by("-pk")[:MOST]
        ),
        history=history,
        report_weight=weigh_reporter(history, days),
        weight_because=explain_weight(history, days),
    )


def count_news(user: User) -> int:
    """Return how many decisions the person has not seen yet."""
    return (
        Statement.objects.filter(recipient=user, seen_at=None).count()
        + Report.objects.filter(reporter=user, seen_at=None, decided_at__isnull=False).count()
        + Appeal.objects.filter(appellant=user, seen_at=None, decided_at__isnull=False).count()
    )


def get_statement(*, user: User, puid: str) -> Statement:
    """Return a statement for the person it is about, and for moderators; else `Http404`."""
    statement = (
        Statement.objects.select_related("decision", "decision__item", "decision__appeal")
        .filter(puid=puid)
        .first()
    )
    if statement is None or not (statement.recipient_id == user.pk or user.can_moderate):
        raise Http404("There is no such statement.")
    return statement


def get_own_report(*, user: User, pk: int) -> Report:
    """Return one of the person's own reports; else `Http404`."""
    report = Report.objects.select_related("item", "case").filter(pk=pk, reporter=user).first()
    if report is None:
        raise Http404("There is no such report of yours.")
    return report


def may_appeal_report(report: Report) -> bool:
    """Return whether a report's dismissal can still be appealed against."""
    decision = dismissal_of(report)
    return bool(
        decision
        and report.item
        and report.item.is_public
        and not Appeal.objects.filter(decision=decision).exists()
    )
