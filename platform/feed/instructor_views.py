"""The conversation's pages: send a message, see one turn again, start over."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from common.errors import InvalidInputError
from common.http import HtmxRequest, SignedInRequest, wants_fragment
from feed.attachments import MAX_PER_MESSAGE, attach_file
from feed.instructor_panel import cards_of, get_exchange, get_turn_view
from feed.instructor_services import clear_conversation, take_turn

MAX_SHOWN = 24


class MessageForm(forms.Form):
    """A message as the panel sends it. Its length is judged by the instructor, in its own words."""

    text = forms.CharField(required=False, strip=True)
    # A quick reply that was pressed; it counts instead of the text.
    suggestion = forms.CharField(required=False, strip=True)
    request_key = forms.UUIDField(required=False)
    shown_ids = forms.RegexField(r"^[\d,]*$", required=False, max_length=400)
    focus_id = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    # What the script has uploaded; without it the files come with the message.
    attachments = forms.RegexField(r"^[\d,]*$", required=False, max_length=200)

    # What is made of this message is for this person alone, and deleted after viewing.
    delete_after_view = forms.BooleanField(required=False)

    def clean_shown_ids(self) -> list[int]:
        """Return the ids in sight, in order."""
        return _ids(self.cleaned_data["shown_ids"])[:MAX_SHOWN]

    def clean_attachments(self) -> list[int]:
        """Return the ids of what is attached, in order."""
        return _ids(self.cleaned_data["attachments"])


def _ids(listed: str) -> list[int]:
    ids = [int(part) for part in listed.split(",") if part]
    return [pk for pk in ids if 0 < pk < 2**63]


@require_POST
def send(request: HtmxRequest) -> HttpResponse:
    """Answer a message: the two new turns for htmx, else back to the open panel."""
    if not isinstance(request.user, User):
        return _invite(request)
    form = MessageForm(request.POST)
    if not form.is_valid():
        raise InvalidInputError("This message came in a form that cannot be read. Please reload.")
    sent = [attach_file(user=request.user, file=file).pk for file in _files(request)]
    turn = take_turn(
        user=request.user,
        text=form.cleaned_data["suggestion"] or form.cleaned_data["text"],
        request_key=form.cleaned_data["request_key"] or uuid.uuid4(),
        shown_ids=form.cleaned_data["shown_ids"],
        focus_id=form.cleaned_data["focus_id"],
        attachment_ids=[*form.cleaned_data["attachments"], *sent],
        delete_after_view=form.cleaned_data["delete_after_view"],
    )
    if not wants_fragment(request):
        return redirect(reverse("feed:page") + "#instructor")
    views = get_exchange(user=request.user, answer=turn)
    return render(request, "feed/_instructor_exchange.html", {"views": views})


def _files(request: HtmxRequest) -> list[Any]:
    """Return the files of a plain form, refused before any is taken in where they are too many."""
    files = [file for file in request.FILES.getlist("files") if isinstance(file, UploadedFile)]
    if len(files) > MAX_PER_MESSAGE:
        raise InvalidInputError(f"Attach at most {MAX_PER_MESSAGE} pictures or videos at a time.")
    return files


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
    asked = None
    if view.turn.action:
        # A message whose pictures were still being looked at gets its thumbnails with the answer.
        first = get_exchange(user=request.user, answer=view.turn)[0]
        asked = first if first.attachments else None
    return render(request, "feed/_instructor_answer.html", {"view": view, "asked": asked})


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
