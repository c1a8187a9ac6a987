"""What a person was shown before, so that the feed does not repeat itself.

Of people who let us learn, impressions are rows. Of visitors and of those who refused, only the
browser's own session remembers, a bounded list of ids.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone

from accounts.models import User
from catalog.models import HiddenItem
from feed.cursor import Cursor
from recommender.models import Impression

RECENT = timedelta(days=7)
SESSION_KEY = "feed_seen"
SESSION_ITEMS = 600


@dataclass(frozen=True)
class Shown:
    """One place of a page, as it is remembered and explained."""

    item_id: int
    source: str
    policy: str
    reason: dict[str, Any] = field(default_factory=dict)
    propensity: float = 1.0


class SeenBefore(Protocol):
    """Where a browse looks up and leaves what was shown."""

    def excluded(self, cursor: Cursor) -> set[int]: ...
    def replay(self, cursor: Cursor, limit: int) -> list[Shown]: ...
    def remember(self, cursor: Cursor, shown: list[Shown]) -> None: ...


class SeenInDatabase:
    """Impressions of one person."""

    def __init__(self, user: User) -> None:
        self.user = user

    def excluded(self, cursor: Cursor) -> set[int]:
        """Return what this browse has shown, and other browses of recent days unless `again`.

        And what the person hid, so that chance does not count it among what it may draw.
        """
        rows = Impression.objects.filter(user=self.user)
        if cursor.again:
            rows = rows.filter(feed_id=cursor.feed_id)
        else:
            rows = rows.filter(created_at__gt=timezone.now() - RECENT)
        hidden = HiddenItem.objects.filter(user=self.user).values_list("item_id")
        return {item for (item,) in rows.values_list("item_id").union(hidden)}

    def replay(self, cursor: Cursor, limit: int) -> list[Shown]:
        """Return the page that this very cursor was answered with before, if it was."""
        rows = Impression.objects.filter(
            user=self.user, feed_id=cursor.feed_id, position__gt=cursor.position
        ).order_by("position")[:limit]
        return [Shown(r.item_id, r.source, r.policy, r.reason, r.propensity) for r in rows]

    def remember(self, cursor: Cursor, shown: list[Shown]) -> None:
        """Store one impression per place; two tabs asking for one page leave one row each item."""
        Impression.objects.bulk_create(
            [
                Impression(
                    user=self.user,
                    item_id=place.item_id,
                    feed_id=cursor.feed_id,
                    position=cursor.position + offset,
                    source=place.source,
                    policy=place.policy,
                    reason=place.reason,
                    propensity=place.propensity,
                )
                for offset, place in enumerate(shown, start=1)
            ],
            ignore_conflicts=True,
        )


class SeenInSession:
    """Ids in the browser's session; the oldest fall out."""

    def __init__(self, session: SessionBase | None) -> None:
        self.session: Any = {} if session is None else session

    def excluded(self, cursor: Cursor) -> set[int]:
        """Return what this browser was shown; a browse that may repeat begins with nothing."""
        if cursor.again and cursor.position == 0:
            self.session[SESSION_KEY] = []
        return set(self.session.get(SESSION_KEY, []))

    def replay(self, cursor: Cursor, limit: int) -> list[Shown]:
        """Nothing: a session keeps ids only, not pages."""
        return []

    def remember(self, cursor: Cursor, shown: list[Shown]) -> None:
        """Add the ids of a page."""
        ids = self.session.get(SESSION_KEY, []) + [place.item_id for place in shown]
        self.session[SESSION_KEY] = ids[-SESSION_ITEMS:]
