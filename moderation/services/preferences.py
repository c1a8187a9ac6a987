"""How a reviewer works: the queues they take from and how pictures are shown to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from common.errors import InvalidInputError
from moderation.models import Queue, ReviewerPreference
from moderation.services.claims import require_moderator

if TYPE_CHECKING:
    from accounts.models import User


def set_preference(
    *, user: User, queues: Sequence[str], blur: str, grey: str, mute: str
) -> ReviewerPreference:
    """Store a reviewer's choices; no queue chosen means all of them."""
    require_moderator(user)
    known = set(Queue.objects.values_list("slug", flat=True))
    if unknown := set(queues) - known:
        raise InvalidInputError(f"There is no queue “{min(unknown)}”.")
    if any(one not in ReviewerPreference.Display.values for one in (blur, grey, mute)):
        raise InvalidInputError("Choose “as the queue says”, “always” or “never”.")
    found, _ = ReviewerPreference.objects.update_or_create(
        user=user,
        defaults={"queues": sorted(set(queues)), "blur": blur, "grey": grey, "mute": mute},
    )
    return found
