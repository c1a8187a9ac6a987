"""Generation jobs. The row is the truth; a message only hints that there is work."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Exists, Q
from django.db.models.functions import Now

from common.guidance import Guidance
from generation.terms import Terms, terms_of


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

        While somebody is at work a job simply waits its turn: the message of any job brings it on.
        """
        busy = Job.objects.filter(state=Job.State.RUNNING, leased_until__gte=Now())
        waiting = Q(state=Job.State.QUEUED) & ~Exists(busy)
        dead = Q(state=Job.State.RUNNING, leased_until__lt=Now())
        return self.filter(waiting | dead, enqueued_at__lt=Now() - Job.LOST_AFTER)

    def unprompted(self) -> JobQuerySet:
        """Waiting jobs for which no message has gone out for a while."""
        return self.filter(state=Job.State.QUEUED, enqueued_at__lt=Now() - Job.NUDGE_AFTER)


class Job(models.Model):
    """One request to edit or create. Claimed by one UPDATE with a lease and a fence."""

    # A worker's heartbeat extends the lease every few seconds, also while weights load.
    LEASE = timedelta(seconds=settings.GENERATION_LEASE_S)
    LOST_AFTER = timedelta(seconds=settings.GENERATION_LOST_AFTER_S)
    # Then the first in line is announced once more: an idle worker may have no message left.
    NUDGE_AFTER = timedelta(seconds=60)
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

    class Priority(models.IntegerChoices):
        INTERACTIVE = 0, "Somebody waits for it"
        BACKGROUND = 1, "Nobody waits for it"

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
    # The grants that it rests on; one for a single edit serves one request.
    permissions = models.ManyToManyField("catalog.EditPermission", blank=True, related_name="jobs")
    # Made from what was asked, so that the same form sent twice finds the first job.
    idempotency_key = models.CharField(max_length=64, unique=True)
    # Variants that were asked for together.
    batch = models.UUIDField(null=True, blank=True)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.INTERACTIVE)
    # What it takes of its person's allowance.
    cost = models.PositiveSmallIntegerField(default=1)
    # The model's revision that must make it; blank for whatever is in force.
    revision = models.CharField(max_length=200, blank=True)

    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    stage = models.CharField(max_length=20, choices=Stage, default=Stage.WAITING)
    # What the operation says it is doing; blank for the usual words of its kind.
    doing = models.CharField(max_length=60, blank=True)
    step = models.PositiveIntegerField(default=0)
    steps_total = models.PositiveIntegerField(default=0)
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
            models.Index(fields=["batch"], condition=Q(batch__isnull=False), name="job_of_batch"),
            # Who was served lately, and how long the last of each kind took.
            models.Index(fields=["-started_at"], name="job_started"),
            models.Index(
                fields=["-finished_at"], condition=Q(state="done"), name="job_done_newest"
            ),
        ]

    def __str__(self) -> str:
        return f"job {self.pk} ({self.state})"

    @property
    def asked(self) -> str:
        """The person's own words; without any, what was asked for by other means."""
        guidance = Guidance.from_dict(self.guidance)
        if guidance.instruction.strip():
            return guidance.instruction
        if guidance.wanted:
            return guidance.wanted.as_caption().capitalize()
        by_mode = {"clip": "A clip of the best part", "caption": "Captions", "thumbnail": "A cover"}
        style = f"In {guidance.style} style" if guidance.style else guidance.mode.capitalize()
        return by_mode.get(guidance.mode, style)

    @property
    def mode(self) -> str:
        return self.guidance.get("mode", "create")

    @property
    def kind(self) -> str:
        """The kind of the result: image or video."""
        return self.guidance.get("kind", "image")

    @property
    def terms(self) -> Terms:
        return terms_of(self.mode, self.kind)

    @property
    def is_finished(self) -> bool:
        return self.state not in {self.State.QUEUED, self.State.RUNNING}
