"""Feedback: what people did, stored once each, and read back as opinions."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import Consent, User
from catalog.models import Embedding, Item
from common.errors import InvalidInputError
from recommender.core.content import mean_direction
from recommender.core.data import Event, Opinion, opinions
from recommender.models import Interaction

MAX_BATCH = 200
MAX_DWELL_S = 3600.0
# A clip left running over lunch is not liked a hundred times as much.
MAX_LOOPS = 20.0
# Events may wait this long in a browser without a connection.
OLDEST_EVENT = timedelta(days=30)
# Clocks that differ by less agree.
CLOCK_TOLERANCE = timedelta(seconds=2)
# A person's newest events that ranking reads: enough for a taste, bounded for speed.
HISTORY_EVENTS = 1500
PASSIVE = {Interaction.Kind.VIEW, Interaction.Kind.DWELL, Interaction.Kind.COMPLETE}
REACTIONS = {
    Interaction.Kind.LIKE,
    Interaction.Kind.DISLIKE,
    Interaction.Kind.NOT_INTERESTED,
    Interaction.Kind.UNDO,
}


@dataclass
class RecordResult:
    """What became of a batch: how many rows were kept, and a sentence for each that was not."""

    stored: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)


def learning_allowed(user: User) -> bool | None:
    """Return the person's newest answer on personalisation; None while they gave none."""
    return (
        Consent.objects.filter(user=user, kind=Consent.Kind.PERSONALISATION)
        .order_by("-answered_at", "-id")
        .values_list("granted", flat=True)
        .first()
    )


def record_events(*, user: User, events: Iterable[Any], sent_at: Any = None) -> RecordResult:
    """Store a batch of {event_id, item_id, kind, value?, at?}; sending it again changes nothing.

    A bad row is answered by a sentence and the rest is kept. Items the person may not see are
    bad rows. Who refused personalisation gets no row stored; who was never asked keeps only what
    they did on purpose (reactions, shares), not what they merely watched. `sent_at` is the sender's
    clock at the moment of sending: what it is wrong by is taken off every event's time.
    """
    events = list(events)
    if len(events) > MAX_BATCH:
        raise InvalidInputError(f"Send at most {MAX_BATCH} events at a time.")
    allowed = learning_allowed(user)
    result = RecordResult()
    rows = []
    clock = _Clock.of(sent_at)
    for index, event in enumerate(events):
        try:
            rows.append((index, _parse(event, user, clock)))
        except InvalidInputError as error:
            result.problems.append({"index": index, "detail": str(error)})
    if allowed is False:
        return result
    if allowed is None:
        rows = [(index, row) for index, row in rows if row.kind not in PASSIVE]
    kept = []
    kinds = dict(
        Item.objects.for_audience(user)
        .filter(pk__in={row.item_id for _, row in rows})
        .values_list("pk", "kind")
    )
    for index, row in rows:
        if problem := _problem(row, kinds.get(row.item_id)):
            result.problems.append({"index": index, "detail": problem})
        else:
            kept.append(row)
    known = set(
        Interaction.objects.filter(
            user=user, event_id__in=[row.event_id for row in kept]
        ).values_list("event_id", flat=True)
    )
    fresh = list({row.event_id: row for row in kept if row.event_id not in known}.values())
    # A resend that overtakes this one is caught by the constraint.
    Interaction.objects.bulk_create(fresh, ignore_conflicts=True)
    result.stored = len(fresh)
    return result


def _problem(row: Interaction, item_kind: str | None) -> str:
    """Return why this event cannot be kept, "" when it can; None for an item out of sight."""
    if item_kind is None:
        return "This item is not available."
    if row.kind == Interaction.Kind.COMPLETE and item_kind != Item.Kind.VIDEO:
        return "Only a video can be watched to its end."
    return ""


def _parse(event: Any, user: User, clock: _Clock) -> Interaction:
    """Return the unsaved row of one event; anything odd is refused with a sentence."""
    if not isinstance(event, Mapping):
        raise InvalidInputError("An event must be an object.")
    kind = event.get("kind")
    if kind not in Interaction.Kind.values:
        raise InvalidInputError("This kind of event does not exist.")
    item_id = event.get("item_id")
    if not isinstance(item_id, int) or isinstance(item_id, bool) or not 0 < item_id < 2**63:
        raise InvalidInputError("An event needs the item_id of an item.")
    value = event.get("value", 1.0)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1e9:
        raise InvalidInputError("An event's value must be a number from 0 up.")
    most = MAX_LOOPS if kind == Interaction.Kind.COMPLETE else MAX_DWELL_S
    return Interaction(
        user=user,
        item_id=item_id,
        kind=kind,
        value=min(float(value), most),
        event_id=parse_event_id(event.get("event_id")),
        created_at=clock.moment(event.get("at")),
    )


def parse_event_id(value: Any) -> uuid.UUID:
    """Return the sender's key of an event; InvalidInputError when it is no UUID."""
    try:
        return uuid.UUID(str(value))
    except ValueError:
        raise InvalidInputError("An event needs an event_id that is a UUID.") from None


