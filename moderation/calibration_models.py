"""Where thresholds come from: stored runs over good items at a chosen share of false alarms."""

from __future__ import annotations

from typing import Any

from django.db import models


class CalibrationRun(models.Model):
    """One calibration. Rows are only added; the number is its version."""

    class Data(models.TextChoices):
        DEMO = "demo", "Drawn garments"
        SITE = "site", "Published items"

    number = models.PositiveIntegerField(unique=True)
    data = models.CharField(max_length=4, choices=Data)
    # The share of good items that may be flagged.
    false_positive_rate = models.FloatField()
    # check name -> {threshold, items, flagged, version}; see `core.calibration.Calibrated`.
    checks = models.JSONField(default=dict)
    # How the items were drawn.
    seed = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(false_positive_rate__gt=0, false_positive_rate__lt=1),
                name="calibration_rate_is_a_share",
            ),
        ]

    def __str__(self) -> str:
        return f"calibration {self.number} ({self.data})"

    def of(self, check_name: str) -> dict[str, Any] | None:
        """Return what it found for a check."""
        found: dict[str, Any] | None = self.checks.get(check_name)
        return found
