"""Receivers of catalogue signals; they only enqueue."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from catalog.signals import item_removed, item_submitted
from moderation.tasks import close_cases_task, screen_item_task


@receiver(item_submitted, dispatch_uid="screen_submitted_item")
def enqueue_screening(sender: Any, item_id: int, **kwargs: Any) -> None:
    """Every item that is handed in is screened."""
    screen_item_task.delay_on_commit(item_id)


@receiver(item_removed, dispatch_uid="close_cases_of_removed_item")
def enqueue_closing(sender: Any, item_id: int, **kwargs: Any) -> None:
    """Nobody needs to look at what was taken down."""
    close_cases_task.delay_on_commit(item_id)
