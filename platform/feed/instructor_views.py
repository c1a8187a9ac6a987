"""The conversation's pages: send a message, see one turn again, start over."""

from __future__ import annotations

import uuid

from django import forms
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from common.errors import InvalidInputError
from common.http import HtmxRequest, SignedInRequest, wants_fragment
from feed.instructor_services import (
    cards_of,
    clear_conversation,
    get_exchange,
    get_turn_view,
    take_turn,
)

MAX_SHOWN = 24


class MessageForm(forms.Form):
    """A message as the panel sends it. Its length is judged by the instructor, in its own words."""

    text = forms.CharField(required=False, strip=True)
    # A quick reply that was pressed; it counts instead of the text.
    suggestion = forms.CharField(required=False, strip=True)
    request_key = forms.UUIDField(required=False)
    shown_ids = forms.RegexField(r"^[\d,]*$", required=False, max_length=400)
    focus_id = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    def clean_shown_ids(self) -> list[int]:
        """Return the ids in sight, in order."""
        ids = [int(part) for part in self.cleaned_data["shown_ids"].split(",") if part]
        return [pk for pk in ids if 0 < pk < 2**63][:MAX_SHOWN]


@require_POST
def send(request: HtmxRequest) -> HttpResponse:
    """Answer a message: the two new turns for htmx, else back to the open panel."""
    if not isinstance(request.user, User):
        return _invite(request)
    form = MessageForm(request.POST)
    if not form.is_valid():
        raise InvalidInputError("This message came in a form that cannot be read. Please reload.")
    turn = take_turn(
        user=request.user,
        text=form.cleaned_data["suggestion"] or form.cleaned_data["text"],
        request_key=form.cleaned_data["request_key"] or uuid.uuid4(),
        shown_ids=form.cleaned_data["shown_ids"],
        focus_id=form.cleaned_data["focus_id"],
    )
    if not wants_fragment(request):
        return redirect(reverse("feed:page") + "#instructor")
    views = get_exchange(user=request.user, answer=turn)
    return render(request, "feed/_instructor_exchange.html", {"views": views})


def _invite(request: HtmxRequest) -> HttpResponse:
    """Send a visitor, or somebody signed out meanwhile, to sign in; htmx must not show it here."""
    answer = redirect_to_login(reverse("feed:page") + "#instructor")
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": answer["Location"]})
    return answer


@require_GET
@login_required
def turn(request: SignedInRequest, turn_id: int) -> HttpResponse:
    """Return one of the person's own turns, as it stands now."""
    view = get_turn_view(user=request.user, turn_id=turn_id)
    if view is None:
        raise Http404("There is no such turn.")
    return render(request, "feed/_instructor_turn.html", {"view": view})


@require_GET
@login_required
def cards(request: SignedInRequest, turn_id: int) -> HttpResponse:
    """Return what a turn found as cards of the feed."""
    view = get_turn_view(user=request.user, turn_id=turn_id)
    if view is None:
        raise Http404("There is no such turn.")
    found = cards_of(user=request.user, items=view.items)
    return render(request, "feed/_instructor_cards.html", {"cards": found})


@require_POST
@login_required
def clear(request: SignedInRequest) -> HttpResponse:
    """Forget the conversation; the panel begins anew."""
    clear_conversation(user=request.user)
    if not wants_fragment(request):
        return redirect(reverse("feed:page") + "#instructor")
    return render(request, "feed/_instructor_panel.html")
