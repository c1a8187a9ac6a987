"""Pages of the one who asks: asking to edit somebody's item, and what was asked so far."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from catalog.permission_forms import AskForm
from catalog.permission_selectors import (
    describe_authorship,
    get_own_request,
    get_permission,
    list_requests_by,
)
from catalog.selectors import get_item
from catalog.services.permissions import REVOKED_NOTE, ask_to_edit, withdraw_request
from common.errors import DomainError
from common.http import SignedInRequest

PAGE_SIZE = 24


@require_http_methods(["GET", "POST"])
@login_required
def ask(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask an item's owner for permission to edit it."""
    item = get_item(user=request.user, pk=pk)
    form = AskForm(request.POST or None)
    problem = ""
    if request.method == "POST" and form.is_valid():
        try:
            ask_to_edit(person=request.user, item=item, purpose=form.cleaned_data["purpose"])
        except DomainError as error:
            problem = str(error)
        else:
            messages.success(request, "Asked. The answer will be on this page.")
            return redirect("catalog:asked")
    context = {
        "item": item,
        "form": form,
        "problem": problem,
        "current": get_own_request(person=request.user, item=item),
        "authorship": describe_authorship(user=request.user, item=item),
    }
    bad = problem or form.errors
    return render(request, "catalog/ask.html", context, status=400 if bad else 200)


@require_GET
@login_required
def asked(request: SignedInRequest) -> HttpResponse:
    """What the person asked for, newest first, with the answers."""
    page = Paginator(list_requests_by(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "catalog/asked.html", {"page": page, "revoked_note": REVOKED_NOTE})


@require_POST
@login_required
def withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take one's own request back."""
    withdraw_request(permission=get_permission(user=request.user, pk=pk), by=request.user)
    messages.success(request, "Taken back.")
    return redirect("catalog:asked")


urlpatterns = [
    path("items/<int:pk>/ask/", ask, name="ask"),
    path("asked/", asked, name="asked"),
    path("asked/<int:pk>/withdraw/", withdraw, name="asked-withdraw"),
]