@dataclass(frozen=True)
class _Clock:
    """The server's time, and by how much the sender's clock is wrong (None: it did not say)."""

    now: datetime
    skew: timedelta | None = None

    @classmethod
    def of(cls, sent_at: Any) -> _Clock:
        now = timezone.now()
        sent = _read_time(sent_at)
        if sent is None:
            return cls(now)
        skew = now - sent
        return cls(now, skew if abs(skew) > CLOCK_TOLERANCE else timedelta())

    def moment(self, text: Any) -> datetime:
        """Return when it happened as far as that is believable: never later than now.

        What is older than `OLDEST_EVENT` by a clock we know is put at that age; by one we do not
        know it is put at now, since a wrong clock is likelier than so old an event.
        """
        moment = _read_time(text)
        if moment is None:
            return self.now
        try:
            moment += self.skew or timedelta()
        except OverflowError:
            return self.now
        oldest = self.now - OLDEST_EVENT
        if moment < oldest:
            return self.now if self.skew is None else oldest
        return min(moment, self.now)


def _read_time(text: Any) -> datetime | None:
    """Return an aware time from ISO text, None for anything else."""
    try:
        moment = parse_datetime(text) if isinstance(text, str) else None
        # The comparison is what fails for years at the edge of the calendar.
        aware = moment is not None and not timezone.is_naive(moment)
        return moment.astimezone(UTC) if aware and moment is not None else None
    except (ValueError, OverflowError):
        return None


def react(*, user: User, item: Item, kind: str, event_id: Any = None) -> str:
    """Store a like, dislike, not_interested or undo; returns the reaction now in force.

    Repeating the one in force stores nothing, nor does an `event_id` that was stored before (the
    answer to the first was lost on the way). Nothing is stored for who refused personalisation.
    """
    if kind not in REACTIONS:
        raise InvalidInputError("This reaction does not exist.")
    key = uuid.uuid4() if event_id is None else parse_event_id(event_id)
    current = current_reactions(user=user, item_ids=[item.pk]).get(item.pk, "")
    wanted = "" if kind == Interaction.Kind.UNDO else kind
    if wanted == current:
        return current
    if learning_allowed(user) is False:
        raise InvalidInputError(
            "You asked us not to learn from what you do, so this was not kept. "
            "You can change that in your preferences."
        )
    _, created = Interaction.objects.get_or_create(
        user=user,
        event_id=key,
        defaults={"item": item, "kind": kind, "created_at": timezone.now()},
    )
    return wanted if created else current


def current_reactions(*, user: User, item_ids: Iterable[int]) -> dict[int, str]:
    """Return the reaction in force on each of these items; items without one are absent."""
    newest = (
        Interaction.objects.filter(user=user, item_id__in=list(item_ids), kind__in=REACTIONS)
        .order_by("item_id", "-created_at", "-id")
        .distinct("item_id")
        .values_list("item_id", "kind")
    )
    return {item_id: kind for item_id, kind in newest if kind != Interaction.Kind.UNDO}


# What one person did lately and said, oldest first; events of one moment as they were stored. Put
# together here, since every page asks for it and its dates cost most to read.
_HISTORY = """
SELECT item_id, kind, value, at FROM (
    (SELECT item_id, kind, value, extract(epoch FROM created_at)::float8 AS at, 0 AS part, id
     FROM recommender_interaction WHERE user_id = %(user)s AND kind <> 'view'
     ORDER BY created_at DESC, id DESC LIMIT %(most)s)
    UNION ALL
    SELECT item_id, 'rating', stars, extract(epoch FROM updated_at)::float8, 1, id
    FROM recommender_rating WHERE user_id = %(user)s AND facet = 'overall'
    UNION ALL
    SELECT item_id, 'remark', CASE understood ->> 'opinion' WHEN 'like' THEN 1 ELSE -1 END,
           extract(epoch FROM created_at)::float8, 2, id
    FROM recommender_remark
    WHERE user_id = %(user)s AND understood ->> 'opinion' IN ('like', 'dislike')
) AS event ORDER BY at, part, id
"""


def user_opinions(user: User) -> dict[int, Opinion]:
    """Return the person's opinion of each item they did or said something about lately.

    From the log and from what was said in stars and words, as `statements` tells them. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, {"user": user.pk, "most": HISTORY_EVENTS})
        events = [Event(user.pk, *row) for row in cursor.fetchall()]
    return {item: opinion for (_, item), opinion in opinions(events).items()}


def user_history(user: User, k: int = 50) -> list[int]:
    """Return the ids of the items the person likes, newest first (`User_Hist`)."""
    liked = [
        (opinion.at, item)
        for item, opinion in user_opinions(user).items()
        if opinion.reaction == Interaction.Kind.LIKE
    ]
    return [item for _, item in sorted(liked, reverse=True)[:k]]


def liked_items(user: User, limit: int = 50) -> list[Item]:
    """Return liked items that the person may still see, newest like first."""
    ids = user_history(user, HISTORY_EVENTS)
    found = Item.objects.for_audience(user).in_bulk(ids)
    return [found[item] for item in ids if item in found][:limit]


def disliked_item_ids(user: User) -> set[int]:
    """Return the items the person dislikes or is not interested in."""
    rejected = {Interaction.Kind.DISLIKE, Interaction.Kind.NOT_INTERESTED}
    return {item for item, held in user_opinions(user).items() if held.reaction in rejected}


def user_vector_model() -> str | None:
    """Return the name of the encoder whose vectors ranking uses: that of the newest vector."""
    return Embedding.objects.order_by("-pk").values_list("model", flat=True).first()


def user_vector(user: User, limit: int = 50) -> np.ndarray | None:
    """Return the mean of the liked items' vectors, of length 1 (`User_Emb`); None without likes."""
    vectors = Embedding.objects.filter(
        item_id__in=user_history(user, limit), model=user_vector_model() or ""
    ).values_list("vector", flat=True)
    rows = [np.asarray(vector, dtype=np.float32) for vector in vectors]
    return mean_direction(np.stack(rows)) if rows else None
