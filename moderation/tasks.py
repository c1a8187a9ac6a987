"""Work of moderation that runs in a worker."""

from __future__ import annotations

from celery import shared_task


@shared_task(
    acks_late=True,
    ignore_result=True,
    soft_time_limit=90,
    time_limit=100,
    autoretry_for=(OSError,),
    max_retries=3,
    retry_backoff=True,
)
def screen_item_task(item_id: int) -> None:
    from moderation.services import screen_item  # breaks the import cycle

    screen_item(item_id=item_id)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=50, time_limit=60)
def requeue_stale_screenings_task() -> None:
    from moderation.services import requeue_stale_screenings  # breaks the import cycle

    requeue_stale_screenings()


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=20, time_limit=30)
def close_cases_task(item_id: int) -> None:
    from moderation.services import close_cases  # breaks the import cycle

    close_cases(item_id=item_id)


@shared_task(
    acks_late=True,
    ignore_result=True,
    soft_time_limit=90,
    time_limit=100,
    autoretry_for=(OSError,),
    max_retries=3,
    retry_backoff=True,
)
def mark_stills_task(item_id: int) -> None:
    from moderation.services import mark_stills  # breaks the import cycle

    mark_stills(item_id=item_id)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=20, time_limit=30)
def forget_looks_task(item_id: int) -> None:
    from moderation.services.ledger import forget_looks  # breaks the import cycle

    forget_looks(item_id=item_id)
