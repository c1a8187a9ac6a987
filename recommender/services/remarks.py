"""What people said of items in words: kept, changed, and what it says of their taste for good."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.models import User
from catalog.models import Item
from common.errors import InvalidInputError, QuotaExceededError
from recommender.core.remark_wishes import derive
from recommender.core.remarks import read_remark
from recommender.core.wishes import Wish
from recommender.models import Remark, StatedWish
from recommender.services.feedback import learning_allowed
from recommender.services.shown import as_shown
from recommender.services.wishes import MAX_WISHES, keep_wish, wishes_of
from recommender.services.words import use_words

MAX_REMARK_CHARS = 500
# Enough for anybody with something to say, too few to fill a table.
MAX_REMARKS_PER_ITEM = 20


def list_remarks(*, user: User, item: Item) -> QuerySet[Remark]:
    """Return the person's own remarks on an item, newest first. Others' are not shown to them."""
    return Remark.objects.filter(user=user, item=item).order_by("-created_at", "-pk")


def add_remark(*, user: User, item: Item, text: str, event_id: uuid.UUID | None = None) -> Remark:
    """Store a remark with what was understood of it; the same `event_id` again finds the first."""
    key = event_id or uuid.uuid4()
    if known := Remark.objects.filter(user=user, event_id=key).first():
        return known
    if Remark.objects.filter(user=user, item=item).count() >= MAX_REMARKS_PER_ITEM:
        raise QuotaExceededError("You have said a lot about this item. Change or delete a remark.")
    remark = Remark(user=user, item=item, event_id=key, **_understood(text, item))
    try:
        with transaction.atomic():
            remark.save()
            keep_from_remark(remark)
    except IntegrityError:
        # The same form, sent twice at once.
        return Remark.objects.get(user=user, event_id=key)
    return remark


def change_remark(*, remark: Remark, text: str) -> Remark:
    """Replace the words of a remark and understand them anew."""
    for name, value in _understood(text, remark.item).items():
        setattr(remark, name, value)
    with transaction.atomic():
        remark.save(update_fields=["text", "understood"])
        keep_from_remark(remark)
    return remark


def _understood(text: Any, item: Item) -> dict[str, Any]:
    words = " ".join(str(text).split()) if isinstance(text, str) else ""
    words = "".join(c for c in words if c.isprintable())
    if not words:
        raise InvalidInputError("Write what you think of it, for example “I like the collar”.")
    if len(words) > MAX_REMARK_CHARS:
        raise InvalidInputError(f"Please keep a remark under {MAX_REMARK_CHARS} characters.")
    use_words()
    return {"text": words, "understood": read_remark(words, as_shown(item)).as_dict()}


def keep_from_remark(remark: Remark) -> None:
    """Keep what a remark says of taste in general, in place of what it said before.

    What the person stated otherwise stands: a remark turns no entry round. Nothing is read from
    the words of those who refuse to be learned from.
    """
    with transaction.atomic():
        StatedWish.objects.filter(remark=remark).delete()
        if learning_allowed(remark.user) is False:
            return
        for wish in derive(remark.text, as_shown(remark.item)).kept:
            own = StatedWish.objects.filter(user=remark.user)
            if own.count() >= MAX_WISHES:
                return
            own.get_or_create(
                user=remark.user,
                slot=wish.slot,
                value=wish.value,
                defaults={
                    "polarity": wish.polarity,
                    "words": remark.text[:200],
                    "remark": remark,
                },
            )


def proposals_of(remark: Remark) -> list[Wish]:
    """Return what a remark may mean for good, as far as the person has no entry for it."""
    proposed = derive(remark.text, as_shown(remark.item)).proposed
    if not proposed or learning_allowed(remark.user) is False:
        return []
    held = {(wish.slot, wish.value) for wish in wishes_of(remark.user)}
    return [wish for wish in proposed if (wish.slot, wish.value) not in held]


def accept_proposal(*, remark: Remark, value: str) -> None:
    """Keep a proposal of a remark; InvalidInputError where it proposes no such thing."""
    wish = next((one for one in proposals_of(remark) if one.value == value), None)
    if wish is None:
        raise InvalidInputError("That is not proposed any more.")
    keep_wish(remark.user, wish, remark.text, remark=remark)
