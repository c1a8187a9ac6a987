"""Settings of workers that tests start: the test's database and queue, short leases."""

from __future__ import annotations

import os
from pathlib import Path

from config.settings.test import *  # noqa: F403
from config.settings.test import DATABASES

DATABASES["default"]["NAME"] = os.environ["WEFT_TEST_DATABASE"]
QUEUE_DIR = Path(os.environ["WEFT_TEST_QUEUE"])
# What another run drew is not found again.
VAR_DIR = QUEUE_DIR
CELERY_BROKER_URL = os.environ.get("WEFT_TEST_BROKER") or "filesystem://"
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {}
    if os.environ.get("WEFT_TEST_BROKER")
    else {
        "data_folder_in": str(QUEUE_DIR / "messages"),
        "data_folder_out": str(QUEUE_DIR / "messages"),
        "processed_folder": str(QUEUE_DIR / "processed"),
        "control_folder": str(QUEUE_DIR / "control"),
        "polling_interval": 0.05,
    }
)
GENERATION_LOADER = "tests.worker_backend.load_backend"
GENERATION_LEASE_S = 3
GENERATION_LOST_AFTER_S = 1
CELERY_BEAT_SCHEDULE = {
    "requeue-stale-jobs": {"task": "generation.tasks.requeue_stale_jobs_task", "schedule": 1.0},
}
