"""HTTP shapes that several apps share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from accounts.models import User


class HtmxRequest(HttpRequest):
    """A request as views see it: with htmx's details and a signed-in person."""

    htmx: HtmxDetails


class SignedInRequest(HtmxRequest):
    """A request whose person is known; views behind `login_required` receive it."""

    user: User  # type: ignore[assignment]


def wants_fragment(request: HtmxRequest) -> bool:
    """Return whether htmx wants a part; boosted links and history need the whole page."""
    return bool(
        request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request
    )
