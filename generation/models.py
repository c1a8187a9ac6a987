"""Generation jobs. The row is the truth; a message only hints that there is work."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class JobQuerySet(models.QuerySet["Job"]):
    def active(self) -> JobQuerySet:
        return self.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING])

    def claimable(self) -> JobQuerySet:
        """Queued, or running under a lease that ran out because its worker died."""
        return self.filter(
            Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, leased_until__lt=timezone.now())
        )


class Job(models.Model):
    """One request to edit or create. Claimed by one UPDATE with a lease and a fence."""

    LEASE = timedelta(seconds=60)
    MAX_ATTEMPTS = 3

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Working"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="jobs"
    )
    # `Guidance.as_dict()`: everything that steers this job.
    guidance = models.JSONField()
    source = models.ForeignKey(
        "catalog.Item", null=True, blank=True, on_delete=models.SET_NULL, related_name="edit_jobs"
    )
    result = models.OneToOneField(
        "catalog.Item", null=True, blank=True, on_delete=models.SET_NULL, related_name="job"
    )
    # Made from what was asked, so that the same form sent twice finds the first job.
    idempotency_key = models.CharField(max_length=64, unique=True)

    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    stage = models.CharField(max_length=20, blank=True)
    step = models.PositiveSmallIntegerField(default=0)
    steps_total = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    # Raised by every claim: writes of a worker that lost its lease match no row.
    fence = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True, blank=True)
    cancel_requested = models.BooleanField(default=False)
    # A sentence for the person when it failed.
    problem = models.CharField(max_length=500, blank=True)
    backend = models.CharField(max_length=200, blank=True)
    timings_ms = models.JSONField(default=dict, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at"], name="job_of_user"),
            models.Index(
                fields=["state", "leased_until"],
                condition=Q(state__in=["queued", "running"]),
                name="job_active",
            ),
        ]

    def __str__(self) -> str:
        return f"job {self.pk} ({self.state})"

    @property
    def is_finished(self) -> bool:
        return self.state not in {self.State.QUEUED, self.State.RUNNING}
