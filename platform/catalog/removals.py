"""What becomes of the files of items that were taken down."""

from __future__ import annotations

from datetime import timedelta

from django.db import models

# Everything that nobody may still appeal about is gone within this time, caches included.
GONE_WITHIN = timedelta(hours=24)
# Files that an appeal may need lie under this prefix; no address leads there.
QUARANTINE = "quarantine/"


class Removal(models.Model):
    """An item that was taken down, and when nothing of it is left.

    Until then its files lie in a quarantine that no URL serves; while an appeal is looked at they
    are lent to those who decide.
    """

    item = models.OneToOneField(
        "catalog.Item", on_delete=models.CASCADE, related_name="removal", primary_key=True
    )
    removed_at = models.DateTimeField(auto_now_add=True)
    erase_at = models.DateTimeField(db_index=True)
    is_lent = models.BooleanField(default=False)
    erased_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.item_id} gone by {self.erase_at:%Y-%m-%d %H:%M}"
