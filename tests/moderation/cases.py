"""Items and cases without files, for tests that look at rows alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from catalog.models import Item
from moderation.models import Case, Decision, Queue, Statement
from moderation.services import claim_case, decide_case, open_case, report_item
from tests.factories import ItemFactory, UserFactory


def settled(**fields: Any) -> User:
    """A person whose account is old enough to be believed."""
    joined = timezone.now() - timedelta(days=200)
    return UserFactory(date_joined=joined, **fields)


def held_item(**fields: Any) -> Item:
    return ItemFactory(
        **{"state": Item.State.PENDING, "media_state": Item.MediaState.READY} | fields
    )


def open_case_of(item: Item | None = None, **fields: Any) -> Case:
    """A case whose item waits for a person; `queue` is a slug."""
    case = open_case(item=item or held_item(), screening=None, reason=Case.Reason.FLAGGED)
    if slug := fields.pop("queue", ""):
        fields["queue"] = Queue.objects.get(slug=slug)
    if fields:
        Case.objects.filter(pk=case.pk).update(**fields)
    case.refresh_from_db()
    return case


def reported_case(
    item: Item | None = None, *, reason: str = "spam", by: User | None = None
) -> Case:
    item = item or ItemFactory(published=True)
    return report_item(user=by or settled(), item=item, reason=reason).case  # type: ignore[return-value]


def decided(case: Case, moderator: User, action: str, **said: Any) -> Decision:
    """Claim and decide."""
    if action in {"reject", "remove"}:
        said = {"reason_code": "spam", "note": "It advertises."} | said
    claim_case(case=case, moderator=moderator)
    decision = decide_case(case=case, moderator=moderator, action=action, **said)
    assert decision is not None
    return decision


def removed_item(moderator: User, **said: Any) -> tuple[Item, Statement]:
    """A published item that a moderator removed, with its statement of reasons."""
    item = ItemFactory(published=True)
    decision = decided(reported_case(item), moderator, "remove", **said)
    item.refresh_from_db()
    return item, decision.statement
