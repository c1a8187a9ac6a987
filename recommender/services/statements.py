"""What people said of items in stars, and everything they said read as opinions.

Unlike what is merely watched these are statements, so they are stored for everybody who makes them.
Nothing learns from them while their author refuses personalisation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from django.db import transaction
from django.db.models import Case, F, FloatField, Value, When
from django.db.models.functions import Cast

from accounts.models import User
from catalog.models import Item
from common.errors import InvalidInputError
from recommender.core.data import Event
from recommender.models import Rating, Remark


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


def statements(*, without: Collection[int] = ()) -> Iterator[Event]:
    """Yield stars for whole items and judgements in words, of all people but some.

    Stars for one facet and remarks that praise nothing and blame nothing are no opinions.
    """
    ratings = Rating.objects.filter(facet=Rating.Facet.OVERALL)
    remarks = Remark.objects.filter(understood__opinion__in=["like", "dislike"])
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
    rows = stars.values_list(*columns).union(words.values_list(*columns), all=True)
    for user, item, kind, value, at in rows.iterator(chunk_size=5000):
        yield Event(user, item, kind, value, at.timestamp())
