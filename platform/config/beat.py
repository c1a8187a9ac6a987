"""What Celery beat starts by itself, and how often (seconds, or at an hour)."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab

SCHEDULE: dict[str, dict[str, Any]] = {
    "requeue-stale-jobs": {"task": "generation.tasks.requeue_stale_jobs_task", "schedule": 15.0},
    "trim-stages": {
        "task": "generation.tasks.trim_stages_task",
        "schedule": 900.0,
        # While a worker is busy they would pile up.
        "options": {"expires": 900},
    },
    "requeue-stale-media": {"task": "catalog.tasks.requeue_stale_media_task", "schedule": 20.0},
    "expire-items": {
        "task": "catalog.tasks.expire_items_task",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "erase-removed": {
        "task": "catalog.tasks.erase_removed_task",
        "schedule": 900.0,
        "options": {"expires": 900},
    },
    "requeue-stale-screenings": {
        "task": "moderation.tasks.requeue_stale_screenings_task",
        "schedule": 20.0,
    },
    "read-knowledge": {
        "task": "knowledge.tasks.requeue_due_sources_task",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "expire-knowledge": {
        "task": "knowledge.tasks.expire_knowledge_task",
        "schedule": crontab(hour=4, minute=10),
        "options": {"expires": 3600},
    },
    "forget-old-events": {
        "task": "recommender.tasks.forget_old_events_task",
        "schedule": crontab(hour=4, minute=15),
        "options": {"expires": 3600},
    },
    "requeue-lost-erasures": {
        "task": "accounts.tasks.requeue_lost_erasures_task",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "find-attacks": {
        "task": "recommender.tasks.find_attacks_task",
        "schedule": crontab(minute=20),
        "options": {"expires": 1800},
    },
    "measure-fairness": {
        "task": "dashboard.tasks.measure_fairness_task",
        "schedule": crontab(hour=4, minute=50),
        "options": {"expires": 3600},
    },
    "index-vectors": {
        "task": "catalog.tasks.index_vectors_task",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    # Soon after something is published; nothing is done where no item changed.
    "learn-words": {
        "task": "recommender.tasks.learn_words_task",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "train-recommender": {"task": "recommender.tasks.train_recommender_task", "schedule": 900.0},
    "train-every-recommender": {
        "task": "recommender.tasks.train_every_recommender_task",
        "schedule": crontab(hour=3, minute=30),
        # A worker that was down must not train in the middle of the day.
        "options": {"expires": 3600},
    },
    # Answers are given when a file is done; this finds those whose message was lost.
    "answer-waiting": {
        "task": "feed.tasks.answer_waiting_task",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "delete-old-attachments": {
        "task": "feed.tasks.delete_old_attachments_task",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "settle-rewards": {"task": "feed.tasks.settle_rewards_task", "schedule": 300.0},
    "train-policy": {
        "task": "recommender.tasks.train_policy_task",
        "schedule": crontab(hour=4, minute=30),
        "options": {"expires": 3600},
    },
}
