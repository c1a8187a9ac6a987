"""The moderator's pages, the public verify page, and an item's trust panel."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from catalog.selectors import get_item
from common.errors import DomainError, InvalidInputError, NotAllowedError
from common.http import SignedInRequest
from moderation import policy
from moderation.forms import (
    AuditFilterForm,
    BulkForm,
    DecisionForm,
    QueueFilterForm,
    RuleForm,
    VerifyForm,
)
from moderation.models import Case
from moderation.selectors import (
    get_case_view,
    item_trust,
    list_audit_entries,
    list_open_cases,
    list_rules,
    queue_rows,
)
from moderation.services import (
    bulk_decide,
    change_rule,
    claim_case,
    claim_next_case,
    decide_case,
    release_case,
    verify_file,
)
from moderation.throttles import require_within_rate

PAGE_SIZE = 24
AUDIT_PAGE_SIZE = 50
EMPTY_QUEUE = "The queue is empty: nothing waits for you."
View = Callable[..., HttpResponse]


def moderator_required(view: View) -> View:
    """Let moderators and operators in; everybody else is told so politely."""

    @login_required
    @wraps(view)
    def guarded(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.can_moderate:
            raise NotAllowedError("These pages are for moderators.")
        return view(request, *args, **kwargs)

    return guarded


@require_GET
@moderator_required
def queue(request: SignedInRequest) -> HttpResponse:
    """Open cases, most urgent first."""
    form = QueueFilterForm(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    cases = list_open_cases(reason=chosen.get("reason", ""), origin=chosen.get("origin", ""))
    page = Paginator(cases, PAGE_SIZE).get_page(chosen.get("page") or 1)
    context = {
        "form": form,
        "page": page,
        "rows": queue_rows(page.object_list, request.user),
        "reasons": policy.REASONS,
    }
    return render(request, "moderation/queue.html", context)


@require_GET
@moderator_required
def case_page(request: SignedInRequest, pk: int) -> HttpResponse:
    """One case: the media and beside it the evidence."""
    view = get_case_view(pk=pk, moderator=request.user)
    return render(request, "moderation/case.html", {"view": view, "reasons": policy.REASONS})


@require_POST
@moderator_required
def claim_next(request: SignedInRequest) -> HttpResponse:
    """Claim the most urgent free case and open it."""
    return _open_next(request)


@require_POST
@moderator_required
def claim(request: SignedInRequest, pk: int) -> HttpResponse:
    """Claim this case and open it."""
    case = get_object_or_404(Case, pk=pk)
    try:
        claim_case(case=case, moderator=request.user)
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("moderation:case", pk=pk)


@require_POST
@moderator_required
def release(request: SignedInRequest, pk: int) -> HttpResponse:
    """Give the case back and return to the queue."""
    release_case(case=get_object_or_404(Case, pk=pk), moderator=request.user)
    return redirect("moderation:queue")


@require_POST
@moderator_required
def skip(request: SignedInRequest, pk: int) -> HttpResponse:
    """Give the case back and open the next one."""
    case = get_object_or_404(Case, pk=pk)
    release_case(case=case, moderator=request.user)
    return _open_next(request, after=case)


@require_POST
@moderator_required
def decide(request: SignedInRequest, pk: int) -> HttpResponse:
    """Approve or reject, then open the next case."""
    case = get_object_or_404(Case, pk=pk)
    form = DecisionForm(request.POST)
    try:
        if not form.is_valid():
            raise InvalidInputError(_first_error(form))
        decide_case(case=case, moderator=request.user, **form.cleaned_data)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("moderation:case", pk=pk)
    messages.success(request, _said(form.cleaned_data["action"], str(case.item)))
    return _open_next(request)


@require_POST
@moderator_required
def decide_many(request: SignedInRequest) -> HttpResponse:
    """Decide all chosen cases alike."""
    form = BulkForm(request.POST)
    if not form.is_valid():
        messages.error(request, _first_error(form))
        return redirect("moderation:queue")
    chosen = dict(form.cleaned_data)
    try:
        done, problems = bulk_decide(case_ids=chosen.pop("cases"), moderator=request.user, **chosen)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("moderation:queue")
    if done:
        messages.success(request, f"{done} case{'s' if done != 1 else ''} decided.")
    for problem in problems[:5]:
        messages.warning(request, problem)
    return redirect("moderation:queue")


@require_GET
@moderator_required
def audit_log(request: SignedInRequest) -> HttpResponse:
    """Who did what to what, newest first."""
    form = AuditFilterForm(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    entries = list_audit_entries(action=chosen.get("action", ""), item_id=chosen.get("item"))
    page = Paginator(entries, AUDIT_PAGE_SIZE).get_page(chosen.get("page") or 1)
    return render(request, "moderation/audit.html", {"form": form, "page": page})


@require_http_methods(["GET", "POST"])
@moderator_required
def rules(request: SignedInRequest) -> HttpResponse:
    """Checks with their thresholds; a post changes one."""
    if request.method == "POST":
        _change_rule(request)
        return redirect("moderation:rules")
    return render(request, "moderation/rules.html", {"rules": list_rules()})


@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Tell what marks a file carries. Public; the file is never stored."""
    report, problem, status = None, "", 200
    posted = request.method == "POST"
    form = VerifyForm(request.POST, request.FILES) if posted else VerifyForm()
    if posted:
        try:
            require_within_rate(request)
            if not form.is_valid():
                raise InvalidInputError(_first_error(form))
            report = verify_file(data=form.cleaned_data["file"].read(), user=request.user)  # type: ignore[arg-type]
        except DomainError as error:
            problem = str(error)
            status = 429 if "Too many" in problem else 400
    context = {"form": form, "report": report, "problem": problem}
    return render(request, "moderation/verify.html", context, status=status)


@require_GET
def trust(request: HttpRequest, pk: int) -> HttpResponse:
    """Checks and provenance of an item, for those who may see it."""
    item = get_item(user=request.user, pk=pk)  # type: ignore[arg-type]
    fragment = bool(request.headers.get("HX-Request"))
    template = "moderation/_trust.html" if fragment else "moderation/trust.html"
    return render(request, template, {"trust": item_trust(item), "item": item})


def _open_next(request: SignedInRequest, after: Case | None = None) -> HttpResponse:
    case = claim_next_case(moderator=request.user, after=after)
    if case is None:
        messages.info(request, EMPTY_QUEUE)
        return redirect("moderation:queue")
    return redirect("moderation:case", pk=case.pk)


def _change_rule(request: SignedInRequest) -> None:
    form = RuleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _first_error(form))
        return
    known = {row["check"].name: row["threshold"] for row in list_rules()}
    name, threshold = form.cleaned_data["check_name"], form.cleaned_data["threshold"]
    if name not in known:
        raise Http404("There is no such check.")
    try:
        change_rule(
            check_name=name,
            threshold=known[name] if threshold is None else threshold,
            enabled=form.cleaned_data["enabled"],
            by=request.user,
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The rule was changed. Screenings from now on follow it.")


def _first_error(form: Any) -> str:
    return next(str(error) for errors in form.errors.values() for error in errors)


def _said(action: str, title: str) -> str:
    return f"“{title}” was {'published' if action == 'publish' else 'rejected'}."
