"""The uploader's pages: items, upload, one item with its outcome and versions, AI edits."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import reswap, retarget, trigger_client_event

from catalog.models import Item
from catalog.permission_selectors import count_waiting
from catalog.services import (
    allow_edits,
    delete_draft,
    say_people_agreed,
    submit_item,
    update_item,
    use_as_poster,
    withdraw_item,
)
from common.errors import DomainError
from common.http import SignedInRequest, wants_fragment
from generation.models import Job
from studio.forms import DetailsForm, ListForm, ToolForm, UploadForm
from studio.selectors import (
    count_states,
    get_family,
    get_statement_of,
    get_statistics,
    get_studio_item,
    get_timeline,
    list_checks,
    list_studio_items,
    needs_agreement,
)
from studio.services import Upload, upload_files
from studio.tools import TOOLS, Tool, build_form, find_still, get_tool, list_stills

PAGE_SIZE = 24
View = Callable[..., HttpResponse]


def uploader_required(view: View) -> View:
    """Let uploaders in; show everybody else how to become one."""

    @login_required
    @wraps(view)
    def guarded(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.can_upload:
            return view(request, *args, **kwargs)
        status = 200 if request.method == "GET" else 403
        return render(request, "studio/welcome.html", status=status)

    return guarded


@require_GET
@uploader_required
def home(request: SignedInRequest) -> HttpResponse:
    """The uploader's items, newest first, and the place to upload more."""
    form = ListForm(request.GET)
    state = form.cleaned_data.get("state", "") if form.is_valid() else ""
    items = Paginator(list_studio_items(request.user, state), PAGE_SIZE)
    page = items.get_page(request.GET.get("page"))
    statistics = get_statistics([item.pk for item in page])
    counts = count_states(request.user)
    context = {
        "page": page,
        "cards": [(item, statistics[item.pk]) for item in page],
        "state": state,
        "states": [(s.value, s.label, counts[s]) for s in Item.State if counts.get(s)],
        "total": sum(counts.values()),
        "upload_form": UploadForm(),
        "max_bytes": settings.UPLOAD_MAX_BYTES,
        "requests_waiting": count_waiting(request.user),
    }
    return render(request, "studio/home.html", context)


@require_POST
@uploader_required
def upload(request: SignedInRequest) -> HttpResponse:
    """Take files in. Scripts get JSON; a plain form goes back to the list with messages."""
    form = UploadForm(request.POST, request.FILES)
    if form.is_valid():
        sent = form.cleaned_data
        uploads = upload_files(user=request.user, files=sent["files"], licence=sent["licence"])
    else:
        uploads = [Upload(name="", problem=_problems_of(form))]
    if "application/json" in request.headers.get("Accept", ""):
        return _upload_json(uploads)
    for one in uploads:
        if one.item:
            messages.success(request, f"{one.name} is here and is being prepared.")
        else:
            messages.error(request, f"{one.name}: {one.problem}" if one.name else one.problem)
        if one.note:
            messages.warning(request, one.note)
    return redirect("studio:home")


def _upload_json(uploads: list[Upload]) -> JsonResponse:
    found = [
        {
            "name": one.name,
            "problem": one.problem,
            "note": one.note,
            "url": reverse("studio:item", args=[one.item.pk]) if one.item else "",
        }
        for one in uploads
    ]
    return JsonResponse({"files": found}, status=201 if any(u.item for u in uploads) else 400)


@require_GET
@uploader_required
@vary_on_headers("HX-Request")
def item_page(request: SignedInRequest, pk: int) -> HttpResponse:
    """One item: the whole page, or the part that changes while it is prepared and screened."""
    item = get_studio_item(user=request.user, pk=pk)
    parts = {"versions": "#versions", "editor": "#editor"}
    part = parts.get(request.GET.get("part", ""), "#live")
    template = f"studio/item.html{part}" if wants_fragment(request) else "studio/item.html"
    context = _item_context(request, item)
    answer = render(request, template, context)
    if part == "#live" and wants_fragment(request) and not context["changing"]:
        # The versions' badges show the state too.
        trigger_client_event(answer, "item:settled")
    return answer


def _item_context(request: SignedInRequest, item: Item, **forms: Any) -> dict[str, Any]:
    waits = {Item.MediaState.WAITING, Item.MediaState.PROCESSING}
    tool = get_tool(item, request.GET.get("tool", ""))
    if "tool_form" not in forms:
        forms["tool_form"] = build_form(tool, user=request.user, item=item)
    checks = list_checks(item)
    return {
        "item": item,
        "timeline": get_timeline(item),
        "statement": get_statement_of(item),
        "checks": checks,
        "needs_agreement": needs_agreement(item, checks),
        "family": get_family(user=request.user, item=item),
        "statistics": get_statistics([item.pk])[item.pk],
        # The picture is sent along only when there is a new one: a video would start again.
        "preview_changed": request.GET.get("was", item.media_state) != item.media_state,
        "changing": item.media_state in waits or item.state == Item.State.PENDING,
        "can_change": item.state in {Item.State.DRAFT, Item.State.REJECTED},
        "details_form": DetailsForm(instance=item),
        "tool": tool,
        "stills": list_stills(request.user, item) if tool.name == "thumbnail" else [],
        "tools": TOOLS[item.kind],
        "active_jobs": Job.objects.active()
        .filter(user=request.user, source=item)
        .select_related("user", "result"),
        **forms,
    }


