"""Background work of the recommender."""

from __future__ import annotations

import logging

from celery import shared_task

from common.errors import ConflictError, InvalidInputError

logger = logging.getLogger(__name__)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=840, time_limit=870)
def train_recommender_task() -> None:
    """Retrain when enough happened since the last time; beat calls this every quarter hour."""
    from recommender.services import train_if_needed

    try:
        version = train_if_needed()
    except ConflictError:
        logger.info("another training is running; this one is left out")
        return
    if version is not None:
        logger.info("recommender %s trained, %s", version, version.metrics)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=3300, time_limit=3400)
def train_every_recommender_task() -> None:
    """Train all kinds and let the winner on validation serve; beat calls this every night."""
    from recommender.services import train_all

    try:
        versions = train_all()
    except (ConflictError, InvalidInputError) as error:
        logger.info("no training tonight: %s", error)
        return
    for version in versions:
        logger.info("recommender %s trained, %s", version, version.metrics)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=840, time_limit=870)
def train_policy_task() -> None:
    """Learn the policy of activation anew from the log; beat calls this every night."""
    from recommender.services.policies import train_policy

    try:
        version = train_policy()
    except InvalidInputError as error:
        logger.info("no policy was learnt tonight: %s", error)
        return
    logger.info("%s: %s", version, version.metrics.get("held_back") or "serves")


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=1500, time_limit=1600)
def forget_old_events_task() -> None:
    """Delete what was watched too long ago, or by who refuses now; beat calls this every night."""
    from recommender.services.retention import forget_old_events, forget_watched_by_refusing

    logger.info("%s rows forgotten", forget_old_events() + forget_watched_by_refusing())


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=300, time_limit=330)
def forget_watched_task(user_id: int) -> None:
    """Delete what a person watched, once they refuse to be learned from."""
    from recommender.services.retention import forget_watched

    forget_watched(user_id=user_id)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=240, time_limit=270)
def forget_item_task(item_id: int) -> None:
    """Delete what people did with an item that was deleted for good."""
    from recommender.services.retention import forget_item

    forget_item(item_id=item_id)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=840, time_limit=870)
def find_attacks_task() -> None:
    """Look for attacks in recent feedback; beat calls this every hour."""
    from recommender.services.attacks import find_attacks

    report = find_attacks()
    logger.info("%s people looked at, %s flagged", report.people, report.flagged)


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=840, time_limit=870)
def learn_words_task() -> None:
    """Learn words from titles and captions if items changed; beat calls this every ten minutes."""
    from recommender.services.words import learn_words_if_needed

    count = learn_words_if_needed()
    if count is not None:
        logger.info("%s words learned from the catalogue", count)
