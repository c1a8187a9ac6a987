"""Reports by people: taken in, weighed, bundled into one case, answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet
from django.utils import timezone

from catalog.models import HiddenItem, Item
from catalog.selectors import can_view
from catalog.visitors import hide_in_session
from common.errors import ConflictError, InvalidInputError, NotAllowedError
from moderation.core.reporting import History, WeighedReport, weigh_reporter, weigh_together
from moderation.models import Case, Decision, Report, Screening
from moderation.services import audit
from moderation.services.routing import place_case

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

    from accounts.models import User

# Receipts of the reports that a browser made, in its session.
RECEIPTS, MOST_RECEIPTS = "report_receipts", 50
OWN = "This is your own item: take it down in the studio."
GONE = "There is no such item any more."
# What the law asks of a notice (DSA Art. 16(2)), except about the abuse of children.
NEEDS_LAW = "Name the law or the right that it breaks, as well as you can."
NEEDS_WORDS = "Explain in a sentence or two why it is illegal."
NEEDS_FAITH = "Confirm that you believe in good faith that this is right."
NEEDS_NAME = "Say who you are: a notice of illegal content needs a name."
UPHELD = "You were right: action was taken."
DISMISSED = "A person looked at it and found that it breaks no rule."
BAD_FAITH = "A person found that this report was made in bad faith. Your reports count less now."
MOOT = "The item was taken down before the report was decided."


def report_item(
    *,
    user: User | AnonymousUser,
    item: Item,
    reason: str,
    explanation: str = "",
    law: str = "",
    notifier_name: str = "",
    good_faith: bool = False,
    session: SessionBase | None = None,
) -> Report:
    """Take a report in, hide the item from who made it, and open or join the item's case.

    Reporting twice returns the first report. Reports never take an item down by themselves. Of
    people without an account the `session` knows what they reported and hides it.
    """
    person = user if user.is_authenticated else None
    if not can_view(user, item) or not item.is_public:
        raise InvalidInputError(GONE)
    if person is not None and item.owner_id == person.pk:
        raise NotAllowedError(OWN)
    if found := _open_report(person, item, session):
        return found
    name = notifier_name.strip() or (person.get_full_name() or person.username if person else "")
    report = Report(
        item=item,
        reporter=person,
        reason=reason,
        explanation=explanation.strip(),
        law=law.strip(),
        notifier_name=name if reason == Report.Reason.ILLEGAL else "",
        good_faith=good_faith,
        weight=weigh_reporter(*reputation(person)),
    )
    _check_notice(report)
    try:
        with transaction.atomic():
            _take_in(report, item, person)
    except IntegrityError:
        # The same person pressed twice at the same moment.
        if found := _open_report(person, item, session):
            return found
        raise
    if person is None and session is not None:
        _remember(session, report)
    return report


def reputation(person: User | None) -> tuple[History, float | None]:
    """Return what became of a person's reports, and their account's age in days."""
    if person is None:
        return History(), None
    states = (
        Report.objects.filter(reporter=person).order_by().values_list("state").annotate(Count("pk"))
    )
    counts = dict(states)
    age = (timezone.now() - person.date_joined).total_seconds() / 86400
    return (
        History(
            upheld=counts.get(Report.State.UPHELD, 0),
            dismissed=counts.get(Report.State.DISMISSED, 0),
            bad_faith=counts.get(Report.State.BAD_FAITH, 0),
        ),
        max(age, 0.0),
    )


def settle_reports(*, case: Case, state: str, decision: Decision | None = None) -> int:
    """Close a case's open reports and say to each reporter what came of it; return how many."""
    outcome = {
        Report.State.UPHELD: UPHELD,
        Report.State.DISMISSED: DISMISSED,
        Report.State.BAD_FAITH: BAD_FAITH,
        Report.State.MOOT: MOOT,
    }[Report.State(state)]
    closed = Report.objects.filter(case=case, state=Report.State.OPEN).update(
        state=state, outcome=outcome, decided_at=timezone.now()
    )
    if closed:
        audit.record(
            action="reports_settled",
            actor=decision.moderator if decision else None,
            item_id=case.item_id,
            case=case.pk,
            outcome=str(state),
            reports=closed,
        )
    return closed


