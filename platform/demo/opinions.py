"""What the people of the demo world say of what they liked and disliked, and when they were here.

Everything follows from what they did, by draws of its own, so that their browsing stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from accounts.models import User
from catalog.models import Asset, Item
from demo.people import Act
from recommender.models import Interaction, Rating, Remark
from recommender.services import add_remark

DAY = 60 * 24
SPAN = 21 * DAY
# Of those who liked or disliked an item, who also gives stars or says something.
RATES, SPEAKS = 0.2, 0.05
PRAISE = (
    "I like this one's {colour}",
    "Love the {pattern} look",
    "Beautiful {type}, just right",
    "Lovely, more {type} like this please",
    "Great colour!",
)
BLAME = (
    "Not my kind of {type}",
    "Too {colour} for me",
    "I don't like the {pattern} look",
    "Boring",
    "Nice {type}, but I hate the colour",
)
STARS = {"like": (4, 5, 5), "dislike": (1, 2, 2), "not_interested": (2, 3)}


@dataclass(frozen=True)
class Stay:
    """When a person was here, in minutes from the beginning of the demo world."""

    joined: float = 0.0
    left: float = SPAN

    def moment(self, minute: float) -> float:
        """Return a minute of the whole span as one of this person's stay."""
        return self.joined + minute / SPAN * (self.left - self.joined)


def draw_stay(rng: np.random.Generator) -> Stay:
    """Return a stay: people join in the first two weeks; a third leaves for good before long."""
    joined = float(rng.integers(0, 3)) * 7 * DAY * 0.9
    if rng.random() < 0.33:
        return Stay(joined, min(SPAN, joined + float(rng.uniform(2, 9)) * DAY))
    return Stay(joined)


def video_lengths(items: Sequence[Item]) -> dict[int, float]:
    """Return seconds of each video among these items."""
    masters = Asset.objects.filter(item__in=items, role=Asset.Role.MASTER, duration_s__gt=0)
    return dict(masters.values_list("item_id", "duration_s"))


def watch(acts: Sequence[Act], items: Sequence[Item], lengths: dict[int, float]) -> list[Act]:
    """Return how much of each video was watched: who stays with one sees it again and again."""
    return [
        Act(act.item, "complete", round(act.value / lengths[items[act.item].pk], 2), act.minute)
        for act in acts
        if act.kind == "dwell" and items[act.item].pk in lengths
    ]


def give_opinions(rows: Sequence[Interaction], rng: np.random.Generator) -> None:
    """Store stars and remarks of people on some of what they reacted to, soon after they did."""
    ratings: dict[tuple[int, int, str], Rating] = {}
    for row in rows:
        if row.kind not in STARS:
            continue
        if rng.random() < RATES:
            for rating in _ratings(row, rng):
                ratings[rating.user_id, rating.item_id, rating.facet] = rating
        if rng.random() < SPEAKS:
            _speak(row.user, row.item, row.kind == "like", row.created_at, rng)
    stored = Rating.objects.bulk_create(ratings.values(), batch_size=2000)
    times = {(row.user_id, row.item_id): row.created_at for row in rows}
    for rating in stored:
        # Both are set to now when a row is made.
        rating.created_at = times[rating.user_id, rating.item_id] + timedelta(minutes=1)
        rating.updated_at = rating.created_at
    Rating.objects.bulk_update(stored, ["created_at", "updated_at"], batch_size=500)


def _ratings(row: Interaction, rng: np.random.Generator) -> list[Rating]:
    facets = ["overall", *(f for f in ("style", "thumbnail") if rng.random() < 0.5)]
    if row.item.kind == Item.Kind.VIDEO and rng.random() < 0.5:
        facets.append("length")
    stars = STARS[row.kind]
    return [
        Rating(user=row.user, item=row.item, facet=facet, stars=int(rng.choice(stars)))
        for facet in facets
    ]


def _speak(user: User, item: Item, likes: bool, at: datetime, rng: np.random.Generator) -> None:
    words = str(rng.choice(PRAISE if likes else BLAME)).format(
        colour=item.colours[0] if item.colours else "colour",
        pattern=item.pattern or "plain",
        type=item.garment_type or "garment",
    )
    remark = add_remark(user=user, item=item, text=words)
    Remark.objects.filter(pk=remark.pk).update(created_at=at + timedelta(minutes=2))
