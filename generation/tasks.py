"""Background work of generation; the messages carry ids, the rows carry the truth."""

from __future__ import annotations

from celery import shared_task


@shared_task(
    acks_late=True,
    ignore_result=True,
    soft_time_limit=240,
    time_limit=270,
    autoretry_for=(OSError,),
    max_retries=3,
    retry_backoff=True,
)
def run_job_task(job_id: int) -> None:
    """Run the job unless somebody else does or did."""
    from generation.runner import run_job  # loads nothing of the kind in web processes

    run_job(job_id=job_id)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=30, time_limit=45)
def requeue_stale_jobs_task() -> None:
    """Send again what lost messages and dead workers left behind."""
    from generation.services import requeue_stale_jobs  # breaks the import cycle

    requeue_stale_jobs()
