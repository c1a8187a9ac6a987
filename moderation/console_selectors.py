"""The review queue as its page shows it: a page of cases, counts, and how pictures are shown."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Prefetch, Q, QuerySet
from django.urls import reverse

from catalog.models import Item
from moderation.models import Case, CheckResult, Queue, ReviewerPreference

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Counting stops here: beyond it the exact number helps nobody and costs the more the fuller it is.
MOST_COUNTED = 5000
COUNTS = """
SELECT queue.id, (
    SELECT count(*) FROM (
        SELECT 1 FROM moderation_case c
        WHERE c.queue_id = queue.id AND c.state = 'open' LIMIT %s
    ) counted
) FROM moderation_queue queue
"""
Display = ReviewerPreference.Display


@dataclass(frozen=True)
class QueueRow:
    """One case as the queue shows it; `broken` when its data could not be shown."""

    pk: int
    url: str
    title: str = ""
    item: Item | None = None
    thumb_url: str = ""
    reason: str = ""
    queue: str = ""
    because: str = ""
    severity: int = 0
    priority: int = 0
    report_count: int = 0
    looks_organised: bool = False
    four_eyes: bool = False
    claimed_by: str = ""
    is_mine: bool = False
    is_own: bool = False
    created_at: datetime | None = None
    broken: bool = False


@dataclass(frozen=True)
class QueueCount:
    """A queue with how many cases wait in it; `more` when there are more than were counted."""

    queue: Queue
    count: int
    is_chosen: bool = True

    @property
    def more(self) -> bool:
        return self.count >= MOST_COUNTED


@dataclass(frozen=True)
class Showing:
    """How pictures and sound come to a reviewer at first."""

    blur: bool = True
    grey: bool = False
    mute: bool = True


def list_open_cases(
    *, queue: str = "", reason: str = "", origin: str = "", held_by: User | None = None
) -> QuerySet[Case]:
    """Return open cases, most urgent first."""
    noteworthy = CheckResult.objects.exclude(verdict=CheckResult.Verdict.PASS).order_by("pk")
    cases = (
        Case.objects.filter(state=Case.State.OPEN)
        .select_related("item", "item__owner", "claimed_by", "queue", "screening")
        .prefetch_related(
            "item__assets",
            Prefetch("screening__results", noteworthy.defer("evidence"), to_attr="noteworthy"),
        )
        .order_by("due_at", "pk")
    )
    if queue:
        cases = cases.filter(queue__slug=queue)
    if reason:
        cases = cases.filter(reason=reason)
    if held_by is not None:
        cases = cases.filter(claimed_by=held_by)
    return cases.filter(origin=origin) if origin else cases


def take_page(cases: QuerySet[Case], *, after: str, limit: int) -> tuple[list[Case], str]:
    """Return the page that follows the token `after`, and the token of the next one or "".

    The token is the last case's place in the order, so that a page costs the same however deep it
    lies, and cases that are decided meanwhile shift nothing.
    """
    place = _read_token(after)
    if place is not None:
        due, pk = place
        cases = cases.filter(due_at__gte=due).filter(Q(due_at__gt=due) | Q(pk__gt=pk))
    found = list(cases[: limit + 1])
    token = _token(found[limit - 1]) if len(found) > limit else ""
    return found[:limit], token


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


def count_queues(chosen: Sequence[str] = ()) -> list[QueueCount]:
    """Return every queue with its number of waiting cases, counted up to `MOST_COUNTED`."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, [MOST_COUNTED])
        counts = dict(cursor.fetchall())
    return [
        QueueCount(queue, counts.get(queue.pk, 0), not chosen or queue.slug in chosen)
        for queue in Queue.objects.all()
    ]


def get_preference(user: User) -> ReviewerPreference:
    """Return how a reviewer works; as everybody does while they have chosen nothing."""
    found = ReviewerPreference.objects.filter(user=user).first()
    return found or ReviewerPreference(user=user)


def showing_for(preference: ReviewerPreference, queue: Queue | None) -> Showing:
    """Return how a queue's pictures come to this reviewer: their choice, else the queue's."""
    first = queue or Queue()
    return Showing(
        *(
            bool(getattr(first, name))
            if (choice := getattr(preference, name)) == Display.QUEUE
            else choice == Display.ON
            for name in ("blur", "grey", "mute")
        )
    )


def _queue_row(case: Case, moderator: User) -> QueueRow:
    item = case.item
    results = getattr(case.screening, "noteworthy", []) if case.screening else []
    return QueueRow(
        pk=case.pk,
        url=_case_url(case.pk),
        title=item.title or "Untitled",
        item=item,
        thumb_url=item.thumb_url,
        reason=case.get_reason_display(),
        queue=case.queue.name if case.queue else "",
        because=" ".join(result.summary for result in results)[:200],
        severity=case.severity,
        priority=case.priority,
        report_count=case.report_count,
        looks_organised=case.looks_organised,
        four_eyes=case.four_eyes,
        claimed_by=case.claimed_by.username if case.is_claimed and case.claimed_by else "",
        is_mine=case.is_claimed and case.claimed_by_id == moderator.pk,
        is_own=moderator.pk in {item.owner_id, item.made_for_id},
        created_at=case.created_at,
    )


def _case_url(pk: int) -> str:
    return reverse("moderation:case", args=[pk])


def _token(case: Case) -> str:
    return f"{(case.due_at - EPOCH) // timedelta(microseconds=1)}.{case.pk}"


def _read_token(token: str) -> tuple[datetime, int] | None:
    """Return the place that a token names; None for none and for what is no token."""
    micros, _, pk = token.partition(".")
    try:
        return EPOCH + timedelta(microseconds=int(micros)), min(int(pk), 2**62)
    except (ValueError, OverflowError):
        return None
