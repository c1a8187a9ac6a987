"""Who is served next: what people wait for before background work, and people in turn.

A message is only a hint that there is work: the worker that gets one takes whatever stands first
here. So urgency and fairness hold over any broker, also one that knows no priorities.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush

from django.db.models import Count, Max, Q
from django.db.models.functions import Now
from django.utils import timezone

from generation.models import Job

# Whoever was served this lately lets others go first.
RECENT = timedelta(minutes=2)
# Background work that has waited this long counts like any other, so that it never starves.
PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True)
class Waiting:
    """A job in line."""

    job_id: int
    user_id: int
    since: datetime
    is_background: bool = False
    mode: str = "create"
    kind: str = "image"


@dataclass(frozen=True)
class Served:
    """What a person has had: how many of their jobs run, when the last one began."""

    running: int = 0
    last: float = 0.0


@dataclass(frozen=True)
class Line:
    """Everybody in line in the order of service, and what is being worked on."""

    waiting: list[Waiting]
    running: list[tuple[str, str]] = field(default_factory=list)

    def before(self, job_id: int) -> list[tuple[str, str]] | None:
        """Return (mode, kind) of what comes before this job; None if it is not in line."""
        for place, one in enumerate(self.waiting):
            if one.job_id == job_id:
                return self.running + [(w.mode, w.kind) for w in self.waiting[:place]]
        return None


def serving_order(
    waiting: Sequence[Waiting], served: Mapping[int, Served], *, now: datetime
) -> list[Waiting]:
    """Return the jobs in the order of service.

    Interactive ones first, then background ones. Among people, whoever has fewest jobs at work
    goes first, then whoever was served longest ago, then whoever asked first; each turn taken
    counts as a job at work. A person's own jobs keep their order.
    """
    order: list[Waiting] = []
    for later in (False, True):
        mine = [one for one in waiting if _is_later(one, now) == later]
        order += _in_turn(mine, served)
    return order


def _is_later(one: Waiting, now: datetime) -> bool:
    return one.is_background and now - one.since < PATIENCE


def _in_turn(waiting: Sequence[Waiting], served: Mapping[int, Served]) -> list[Waiting]:
    queues: dict[int, deque[Waiting]] = defaultdict(deque)
    for one in sorted(waiting, key=lambda one: (one.since, one.job_id)):
        queues[one.user_id].append(one)
    heap = []
    for user_id, queue in queues.items():
        had = served.get(user_id, Served())
        heap.append((had.running, had.last, queue[0].since, queue[0].job_id, user_id))
    heapify(heap)
    order = []
    while heap:
        turns, last, _, _, user_id = heappop(heap)
        order.append(queues[user_id].popleft())
        if queues[user_id]:
            following = queues[user_id][0]
            heappush(heap, (turns + 1, last, following.since, following.job_id, user_id))
    return order


def read_line() -> Line:
    """Return the line as it stands. Three queries, however long it is."""
    now = timezone.now()
    columns = ("pk", "user_id", "created_at", "priority", "guidance__mode", "guidance__kind")
    waiting = [
        Waiting(pk, user_id, since, priority == Job.Priority.BACKGROUND, mode, kind)
        for pk, user_id, since, priority, mode, kind in Job.objects.claimable().values_list(
            *columns
        )
    ]
    at_work = Q(state=Job.State.RUNNING, leased_until__gte=Now())
    running = list(Job.objects.filter(at_work).values_list("guidance__mode", "guidance__kind"))
    return Line(serving_order(waiting, _read_served(at_work, now), now=now), running)


def _read_served(at_work: Q, now: datetime) -> dict[int, Served]:
    rows = (
        Job.objects.filter(at_work | Q(started_at__gt=now - RECENT))
        .values_list("user_id")
        .annotate(running=Count("pk", filter=at_work), last=Max("started_at"))
    )
    return {
        user_id: Served(running, last.timestamp() if last else 0.0)
        for user_id, running, last in rows
    }
