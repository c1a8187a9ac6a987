"""Items that are deleted some time after their person has seen them."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils import timezone

# How long somebody may look again.
AFTER_VIEW = timedelta(hours=24)
# What nobody came to see goes too.
UNSEEN = timedelta(days=30)


class Expiry(models.Model):
    """The clock of an item that its person wants deleted after viewing; runs from first sight."""

    item = models.OneToOneField(
        "catalog.Item", on_delete=models.CASCADE, related_name="expiry", primary_key=True
    )
    first_viewed_at = models.DateTimeField(null=True, blank=True)
    # Until it is seen: when it goes unseen.
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.item_id} until {self.expires_at:%Y-%m-%d %H:%M}"

    @property
    def is_over(self) -> bool:
        return self.expires_at <= timezone.now()
