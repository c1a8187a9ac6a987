"""What a person may see of jobs, and how far each has come."""

from __future__ import annotations

import dataclasses
import statistics
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from accounts.models import User
from catalog.models import Item
from catalog.selectors import can_view
from generation.models import Job

# Until a first job has finished, people are told this.
FIRST_ESTIMATE_S = 8.0
RECENT = 20


@dataclass(frozen=True)
class Progress:
    """Where a job stands, for its person: the payload of pages, events and API alike."""

    state: str
    stage: str
    stage_text: str
    step: int
    steps_total: int
    # Jobs that are served before this one; 0 once it runs.
    position: int
    estimate_s: float | None
    item_id: int | None
    item_state: str
    item_url: str
    thumb_url: str
    problem: str
    # Nothing will change any more without a person doing something.
    settled: bool

    @property
    def share(self) -> float:
        """How much of the job is done, 0 to 1, as a progress bar shows it."""
        return share_done(self.state, self.stage, self.step, self.steps_total)

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self) | {"share": self.share}


def share_done(state: str, stage: str, step: int, total: int) -> float:
    """Return 0 to 1: loading counts a little, the denoising steps most, finishing the rest."""
    if state != Job.State.RUNNING:
        return 0.0 if state == Job.State.QUEUED else 1.0
    if stage == Job.Stage.FINISHING:
        return 0.95
    return round(0.05 + 0.85 * (step / total if total else 0.0), 3)


def list_jobs(user: User) -> QuerySet[Job]:
    """Return the person's jobs, newest first, with what a list shows of them."""
    return (
        Job.objects.filter(user=user)
        .select_related("user", "result", "source")
        .prefetch_related("result__assets")
        .order_by("-created_at", "-pk")
    )


def get_job(*, user: User, job_id: int) -> Job:
    """Return the person's own job; Http404 for anybody else's."""
    jobs = Job.objects.select_related("user", "result", "source")
    return get_object_or_404(jobs, pk=job_id, user_id=user.pk)


def get_progress(job: Job) -> Progress:
    """Return where the job stands, as its own person may see it."""
    item = job.result
    seen = item if item is not None and can_view(job.user, item) else None
    position = queue_position(job)
    return Progress(
        state=job.state,
        stage=job.stage,
        stage_text=stage_text(job, position),
        step=job.step,
        steps_total=job.steps_total,
        position=position,
        estimate_s=estimate_s(job, position),
        item_id=item.pk if item else None,
        item_state=item.state if item else "",
        item_url=seen.get_absolute_url() if seen else "",
        thumb_url=seen.thumb_url if seen else "",
        problem=job.problem,
        settled=job.is_finished and (item is None or item.state != Item.State.PENDING),
    )


def queue_position(job: Job) -> int:
    """Return how many jobs are served before this one; 0 unless it waits."""
    if job.state != Job.State.QUEUED:
        return 0
    return Job.objects.active().filter(pk__lt=job.pk).count()


def estimate_s(job: Job, position: int) -> float | None:
    """Return the seconds that are left by the speed of recent jobs; None once it finished."""
    if job.is_finished:
        return None
    each = usual_seconds()
    if job.state == Job.State.QUEUED:
        return round(each * (position + 1), 1)
    return round(each * (1 - share_done(job.state, job.stage, job.step, job.steps_total)), 1)


def usual_seconds() -> float:
    """Return the median seconds of work of the last finished jobs."""
    recent = Job.objects.filter(state=Job.State.DONE).order_by("-finished_at")
    timings = recent.values_list("timings_ms", flat=True)[:RECENT]
    times = [sum(ms for part, ms in timing.items() if part != "wait") for timing in timings]
    return statistics.median(times) / 1000 if times else FIRST_ESTIMATE_S


def stage_text(job: Job, position: int) -> str:
    """Return one line for the person: what is happening to the job now."""
    match job.state:
        case Job.State.QUEUED if position:
            return f"Waiting behind {position} other creation{'s' if position > 1 else ''}"
        case Job.State.QUEUED:
            return "Next in line"
        case Job.State.RUNNING if job.cancel_requested:
            return "Stopping"
        case Job.State.RUNNING if job.stage == Job.Stage.DRAWING and job.steps_total:
            return f"Drawing, step {job.step} of {job.steps_total}"
        case Job.State.RUNNING:
            return str(job.get_stage_display())
        case Job.State.DONE:
            return _result_text(job.result)
        case Job.State.CANCELLED:
            return "Cancelled. Nothing was made."
        case _:
            return "This did not work"


def _result_text(item: Item | None) -> str:
    if item is None:
        return "Made, and deleted since"
    return {
        Item.State.DRAFT: "Ready: a draft that only you can see",
        Item.State.PENDING: "Made. It is being screened",
        Item.State.IN_REVIEW: "Made. A person will look at it before it is shown",
        Item.State.PUBLISHED: "Made, screened and published",
        Item.State.REJECTED: "Made, but it did not pass screening",
    }.get(Item.State(item.state), "Made, and taken down since")
