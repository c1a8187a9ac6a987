"""What this app knows of a person, and what is taken off its records when they leave."""

from __future__ import annotations

from django.db.models import Q

from accounts.exporting import plain_rows, register_eraser, register_part
from accounts.models import User
from moderation.models import Appeal, CheckResult, Mark, Report, Statement, Strike

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
register_part(
    "checks",
    "What the machine's checks found in your items and in what was made for you.",
    lambda user: plain_rows(
        CheckResult.objects.filter(_of(user, "screening__item__")),
        # Not the evidence: it may name other people's items.
        *("screening__item_id", "check_name", "perspective", "verdict", "score", "threshold"),
        "summary",
    ),
)
register_part(
    "marks",
    "The watermarks' ledger: which number stands for which of your items.",
    lambda user: plain_rows(
        Mark.objects.filter(_of(user, "item__")),
        *("item_id", "payload", "watermarked", "skipped", "sha256", "pdq", "manifest_sha256"),
        *("stamped_at", "created_at"),
    ),
)


def _of(user: User, path: str) -> Q:
    """Return the condition that an item is the person's own or was made for them."""
    return Q(**{f"{path}owner": user}) | Q(**{f"{path}made_for": user})


def take_names_off(user: User) -> None:
    """Empty what names the person in records that the law has us keep; the keys empty themselves.

    A notice itself stays: somebody else's item was judged on it.
    """
    Report.objects.filter(reporter=user).update(notifier_name="")
    Statement.objects.filter(recipient=user).update(message="", title="")
    Appeal.objects.filter(appellant=user).exclude(state=Appeal.State.OPEN).update(text="")


register_eraser("moderation", take_names_off)
