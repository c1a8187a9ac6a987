"""How many people an item has reached, for those who must know how urgent it is."""

from __future__ import annotations

from recommender.models import Impression


def count_people(item_id: int) -> int:
    """Return before how many people this item was put."""
    return Impression.objects.filter(item_id=item_id).values("user_id").distinct().count()
