"""Work on sources that runs in a worker."""

from __future__ import annotations

from celery import shared_task


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=120, time_limit=140)
def read_source_task(source_id: int) -> None:
    from knowledge.services import read_source  # breaks the import cycle

    read_source(source_id=source_id)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=30, time_limit=40)
def requeue_due_sources_task() -> None:
    from knowledge.services import requeue_due_sources  # breaks the import cycle

    requeue_due_sources()


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=50, time_limit=60)
def expire_knowledge_task() -> None:
    from knowledge.services import expire_knowledge  # breaks the import cycle

    expire_knowledge()
