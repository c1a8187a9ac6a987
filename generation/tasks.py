"""Background work of generation; the messages carry ids, the rows carry the truth."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from generation.terms import LONGEST_S

QUEUE = "generate"


# Every kind of job has a limit of its own, which its lease keeps; these are for one that hangs.
@shared_task(
    acks_late=True,
    ignore_result=True,
    soft_time_limit=LONGEST_S + 120,
    time_limit=LONGEST_S + 150,
    autoretry_for=(OSError,),
    max_retries=3,
    retry_backoff=True,
)
def run_job_task(job_id: int) -> None:
    """Run whatever is next in line: the message of a job says only that there is one more."""
    from generation.runner import run_next_job  # loads nothing of the kind in web processes

    run_next_job()


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=30, time_limit=45)
def requeue_stale_jobs_task() -> None:
    """Send again what lost messages and dead workers left behind."""
    from generation.services import requeue_stale_jobs  # breaks the import cycle

    requeue_stale_jobs()


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=20, time_limit=30)
def forget_words_task(item_id: int) -> None:
    """Empty the request behind an item that was deleted after viewing."""
    from generation.forgetting import forget_words  # breaks the import cycle

    forget_words(item_id=item_id)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=60, time_limit=90)
def trim_stages_task() -> None:
    """Keep the stages of jobs that are stored on this machine below their limit."""
    from generation.cache import StageCache

    StageCache().trim()


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=240, time_limit=270)
def warm_up_task() -> None:
    """Load the generator, so that nobody's first picture waits for it."""
    from generation.loading import load_backend  # loads nothing of the kind in web processes

    load_backend()


@worker_ready.connect
def warm_up_generators(sender: Any = None, **kwargs: Any) -> None:
    """Send the first message to a worker that draws, once it takes messages.

    Not in `worker_process_init`: Celery ends processes whose start takes longer than four seconds.
    """
    if QUEUE in sender.app.amqp.queues.consume_from:
        warm_up_task.delay_on_commit()
