"""The operator's pages of sources, under /dashboard/knowledge/."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from common.http import SignedInRequest
from dashboard.access import operator_required
from dashboard.knowledge_forms import AddSourceForm, ChangeSourceForm, ExplainForm, UploadForm
from knowledge.models import Source
from knowledge.selectors import (
    get_document,
    get_source,
    list_held,
    list_passages,
    list_sources,
)
from knowledge.services import (
    add_source,
    change_source,
    delete_source,
    expire_document,
    explain_term,
    judge_passage,
    request_reading,
    upload_document,
)

PAGE_SIZE = 25
HELD_SHOWN = 50


@require_safe
@operator_required
def sources(request: SignedInRequest) -> HttpResponse:
    """All sources with their state, what was held, and the forms to add more."""
    return _sources_page(request)


def _sources_page(request: SignedInRequest, **forms: Form) -> HttpResponse:
    rows = list(list_sources())
    context = {
        "sources": rows,
        "passage_total": sum(row.passage_count for row in rows),
        "failing": sum(row.state == Source.State.FAILED for row in rows),
        "held": list_held()[:HELD_SHOWN],
        "held_total": sum(row.held_count for row in rows),
        "add_form": AddSourceForm(auto_id="add_%s"),
        "upload_form": UploadForm(auto_id="upload_%s"),
        **forms,
    }
    status = 400 if forms else 200
    return render(request, "dashboard/knowledge.html", context, status=status)


@require_POST
@operator_required
def add(request: SignedInRequest) -> HttpResponse:
    """Add a feed or a page."""
    form = AddSourceForm(request.POST, auto_id="add_%s")
    if not form.is_valid():
        return _sources_page(request, add_form=form)
    source = add_source(user=request.user, **form.cleaned_data)
    messages.success(request, f"{source.title} was added and is being read.")
    return redirect("dashboard:knowledge-source", pk=source.pk)


@require_POST
@operator_required
def upload(request: SignedInRequest) -> HttpResponse:
    """Add an uploaded document."""
    form = UploadForm(request.POST, request.FILES, auto_id="upload_%s")
    if not form.is_valid():
        return _sources_page(request, upload_form=form)
    source = upload_document(user=request.user, **form.cleaned_data)
    messages.success(request, f"{source.title} was uploaded and is being read.")
    return redirect("dashboard:knowledge-source", pk=source.pk)


@require_safe
@operator_required
def source_page(request: SignedInRequest, pk: int) -> HttpResponse:
    """One source: its state, its passages, and what can be changed."""
    return _source_page(request, get_source(pk=pk))


def _source_page(
    request: SignedInRequest, source: Source, form: ChangeSourceForm | None = None
) -> HttpResponse:
    pages = Paginator(list_passages(source=source), PAGE_SIZE)
    context: dict[str, Any] = {
        "source": source,
        "page": pages.get_page(request.GET.get("page")),
        "form": form or ChangeSourceForm.of(source),
    }
    status = 400 if form else 200
    return render(request, "dashboard/knowledge_source.html", context, status=status)


@require_POST
@operator_required
def change(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change title, publisher, trust, interval, topics."""
    source = get_source(pk=pk)
    form = ChangeSourceForm(request.POST)
    if not form.is_valid():
        return _source_page(request, source, form)
    change_source(user=request.user, source=source, **form.cleaned_data)
    messages.success(request, "Saved.")
    return redirect("dashboard:knowledge-source", pk=pk)


@require_POST
@operator_required
def switch(request: SignedInRequest, pk: int) -> HttpResponse:
    """Use a source, or stop using it."""
    source = get_source(pk=pk)
    change_source(user=request.user, source=source, enabled=not source.enabled)
    messages.success(request, "It is used again." if source.enabled else "It is no longer used.")
    return redirect("dashboard:knowledge-source", pk=pk)


@require_POST
@operator_required
def read_now(request: SignedInRequest, pk: int) -> HttpResponse:
    """Have a source read now."""
    request_reading(user=request.user, source=get_source(pk=pk))
    messages.success(request, "It is being read. Reload in a moment to see what came.")
    return redirect("dashboard:knowledge-source", pk=pk)


@require_POST
@operator_required
def delete(request: SignedInRequest, pk: int) -> HttpResponse:
    """Delete a source with all its passages."""
    source = get_source(pk=pk)
    delete_source(user=request.user, source=source)
    messages.success(request, f"{source.title} was deleted.")
    return redirect("dashboard:knowledge")


@require_POST
@operator_required
def expire(request: SignedInRequest, pk: int) -> HttpResponse:
    """Stop using one document now."""
    document = get_document(pk=pk)
    expire_document(user=request.user, document=document)
    messages.success(request, f"{document.title} is no longer used.")
    return redirect("dashboard:knowledge-source", pk=document.source_id)


@require_POST
@operator_required
def judge(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let a held passage in, or set one aside."""
    let_in = request.POST.get("verdict") == "let_in"
    passage = judge_passage(user=request.user, passage_id=pk, let_in=let_in)
    messages.success(request, "It may be found now." if let_in else "It is set aside.")
    return redirect("dashboard:knowledge-source", pk=passage.document.source_id)


@operator_required
def explain(request: SignedInRequest, pk: int) -> HttpResponse:
    """Say which names a document explains, and what they mean to the generator."""
    document = get_document(pk=pk)
    form = ExplainForm(request.POST) if request.method == "POST" else ExplainForm.of(document)
    if request.method == "POST" and form.is_valid():
        explain_term(
            user=request.user,
            document=document,
            terms=form.cleaned_data["terms"],
            attributes=form.attributes,
        )
        messages.success(request, "Saved.")
        return redirect("dashboard:knowledge-source", pk=document.source_id)
    context = {"document": document, "form": form}
    status = 400 if form.is_bound else 200
    return render(request, "dashboard/knowledge_explain.html", context, status=status)
