"""Attacks on what the site learns: suspicious feedback is set aside, and can be put back.

What is set aside counts for nobody else: not in training, popularity, an uploader's audience, the
policy's rewards or statistics (`Interaction.objects.trusted()`). The person's own pages still
follow their own likes: they harm nobody by them, and who is suspected wrongly loses nothing.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone
from scipy import sparse

from accounts.models import User
from common.errors import ConflictError, InvalidInputError
from recommender.core.data import Event, Opinion, opinions
from recommender.core.shilling import THRESHOLD, Detection, Feedback, detect
from recommender.models import Interaction, Suspicion

logger = logging.getLogger(__name__)

# What is looked through: the newest feedback, bounded for time and memory.
WINDOW = timedelta(days=60)
MOST_EVENTS = 400_000
MOST_OPINIONS = 600  # of one person
# With fewer people than this there is nobody to compare with.
FEWEST_PEOPLE = 40
# Without a person's word at most this share is set aside: a false alarm must not silence a site.
MOST_SHARE = 0.15
OPEN = (Suspicion.State.SET_ASIDE, Suspicion.State.PROPOSED)
IN_FORCE = (Suspicion.State.SET_ASIDE, Suspicion.State.CONFIRMED)
State = Suspicion.State


@dataclass
class Report:
    """What a search found: people's ids, and the groups as they are shown."""

    people: int = 0
    flagged: int = 0
    set_aside: list[int] = field(default_factory=list)
    proposed: list[int] = field(default_factory=list)
    # Restored by a person over the same item before, so left alone.
    forgiven: list[int] = field(default_factory=list)
    groups: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class _Log:
    """Recent opinions as the detector wants them, with the ids behind rows and columns."""

    feedback: Feedback
    user_ids: np.ndarray
    item_ids: np.ndarray
    held: dict[tuple[int, int], Opinion]


def find_attacks(*, dry_run: bool = False) -> Report:
    """Look through recent feedback and set aside what looks made up; safe to repeat.

    1. Read recent opinions, of people already suspected too, so that their group stays visible.
    2. Score every profile. 3. Who is new among the flagged is set aside, strongest first, up to
    `MOST_SHARE` of the people; the rest waits for a person. Whom a person restored is not flagged
    again over the same items. 4. New feedback of people set aside follows what is set aside.
    """
    log = _read_log()
    report = Report(people=len(log.user_ids) if log else 0)
    if log is not None and report.people >= FEWEST_PEOPLE:
        found = detect(log.feedback)
        _sort_out(log, found, report)
        report.groups = _groups(log, found)
        if not dry_run:
            _store(log, found, report)
    if not dry_run:
        _follow_up()
    return report


def restore(*, suspicions: Iterable[int], by: User, note: str = "") -> list[Suspicion]:
    """Let this feedback count again, and remember that a person said so.

    All or none: ConflictError when one was restored already, InvalidInputError when one is gone.
    """
    return _decide(suspicions, State.RESTORED, by, note)


def confirm(*, suspicions: Iterable[int], by: User, note: str = "") -> list[Suspicion]:
    """Keep this feedback set aside for good; what had only been proposed is set aside now."""
    return _decide(suspicions, State.CONFIRMED, by, note)


