"""Suspected attacks as an operator judges them: grouped by target, with their evidence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from django.db import transaction
from django.db.models import Count, QuerySet

from accounts.models import User
from catalog.models import Item
from common.errors import InvalidInputError
from moderation.services.audit import record
from recommender.models import Interaction, Suspicion
from recommender.services import attacks
from recommender.services.attacks import OPEN

RESTORE, CONFIRM = "restore", "confirm"
# Signals in plain words; each is how unlike the others' the group's profiles are.
SIGNALS = {
    "length": "Their profiles are as long as one another's",
    "popularity": "What else they like is popular, or obscure, in the same unusual way",
    "rarity": "What else they like is known to unusually few, or many",
    "agreement": "They share more beside this item, or less, than people who like one item do",
    "overlap": "What they share lies unusually far from chance",
    "similarity": "The people most like them are unusually near, or far",
    "coherence": "What they like together is unusual",
    "burst": "They came within hours of one another",
    "new_account": "Their accounts are unusually young, or old, for what they do",
}
# In nats for one person: below this a signal says little.
LEAST_WORTH_SAYING = 0.3
STRONGEST = 2.5
BARS = 24
YOUNG = timedelta(days=7)
PEOPLE_SHOWN, SHARED_SHOWN, DECIDED_SHOWN = 40, 6, 20


@dataclass(frozen=True)
class Member:
    """One suspected person."""

    pk: int  # of the suspicion
    username: str
    score: float
    opinions: int
    joined: datetime
    acted_at: datetime
    waits: bool  # nothing is set aside before a person confirms

    @property
    def is_young(self) -> bool:
        """Whether the account was less than a week old when it acted."""
        return self.acted_at - self.joined < YOUNG


@dataclass(frozen=True)
class Bar:
    """One bar of the timeline, in a drawing of 240 by 40."""

    x: float
    y: float
    height: float


@dataclass(frozen=True)
class Group:
    """Open suspicions that aim at one item."""

    item: Item | None  # None when it is gone
    item_id: int
    is_push: bool
    members: tuple[Member, ...]
    signals: tuple[tuple[str, float], ...]  # words and strength, strongest first
    shared: tuple[tuple[Item, int], ...]  # what else they like, and how many of them
    size: int  # everybody who held this opinion of the item when it was found

    @property
    def ids(self) -> str:
        """Return all suspicions of the group, as the form sends them."""
        return ",".join(str(member.pk) for member in self.members)

    @property
    def shown(self) -> tuple[Member, ...]:
        """Return the members that are listed by name."""
        return self.members[:PEOPLE_SHOWN]

    @property
    def unlisted(self) -> int:
        return len(self.members) - len(self.shown)

    @property
    def young(self) -> int:
        return sum(member.is_young for member in self.members)

    @property
    def waiting(self) -> int:
        return sum(member.waits for member in self.members)

    @property
    def median_opinions(self) -> int:
        return int(np.median([member.opinions for member in self.members]))

    @property
    def first_at(self) -> datetime:
        return min(member.acted_at for member in self.members)

    @property
    def last_at(self) -> datetime:
        return max(member.acted_at for member in self.members)

    @property
    def bars(self) -> list[Bar]:
        """Return when the members acted on the item, from the first to the last."""
        moments = [member.acted_at.timestamp() for member in self.members]
        counts, _ = np.histogram(moments, bins=BARS)
        heights = 38.0 * counts / max(int(counts.max()), 1)
        return [
            Bar(round(index * 240 / BARS, 1), round(40 - height, 1), round(height, 1))
            for index, height in enumerate(heights.tolist())
            if height
        ]


def list_groups() -> list[Group]:
    """Return open suspicions grouped by target, largest first. Five queries."""
    rows = Suspicion.objects.filter(state__in=OPEN).select_related("user").order_by("-score", "pk")
    grouped: dict[tuple[int, bool], list[Suspicion]] = defaultdict(list)
    for row in rows:
        target = next(iter(row.signals.get("targets", [])), 0)
        grouped[target, bool(row.signals.get("is_push", True))].append(row)
    shared = {key: _shared(key[0], members) for key, members in grouped.items()}
    wanted = {item for item, _ in grouped} | {item for found in shared.values() for item in found}
    items = Item.objects.prefetch_related("assets").in_bulk(wanted)
    groups = [
        Group(
            item=items.get(item),
            item_id=item,
            is_push=is_push,
            members=tuple(_member(row) for row in members),
            signals=_signals(members),
            shared=tuple(
                (items[one], count) for one, count in shared[item, is_push].items() if one in items
            ),
            size=max(int(row.signals.get("group_size", 0)) for row in members),
        )
        for (item, is_push), members in grouped.items()
    ]
    return sorted(groups, key=lambda group: -len(group.members))


def list_decided() -> QuerySet[Suspicion]:
    """Return what people decided, newest first."""
    decided = Suspicion.objects.exclude(state__in=OPEN).select_related("user", "decided_by")
    return decided.order_by("-decided_at", "-pk")[:DECIDED_SHOWN]


@transaction.atomic
def decide(*, suspicions: Sequence[int], decision: str, by: User, note: str = "") -> int:
    """Restore or confirm, and write it to the audit log; returns how many."""
    if decision not in (RESTORE, CONFIRM):
        raise InvalidInputError("Choose to restore or to confirm.")
    act = attacks.restore if decision == RESTORE else attacks.confirm
    rows = act(suspicions=suspicions, by=by, note=note)
    record(
        action=f"attack.{decision}",
        actor=by,
        item_id=next(iter(rows[0].signals.get("targets", [])), None),
        suspicions=[row.pk for row in rows],
        people=[row.user_id for row in rows],
        note=note.strip(),
    )
    return len(rows)


def _member(row: Suspicion) -> Member:
    acted = row.signals.get("acted_at")
    return Member(
        pk=row.pk,
        username=row.user.username,
        score=row.score,
        opinions=int(row.signals.get("opinions", 0)),
        joined=row.user.date_joined,
        acted_at=datetime.fromtimestamp(acted, UTC) if acted else row.found_at,
        waits=row.state == Suspicion.State.PROPOSED,
    )


def _signals(members: Iterable[Suspicion]) -> tuple[tuple[str, float], ...]:
    """Return what speaks against the group, in words, with its mean strength from 0 to 1."""
    rows = [row.signals.get("evidence", {}) for row in members]
    means = {name: float(np.mean([row.get(name, 0.0) for row in rows])) for name in SIGNALS}
    told = sorted((nats, name) for name, nats in means.items() if nats >= LEAST_WORTH_SAYING)
    return tuple(
        (SIGNALS[name], round(min(nats / STRONGEST, 1.0), 2)) for nats, name in reversed(told)
    )


def _shared(target: int, members: Sequence[Suspicion]) -> Counter[int]:
    """Return the items that most of them like beside the target, with how many do."""
    found = (
        Interaction.objects.filter(
            user_id__in=[row.user_id for row in members], kind=Interaction.Kind.LIKE
        )
        .exclude(item_id=target)
        .values_list("item_id")
        .annotate(people=Count("user", distinct=True))
        .filter(people__gt=1)
        .order_by("-people", "item_id")[:SHARED_SHOWN]
    )
    return Counter(dict(found))
