"""What people said of items in stars and in words: kept, changed, taken back, read as opinions.

Unlike what is merely watched these are statements, so they are stored for everybody who makes them.
Nothing learns from them while their author refuses personalisation.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Case, F, FloatField, QuerySet, Value, When
from django.db.models.functions import Cast

from accounts.models import User
from catalog.models import Item
from common.errors import InvalidInputError, QuotaExceededError
from recommender.core.data import Event
from recommender.core.dialogue import ShownItem
from recommender.core.remarks import read_remark
from recommender.models import Rating, Remark
from recommender.services.words import use_words

MAX_REMARK_CHARS = 500
# Enough for anybody with something to say, too few to fill a table.
MAX_REMARKS_PER_ITEM = 20


def facets_of(item: Item) -> list[str]:
    """Return what can be rated of this item: length only where there is one."""
    return [
        facet
        for facet in Rating.Facet.values
        if facet != Rating.Facet.LENGTH or item.kind == Item.Kind.VIDEO
    ]


def get_ratings(*, user: User, item: Item) -> dict[str, int]:
    """Return the person's own stars by facet; facets they did not rate are absent."""
    return dict(Rating.objects.filter(user=user, item=item).values_list("facet", "stars"))


def rate(*, user: User, item: Item, stars: Mapping[str, int | None]) -> dict[str, int]:
    """Store stars (1 to 5) by facet, None takes them back; returns those now in force.

    Facets that are not named stay as they are. Safe to repeat.
    """
    allowed = facets_of(item)
    for facet, count in stars.items():
        if facet not in allowed:
            raise InvalidInputError("This cannot be rated on this item.")
        if count is not None and (isinstance(count, bool) or count not in range(1, 6)):
            raise InvalidInputError("Give from one to five stars.")
    with transaction.atomic():
        for facet, count in stars.items():
            if count is None:
                Rating.objects.filter(user=user, item=item, facet=facet).delete()
            else:
                Rating.objects.update_or_create(
                    user=user, item=item, facet=facet, defaults={"stars": count}
                )
    return get_ratings(user=user, item=item)


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
    except IntegrityError:
        # The same form, sent twice at once.
        return Remark.objects.get(user=user, event_id=key)
    return remark


def change_remark(*, remark: Remark, text: str) -> Remark:
    """Replace the words of a remark and understand them anew."""
    for name, value in _understood(text, remark.item).items():
        setattr(remark, name, value)
    remark.save(update_fields=["text", "understood"])
    return remark


def _understood(text: Any, item: Item) -> dict[str, Any]:
    words = " ".join(str(text).split()) if isinstance(text, str) else ""
    words = "".join(c for c in words if c.isprintable())
    if not words:
        raise InvalidInputError("Write what you think of it, for example “I like the collar”.")
    if len(words) > MAX_REMARK_CHARS:
        raise InvalidInputError(f"Please keep a remark under {MAX_REMARK_CHARS} characters.")
    use_words()
    return {"text": words, "understood": read_remark(words, _as_shown(item)).as_dict()}


def _as_shown(item: Item) -> ShownItem:
    return ShownItem(
        id=item.pk,
        kind="video" if item.kind == Item.Kind.VIDEO else "image",
        type=item.garment_type or None,
        colours=tuple(item.colours),
        pattern=item.pattern or None,
        look=item.look,
        origin=item.origin,
        title=item.title,
    )


def statements(*, user_id: int | None = None, without: Collection[int] = ()) -> Iterator[Event]:
    """Yield stars for whole items and judgements in words, of one person or of all but some.

    Stars for one facet and remarks that praise nothing and blame nothing are no opinions.
    """
    ratings = Rating.objects.filter(facet=Rating.Facet.OVERALL)
    remarks = Remark.objects.filter(understood__opinion__in=["like", "dislike"])
    if user_id is not None:
        ratings, remarks = ratings.filter(user_id=user_id), remarks.filter(user_id=user_id)
    if without:
        ratings, remarks = (
            ratings.exclude(user_id__in=without),
            remarks.exclude(user_id__in=without),
        )
    number = Cast("stars", FloatField())
    stars = ratings.annotate(kind=Value("rating"), number=number, at=F("updated_at"))
    judged = Case(When(understood__opinion="like", then=1.0), default=-1.0)
    words = remarks.annotate(kind=Value("remark"), number=judged, at=F("created_at"))
    columns = ("user_id", "item_id", "kind", "number", "at")
    # One query: every page of the feed asks for them.
    rows = stars.values_list(*columns).union(words.values_list(*columns), all=True)
    for user, item, kind, value, at in rows.iterator(chunk_size=5000):
        yield Event(user, item, kind, value, at.timestamp())
