"""The audit log: adding to it, and walking its chain."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection

from moderation.models import AuditEntry

if TYPE_CHECKING:
    from accounts.models import User

GENESIS = "0" * 64
BATCH = 2000
ROWS = """
SELECT entry.id, entry.position, entry.previous, entry.digest, moderation_audit_text(entry)
FROM moderation_auditentry entry
"""


@dataclass(frozen=True)
class ChainReport:
    """What walking the chain found. `broken_at`: the first entry (its number) that does not fit."""

    length: int
    head: str
    broken_at: int | None = None
    problem: str = ""
    # Whether the digest that the caller remembers stands in the chain; None when none was given.
    knows_expected: bool | None = None

    @property
    def is_whole(self) -> bool:
        return self.broken_at is None and self.knows_expected is not False


def record(
    *, action: str, actor: User | None = None, item_id: int | None = None, **data: Any
) -> AuditEntry:
    """Add one entry; without an actor the machine did it. Call it in the change's transaction.

    The database gives it its place in the chain as the transaction commits.
    """
    entry = AuditEntry(
        actor=actor,
        actor_number=actor.pk if actor else None,
        action=action,
        item_id=item_id,
        data=data,
    )
    entry.full_clean()
    entry.save()
    return entry


def verify_chain(*, expected: str = "", last: int | None = None) -> ChainReport:
    """Walk the chain and return what was found; `last` walks its last entries alone.

    Each entry's digest is computed anew from its content and must be the next one's `previous`.
    A chain cannot tell that its newest entries were cut off: for that, keep the head that this
    returns elsewhere and give it back as `expected`.
    """
    if entry := _unchained():
        return ChainReport(_length(), "", entry, "The entry never entered the chain.")
    digest, place, known = GENESIS, 0, expected in {"", GENESIS}
    for pk, position, previous, stored, text in _rows(last):
        if last is not None and place == 0 and position > 1:
            digest, place = previous, position - 1
        problem = _problem(place + 1, position, digest, previous, stored, text)
        if problem:
            return ChainReport(place, digest, pk, problem)
        digest, place = stored, position
        known = known or stored == expected
    return ChainReport(place, digest, knows_expected=known if expected else None)


def _problem(place: int, position: int, digest: str, previous: str, stored: str, text: str) -> str:
    if position != place:
        return f"Entry {place} of the chain is missing."
    if previous != digest:
        return "It does not follow from the entry before it."
    if hashlib.sha256(text.encode()).hexdigest() != stored:
        return "Its content was changed."
    return ""


def _rows(last: int | None) -> Iterator[tuple[int, int, str, str, str]]:
    """Yield (id, position, previous, digest, content) by position, in batches.

    Entries that are added meanwhile do no harm: positions only grow.
    """
    after = 0 if last is None else max(0, _length() - last)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"{ROWS} WHERE entry.position > %s ORDER BY entry.position LIMIT %s",
                [after, BATCH],
            )
            rows = cursor.fetchall()
        yield from rows
        if len(rows) < BATCH:
            return
        after = rows[-1][1]


def _length() -> int:
    newest = AuditEntry.objects.exclude(position=None).order_by("-position").first()
    return newest.position or 0 if newest else 0


def _unchained() -> int | None:
    """Return an entry that is not in the chain: one that was written past the triggers."""
    entries = AuditEntry.objects.filter(position=None).order_by("pk")
    return entries.values_list("pk", flat=True).first()
