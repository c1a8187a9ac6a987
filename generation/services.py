"""Generation jobs: hand in, cancel, retry, and send again what was lost. `runner` does the work."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import secrets
import uuid
from collections.abc import Sequence
from typing import Any, cast

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Restriction, User
from accounts.services import require_unrestricted
from catalog.models import Item
from common.errors import ConflictError, InvalidInputError, NotAllowedError, QuotaExceededError
from common.guidance import Guidance, Kind
from generation.models import Job, JobQuerySet
from generation.operations import OPERATIONS, SOURCE_KINDS
from generation.permissions import (
    NeedsPermissionError,
    Right,
    check_may_edit,
    find_right,
    lock_grants,
    reference_of,
)
from generation.queueing import read_line
from generation.runner import run_job, run_next_job
from generation.selectors import get_allowance
from generation.tasks import run_job_task
from generation.terms import terms_of

__all__ = [
    "NeedsPermissionError",
    "cancel_job",
    "cancel_jobs",
    "check_may_edit",
    "requeue_stale_jobs",
    "rerun_job",
    "retry_job",
    "retry_variants",
    "run_job",
    "run_next_job",
    "submit_job",
    "submit_variants",
]

logger = logging.getLogger(__name__)
SEED_LIMIT = 2**31 - 1
MAX_VARIANTS = 4
NAMES = {"image": "picture", "video": "video"}


def submit_job(
    *,
    user: User,
    guidance: Guidance,
    source: Item | None = None,
    request_key: str,
    auto_submit: bool | None = None,
    priority: int = Job.Priority.INTERACTIVE,
    batch: uuid.UUID | None = None,
    revision: str = "",
    reference: Item | None = None,
) -> Job:
    """Queue what `guidance` asks for and return its job; the same key returns the same job.

    `source` is the item that `guidance.mode` works on. What is made of one's own item stays a
    draft, because its uploader decides when to submit it; all else goes to screening at once.
    `auto_submit` overrides that. `priority`: whether somebody waits for it. `batch`: the variants
    it joins. `revision`: of the model that must make it, for an exact repetition. `reference`: the
    item whose picture a creation begins from, where the person chose it for that: it needs the same
    right as an edit. Raises QuotaExceededError, NotAllowedError, InvalidInputError.
    """
    terms = {"batch": batch, "priority": priority, "revision": revision}
    return _submit(user, guidance, source, [request_key], auto_submit, terms, reference)[0]


def submit_variants(
    *,
    user: User,
    guidance: Guidance,
    source: Item | None = None,
    request_key: str,
    count: int = MAX_VARIANTS,
    auto_submit: bool | None = None,
    reference: Item | None = None,
) -> list[Job]:
    """Queue `count` jobs that differ by their seeds alone; the same key returns the same jobs.

    A seed that was given is the first one's; the others count on from it. One alone has no group.
    Either all are queued or, where the person's allowance is too small for that, none.
    """
    if not 1 <= count <= MAX_VARIANTS:
        raise InvalidInputError(f"Ask for one to {MAX_VARIANTS} variants at a time.")
    keys = [request_key, *(f"{request_key}#{index}" for index in range(1, count))]
    terms = {"batch": uuid.uuid4() if count > 1 else None}
    return _submit(user, guidance, source, keys, auto_submit, terms, reference)


def _submit(
    user: User,
    guidance: Guidance,
    source: Item | None,
    request_keys: Sequence[str],
    auto_submit: bool | None,
    terms: dict[str, Any],
    reference: Item | None,
) -> list[Job]:
    """Queue one job for each key, all or none of them."""
    require_unrestricted(user=user, kind=Restriction.Kind.CREATE)
    keys = [hashlib.sha256(f"{user.pk}:{key}".encode()).hexdigest() for key in request_keys]
    with transaction.atomic():
        # Two requests at the same moment queue here, so that neither slips past the quota.
        User.objects.select_for_update().get(pk=user.pk)
        if known := list(Job.objects.filter(idempotency_key__in=keys).order_by("pk")):
            return known
        guidance = _settled(guidance, user, source)
        _check_request(guidance, source)
        right = _claim_right(user, source, reference)
        cost = terms_of(guidance.mode, guidance.kind).cost
        if auto_submit is None:
            auto_submit = source is None or source.owner_id != user.pk
        jobs = [
            Job(
                user=user,
                guidance=_seeded(guidance, index, key).as_dict(),
                source=source,
                idempotency_key=key,
                auto_submit=auto_submit,
                cost=cost,
                **terms,
            )
            for index, key in enumerate(keys)
        ]
        _check_quota(user, jobs)
        for job in jobs:
            job.full_clean(exclude=["source", "enqueued_at"])
            job.save()
            job.permissions.set(right.permissions)
            run_job_task.delay_on_commit(job.pk)
    return jobs


def _claim_right(user: User, source: Item | None, reference: Item | None) -> Right:
    """Return by what right these items are edited, the grants held until these jobs are stored.

    The person's row is locked by now, and a grant is one person's: two requests at the same moment
    cannot both use a grant for one edit.
    """
    rights = [find_right(user=user, item=item) for item in (source, reference) if item is not None]
    if not rights:
        return Right("created")
    right = Right(rights[0].basis, tuple(grant for one in rights for grant in one.permissions))
    lock_grants(right)
    return right


def _settled(guidance: Guidance, user: User, source: Item | None) -> Guidance:
    """Return the guidance as it will run: this person's, with the mode that fits its source."""
    mode = guidance.mode
    if source is not None and mode == "create":
        mode = "edit" if source.kind == Item.Kind.IMAGE else "revise"
    keeps_kind = mode in {"revise", "style", "clip", "caption", "blur"}
    kind = cast(Kind, source.kind) if source is not None and keeps_kind else guidance.kind
    return dataclasses.replace(guidance, user_id=user.pk, mode=mode, kind=kind)


