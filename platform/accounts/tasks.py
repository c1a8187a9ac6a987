"""Background work about people."""

from __future__ import annotations

from celery import shared_task


@shared_task(
    acks_late=True,
    ignore_result=True,
    soft_time_limit=600,
    time_limit=630,
    autoretry_for=(OSError,),
    max_retries=3,
    retry_backoff=True,
)
def erase_account_task(user_id: int) -> None:
    """Erase a closed account; a second delivery finds nothing."""
    from accounts.leaving import erase_account

    erase_account(user_id=user_id)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=50, time_limit=60)
def requeue_lost_erasures_task() -> None:
    """Bring erasures on whose message was lost; beat calls this."""
    from accounts.leaving import requeue_lost_erasures

    requeue_lost_erasures()
