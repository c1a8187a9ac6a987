"""Pages of a person's jobs: the list, one job, its live progress, cancel and retry."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from common.http import SignedInRequest, wants_fragment
from generation.events import stream_progress
from generation.forms import RequestKeyForm
from generation.models import Job
from generation.selectors import get_job, list_jobs
from generation.services import cancel_job, retry_job

PAGE_SIZE = 24


@require_GET
@login_required
def jobs(request: SignedInRequest) -> HttpResponse:
    """My creations: every job of this person, newest first."""
    pages = Paginator(list_jobs(request.user), PAGE_SIZE)
    page = pages.get_page(request.GET.get("page"))
    return render(request, "generation/jobs.html", {"page": page})


@require_GET
@login_required
@vary_on_headers("HX-Request")
def job(request: SignedInRequest, job_id: int) -> HttpResponse:
    """One job: the whole page, or its card alone for htmx and for polling."""
    return _show(request, get_job(user=request.user, job_id=job_id))


@require_GET
async def events(request: HttpRequest, job_id: int) -> StreamingHttpResponse:
    """The live progress of one's own job, as server-sent events."""
    user = await request.auser()
    if not await Job.objects.filter(pk=job_id, user_id=user.pk or 0).aexists():
        raise Http404("No such job.")
    response = StreamingHttpResponse(stream_progress(job_id), content_type="text/event-stream")
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
@vary_on_headers("HX-Request")
def retry(request: SignedInRequest, job_id: int) -> HttpResponse:
    """Ask for the same once more, with a new seed."""
    form = RequestKeyForm(request.POST)
    key = str(form.cleaned_data["request_key"] or "") if form.is_valid() else ""
    job = get_job(user=request.user, job_id=job_id)
    return _answer(request, retry_job(job=job, user=request.user, request_key=key))


def _answer(request: SignedInRequest, job: Job) -> HttpResponse:
    """Show the job's card to htmx; send a plain form to the job's page."""
    return _show(request, job) if wants_fragment(request) else redirect("generation:job", job.pk)


def _show(request: SignedInRequest, job: Job) -> HttpResponse:
    template = "generation/_job.html" if wants_fragment(request) else "generation/job.html"
    return render(request, template, {"job": job})