def _seeded(guidance: Guidance, index: int, key: str) -> Guidance:
    """Return the guidance with a seed of its own: counted on from the one given, else by lot."""
    given = (guidance.seed - 1 + index) % SEED_LIMIT + 1
    lot = int(key[:8], 16) % SEED_LIMIT + 1
    return dataclasses.replace(guidance, seed=given if guidance.seed else lot)


def _check_request(guidance: Guidance, source: Item | None) -> None:
    """Refuse what no operation does, and requests that do not say enough to begin."""
    kinds = SOURCE_KINDS.get(guidance.mode)
    if kinds is not None and source is None:
        raise InvalidInputError("Choose the item that should be edited.")
    if kinds is not None and source is not None and source.kind not in kinds:
        works_on, it_is = (NAMES[kind] for kind in (kinds[0], source.kind))
        raise InvalidInputError(f"This works on a {works_on}, and that item is a {it_is}.")
    if (guidance.mode, guidance.kind) not in OPERATIONS:
        raise InvalidInputError("Weft cannot make that kind of result in this way.")
    asked = guidance.instruction.strip() or guidance.wanted or guidance.style or guidance.edit
    if guidance.mode in {"create", "edit", "revise"} and not asked:
        raise InvalidInputError("Say in a few words what you would like.")
    if guidance.mode == "style" and not (guidance.style or guidance.exemplar_item_id):
        raise InvalidInputError("Choose a style, or an item whose style should be taken.")


def _check_quota(user: User, jobs: Sequence[Job]) -> None:
    """Refuse jobs above the person's limits of jobs at work and of creations a day.

    Background work has limits of its own: what the site prepares must not use up what a person may
    ask for.
    """
    allowance = get_allowance(user, priority=jobs[0].priority)
    count, cost = len(jobs), sum(job.cost for job in jobs)
    if count > allowance.free_now:
        raise QuotaExceededError(
            f"You already have {allowance.active} creations under way"
            + (f", and there is room for {allowance.free_now} more" if allowance.free_now else "")
            + ". Wait for one to finish, or cancel one."
        )
    if cost > allowance.left_today:
        left = allowance.left_today
        raise QuotaExceededError(
            f"You have used your {allowance.daily} creations of the last 24 hours. "
            "More become free as the day goes on."
            if not left
            else f"This takes {cost} of your {allowance.daily} creations a day, and {left} "
            f"{'is' if left == 1 else 'are'} left. More become free as the day goes on."
        )


def cancel_job(*, job: Job, user: User) -> Job:
    """Stop the job: at once while it waits, within one denoising step while it is drawn.

    Cancelling twice is harmless; raises ConflictError once the job has finished.
    """
    _check_own(job, user)
    stopped = _stop(Q(pk=job.pk))
    job.refresh_from_db()
    if not stopped and job.state != Job.State.CANCELLED:
        raise ConflictError("This creation has already finished, so there is nothing to cancel.")
    return job


def cancel_jobs(*, user: User, batch: uuid.UUID | None = None, waiting_only: bool = False) -> int:
    """Stop the person's jobs, or those of one group; return how many there were to stop.

    `waiting_only` leaves alone what is already being made.
    """
    mine = Q(user=user, **({"batch": batch} if batch else {}))
    return _stop(mine & Q(state=Job.State.QUEUED) if waiting_only else mine)


