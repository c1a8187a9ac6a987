"""Work on items that runs in a worker."""

from __future__ import annotations

from celery import shared_task

# Wall-clock limit of the child process is ten minutes; storing what it made takes seconds.
PROCESS_SOFT_S = 660
PROCESS_HARD_S = 690


@shared_task(
    acks_late=True,
    ignore_result=True,
    soft_time_limit=PROCESS_SOFT_S,
    time_limit=PROCESS_HARD_S,
    autoretry_for=(OSError,),
    max_retries=3,
    retry_backoff=True,
)
def process_media_task(item_id: int) -> None:
    from catalog.services import process_media  # breaks the import cycle

    process_media(item_id=item_id)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=50, time_limit=60)
def requeue_stale_media_task() -> None:
    from catalog.services import requeue_stale_media  # breaks the import cycle

    requeue_stale_media()


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=50, time_limit=60)
def expire_items_task() -> None:
    from catalog.services import expire_due_items  # breaks the import cycle

    expire_due_items()


@shared_task(
    acks_late=True,
    ignore_result=True,
    soft_time_limit=240,
    time_limit=270,
    autoretry_for=(OSError,),
    max_retries=3,
    retry_backoff=True,
)
def take_away_task(item_id: int) -> None:
    from catalog.services.removing import take_away  # breaks the import cycle

    take_away(item_id=item_id)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=240, time_limit=270)
def lend_files_task(item_id: int) -> None:
    from catalog.services.removing import lend_files  # breaks the import cycle

    lend_files(item_id=item_id)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=840, time_limit=870)
def erase_removed_task() -> None:
    from catalog.services.removing import erase_due_items  # breaks the import cycle

    erase_due_items()


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=240, time_limit=270)
def embed_item_task(item_id: int) -> None:
    from catalog.models import Item  # breaks the import cycle
    from catalog.services import embed_items

    embed_items(items=Item.objects.filter(pk=item_id, media_state=Item.MediaState.READY))


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=3300, time_limit=3400)
def index_vectors_task() -> None:
    """Make the index of vectors once the catalogue is too large to be ranked whole."""
    from catalog.services.vector_index import ensure_vector_index, is_needed

    if is_needed():
        ensure_vector_index()
