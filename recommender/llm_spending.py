"""What the language model may cost in a day: for the whole site and for each person.

A call's most possible cost is taken before it is made and corrected afterwards, so that any number
of calls at once stay under the caps.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Sum, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from recommender.models import LlmSpending

MICROS = 1_000_000
# Any number of our own: who holds it may compare the day's sum with the cap.
LOCK = 5_206_113


class OverCapError(Exception):
    """The day's cap of the site or of the person is reached."""


@dataclass(frozen=True)
class Reserved:
    """What was taken before a call."""

    row_id: int
    cost_micros: int


def reserve(*, user_id: int, cost_micros: int) -> Reserved:
    """Take the most that a call may cost; raises OverCapError where a cap would be passed."""
    today = timezone.now().date()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        site = _sum(today) + cost_micros
        if site > settings.WEFT_LLM_DAILY_COST_CAP * MICROS:
            raise OverCapError("the site's daily cost cap is reached")
        mine = _sum(today, user_id) + cost_micros
        if mine > settings.WEFT_LLM_DAILY_COST_CAP_PERSON * MICROS:
            raise OverCapError("this person's daily cost cap is reached")
        row, _ = LlmSpending.objects.get_or_create(day=today, user_id=user_id)
        _add(row.pk, cost_micros, calls=1)
    return Reserved(row.pk, cost_micros)


def release(reserved: Reserved) -> None:
    """Give back what was taken for a call that cost nothing."""
    _add(reserved.row_id, -reserved.cost_micros)


def settle_cost(reserved: Reserved, *, cost_micros: int, tokens: int) -> None:
    """Put what a call really cost in place of what was taken."""
    _add(reserved.row_id, cost_micros - reserved.cost_micros, tokens=tokens)


def _sum(day: date, user_id: int | None = None) -> int:
    rows = LlmSpending.objects.filter(day=day)
    if user_id is not None:
        rows = rows.filter(user_id=user_id)
    return rows.aggregate(sum=Sum("cost_micros"))["sum"] or 0


def _add(row_id: int, cost_micros: int, *, calls: int = 0, tokens: int = 0) -> None:
    LlmSpending.objects.filter(pk=row_id).update(
        cost_micros=Greatest(F("cost_micros") + cost_micros, Value(0)),
        calls=F("calls") + calls,
        tokens=F("tokens") + tokens,
    )