def _stop(which: Q) -> int:
    """Cancel what waits and ask what runs to stop; return how many jobs that were."""
    jobs = Job.objects.filter(which)
    waiting = jobs.filter(state=Job.State.QUEUED).update(
        state=Job.State.CANCELLED, cancel_requested=True, finished_at=Now()
    )
    return waiting + jobs.filter(state=Job.State.RUNNING).update(cancel_requested=True)


def retry_job(*, job: Job, user: User, request_key: str = "") -> Job:
    """Queue the same request once more with a new seed; return the new job.

    The same `request_key` returns the same new job; without one every call makes another. What was
    one of several variants joins them.
    """
    _check_repeatable(job, user)
    return submit_job(
        user=user,
        guidance=dataclasses.replace(Guidance.from_dict(job.guidance), seed=0),
        source=job.source,
        request_key=f"retry:{job.pk}:{request_key or secrets.token_hex(8)}",
        auto_submit=job.auto_submit,
        batch=job.batch,
        reference=reference_of(job),
    )


def retry_variants(*, batch: uuid.UUID, user: User, request_key: str = "") -> list[Job]:
    """Queue as many new variants of the same request; the same key returns the same ones."""
    first = Job.objects.filter(user=user, batch=batch).order_by("pk").first()
    if first is None:
        raise NotAllowedError("These creations belong to somebody else.")
    _check_source(first)
    count = Job.objects.filter(user=user, batch=batch).count()
    return submit_variants(
        user=user,
        guidance=dataclasses.replace(Guidance.from_dict(first.guidance), seed=0),
        source=first.source,
        request_key=f"again:{batch}:{request_key or secrets.token_hex(8)}",
        count=min(count, MAX_VARIANTS),
        auto_submit=first.auto_submit,
        reference=reference_of(first),
    )


def rerun_job(*, job: Job, user: User, request_key: str = "") -> Job:
    """Queue the very same once more: same guidance, same seed, same revision of the model.

    The picture that comes out is the same; where the model has been replaced since, the new job
    fails with a sentence that says so.
    """
    _check_repeatable(job, user)
    if job.state != Job.State.DONE:
        raise ConflictError("Only what has been made can be made exactly so again.")
    return submit_job(
        user=user,
        # Not the job's own where a second try, by another seed, was the one that was kept.
        guidance=Guidance.from_dict((job.result.guidance if job.result else None) or job.guidance),
        source=job.source,
        request_key=f"rerun:{job.pk}:{request_key or secrets.token_hex(8)}",
        auto_submit=job.auto_submit,
        revision=_revision_of(job),
        reference=reference_of(job),
    )


def _revision_of(job: Job) -> str:
    """Return the revision of the model that made the job's result; "" where none was noted."""
    manifest = (job.result.manifest if job.result else None) or {}
    return str(manifest.get("revision") or job.backend.partition("@")[2])


def _check_repeatable(job: Job, user: User) -> None:
    _check_own(job, user)
    if not job.is_finished:
        raise ConflictError("This creation is still under way. Cancel it first, or wait for it.")
    _check_source(job)


def _check_source(job: Job) -> None:
    if job.source_id is None and job.mode in SOURCE_KINDS:
        raise ConflictError("The item that this edited no longer exists.")


def _check_own(job: Job, user: User) -> None:
    if job.user_id != user.pk:
        raise NotAllowedError("This creation belongs to somebody else.")


def requeue_stale_jobs() -> int:
    """Send a new message for every job whose message or worker was lost; return how many.

    The first in line is announced again once a minute, in case that a worker is idle and the
    message it should have had was lost. Safe to run at the same time as others: only the sender
    whose UPDATE changed the row sends.
    """
    stale = list(Job.objects.stale().values_list("pk", flat=True))
    sent = sum(_announce_again(Job.objects.stale(), job_id) for job_id in stale)
    if head := next(iter(read_line().waiting), None):
        sent += _announce_again(Job.objects.unprompted(), head.job_id)
    return sent


def _announce_again(jobs: JobQuerySet, job_id: int) -> int:
    """Send a message for the job if it is still among these; return how many were sent."""
    with transaction.atomic():
        if not jobs.filter(pk=job_id).update(enqueued_at=Now()):
            return 0
        logger.warning("job %s may have been lost and is announced again", job_id)
        run_job_task.delay_on_commit(job_id)
    return 1
