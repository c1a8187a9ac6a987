"""The audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moderation.models import AuditEntry

if TYPE_CHECKING:
    from accounts.models import User


def record(
    *, action: str, actor: User | None = None, item_id: int | None = None, **data: Any
) -> AuditEntry:
    """Add one entry; without an actor the machine did it. Call it in the change's transaction."""
    entry = AuditEntry(actor=actor, action=action, item_id=item_id, data=data)
    entry.full_clean()
    entry.save()
    return entry
