"""Rules, routing, reason templates, the audit log and transparency, as pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common.errors import DomainError, InvalidInputError, NotAllowedError
from common.http import SignedInRequest
from moderation.access import first_error, moderator_required, operator_required
from moderation.forms import (
    AuditFilterForm,
    EditForm,
    PeriodForm,
    ReasonForm,
    RoutingRuleForm,
    RuleForm,
)
from moderation.models import Appeal, Queue, Report, Statement
from moderation.selectors import list_audit_entries, list_rules
from moderation.services import (
    audit,
    change_policy,
    change_routing,
    change_rule,
    current_policy,
    current_routing,
    transparency,
)
from moderation.services.calibrating import Preview, preview_rule

AUDIT_PAGE_SIZE = 50
TABLES = {
    "by_category": "Kinds of breach",
    "by_ground": "Ground",
    "by_automation": "Decided",
    "by_source": "Came to us by",
    "reports_by_reason": "Reasons of reports",
    "reports_by_outcome": "Outcome of reports",
    "appeals_by_outcome": "Outcome of appeals",
}
LABELS = {
    **dict(Report.Reason.choices + Report.State.choices),
    **dict(Statement.Source.choices + Statement.Decided.choices),
    "open": "Still open",
    "illegal": "Against the law",
    "incompatible": "Against our rules",
}
# "upheld" means one thing of a report and another of an appeal.
LABELS_OF = {"appeals_by_outcome": LABELS | dict(Appeal.State.choices) | {"open": LABELS["open"]}}
# Walked whenever the page is opened; the whole chain by a button.
AUDIT_RECENT = 500


@require_http_methods(["GET", "POST"])
@moderator_required
def rules(request: SignedInRequest) -> HttpResponse:
    """Checks with their thresholds; a post changes one, or shows what it would have changed."""
    preview = None
    if request.method == "POST":
        if request.POST.get("preview"):
            preview = _preview_rule(request)
        else:
            _change_rule(request)
        if preview is None:
            return redirect("moderation:rules")
    return render(request, "moderation/rules.html", {"rules": list_rules(), "preview": preview})


@require_http_methods(["GET", "POST"])
@moderator_required
def routing(request: SignedInRequest) -> HttpResponse:
    """The table that sends cases to queues; operators change it row by row."""
    queues = list(Queue.objects.all())
    number, table = current_routing()
    rows = [rule.as_dict() for rule in table]
    if request.method == "POST":
        form = RoutingRuleForm(request.POST, queues=queues)
        _change_table(
            request,
            rows,
            form,
            lambda changed, base: change_routing(rules=changed, base=base, by=request.user),
            as_base=int,
        )
        return redirect("moderation:routing")
    context = {
        "number": number,
        "rows": [
            (place, row, RoutingRuleForm(initial=row, queues=queues, auto_id=f"r{place}_%s"))
            for place, row in enumerate(rows)
        ],
        "new": RoutingRuleForm(queues=queues, auto_id="new_%s"),
        "queue_names": {one.slug: one.name for one in queues},
    }
    return render(request, "moderation/routing.html", context)


@require_http_methods(["GET", "POST"])
@moderator_required
def policy_page(request: SignedInRequest) -> HttpResponse:
    """The reasons that a decision may name; operators change them, each change is a version."""
    current = current_policy()
    rows = [reason.as_dict() for reason in current.reasons]
    if request.method == "POST":
        _change_table(
            request,
            rows,
            ReasonForm(request.POST),
            lambda changed, base: change_policy(reasons=changed, base=base, by=request.user),
            as_base=str,
        )
        return redirect("moderation:policy")
    context = {
        "policy": current,
        "rows": [
            (place, reason, ReasonForm(initial=reason.as_dict(), auto_id=f"p{place}_%s"))
            for place, reason in enumerate(current.reasons)
        ],
        "new": ReasonForm(auto_id="new_%s", initial={"severity": 0}),
    }
    return render(request, "moderation/policy.html", context)


@require_GET
@moderator_required
def audit_log(request: SignedInRequest) -> HttpResponse:
    """Who did what to what, newest first, and whether the newest entries still fit together."""
    form = AuditFilterForm(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    entries = list_audit_entries(action=chosen.get("action", ""), item_id=chosen.get("item"))
    page = Paginator(entries, AUDIT_PAGE_SIZE).get_page(chosen.get("page") or 1)
    kept = "".join(f"{name}={chosen[name]}&" for name in ("action", "item") if chosen.get(name))
    context = {
        "form": form,
        "page": page,
        "query": kept,
        "chain": audit.verify_chain(last=AUDIT_RECENT),
        "recent": AUDIT_RECENT,
    }
    return render(request, "moderation/audit.html", context)


@require_POST
@moderator_required
def verify_audit(request: SignedInRequest) -> HttpResponse:
    """Walk the whole chain and say what was found."""
    report = audit.verify_chain()
    if report.is_whole:
        messages.success(request, f"All {report.length} entries fit. Head: {report.head}")
    else:
        messages.error(request, f"Broken at entry no. {report.broken_at}: {report.problem}")
    return redirect("moderation:audit")


@require_GET
def transparency_page(request: HttpRequest) -> HttpResponse:
    """What moderation did in a period, in numbers. Public; operators download the statements."""
    form = PeriodForm(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    problem = ""
    try:
        first, last = transparency.period(chosen.get("first"), chosen.get("last"))
    except DomainError as error:
        problem = str(error)
        first, last = transparency.period(None, None)
    counts = transparency.count_period(first=first, last=last)
    context = {
        "counts": counts,
        "tables": [(title, _labelled(name, counts[name])) for name, title in TABLES.items()],
        "first": first,
        "last": last,
        "problem": problem,
        "may_export": getattr(request.user, "can_operate", False),
    }
    return render(request, "moderation/transparency.html", context)


@require_GET
@operator_required
def export_transparency(request: SignedInRequest) -> HttpResponseBase:
    """The statements of reasons of a period, as CSV or JSON."""
    form = PeriodForm(request.GET)
    if not form.is_valid():
        raise InvalidInputError(first_error(form))
    first, last = transparency.period(form.cleaned_data["first"], form.cleaned_data["last"])
    statements = transparency.list_statements(first=first, last=last)
    if form.cleaned_data["format"] == "json":
        rows = [transparency.as_row(one) for one in statements]
        answer: HttpResponseBase = JsonResponse({"statements": rows})
    else:
        answer = StreamingHttpResponse(
            transparency.as_csv(statements), content_type="text/csv; charset=utf-8"
        )
    extension = form.cleaned_data["format"] or "csv"
    answer["Content-Disposition"] = f'attachment; filename="statements_{first}_{last}.{extension}"'
    return answer


def _labelled(table: str, counts: dict[str, int]) -> list[tuple[str, int]]:
    """Return a table's counts with words for their codes."""
    labels = LABELS_OF.get(table, LABELS)
    return [
        (labels.get(code) or code.replace("_", " ").capitalize(), count)
        for code, count in counts.items()
    ]


