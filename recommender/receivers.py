"""Receivers of catalogue signals; nothing here is needed for an item to appear or vanish.

A published item enters ranking with the next page (the pool is topped up on every read), and a
removed one leaves at once, since every page asks the database which of its candidates it may
show. So the receiver only shortens the way: this process reads its pool anew.
"""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from accounts.signals import personalisation_refused
from catalog.signals import item_expired, item_removed


@receiver(item_removed, dispatch_uid="recommender_forgets_removed_item")
def forget_removed_item(sender: Any, item_id: int, **kwargs: Any) -> None:
    """Drop this process's copy of the pool, so that the place goes to another item."""
    from recommender.services.pool import read_anew

    read_anew()


@receiver(item_expired, dispatch_uid="recommender_forgets_deleted_item")
def forget_deleted_item(sender: Any, item_id: int, **kwargs: Any) -> None:
    """Queue the deletion of what people did with what is gone for good."""
    from recommender.tasks import forget_item_task

    forget_item_task.delay_on_commit(item_id)


@receiver(personalisation_refused, dispatch_uid="recommender_forgets_what_was_watched")
def forget_what_was_watched(sender: Any, user_id: int, **kwargs: Any) -> None:
    """Queue the deletion of what a person watched, now that they do not want it kept."""
    from recommender.tasks import forget_watched_task

    forget_watched_task.delay_on_commit(user_id)
