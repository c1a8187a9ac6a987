"""The captions of one's own video: see, write, upload, check, download. Works without scripts."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from catalog.models import Item
from common.errors import DomainError
from common.http import SignedInRequest
from generation.models import Job
from media.captions import MIME
from studio import captions_services as services
from studio.captions_forms import FileForm, ScriptForm, TextForm, VersionForm
from studio.selectors import get_studio_item
from studio.views import uploader_required


@require_GET
@uploader_required
def page(request: SignedInRequest, pk: int) -> HttpResponse:
    """The video with its captions, each with the rules that it breaks, and all ways to change."""
    item = _get_video(request, pk)
    return render(request, "studio/captions.html", _context(request, item))


@require_GET
@uploader_required
def download(request: SignedInRequest, pk: int) -> HttpResponse:
    """The captions as a WebVTT file."""
    item = _get_video(request, pk)
    vtt = services.get_captions(item).vtt
    if not vtt:
        raise Http404("This video has no captions.")
    response = HttpResponse(vtt, content_type=f"{MIME}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="captions-{item.pk}.vtt"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_POST
@uploader_required
def save(request: SignedInRequest, pk: int) -> HttpResponse:
    """Store the captions as they were edited as text."""
    item, form = _get_video(request, pk), TextForm(request.POST)
    return _answer(
        request,
        item,
        "text_form",
        form,
        lambda said: services.save_text(user=request.user, item=item, text=said["text"]),
        "Captions saved.",
    )


@require_POST
@uploader_required
def script(request: SignedInRequest, pk: int) -> HttpResponse:
    """Make captions from what is said, spread over the video."""
    item, form = _get_video(request, pk), ScriptForm(request.POST)
    return _answer(
        request,
        item,
        "script_form",
        form,
        lambda said: services.save_script(user=request.user, item=item, script=said["script"]),
        "Captions made from your script. Check where they fall and move them if need be.",
    )


@require_POST
@uploader_required
def upload(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take a captions file in."""
    item, form = _get_video(request, pk), FileForm(request.POST, request.FILES)
    return _answer(
        request,
        item,
        "file_form",
        form,
        lambda said: services.save_file(user=request.user, item=item, file=said["file"]),
        "Captions file read.",
    )


@require_POST
@uploader_required
def change(request: SignedInRequest, pk: int, how: str) -> HttpResponse:
    """One of the changes that need nothing but a button: put right, confirm, remove."""
    item = _get_video(request, pk)
    try:
        if how == "fit":
            left = services.put_right(user=request.user, item=item)
            said = "Lines wrapped and times put right."
            messages.success(request, f"{said} {left} still need a look." if left else said)
        elif how == "confirm":
            services.confirm_cues(user=request.user, item=item)
            messages.success(request, "Thank you. They no longer count as written by machine.")
        else:
            services.remove_captions(user=request.user, item=item)
            messages.success(request, "Captions removed.")
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("studio:captions", pk)


@require_POST
@uploader_required
def version(request: SignedInRequest, pk: int) -> HttpResponse:
    """Queue a new version with captions: beside the picture, drawn into it, or from speech."""
    item, form = _get_video(request, pk), VersionForm(request.POST)
    made: list[Job] = []

    def act(said: dict[str, Any]) -> list[str]:
        asked = {"script": said["script"], "burn": said["burn"]}
        key = str(said["request_key"])
        made.append(
            services.request_version(user=request.user, item=item, request_key=key, **asked)
        )
        return []

    refused = _refused(request, item, "version_form", form, act)
    return refused or redirect("generation:job", made[0].pk)


Act = Callable[[dict[str, Any]], list[str]]


def _answer(
    request: SignedInRequest, item: Item, name: str, form: Form, act: Act, done: str
) -> HttpResponse:
    """Do it and go back to the page; or show the page again with what was typed and why not."""
    notes: list[str] = []

    def noted(said: dict[str, Any]) -> list[str]:
        notes.extend(act(said))
        return notes

    if refused := _refused(request, item, name, form, noted):
        return refused
    messages.success(request, done)
    for note in notes:
        messages.warning(request, note)
    return redirect("studio:captions", item.pk)


def _refused(
    request: SignedInRequest, item: Item, name: str, form: Form, act: Act
) -> HttpResponse | None:
    """Return the page with the problem beside its form, or None once `act` has done it."""
    if form.is_valid():
        try:
            act(form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return None
    context = _context(request, item, **{name: form})
    if not context["state"].can_change and name != "version_form":
        # That form is not on the page of what was submitted.
        context["problem"] = " ".join(map(str, form.non_field_errors()))
    return render(request, "studio/captions.html", context, status=400)


def _get_video(request: SignedInRequest, pk: int) -> Item:
    item = get_studio_item(user=request.user, pk=pk)
    if item.kind != Item.Kind.VIDEO:
        raise Http404("Only videos have captions.")
    return item


def _context(request: SignedInRequest, item: Item, **forms: Form) -> dict[str, Any]:
    state = services.get_captions(item)
    key = uuid.uuid4()
    return {
        "item": item,
        "state": state,
        "can_hear": services.can_hear() and state.has_sound,
        "text_form": TextForm(initial={"text": state.text}),
        "script_form": ScriptForm(),
        "file_form": FileForm(),
        "version_form": VersionForm(initial={"script": state.text, "request_key": key}),
        "request_key": key,
        **forms,
    }