def _change_rule(request: SignedInRequest) -> None:
    form = RuleForm(request.POST)
    if not form.is_valid():
        messages.error(request, first_error(form))
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
            calibration=form.cleaned_data["calibration"],
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The rule was changed. Screenings from now on follow it.")


def _preview_rule(request: SignedInRequest) -> Preview | None:
    form = RuleForm(request.POST)
    try:
        if not form.is_valid() or form.cleaned_data["threshold"] is None:
            raise InvalidInputError("Write the threshold that you think of.")
        return preview_rule(
            check_name=form.cleaned_data["check_name"], threshold=form.cleaned_data["threshold"]
        )
    except DomainError as error:
        messages.error(request, str(error))
        return None


def _change_table(
    request: SignedInRequest,
    rows: list[dict[str, Any]],
    form: Any,
    store: Callable[[list[dict[str, Any]], Any], object],
    as_base: Callable[[str], Any],
) -> None:
    """Carry out one change of a table in versions, and say what came of it."""
    if not request.user.can_operate:
        raise NotAllowedError("Only operators can change this.")
    edit = EditForm(request.POST)
    try:
        if not edit.is_valid():
            raise InvalidInputError("This change cannot be understood.")
        change, place = edit.cleaned_data["change"], edit.cleaned_data["place"]
        if change == "save" and not form.is_valid():
            raise InvalidInputError(first_error(form))
        changed = _changed(rows, change, place, form.cleaned_data if change == "save" else {})
        store(changed, as_base(edit.cleaned_data["base"]))
    except (DomainError, ValueError) as error:
        said = str(error) if isinstance(error, DomainError) else "This change cannot be understood."
        messages.error(request, said)
    else:
        messages.success(request, "Saved as a new version, in force from now on.")


def _changed(
    rows: list[dict[str, Any]], change: str, place: int | None, given: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return the rows with one of them replaced, added, deleted or moved."""
    rows = list(rows)
    if place is None:
        return [*rows, given] if change == "save" else rows
    if place >= len(rows):
        raise InvalidInputError("There is no such row any more.")
    if change == "save":
        rows[place] = given
    elif change == "delete":
        del rows[place]
    else:
        other = place - 1 if change == "up" else place + 1
        if 0 <= other < len(rows):
            rows[place], rows[other] = rows[other], rows[place]
    return rows
