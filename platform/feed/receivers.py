"""Receivers of catalogue signals; they only enqueue."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from catalog.models import Item
from catalog.signals import media_settled
from feed.tasks import answer_waiting_task


@receiver(media_settled, dispatch_uid="answer_about_attachment")
def enqueue_answer(sender: Any, item_id: int, **kwargs: Any) -> None:
    """A message may wait for what was attached to it."""
    owner = Item.objects.filter(pk=item_id, is_attachment=True).values_list("owner_id", flat=True)
    for user_id in owner:
        answer_waiting_task.delay_on_commit(user_id)
