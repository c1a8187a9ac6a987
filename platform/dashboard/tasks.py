"""Background work of the dashboard."""

from __future__ import annotations

from celery import shared_task


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=600, time_limit=630)
def measure_fairness_task() -> None:
    """Measure parity between groups and keep it; beat calls this every night."""
    from dashboard.fairness_history import keep_measurement

    keep_measurement()
