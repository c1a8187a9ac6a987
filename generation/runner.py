"""The work of one job in a worker: claim, load, draw, finish. Safe to deliver repeatedly."""

from __future__ import annotations

import logging
import time

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models.functions import Now

from catalog.models import Item
from catalog.services import submit_item
from common.errors import ConflictError, DomainError
from common.guidance import Guidance
from generation.conditions import complete
from generation.core.backends import GenerationCancelled
from generation.leases import Lease, LeaseLostError, TooLongError, claim_job, claim_next
from generation.loading import MODEL_CHANGED, ModelChangedError
from generation.models import Job
from generation.operations import SOURCE_KINDS, Product, Work, load_operation
from generation.permissions import SOURCE_GONE, Right, check_job, granted_items, lock_grants
from generation.postprocess import finish, settled_guidance
from generation.results import create_item

logger = logging.getLogger(__name__)

TOO_OFTEN = (
    "This could not be made: the machine that drew it stopped several times. Please try again, "
    "perhaps with other words."
)
BROKEN = "Something broke while this was being made. It was not your fault; please try again."


def run_next_job() -> bool:
    """Run whatever is next in line; True if this call ended a job, False if nobody waits."""
    job = claim_next()
    return _run(job) if job else False


def run_job(*, job_id: int) -> bool:
    """Run this very job; True if this call ended it, False if it was not ours to run."""
    job = claim_job(job_id)
    return _run(job) if job else False


def _run(job: Job) -> bool:
    """Make what a claimed job asks for; True if this call ended it.

    1. The row has been claimed by one UPDATE, so a second delivery finds nothing to do.
    2. Run the operation: each step is written, a wish to cancel or the end of its time stops it.
    3. In one transaction, while the row is still ours: the item, its way to screening, and the
       job's end. So there is exactly one item, however often the message came and whoever died.
    No transaction is open while the operation works: that takes seconds or minutes.
    """
    lease = Lease(job)
    if job.cancel_requested:
        return lease.close(Job.State.CANCELLED)
    if job.attempts > Job.MAX_ATTEMPTS:
        return lease.close(Job.State.FAILED, problem=TOO_OFTEN)
    try:
        with lease:
            _make_item(job, lease)
    except LeaseLostError:
        logger.warning("job %s was taken over; this worker stops", job.pk)
        return False
    except GenerationCancelled:
        return lease.close(Job.State.CANCELLED)
    except DomainError as error:
        return lease.close(Job.State.FAILED, problem=str(error)[:500])
    except (TooLongError, SoftTimeLimitExceeded):
        return lease.close(Job.State.FAILED, problem=too_long(job))
    except OSError:
        # A disk or a network had a bad moment: the task is retried and must find the job free.
        lease.give_back()
        raise
    except Exception:
        # A model's library may raise anything; the person must not wait for ever because of it.
        logger.exception("job %s failed", job.pk)
        return lease.close(Job.State.FAILED, problem=BROKEN)
    return True


def too_long(job: Job) -> str:
    """Return the sentence for a job that used up its time, with what to change."""
    minutes = job.terms.limit_s // 60
    advice = (
        "Choose a shorter part of the video, or a shorter video."
        if job.kind == "video" and job.source_id
        else "Please try again in a while."
    )
    return f"This took longer than {minutes} minutes and was stopped. {advice}"


def _make_item(job: Job, lease: Lease) -> None:
    """Run the job's operation and store what it made together with the job's end."""
    started = time.perf_counter()
    _check_still_permitted(job)
    granted_ids = granted_items(job)
    guidance = complete(Guidance.from_dict(job.guidance), job.source)
    operation = load_operation(guidance)
    work = Work(
        guidance,
        job.source,
        lease.report_step,
        lease.should_stop,
        announce=lease.announce,
        revision=job.revision,
        granted_ids=granted_ids,
    )
    loaded = time.perf_counter()
    lease.enter_stage(Job.Stage.DRAWING)
    product = finish(work, operation)
    guidance = settled_guidance(guidance, product)
    _check_revision(job, product)
    drawn = time.perf_counter()
    backend = "@".join(str(product.manifest.get(key, "")) for key in ("backend", "revision"))
    lease.enter_stage(Job.Stage.FINISHING, backend=backend[:200])
    timings = {"load": _ms(loaded - started), "draw": _ms(drawn - loaded)}
    _store(job, lease, guidance, product, granted_ids, timings, drawn)


def _check_still_permitted(job: Job, used_ids: frozenset[int] = frozenset()) -> Right:
    """Return by what right the job edits; raise a refusal where that ended since it was asked for.

    Asked before drawing, and again when the result is stored, then with the grants held. used_ids:
    items that it was drawn from by a grant, which may have been deleted meanwhile.
    """
    job.source = Item.objects.filter(pk=job.source_id).first() if job.source_id else None
    if job.source is None and job.mode in SOURCE_KINDS:
        raise ConflictError("The item that this edited no longer exists.")
    if not used_ids <= granted_items(job):
        raise ConflictError(SOURCE_GONE)
    right = check_job(job)
    with transaction.atomic():
        lock_grants(right)
    return right


def _check_revision(job: Job, product: Product) -> None:
    """Refuse what another model made than the one this job is bound to."""
    if job.revision and str(product.manifest.get("revision", "")) != job.revision:
        raise ModelChangedError(MODEL_CHANGED)


def _store(
    job: Job,
    lease: Lease,
    guidance: Guidance,
    product: Product,
    granted_ids: frozenset[int],
    timings: dict[str, float],
    drawn: float,
) -> None:
    with transaction.atomic():
        held = lease.lock()
        if held.cancel_requested:
            raise GenerationCancelled("This creation was cancelled.")
        right = _check_still_permitted(job, granted_ids)
        item = create_item(job=job, guidance=guidance, product=product, right=right)
        if job.auto_submit:
            submit_item(item=item, by=None)
        waited = (held.started_at - held.created_at).total_seconds() if held.started_at else 0.0
        timings |= {"wait": _ms(waited), "finish": _ms(time.perf_counter() - drawn)}
        Job.objects.held_by(job.pk, lease.fence).update(
            state=Job.State.DONE,
            result=item,
            problem="",
            leased_until=None,
            finished_at=Now(),
            timings_ms=timings,
        )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
