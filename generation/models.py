"""Generation jobs. The row is the truth; a message only hints that there is work."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now


class JobQuerySet(models.QuerySet["Job"]):
    def active(self) -> JobQuerySet:
        return self.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING])

    def claimable(self) -> JobQuerySet:
        """Queued, or running under a lease that ran out because its worker died.

        Leases are told by the database's clock: workers' clocks may differ.
        """
        return self.filter(
            Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, leased_until__lt=Now())
        )

    def held_by(self, job_id: int, fence: int) -> JobQuerySet:
        """The job, while the worker that claimed it under this fence still holds it."""
        return self.filter(pk=job_id, fence=fence, state=Job.State.RUNNING)

    def stale(self) -> JobQuerySet:
        """Jobs that need a new message: theirs was lost, or their worker died.

        A message counts as lost when nobody is at work, or when a later job was started first;
        otherwise the job simply waits its turn behind a busy worker.
        """
        busy = Job.objects.filter(state=Job.State.RUNNING, leased_until__gte=Now())
        overtaken = Job.objects.filter(
            pk__gt=OuterRef("pk"), started_at__gt=OuterRef("enqueued_at")
        )
        waiting = Q(state=Job.State.QUEUED) & (~Exists(busy) | Exists(overtaken))
        dead = Q(state=Job.State.RUNNING, leased_until__lt=Now())
        return self.filter(waiting | dead, enqueued_at__lt=Now() - Job.LOST_AFTER)


class Job(models.Model):
    """One request to edit or create. Claimed by one UPDATE with a lease and a fence."""

    # A worker's heartbeat extends the lease every few seconds, also while weights load.
    LEASE = timedelta(seconds=settings.GENERATION_LEASE_S)
    LOST_AFTER = timedelta(seconds=settings.GENERATION_LOST_AFTER_S)
    MAX_ATTEMPTS = 3

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Working"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Stage(models.TextChoices):
        WAITING = "waiting", "Waiting for a free worker"
        LOADING = "loading", "Loading the model"
        DRAWING = "drawing", "Drawing"
        FINISHING = "finishing", "Finishing the picture"

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
    stage = models.CharField(max_length=20, choices=Stage, default=Stage.WAITING)
    step = models.PositiveSmallIntegerField(default=0)
    steps_total = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    # Raised by every claim: writes of a worker that lost its lease match no row.
    fence = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True, blank=True)
    cancel_requested = models.BooleanField(default=False)
    # Whether the result goes to screening at once, or stays a draft that its uploader submits.
    auto_submit = models.BooleanField(default=True)
    # A sentence for the person when it failed.
    problem = models.CharField(max_length=500, blank=True)
    backend = models.CharField(max_length=200, blank=True)
    timings_ms = models.JSONField(default=dict, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    # When the last message that hints at this job was sent.
    enqueued_at = models.DateTimeField(db_default=Now())
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
    def asked(self) -> str:
        """The person's own words, or what was made of them."""
        return self.guidance.get("instruction") or self.guidance.get("mode", "")

    @property
    def is_finished(self) -> bool:
        return self.state not in {self.State.QUEUED, self.State.RUNNING}
