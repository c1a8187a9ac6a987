"""The create page: a wish, how it is understood, and the variants it becomes."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from common.errors import DomainError
from common.http import SignedInRequest
from feed.create_forms import BeginForm, CreateForm
from feed.create_services import (
    Wish,
    as_dict,
    likes_of,
    list_references,
    read_wish,
    request_creation,
    restore_from_item,
    restore_from_job,
)
from generation.selectors import get_allowance, get_job

EXAMPLES = (
    "A black skirt with white stripes",
    "A navy dress with dots, as a watercolour",
    "Photo of a short red jacket",
    "A floral blouse, not pink",
)


@require_http_methods(["GET", "POST"])
@login_required
def create_page(request: SignedInRequest) -> HttpResponse:
    """Ask for something new; on success go to its variants."""
    if request.method == "GET":
        return _show(request, CreateForm(initial=_initial(request)))
    form = CreateForm(request.POST)
    if not form.is_valid():
        return _show(request, form, problem=_problems_of(form))
    try:
        jobs = request_creation(user=request.user, wish=form.wish, request_key=form.request_id)
    except DomainError as error:
        return _show(request, form, problem=str(error))
    if jobs[0].batch is None:
        return redirect("generation:job", jobs[0].pk)
    return redirect("generation:group", jobs[0].batch)


@require_GET
@login_required
def understood(request: SignedInRequest) -> HttpResponse:
    """How the wish so far is understood, as one line under the words."""
    form = CreateForm(request.GET)
    context: dict[str, Any] = {}
    if form.is_valid():
        try:
            context = {"heard": read_wish(form.wish)}
        except DomainError as error:
            context = {"unclear": str(error) if form.wish.instruction else ""}
    return render(request, "feed/create.html#understood", context)


def _initial(request: SignedInRequest) -> dict[str, Any]:
    """Return what the form begins with: nothing, or everything of what is remixed."""
    form = BeginForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    wish = Wish(instruction=asked.get("q") or "", reference=asked.get("reference"))
    try:
        if asked.get("job"):
            wish = restore_from_job(get_job(user=request.user, job_id=asked["job"]))
        elif asked.get("item"):
            wish = restore_from_item(user=request.user, pk=asked["item"])
    except DomainError as error:
        messages.warning(request, str(error))
    if asked.get("reference") and not wish.reference:
        wish = replace(wish, reference=asked["reference"])
    return {**as_dict(wish), "seed": wish.seed or "", "request_key": uuid.uuid4()}


def _show(request: SignedInRequest, form: CreateForm, problem: str = "") -> HttpResponse:
    chosen = form["reference"].value()
    reference = int(chosen) if str(chosen or "").isdecimal() else None
    likes, _ = likes_of(request.user)
    context = {
        "form": form,
        "problem": problem,
        "references": list_references(request.user, reference),
        "reference": reference,
        "likes": len(likes),
        "allowance": get_allowance(request.user),
        "is_remix": "job" in request.GET or "item" in request.GET,
        "examples": EXAMPLES,
    }
    return render(request, "feed/create.html", context, status=400 if problem else 200)


def _problems_of(form: Form) -> str:
    return " ".join(str(error) for errors in form.errors.values() for error in errors)