def hand_on_reports(*, case: Case) -> Case | None:
    """Give the open reports of a case that was decided on something else a case of their own."""
    reports = Report.objects.filter(case=case, state=Report.State.OPEN)
    if not reports.exists():
        return None
    own = _case_of(case.item)
    reports.update(case=own)
    _weigh(own)
    return own


def find_by_receipt(receipt: str) -> Report | None:
    """Return the report with this receipt; for visitors, who have nothing else."""
    return Report.objects.select_related("item").filter(receipt=receipt).first()


def open_reports(case: Case) -> QuerySet[Report]:
    """Return the reports that a case must answer, newest first."""
    return case.reports.select_related("reporter").order_by("-pk")


def _take_in(report: Report, item: Item, person: User | None) -> None:
    case = _case_of(item)
    report.case = case
    report.full_clean()
    report.save()
    if person is not None:
        HiddenItem.objects.get_or_create(user=person, item=item)
    _weigh(case)
    audit.record(
        action="item_reported",
        actor=person,
        item_id=item.pk,
        case=case.pk,
        reason=report.reason,
        weight=report.weight,
    )


def _case_of(item: Item) -> Case:
    """Return the item's open case, locked, made if there is none: one case whatever the crowd."""
    screening = (
        Screening.objects.filter(item=item, state=Screening.State.DONE).order_by("-pk").first()
    )
    case, made = Case.objects.get_or_create(
        item=item,
        state=Case.State.OPEN,
        defaults={"reason": Case.Reason.REPORT, "screening": screening, "origin": item.origin},
    )
    if made:
        audit.record(action="case_opened", item_id=item.pk, case=case.pk, reason="report")
    locked = Case.objects.select_for_update(of=("self",)).select_related("item").get(pk=case.pk)
    if locked.state != Case.State.OPEN:
        # It was decided in this very moment: the report begins a new one.
        raise ConflictError("This item was decided on just now. Look at it again, please.")
    return locked


def _weigh(case: Case) -> None:
    """Weigh all open reports of the case together and put it where that leads."""
    reports = list(
        Report.objects.filter(case=case, state=Report.State.OPEN).select_related("reporter")
    )
    case.report_count = len(reports)
    case.report_weight, case.looks_organised = weigh_together(_weighed(reports))
    case.save(update_fields=["report_count", "report_weight", "looks_organised"])
    place_case(case)


def _weighed(reports: Sequence[Report]) -> list[WeighedReport]:
    now = timezone.now()
    return [
        WeighedReport(
            weight=one.weight,
            account_days=(now - one.reporter.date_joined).total_seconds() / 86400
            if one.reporter
            else None,
            hours_ago=(now - one.created_at).total_seconds() / 3600,
        )
        for one in reports
    ]


def _open_report(person: User | None, item: Item, session: SessionBase | None) -> Report | None:
    """Return the report of this item that the person, or this browser, made and that is open."""
    reports = Report.objects.filter(item=item, state=Report.State.OPEN)
    if person is not None:
        return reports.filter(reporter=person).first()
    receipts = (session.get(RECEIPTS) if session is not None else None) or []
    return reports.filter(reporter=None, receipt__in=receipts).first()


def _remember(session: SessionBase, report: Report) -> None:
    """Hide the item from this browser, and know the report again when it is sent twice."""
    assert report.item_id is not None
    hide_in_session(session, report.item_id)
    session[RECEIPTS] = [*(session.get(RECEIPTS) or []), report.receipt][-MOST_RECEIPTS:]


def _check_notice(report: Report) -> None:
    """Refuse what is no reason, and notices of illegal content without what the law asks for."""
    if report.reason not in Report.Reason.values:
        raise InvalidInputError("Choose a reason from the list.")
    if len(report.explanation) > 2000:
        raise InvalidInputError("Please keep the explanation under 2000 characters.")
    if report.reason != Report.Reason.ILLEGAL:
        return
    for given, sentence in (
        (report.law, NEEDS_LAW),
        (report.explanation, NEEDS_WORDS),
        (report.notifier_name, NEEDS_NAME),
        (report.good_faith, NEEDS_FAITH),
    ):
        if not given:
            raise InvalidInputError(sentence)
    if len(report.law) > 200 or len(report.notifier_name) > 120:
        raise InvalidInputError("Please shorten the law or the name.")
