"""Table of changes of items' age ratings by people."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from catalog.models import Item


class AgeRatingChange(models.Model):
    """What a decision made of an item's age rating; ratings are those of `Item.AgeRating`."""

    decision = models.OneToOneField(
        "moderation.Decision", on_delete=models.PROTECT, related_name="age_change"
    )
    before = models.CharField(max_length=5)
    after = models.CharField(max_length=5)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(before=F("after")), name="age_rating_differs"),
        ]

    def __str__(self) -> str:
        return f"{self.before} to {self.after}"

    @property
    def before_label(self) -> str:
        return str(Item.AgeRating(self.before).label)

    @property
    def after_label(self) -> str:
        return str(Item.AgeRating(self.after).label)
