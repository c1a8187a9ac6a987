"""Pages of facts, for everybody: search, and one passage with where it comes from."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from knowledge.forms import FactSearchForm
from knowledge.selectors import get_passage, list_subjects, search_passages

PAGE_SIZE = 10


@require_safe
def facts_page(request: HttpRequest) -> HttpResponse:
    """Search the facts; without a question, what they are about."""
    form = FactSearchForm(request.GET)
    asked = form.cleaned_data["q"] if form.is_valid() else ""
    found = search_passages(asked, k=PAGE_SIZE) if asked else []
    context = {"asked": asked, "found": found, "subjects": list_subjects()}
    return render(request, "knowledge/facts.html", context)


@require_safe
def passage_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One passage: its words, its document, its dates; whether it still stands."""
    passage = get_passage(pk=pk)
    document = passage.document
    now = timezone.now()
    expired = document.expires_at is not None and document.expires_at <= now
    context = {
        "passage": passage,
        "document": document,
        "source": document.source,
        "is_past": passage.retired_at is not None or expired or not document.source.enabled,
        "is_to_come": document.in_force_from is not None and document.in_force_from > now.date(),
    }
    return render(request, "knowledge/passage.html", context)
