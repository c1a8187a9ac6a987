"""What beat starts by itself."""

from __future__ import annotations

from config.beat import SCHEDULE
from config.celery import app


def test_beat_starts_only_tasks_that_exist():
    app.autodiscover_tasks(force=True)
    assert {one["task"] for one in SCHEDULE.values()} <= set(app.tasks)
