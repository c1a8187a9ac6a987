"""A batch of events as browsers send it, by fetch or by a leaving page's beacon."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from common.errors import ConflictError, InvalidInputError
from common.http import HtmxRequest


@dataclass(frozen=True)
class Batch:
    """Events with the sender's clock, and the person under whom the browser collected them."""

    events: list[Any]
    sent_at: Any = None
    user: Any = None


def read_batch(request: HtmxRequest) -> Batch:
    """Return the batch in a JSON body or in the form field `events`."""
    raw = request.body if request.content_type == "application/json" else request.POST.get("events")
    try:
        data = json.loads(raw or "")
    except (ValueError, RecursionError):
        raise InvalidInputError("The events are not valid JSON.") from None
    batch = (
        Batch(data.get("events"), data.get("sent_at"), data.get("user"))  # type: ignore[arg-type]
        if isinstance(data, dict)
        else Batch(data)
    )
    if not isinstance(batch.events, list):
        raise InvalidInputError("Send a list of events.")
    return batch


def require_sender(user: User, sender: Any) -> None:
    """Refuse what a browser collected for somebody else: two people may share one.

    A page that is still open knows only who it was made for, while the session is the newer one's.
    """
    if sender is not None and sender != user.pk:
        raise ConflictError("These events were collected for somebody else and are not stored.")
