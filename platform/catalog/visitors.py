"""What people without an account hid: kept in their browser's session, nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

KEY = "hidden_items"
# The oldest fall out: a session is no place for long lists.
MOST = 200


class Visitor(AnonymousUser):
    """Somebody without an account, with what their session hides from them."""

    def __init__(self, session: SessionBase | None) -> None:
        super().__init__()
        self.hidden_item_ids = hidden_in(session)


class VisitorMiddleware:
    """Let `request.user` of people without an account know what they hid."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Lazy, as the original is: a page that asks for nobody does not depend on the cookie.
        request.user = SimpleLazyObject(partial(_person, request.user, request.session))  # type: ignore[assignment]
        return self.get_response(request)


def hide_in_session(session: SessionBase, item_id: int) -> None:
    """Hide an item from this browser from now on. Safe to repeat."""
    kept = [pk for pk in hidden_in(session) if pk != item_id]
    session[KEY] = [*kept, item_id][-MOST:]


def hidden_in(session: SessionBase | None) -> tuple[int, ...]:
    """Return the ids of the items that this browser hid, oldest first."""
    found = session.get(KEY) if session is not None else None
    return tuple(pk for pk in found if isinstance(pk, int)) if isinstance(found, list) else ()


def _person(user: object, session: SessionBase) -> object:
    return user if getattr(user, "is_authenticated", False) else Visitor(session)