@require_POST
@uploader_required
def details(request: SignedInRequest, pk: int) -> HttpResponse:
    """Save title and description of a draft."""
    item = get_studio_item(user=request.user, pk=pk)
    form = DetailsForm(request.POST)
    if not form.is_valid():
        context = _item_context(request, item, details_form=form)
        return render(request, "studio/item.html", context, status=400)
    update_item(item=item, by=request.user, **form.cleaned_data)
    messages.success(request, "Saved.")
    return redirect("studio:item", pk)


@require_POST
@uploader_required
def edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Queue what one tool of the editor asks for; htmx gets the job's card, a form its page."""
    item = get_studio_item(user=request.user, pk=pk)
    tool = get_tool(item, request.GET.get("tool", ""))
    form = build_form(tool, user=request.user, item=item, data=request.POST)
    problem = ""
    if form.is_valid():
        said = form.cleaned_data | {"request_key": str(form.cleaned_data["request_key"])}
        try:
            job = tool.run(request.user, item, said)
        except DomainError as error:
            problem = str(error)
        else:
            return _job_answer(request, tool, job)
    return _edit_refused(request, item, form, problem)


def _job_answer(request: SignedInRequest, tool: Tool, job: Job) -> HttpResponse:
    if wants_fragment(request):
        answer = render(request, "studio/_edit_queued.html", {"job": job, "tool": tool})
        return reswap(retarget(answer, "#edit-jobs"), "afterbegin")
    return redirect("generation:job", job.pk)


def _problems_of(form: Form) -> str:
    return " ".join(str(error) for errors in form.errors.values() for error in errors)


def _edit_refused(
    request: SignedInRequest, item: Item, form: ToolForm, problem: str
) -> HttpResponse:
    problem = problem or _problems_of(form)
    if wants_fragment(request):
        # htmx swaps only successful answers by default; the sentence belongs beside the form.
        return render(request, "_problem.html", {"problem": problem})
    context = _item_context(request, item, tool_form=form, edit_problem=problem)
    return render(request, "studio/item.html", context, status=400)


@require_POST
@uploader_required
def submit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Hand a draft in for screening."""
    submit_item(item=get_studio_item(user=request.user, pk=pk), by=request.user)
    messages.success(request, "Submitted. It is being screened; this page follows it.")
    return redirect("studio:item", pk)


@require_POST
@uploader_required
def permissions(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let viewers have versions of the item made for themselves, or stop that."""
    item = get_studio_item(user=request.user, pk=pk)
    allowed = "allows_edits" in request.POST
    allow_edits(item=item, by=request.user, allowed=allowed)
    now = "Viewers may now have versions of this made" if allowed else "Only you can edit this now"
    messages.success(request, f"{now}.")
    return redirect("studio:item", pk)


@require_POST
@uploader_required
def people(request: SignedInRequest, pk: int) -> HttpResponse:
    """Record that everybody who is shown agreed to it."""
    say_people_agreed(item=get_studio_item(user=request.user, pk=pk), by=request.user)
    messages.success(request, "Noted: everybody who is shown agreed. Whoever reviews it sees that.")
    return redirect("studio:item", pk)


@require_POST
@uploader_required
def poster(request: SignedInRequest, pk: int) -> HttpResponse:
    """Make a frame of the video, or a cover drawn for it, the poster that everybody sees."""
    item = get_studio_item(user=request.user, pk=pk)
    kind, _, number = request.POST.get("still", "").partition("-")
    still = find_still(user=request.user, item=item, kind=kind, number=number)
    try:
        use_as_poster(video=item, by=request.user, still=still)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "This is the poster now.")
    return redirect(f"{reverse('studio:item', args=[pk])}?tool=thumbnail")


@require_POST
@uploader_required
def withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take one's own item down."""
    withdraw_item(item=get_studio_item(user=request.user, pk=pk), by=request.user)
    messages.success(request, "Taken down. Within 24 hours nothing of it is left.")
    return redirect("studio:item", pk)


@require_POST
@uploader_required
def delete(request: SignedInRequest, pk: int) -> HttpResponse:
    """Delete a draft, or what was rejected or taken down, with its files."""
    delete_draft(item=get_studio_item(user=request.user, pk=pk), by=request.user)
    messages.success(request, "Deleted, with all its files.")
    return redirect("studio:home")
