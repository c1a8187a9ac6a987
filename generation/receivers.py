"""Receivers of catalogue signals; they only enqueue."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from catalog.signals import item_expired
from generation.tasks import forget_words_task


@receiver(item_expired, dispatch_uid="forget_words_of_expired_item")
def enqueue_forgetting(sender: Any, item_id: int, **kwargs: Any) -> None:
    """The request goes with what was made of it."""
    forget_words_task.delay_on_commit(item_id)
