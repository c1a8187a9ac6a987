"""Pages of a person's jobs: the list, one job, variants, live progress, cancel and retry."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from common.http import SignedInRequest, wants_fragment
from generation.events import stream_progress
from generation.forms import CancelForm, RequestKeyForm, WatchForm
from generation.models import Job
from generation.selectors import get_allowance, get_group, get_job, list_jobs
from generation.services import (
    cancel_job,
    cancel_jobs,
    rerun_job,
    retry_job,
    retry_variants,
)

PAGE_SIZE = 24


@require_GET
@login_required
def jobs(request: SignedInRequest) -> HttpResponse:
    """My creations: every job of this person, newest first."""
    pages = Paginator(list_jobs(request.user), PAGE_SIZE)
    page = pages.get_page(request.GET.get("page"))
    context = {"page": page, "allowance": get_allowance(request.user)}
    return render(request, "generation/jobs.html", context)


@require_GET
@login_required
@vary_on_headers("HX-Request")
def job(request: SignedInRequest, job_id: int) -> HttpResponse:
    """One job: the whole page, or its card alone for htmx and for polling."""
    return _show(request, get_job(user=request.user, job_id=job_id))


@require_GET
@login_required
@vary_on_headers("HX-Request")
def group(request: SignedInRequest, batch: uuid.UUID) -> HttpResponse:
    """Variants that were asked for together: the whole page, or its head for htmx."""
    context = {"group": get_group(user=request.user, batch=batch)}
    template = "generation/group.html#head" if wants_fragment(request) else "generation/group.html"
    return render(request, template, context)


@require_GET
async def events(request: HttpRequest, job_id: int) -> StreamingHttpResponse:
    """The live progress of one's own job, as server-sent events."""
    return await _stream(request, [job_id])


@require_GET
async def events_of_many(request: HttpRequest) -> StreamingHttpResponse:
    """The live progress of several of one's own jobs in one stream."""
    form = WatchForm(request.GET)
    if not form.is_valid():
        raise Http404("No such jobs.")
    return await _stream(request, form.cleaned_data["jobs"])


async def _stream(request: HttpRequest, job_ids: list[int]) -> StreamingHttpResponse:
    user = await request.auser()
    own = Job.objects.filter(pk__in=job_ids, user_id=user.pk or 0).order_by("pk")
    ids = [pk async for pk in own.values_list("pk", flat=True)]
    if not ids:
        raise Http404("No such job.")
    response = StreamingHttpResponse(stream_progress(ids), content_type="text/event-stream")
    response.headers["Cache-Control"] = "private, no-store, no-transform"
    # Proxies that collect a response before passing it on would hold the progress back.
    response.headers["X-Accel-Buffering"] = "no"
    return response


@require_POST
@login_required
@vary_on_headers("HX-Request")
def cancel(request: SignedInRequest, job_id: int) -> HttpResponse:
    """Stop the job."""
    job = get_job(user=request.user, job_id=job_id)
    return _answer(request, cancel_job(job=job, user=request.user))


@require_POST
@login_required
def cancel_group(request: SignedInRequest, batch: uuid.UUID) -> HttpResponse:
    """Stop all variants that are not made yet."""
    get_group(user=request.user, batch=batch)
    cancel_jobs(user=request.user, batch=batch)
    return redirect("generation:group", batch)


@require_POST
@login_required
def cancel_all(request: SignedInRequest) -> HttpResponse:
    """Stop everything of this person, or only what still waits."""
    form = CancelForm(request.POST)
    count = cancel_jobs(user=request.user, waiting_only=form.is_valid() and form.waiting_only)
    ended = f"{count} creation{'s' if count != 1 else ''} cancelled."
    messages.success(request, ended if count else "There was nothing to cancel.")
    return redirect("generation:jobs")


@require_POST
@login_required
@vary_on_headers("HX-Request")
def retry(request: SignedInRequest, job_id: int) -> HttpResponse:
    """Ask for the same once more, with a new seed."""
    job = get_job(user=request.user, job_id=job_id)
    return _answer(request, retry_job(job=job, user=request.user, request_key=_key(request)))


@require_POST
@login_required
@vary_on_headers("HX-Request")
def rerun(request: SignedInRequest, job_id: int) -> HttpResponse:
    """Make exactly the same again, with the same seed and model."""
    job = get_job(user=request.user, job_id=job_id)
    return _answer(request, rerun_job(job=job, user=request.user, request_key=_key(request)))


@require_POST
@login_required
def retry_group(request: SignedInRequest, batch: uuid.UUID) -> HttpResponse:
    """Ask for as many new variants."""
    get_group(user=request.user, batch=batch)
    again = retry_variants(batch=batch, user=request.user, request_key=_key(request))
    if again[0].batch is None:
        return redirect("generation:job", again[0].pk)  # of the group one alone was left
    return redirect("generation:group", again[0].batch)


def _key(request: SignedInRequest) -> str:
    form = RequestKeyForm(request.POST)
    return str(form.cleaned_data["request_key"] or "") if form.is_valid() else ""


def _answer(request: SignedInRequest, job: Job) -> HttpResponse:
    """Show the job's card to htmx; send a plain form to the job's page."""
    return _show(request, job) if wants_fragment(request) else redirect("generation:job", job.pk)


def _show(request: SignedInRequest, job: Job) -> HttpResponse:
    if wants_fragment(request):
        return render(request, "generation/_job.html", {"job": job})
    return render(request, "generation/job.html", {"job": job})
