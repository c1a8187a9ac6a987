"""What child processes of seeding run. Nothing of Django is imported before `set_up` has run."""

from __future__ import annotations


def set_up() -> None:
    """Make Django ready in a fresh process."""
    import django

    django.setup()


def screen(item_id: int) -> bool:
    """Screen one item by the ordinary service."""
    from moderation.services import screen_item

    return screen_item(item_id=item_id)


def make(job_id: int) -> bool:
    """Carry out one generation job by the ordinary service."""
    from generation.services import run_job

    return run_job(job_id=job_id)
