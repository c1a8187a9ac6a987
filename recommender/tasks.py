"""Background work of the recommender."""

from __future__ import annotations

import logging

from celery import shared_task

logger = logging.getLogger(__name__)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=840, time_limit=870)
def train_recommender_task() -> None:
    """Retrain when enough happened since the last time; beat calls this every quarter hour."""
    from recommender.services import train_if_needed

    version = train_if_needed()
    if version is not None:
        logger.info("recommender %s serves, %s", version, version.metrics)
