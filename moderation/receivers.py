"""Receivers of catalogue signals; they only enqueue."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from catalog.signals import frames_made, item_expired, item_removed, item_submitted
from moderation.tasks import close_cases_task, forget_looks_task, mark_stills_task, screen_item_task


@receiver(item_submitted, dispatch_uid="screen_submitted_item")
def enqueue_screening(sender: Any, item_id: int, **kwargs: Any) -> None:
    """Every item that is handed in is screened."""
    screen_item_task.delay_on_commit(item_id)


@receiver(item_removed, dispatch_uid="close_cases_of_removed_item")
def enqueue_closing(sender: Any, item_id: int, **kwargs: Any) -> None:
    """Nobody needs to look at what was taken down."""
    close_cases_task.delay_on_commit(item_id)


@receiver(item_expired, dispatch_uid="forget_looks_of_expired_item")
def enqueue_forgetting(sender: Any, item_id: int, **kwargs: Any) -> None:
    """How it looked and what was found in it goes; the mark stays, so that copies are told."""
    forget_looks_task.delay_on_commit(item_id)


@receiver(frames_made, dispatch_uid="mark_stills_of_video")
def enqueue_marking(sender: Any, item_id: int, **kwargs: Any) -> None:
    """Stills of AI videos are served only with both marks."""
    mark_stills_task.delay_on_commit(item_id)
