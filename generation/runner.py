"""The work of one job in a worker: claim, load, draw, finish. Safe to deliver repeatedly."""

from __future__ import annotations

import logging
import time

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from catalog.services import submit_item
from common.errors import DomainError
from common.guidance import Guidance
from generation.conditions import build_request, complete
from generation.core.backends import Backend, GenerationCancelled, GenerationResult
from generation.leases import Lease, LeaseLostError, claim_job
from generation.models import Job
from generation.results import create_item

logger = logging.getLogger(__name__)

TOO_OFTEN = (
    "This could not be made: the machine that drew it stopped several times. Please try again, "
    "perhaps with other words."
)
TOO_LONG = "This took too long and was stopped. Please try again in a while."
BROKEN = "Something broke while this was being made. It was not your fault; please try again."


def run_job(*, job_id: int) -> bool:
    """Make what the job asks for; True if this call ended it, False if it was not ours to run.

    1. Claim the row (one UPDATE; a second delivery stops here).
    2. Load the generator, then draw: each step is written, a wish to cancel stops it.
    3. In one transaction, while the row is still ours: the item, its way to screening, and the
       job's end. So there is exactly one item, however often the message came and whoever died.
    No transaction is open while the generator works: that takes seconds.
    """
    job = claim_job(job_id)
    if job is None:
        return False
    lease = Lease(job)
    if job.cancel_requested:
        return lease.close(Job.State.CANCELLED)
    if job.attempts > Job.MAX_ATTEMPTS:
        return lease.close(Job.State.FAILED, problem=TOO_OFTEN)
    try:
        with lease:
            _make_item(job, lease)
    except LeaseLostError:
        logger.warning("job %s was taken over; this worker stops", job_id)
        return False
    except GenerationCancelled:
        return lease.close(Job.State.CANCELLED)
    except DomainError as error:
        return lease.close(Job.State.FAILED, problem=str(error)[:500])
    except SoftTimeLimitExceeded:
        return lease.close(Job.State.FAILED, problem=TOO_LONG)
    except OSError:
        # A disk or a network had a bad moment: the task is retried and must find the job free.
        lease.give_back()
        raise
    except Exception:
        # A model's library may raise anything; the person must not wait for ever because of it.
        logger.exception("job %s failed", job_id)
        return lease.close(Job.State.FAILED, problem=BROKEN)
    return True


def _make_item(job: Job, lease: Lease) -> None:
    """Draw the picture and store it as an item together with the job's end."""
    started = time.perf_counter()
    backend = load_backend()
    guidance = complete(Guidance.from_dict(job.guidance), job.source)
    request = build_request(guidance, job.source)
    loaded = time.perf_counter()
    lease.enter_stage(Job.Stage.DRAWING, backend=f"{backend.name}@{backend.revision}"[:200])
    result = backend.run(request, on_step=lease.report_step, should_stop=lease.should_stop)
    drawn = time.perf_counter()
    lease.enter_stage(Job.Stage.FINISHING)
    timings = {"load": _ms(loaded - started), "draw": _ms(drawn - loaded)}
    _store(job, lease, guidance, result, timings, drawn)


def load_backend() -> Backend:
    """Return the generator that settings name; it stays in memory for the next job."""
    loader = import_string(settings.GENERATION_LOADER)
    return loader(settings.CREATOR_MODEL, revision=settings.CREATOR_REVISION)


def _store(
    job: Job,
    lease: Lease,
    guidance: Guidance,
    result: GenerationResult,
    timings: dict[str, float],
    drawn: float,
) -> None:
    with transaction.atomic():
        held = lease.lock()
        if held.cancel_requested:
            raise GenerationCancelled("This creation was cancelled.")
        item = create_item(job=job, guidance=guidance, result=result)
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
