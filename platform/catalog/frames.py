"""Frames of a video, sampled once: stills that may be its poster, and vectors of all samples."""

from __future__ import annotations

import numpy as np
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse


class FrameQuerySet(models.QuerySet["Frame"]):
    def servable(self) -> FrameQuerySet:
        """Stills that may be shown where their video may: of AI videos only those with both marks.

        Who may see the video itself is `catalog.selectors.can_view`.
        """
        return self.filter(models.Q(item__origin="human") | models.Q(is_marked=True))


class Frame(models.Model):
    """A still of a video, in the video's shape at poster size."""

    item = models.ForeignKey("catalog.Item", on_delete=models.CASCADE, related_name="frames")
    # Which of the video's samples it is: the row of `FrameVectors.matrix()`.
    index = models.PositiveSmallIntegerField()
    time_s = models.FloatField()
    starts_scene = models.BooleanField(default=False)
    file = models.FileField(upload_to="assets/", max_length=200)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    # Both marks were read back from the stored file. What people made needs none.
    is_marked = models.BooleanField(default=False)

    mime = "image/jpeg"

    objects = FrameQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "index"], name="frame_one_per_sample"),
        ]

    def __str__(self) -> str:
        return f"frame {self.index} of {self.item_id}"

    @property
    def url(self) -> str:
        """Address of the view that checks who asks; changes with the bytes, so it can be cached."""
        return f"{reverse('catalog:frame', args=[self.pk])}?v={self.sha256[:12]}"


class FrameVectors(models.Model):
    """The vectors of a video's samples by one encoder, in one row: a choice is one product."""

    item = models.ForeignKey("catalog.Item", on_delete=models.CASCADE, related_name="frame_vectors")
    model = models.CharField(max_length=120)
    # (N,) seconds since the video's start, evenly apart.
    times = ArrayField(models.FloatField())
    # Seconds at which a new scene begins, without 0.
    scene_starts = ArrayField(models.FloatField(), default=list, blank=True)
    # (N,) how much there is to see, 0 to 1; empty for videos that were sampled before it was kept.
    details = ArrayField(models.FloatField(), default=list, blank=True)
    # (N, D) float16, row by row: a cosine is exact to three digits at a quarter of the size.
    vectors = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "model"], name="frame_vectors_one_per_model"),
        ]

    def __str__(self) -> str:
        return f"{self.model} of the frames of {self.item_id}"

    def matrix(self) -> np.ndarray:
        """Return (N, D) float32, rows of length 1."""
        rows = np.frombuffer(self.vectors, dtype=np.float16).reshape(len(self.times), -1)
        return rows.astype(np.float32)

    @property
    def step_s(self) -> float:
        """Seconds that one sample stands for."""
        return self.times[1] - self.times[0] if len(self.times) > 1 else 2 * self.times[0]

    @property
    def duration_s(self) -> float:
        """Seconds that all samples stand for together."""
        return self.times[-1] + self.step_s / 2
