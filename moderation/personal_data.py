"""What this app knows of a person, and what is taken off its records when they leave."""

from __future__ import annotations

from accounts.exporting import plain_rows, register_eraser, register_part
from accounts.models import User
from moderation.models import Appeal, Report, Statement, Strike

register_part(
    "reports",
    "What you reported, and what came of it.",
    lambda user: plain_rows(
        Report.objects.filter(reporter=user),
        *("receipt", "item_id", "reason", "explanation", "law", "notifier_name", "state"),
        *("outcome", "created_at", "decided_at"),
    ),
)
register_part(
    "statements_of_reasons",
    "What was decided about your items, and why.",
    lambda user: plain_rows(
        Statement.objects.filter(recipient=user),
        *("puid", "reason_code", "rule", "message", "facts", "visibility", "title"),
        *("appeal_until", "reversed_at", "created_at"),
    ),
)
register_part(
    "strikes",
    "Points against you, and until when they count.",
    lambda user: plain_rows(
        Strike.objects.filter(user=user),
        *("points", "reason_code", "created_at", "expires_at", "revoked_at"),
    ),
)
register_part(
    "appeals",
    "Decisions that you asked to be looked at again.",
    lambda user: plain_rows(
        Appeal.objects.filter(appellant=user),
        *("text", "state", "outcome", "created_at", "decided_at"),
    ),
)


def take_names_off(user: User) -> None:
    """Empty what names the person in records that the law has us keep; the keys empty themselves.

    A notice itself stays: somebody else's item was judged on it.
    """
    Report.objects.filter(reporter=user).update(notifier_name="")
    Statement.objects.filter(recipient=user).update(message="", title="")
    Appeal.objects.filter(appellant=user).exclude(state=Appeal.State.OPEN).update(text="")


register_eraser("moderation", take_names_off)
