"""Pages for everybody: report an item, see what was decided and why, appeal."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from catalog.selectors import get_item
from common.errors import DomainError, InvalidInputError
from common.http import SignedInRequest
from moderation.access import first_error
from moderation.forms import AppealForm, ReportForm
from moderation.models import Appeal
from moderation.services import appeal_report, appeal_statement, report_item
from moderation.services.reports import find_by_receipt
from moderation.services.statements import mark_seen
from moderation.standing_selectors import (
    get_own_report,
    get_standing,
    get_statement,
    may_appeal_report,
)
from moderation.throttles import require_report_rate

THANKS = "Thank you. A person will look at it, and you no longer see it."


@require_http_methods(["GET", "POST"])
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """Report an item. Visitors get a receipt with which they find their report again."""
    item = get_item(user=request.user, pk=pk)  # type: ignore[arg-type]
    form = ReportForm(request.POST if request.method == "POST" else None)
    problem = ""
    if request.method == "POST":
        try:
            require_report_rate(request)
            if not form.is_valid():
                raise InvalidInputError(first_error(form))
            made = report_item(
                user=request.user,  # type: ignore[arg-type]
                item=item,
                session=request.session,
                **form.cleaned_data,
            )
        except DomainError as error:
            problem = str(error)
        else:
            messages.success(request, THANKS)
            if request.user.is_authenticated:
                return redirect("moderation:standing")
            return redirect("moderation:receipt", receipt=made.receipt)
    context = {"item": item, "form": form, "problem": problem}
    return render(request, "moderation/report.html", context, status=400 if problem else 200)


@require_GET
def receipt(request: HttpRequest, receipt: str) -> HttpResponse:
    """What became of a report, for whoever holds its receipt."""
    found = find_by_receipt(receipt)
    if found is None:
        raise Http404("There is no report with this receipt.")
    return render(request, "moderation/receipt.html", {"report": found})


@require_GET
@login_required
def standing(request: SignedInRequest) -> HttpResponse:
    """The person's own record: decisions about their items, strikes, appeals, reports."""
    context = {"standing": get_standing(request.user)}
    answer = render(request, "moderation/standing.html", context)
    # Rendered with what is new still marked as new.
    mark_seen(user=request.user)
    return answer


@require_http_methods(["GET", "POST"])
@login_required
def statement(request: SignedInRequest, puid: str) -> HttpResponse:
    """One statement of reasons; a post appeals against the decision."""
    found = get_statement(user=request.user, puid=puid)
    form = AppealForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        _appeal(
            request,
            form,
            lambda text: appeal_statement(statement=found, user=request.user, text=text),
        )
        return redirect("moderation:statement", puid=puid)
    context = {
        "statement": found,
        "form": form,
        "appeal": Appeal.objects.filter(decision=found.decision).first(),
        "is_recipient": found.recipient_id == request.user.pk,
    }
    return render(request, "moderation/statement.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def own_report(request: SignedInRequest, pk: int) -> HttpResponse:
    """One of one's own reports; a post appeals against its dismissal."""
    found = get_own_report(user=request.user, pk=pk)
    form = AppealForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        _appeal(
            request, form, lambda text: appeal_report(report=found, user=request.user, text=text)
        )
        return redirect("moderation:own_report", pk=pk)
    context = {"report": found, "form": form, "may_appeal": may_appeal_report(found)}
    return render(request, "moderation/own_report.html", context)


def _appeal(request: SignedInRequest, form: AppealForm, send: Any) -> None:
    try:
        if not form.is_valid():
            raise InvalidInputError(first_error(form))
        send(form.cleaned_data["text"])
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Your appeal is on its way. Somebody else will decide.")
