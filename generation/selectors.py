"""What a person may see of jobs, how far each has come, and what they may still ask for."""

from __future__ import annotations

import dataclasses
import statistics
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts.models import User
from catalog.models import Item
from catalog.selectors import can_view
from generation.models import Job
from generation.queueing import Line, read_line
from generation.terms import terms_of

RECENT = 20


@dataclass(frozen=True)
class Progress:
    """Where a job stands, for its person: the payload of pages, events and API alike."""

    job_id: int
    state: str
    stage: str
    stage_text: str
    step: int
    steps_total: int
    # Jobs that are served before this one; 0 once it runs.
    position: int
    estimate_s: float | None
    kind: str
    item_id: int | None
    item_state: str
    item_url: str
    thumb_url: str
    # A larger still, and for videos the video itself; empty until the item may be seen.
    poster_url: str
    video_url: str
    problem: str
    # Sentences about the result: what its person should know before using it.
    notes: list[str]
    # Nothing will change any more without a person doing something.
    settled: bool

    @property
    def share(self) -> float:
        """How much of the job is done, 0 to 1, as a progress bar shows it."""
        return share_done(self.state, self.stage, self.step, self.steps_total)

    @property
    def is_active(self) -> bool:
        return self.state in {Job.State.QUEUED, Job.State.RUNNING}

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self) | {"share": self.share}


@dataclass(frozen=True)
class Allowance:
    """What a person may still ask for: jobs at work at once, and creations in 24 hours."""

    active: int
    most_active: int
    used_today: int
    daily: int

    @property
    def free_now(self) -> int:
        return max(0, self.most_active - self.active)

    @property
    def left_today(self) -> int:
        return max(0, self.daily - self.used_today)


@dataclass(frozen=True)
class Group:
    """Variants that were asked for together, first one first."""

    jobs: list[Job]

    @property
    def batch(self) -> uuid.UUID | None:
        return self.first.batch

    @property
    def first(self) -> Job:
        return self.jobs[0]

    @property
    def active(self) -> int:
        return sum(not job.is_finished for job in self.jobs)

    @property
    def sentence(self) -> str:
        """How the group as a whole stands, in words for its person."""
        count, made = len(self.jobs), sum(job.state == Job.State.DONE for job in self.jobs)
        if self.active:
            return (
                f"{self.active} of {count} still to come. You can leave this page; they are kept "
                "under My creations."
            )
        if not made:
            return "Nothing came out this time. Below is why, and what you could change."
        came = f"{count} variants" if made == count else f"{made} of {count} came out"
        return f"{came}: the same wish, drawn from different seeds." if count > 1 else "Here it is."


def share_done(state: str, stage: str, step: int, total: int) -> float:
    """Return 0 to 1: loading counts a little, the steps most, finishing the rest."""
    if state != Job.State.RUNNING:
        return 0.0 if state == Job.State.QUEUED else 1.0
    if stage == Job.Stage.FINISHING:
        return 0.95
    return round(0.05 + 0.85 * (min(1.0, step / total) if total else 0.0), 3)


def get_allowance(user: User, *, priority: int = Job.Priority.INTERACTIVE) -> Allowance:
    """Return what the person has used and may use.

    What failed was our fault and what was cancelled in line took nothing: neither counts.
    """
    jobs = Job.objects.filter(user=user, priority=priority)
    since = timezone.now() - timedelta(days=1)
    free = Q(state=Job.State.FAILED) | Q(state=Job.State.CANCELLED, started_at=None)
    used = jobs.filter(created_at__gt=since).exclude(free).aggregate(sum=Sum("cost"))["sum"] or 0
    return Allowance(
        active=jobs.active().count(),
        most_active=settings.GENERATION_MAX_ACTIVE,
        used_today=used,
        daily=settings.GENERATION_DAILY_QUOTA,
    )


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
    return get_object_or_404(list_jobs(user), pk=job_id)


