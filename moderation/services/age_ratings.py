"""Age ratings changed by moderators: at once, with a reason, undone by an appeal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from catalog.models import Item, stricter
from common.errors import ConflictError, InvalidInputError, NotAllowedError
from moderation.models import AgeRatingChange, Decision, Statement
from moderation.services import audit
from moderation.services.claims import OWN, require_moderator
from moderation.services.policies import current_policy
from moderation.services.statements import state_age_restriction

if TYPE_CHECKING:
    from accounts.models import User

MAX_NOTE = 500
OPEN_STATES = (Item.State.PUBLISHED, Item.State.IN_REVIEW)
NO_RATING = "Choose for whom it is."
SAME = "That is its age rating already."
NO_REASON = "Choose a reason for the stricter rating."
NO_NOTE = "Write a sentence that tells the author why."
NOT_OPEN = "Only items that are public or wait for a decision have a rating to change."


def change_age_rating(
    *, item: Item, by: User, rating: str, reason_code: str = "", note: str = ""
) -> Decision:
    """Set an item's age rating; return the decision. Who is too young stops seeing it at once.

    A stricter rating needs a reason of the policy, and its author gets a statement of reasons,
    against which they can appeal. A milder one is kept as a decision alone.
    """
    require_moderator(by)
    note = note.strip()
    with transaction.atomic():
        locked = Item.objects.select_for_update(of=("self",)).get(pk=item.pk)
        _check(locked, by, rating, reason_code, note)
        before, is_stricter = locked.age_rating, stricter(locked.age_rating, rating) == rating
        decision = Decision(
            item=locked,
            moderator=by,
            action=Decision.Action.RERATE,
            reason_code=reason_code,
            note=note,
            policy_version=current_policy().version,
        )
        decision.full_clean()
        decision.save()
        AgeRatingChange.objects.create(decision=decision, before=before, after=rating)
        _set(locked, rating)
        if is_stricter:
            label = Item.AgeRating(rating).label
            state_age_restriction(decision=decision, item=locked, rating=label)
        audit.record(
            action="age_rating_by_person",
            actor=by,
            item_id=locked.pk,
            before=before,
            after=rating,
            reason=reason_code,
            note=note,
        )
    item.age_rating = rating
    return decision


def undo_age_rating(*, decision: Decision, by: User) -> None:
    """Give the item the rating back that it had before this decision, after an appeal.

    A later change by a person stands. Call it in the appeal's transaction.
    """
    change = decision.age_change
    Statement.objects.filter(decision=decision).update(reversed_at=timezone.now())
    item = decision.item
    if item is None:
        return
    later = AgeRatingChange.objects.filter(decision__item=item, pk__gt=change.pk).exists()
    if later or item.age_rating != change.after:
        return
    _set(item, change.before)
    audit.record(
        action="age_rating_taken_back",
        actor=by,
        item_id=item.pk,
        before=change.after,
        after=change.before,
        decision=decision.pk,
    )


def list_age_changes(item: Item) -> list[AgeRatingChange]:
    """Return the changes of an item's rating by people, newest first."""
    rows = AgeRatingChange.objects.filter(decision__item=item)
    return list(
        rows.select_related("decision", "decision__moderator", "decision__statement").order_by(
            "-pk"
        )
    )


def _check(item: Item, by: User, rating: str, reason_code: str, note: str) -> None:
    if item.owner_id == by.pk:
        raise NotAllowedError(OWN)
    if item.state not in OPEN_STATES:
        raise ConflictError(NOT_OPEN)
    if rating not in Item.AgeRating.values:
        raise InvalidInputError(NO_RATING)
    if rating == item.age_rating:
        raise InvalidInputError(SAME)
    known = current_policy().find(reason_code) is not None
    if (stricter(item.age_rating, rating) == rating or reason_code) and not known:
        raise InvalidInputError(NO_REASON)
    if not note:
        raise InvalidInputError(NO_NOTE)
    if len(note) > MAX_NOTE:
        raise InvalidInputError(f"Please keep the sentence under {MAX_NOTE} characters.")


def _set(item: Item, rating: str) -> None:
    Item.objects.filter(pk=item.pk).update(age_rating=rating, updated_at=timezone.now())
    item.age_rating = rating