def _decide(suspicions: Iterable[int], state: State, by: User, note: str) -> list[Suspicion]:
    ids = sorted(set(suspicions))
    if not ids:
        raise InvalidInputError("Choose at least one person.")
    with transaction.atomic():
        rows = list(Suspicion.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
        if len(rows) < len(ids):
            raise InvalidInputError("A suspicion you chose does not exist any more.")
        if any(row.state in (state, State.RESTORED) for row in rows):
            raise ConflictError("Somebody has decided on one of these already. Load the page anew.")
        for row in rows:
            row.state, row.decided_by, row.decided_at = state, by, timezone.now()
            row.note = note.strip()
            row.full_clean()
            row.save()
        if state == State.RESTORED:
            Interaction.objects.filter(suspicion__in=ids).update(suspicion=None)
    if state == State.CONFIRMED:
        _follow_up()
    return rows


def changed_since(moment: Any) -> bool:
    """Return whether what counts changed after `moment`: something found or decided."""
    return (
        Suspicion.objects.filter(state__in=IN_FORCE, found_at__gt=moment).exists()
        or Suspicion.objects.filter(decided_at__gt=moment).exists()
    )


def _read_log() -> _Log | None:
    """Return recent opinions of everybody; None when there are none."""
    rows = (
        Interaction.objects.filter(created_at__gte=timezone.now() - WINDOW)
        .exclude(kind=Interaction.Kind.VIEW)
        .order_by("-pk")
        .values_list("user_id", "item_id", "kind", "value", "created_at")[:MOST_EVENTS]
    )
    # Oldest first: of two events of one moment the later row counts.
    events = [Event(u, i, kind, value, at.timestamp()) for u, i, kind, value, at in rows]
    held = _newest_of_each(opinions(reversed(events)))
    if not held:
        return None
    users, row = np.unique([user for user, _ in held], return_inverse=True)
    items, column = np.unique([item for _, item in held], return_inverse=True)
    order = np.lexsort((column, row))
    weights = np.array([opinion.weight for opinion in held.values()], dtype=np.float32)[order]
    at = np.array([opinion.at for opinion in held.values()])[order]
    matrix = sparse.csr_matrix(
        (weights, (row[order], column[order])), shape=(len(users), len(items))
    )
    joined = dict(User.objects.filter(pk__in=users.tolist()).values_list("pk", "date_joined"))
    ages = np.array([joined[int(user)].timestamp() for user in users])
    return _Log(Feedback(matrix, at, ages), users, items, held)


def _newest_of_each(held: dict[tuple[int, int], Opinion]) -> dict[tuple[int, int], Opinion]:
    """Leave each person their newest opinions: the work grows by the square of a profile."""
    kept: dict[tuple[int, int], Opinion] = {}
    counts: Counter[int] = Counter()
    for pair, opinion in sorted(held.items(), key=lambda entry: -entry[1].at):
        counts[pair[0]] += 1
        if counts[pair[0]] <= MOST_OPINIONS:
            kept[pair] = opinion
    return kept


def _sort_out(log: _Log, found: Detection, report: Report) -> None:
    """Fill in who is to be set aside, who waits for a person, and who was restored before."""
    flagged = found.flagged(THRESHOLD)
    flagged = flagged[np.argsort(-found.score[flagged], kind="stable")]
    report.flagged = len(flagged)
    ids = log.user_ids[flagged].tolist()
    known: set[int] = set()
    restored: dict[int, set[int]] = {}
    in_force = 0
    for row in Suspicion.objects.filter(user_id__in=log.user_ids.tolist()):
        if row.state == State.RESTORED:
            restored.setdefault(row.user_id, set()).update(row.signals.get("targets", []))
        else:
            known.add(row.user_id)
            in_force += row.state in IN_FORCE
    room = int(MOST_SHARE * report.people) - in_force
    for row, user in zip(flagged, ids, strict=True):
        if user in known:
            continue
        if int(log.item_ids[found.target[row]]) in restored.get(user, set()):
            report.forgiven.append(user)
        elif len(report.set_aside) < room:
            report.set_aside.append(user)
        else:
            report.proposed.append(user)


def _store(log: _Log, found: Detection, report: Report) -> None:
    """Write the new suspicions; two searches at once write each only once."""
    row_of = {int(user): row for row, user in enumerate(log.user_ids)}
    for state, users in ((State.SET_ASIDE, report.set_aside), (State.PROPOSED, report.proposed)):
        for user in users:
            with transaction.atomic():
                # The person's row is the lock: suspicions have no key of their own to collide on.
                User.objects.select_for_update().filter(pk=user).first()
                if Suspicion.objects.filter(user_id=user).exclude(state=State.RESTORED).exists():
                    continue
                row = row_of[user]
                Suspicion.objects.create(
                    user_id=user,
                    score=round(float(found.score[row]), 4),
                    signals=_signals(log, found, row),
                    state=state,
                )
    if report.set_aside or report.proposed:
        logger.warning(
            "%s people set aside as an attack, %s wait for a person",
            len(report.set_aside),
            len(report.proposed),
        )


def _signals(log: _Log, found: Detection, row: int) -> dict[str, Any]:
    """Return what made the profile suspicious, as it is stored and shown."""
    item = int(log.item_ids[found.target[row]])
    is_push = bool(found.is_push[row])
    group = next(
        (g for g in found.groups if g.item == found.target[row] and g.is_push == is_push), None
    )
    return {
        "targets": [item],
        "is_push": is_push,
        "evidence": {name: round(float(nats[row]), 2) for name, nats in found.evidence.items()},
        "opinions": int(np.diff(log.feedback.matrix.indptr)[row]),
        "group_flagged": len(group.people) if group else 0,
        "group_size": group.size if group else 0,
        "group_evidence": group.evidence if group else 0.0,
        "acted_at": log.held[(int(log.user_ids[row]), item)].at,
    }


def _groups(log: _Log, found: Detection) -> list[dict[str, Any]]:
    return [
        {
            "item": int(log.item_ids[group.item]),
            "is_push": group.is_push,
            "evidence": group.evidence,
            "size": group.size,
            "people": log.user_ids[group.people].tolist(),
        }
        for group in found.groups
    ]


def _follow_up() -> None:
    """Set aside all feedback of people in force, what came since included."""
    rows = Suspicion.objects.filter(state__in=IN_FORCE).order_by("pk").values_list("pk", "user_id")
    for suspicion, user in rows:
        Interaction.objects.filter(user_id=user, suspicion=None).update(suspicion=suspicion)
