"""Background work of the feed."""

from __future__ import annotations

import logging

from celery import shared_task

logger = logging.getLogger(__name__)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=240, time_limit=270)
def settle_rewards_task() -> None:
    """Fill in what decisions turned out to be worth; beat calls this every five minutes."""
    from feed.rewards import settle_rewards

    settled = settle_rewards()
    if settled:
        logger.info("%s decisions settled", settled)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=240, time_limit=270)
def answer_waiting_task(user_id: int = 0) -> None:
    """Answer messages whose attachments have been looked at, or have had their time.

    Of one person when their file is done; beat calls this for all (0), so that no answer is lost.
    """
    from feed.waiting import answer_waiting  # breaks the import cycle

    answer_waiting(user_id=user_id or None)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=240, time_limit=270)
def delete_old_attachments_task() -> None:
    """Delete what was attached to conversations and is past its time; beat calls this hourly."""
    from feed.attachments import delete_old_attachments

    deleted = delete_old_attachments()
    if deleted:
        logger.info("%s old attachments deleted", deleted)
