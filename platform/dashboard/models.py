"""What the dashboard keeps: figures that are too dear to count for every look at a page."""

from __future__ import annotations

from django.db import models


class FairnessMeasurement(models.Model):
    """Parity between groups as it was at one time; `figures` as `measure_fairness` returns them."""

    measured_at = models.DateTimeField(auto_now_add=True)
    grouped_by = models.CharField(max_length=40)
    figures = models.JSONField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"fairness by {self.grouped_by}, {self.measured_at:%Y-%m-%d %H:%M}"