def get_group(*, user: User, batch: uuid.UUID) -> Group:
    """Return the person's own variants; Http404 for anybody else's."""
    jobs = list(list_jobs(user).filter(batch=batch).order_by("pk"))
    if not jobs:
        raise Http404("There are no such creations.")
    return Group(jobs)


def get_progress(job: Job, line: Line | None = None) -> Progress:
    """Return where the job stands, as its own person may see it.

    `line` saves reading it again where several jobs are looked at.
    """
    item = job.result
    seen = item if item is not None and can_view(job.user, item) else None
    position, seconds = _place(job, line)
    is_video = seen is not None and seen.kind == Item.Kind.VIDEO
    return Progress(
        job_id=job.pk,
        state=job.state,
        stage=job.stage,
        stage_text=stage_text(job, position),
        step=job.step,
        steps_total=job.steps_total,
        position=position,
        estimate_s=seconds,
        kind=job.kind,
        item_id=item.pk if item else None,
        item_state=item.state if item else "",
        item_url=seen.get_absolute_url() if seen else "",
        thumb_url=seen.thumb_url if seen else "",
        poster_url=(seen.poster_url or seen.thumb_url) if seen else "",
        video_url=seen.master_url if seen and is_video else "",
        problem=job.problem,
        notes=notes_of(seen) if seen else [],
        settled=job.is_finished and (item is None or item.state != Item.State.PENDING),
    )


def _place(job: Job, line: Line | None) -> tuple[int, float | None]:
    """Return how many jobs are served before this one and the seconds that are left."""
    if job.is_finished:
        return 0, None
    each = usual_seconds(job.mode, job.kind)
    if job.state == Job.State.RUNNING:
        left = 1 - share_done(job.state, job.stage, job.step, job.steps_total)
        return 0, round(each * left, 1)
    line = line or read_line()
    before = line.before(job.pk) or []
    usual = {kind: usual_seconds(*kind) for kind in set(before)}
    # As many are served at once as are at work now.
    wait = sum(usual[kind] for kind in before) / max(1, len(line.running))
    return len(before), round(wait + each, 1)


def usual_seconds(mode: str, kind: str) -> float:
    """Return the median seconds of work of the last finished jobs of this mode and kind."""
    recent = Job.objects.filter(
        state=Job.State.DONE, guidance__mode=mode, guidance__kind=kind
    ).order_by("-finished_at")
    timings = recent.values_list("timings_ms", flat=True)[:RECENT]
    times = [sum(ms for part, ms in timing.items() if part != "wait") for timing in timings]
    return statistics.median(times) / 1000 if times else terms_of(mode, kind).first_s


def stage_text(job: Job, position: int) -> str:
    """Return one line for the person: what is happening to the job now."""
    match job.state:
        case Job.State.QUEUED if position:
            return f"Waiting behind {position} other creation{'s' if position > 1 else ''}"
        case Job.State.QUEUED:
            return "Next in line"
        case Job.State.RUNNING if job.cancel_requested:
            return "Stopping"
        case Job.State.RUNNING if job.stage == Job.Stage.DRAWING:
            return _doing(job)
        case Job.State.RUNNING if job.stage == Job.Stage.FINISHING:
            return f"Finishing the {'video' if job.kind == 'video' else 'picture'}"
        case Job.State.RUNNING:
            return str(job.get_stage_display())
        case Job.State.DONE:
            return _result_text(job.result)
        case Job.State.CANCELLED:
            return "Cancelled. Nothing was made."
        case _:
            return "This did not work"


def _doing(job: Job) -> str:
    """Return what the operation is at, and how far: "Drawing, step 3 of 12"."""
    words, unit = job.doing or job.terms.doing, job.terms.unit
    if not job.steps_total:
        return words
    if job.doing or not unit:
        return f"{words}, {min(100, 100 * job.step // job.steps_total)} %"
    return f"{words}, {unit} {job.step} of {job.steps_total}"


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


def notes_of(item: Item) -> list[str]:
    """Return what the manifest says the person should know, as sentences."""
    return [str(warning) for warning in (item.manifest or {}).get("warnings") or ()]
