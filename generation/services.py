"""Generation jobs: hand in, cancel, retry, and send again what was lost. `runner` does the work."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from catalog.models import Item
from common.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    QuotaExceededError,
)
from common.guidance import Guidance
from generation.models import Job
from generation.runner import run_job
from generation.tasks import run_job_task

__all__ = ["cancel_job", "requeue_stale_jobs", "retry_job", "run_job", "submit_job"]

logger = logging.getLogger(__name__)
SEED_LIMIT = 2**31 - 1


def submit_job(
    *,
    user: User,
    guidance: Guidance,
    source: Item | None = None,
    request_key: str,
    auto_submit: bool | None = None,
) -> Job:
    """Queue what `guidance` asks for and return its job; the same key returns the same job.

    `source` is the item to edit. The result of an edit of one's own item stays a draft, because
    its uploader decides when to submit it; everything else goes to screening at once.
    `auto_submit` overrides that. Raises QuotaExceededError, NotAllowedError, InvalidInputError.
    """
    key = hashlib.sha256(f"{user.pk}:{request_key}".encode()).hexdigest()
    with transaction.atomic():
        # Two requests at the same moment queue here, so that neither slips past the quota.
        User.objects.select_for_update().get(pk=user.pk)
        if known := Job.objects.filter(idempotency_key=key).first():
            return known
        _check_request(guidance, source)
        if source is not None:
            check_may_edit(user=user, item=source)
        _check_quota(user)
        job = Job(
            user=user,
            guidance=_settled(guidance, user, source, key).as_dict(),
            source=source,
            idempotency_key=key,
            auto_submit=_goes_to_screening(user, source) if auto_submit is None else auto_submit,
        )
        job.full_clean(exclude=["source", "enqueued_at"])
        job.save()
        run_job_task.delay_on_commit(job.pk)
    return job


def check_may_edit(*, user: User, item: Item) -> None:
    """Raise a refusal with its reason unless this person may edit this item with AI now."""
    if not (item.owner_id == user.pk or (item.is_ai and item.made_for_id == user.pk)):
        raise NotAllowedError(
            "You can edit your own uploads and what was made for you. This item is somebody "
            "else's; ask for something like it instead."
        )
    if item.kind != Item.Kind.IMAGE:
        raise InvalidInputError(
            "AI edits work on pictures for now. This is a video: upload a still of it to edit that."
        )
    if item.state in {Item.State.REMOVED, Item.State.EXPIRED}:
        raise ConflictError("This item was taken down and can no longer be edited.")
    if item.media_state != Item.MediaState.READY:
        raise ConflictError(
            "This item's picture is not ready yet. Try again when it has been prepared."
        )


def _check_request(guidance: Guidance, source: Item | None) -> None:
    if guidance.kind != "image":
        raise InvalidInputError(
            "Weft makes pictures for now. Ask for a picture instead of a video."
        )
    if not (guidance.instruction.strip() or guidance.wanted or guidance.style):
        raise InvalidInputError("Say in a few words what you would like.")
    if guidance.mode == "edit" and source is None:
        raise InvalidInputError("Choose the item that should be edited.")
    if guidance.mode not in {"create", "edit"}:
        raise InvalidInputError("Weft creates and edits pictures for now; other tools come later.")


def _check_quota(user: User) -> None:
    """Refuse a job above the person's limits of jobs at work and of jobs a day."""
    jobs = Job.objects.filter(user=user)
    if jobs.active().count() >= settings.GENERATION_MAX_ACTIVE:
        raise QuotaExceededError(
            f"You already have {settings.GENERATION_MAX_ACTIVE} creations under way. Wait for one "
            "to finish, or cancel one."
        )
    since = timezone.now() - timedelta(days=1)
    # What failed was our fault: it costs the person nothing.
    made_today = jobs.filter(created_at__gt=since).exclude(state=Job.State.FAILED).count()
    if made_today >= settings.GENERATION_DAILY_QUOTA:
        raise QuotaExceededError(
            f"You have used your {settings.GENERATION_DAILY_QUOTA} creations of the last 24 hours. "
            "More become free as the day goes on."
        )


def _settled(guidance: Guidance, user: User, source: Item | None, key: str) -> Guidance:
    """Return the guidance as it will run: this person's, with mode and a seed of its own."""
    return dataclasses.replace(
        guidance,
        user_id=user.pk,
        mode="create" if source is None else "edit",
        seed=guidance.seed or int(key[:8], 16) % SEED_LIMIT + 1,
    )


def _goes_to_screening(user: User, source: Item | None) -> bool:
    return source is None or source.owner_id != user.pk


def cancel_job(*, job: Job, user: User) -> Job:
    """Stop the job: at once while it waits, within one denoising step while it is drawn.

    Cancelling twice is harmless; raises ConflictError once the job has finished.
    """
    _check_own(job, user)
    waiting = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED)
    running = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING)
    stopped = waiting.update(
        state=Job.State.CANCELLED, cancel_requested=True, finished_at=Now()
    ) or running.update(cancel_requested=True)
    job.refresh_from_db()
    if not stopped and job.state != Job.State.CANCELLED:
        raise ConflictError("This creation has already finished, so there is nothing to cancel.")
    return job


def retry_job(*, job: Job, user: User, request_key: str = "") -> Job:
    """Queue the same request once more with a new seed; return the new job.

    The same `request_key` returns the same new job; without one every call makes another.
    """
    _check_own(job, user)
    if not job.is_finished:
        raise ConflictError("This creation is still under way. Cancel it first, or wait for it.")
    if job.source_id is None and job.guidance["mode"] == "edit":
        raise ConflictError("The item that this edited no longer exists.")
    return submit_job(
        user=user,
        guidance=dataclasses.replace(Guidance.from_dict(job.guidance), seed=0),
        source=job.source,
        request_key=f"retry:{job.pk}:{request_key or secrets.token_hex(8)}",
        auto_submit=job.auto_submit,
    )


def _check_own(job: Job, user: User) -> None:
    if job.user_id != user.pk:
        raise NotAllowedError("This creation belongs to somebody else.")


def requeue_stale_jobs() -> int:
    """Send a new message for every job whose message or worker was lost; return how many.

    Safe to run at the same time as others: only the sender whose UPDATE changed the row sends.
    """
    sent = 0
    for job_id in Job.objects.stale().values_list("pk", flat=True):
        with transaction.atomic():
            if Job.objects.stale().filter(pk=job_id).update(enqueued_at=Now()):
                logger.warning("job %s was lost and is queued again", job_id)
                run_job_task.delay_on_commit(job_id)
                sent += 1
    return sent
