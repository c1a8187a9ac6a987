"""The moderator's pages: the queue, a case, and how one wants to work."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from catalog.models import Item
from catalog.selectors import get_item
from common.errors import DomainError, InvalidInputError
from common.http import SignedInRequest
from moderation.access import first_error, moderator_required
from moderation.case_selectors import get_case_view
from moderation.console_selectors import (
    count_queues,
    get_preference,
    list_open_cases,
    queue_rows,
    showing_for,
    take_page,
)
from moderation.forms import (
    AgeRatingForm,
    BulkForm,
    DecisionForm,
    MoveForm,
    NoteForm,
    PreferenceForm,
    QueueFilterForm,
    SkipForm,
)
from moderation.models import Case, CaseSkip
from moderation.services import (
    add_note,
    bulk_decide,
    change_age_rating,
    claim_case,
    claim_next_case,
    current_policy,
    decide_case,
    list_age_changes,
    move_case,
    release_case,
    set_preference,
    skip_case,
)
from moderation.services.age_ratings import OPEN_STATES
from moderation.services.deciding import MAX_BULK

PAGE_SIZE = 24
EMPTY_QUEUE = "Nothing waits for you in the queues that you take cases from."
SECOND_VOTE = "Kept. A second person must decide alike before anything happens."
SAID = {
    "publish": "“{}” was published.",
    "reject": "“{}” was rejected.",
    "keep": "“{}” stays public.",
    "remove": "“{}” was removed.",
    "overturn": "The decision on “{}” was taken back.",
    "uphold": "The decision on “{}” stands.",
}


@require_GET
@moderator_required
def queue(request: SignedInRequest) -> HttpResponse:
    """Open cases, most urgent first."""
    form = QueueFilterForm(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    cases = list_open_cases(
        queue=chosen.get("queue", ""),
        reason=chosen.get("reason", ""),
        origin=chosen.get("origin", ""),
        held_by=request.user if chosen.get("mine") else None,
    )
    page, token = take_page(cases, after=chosen.get("after", ""), limit=PAGE_SIZE)
    preference = get_preference(request.user)
    counts = count_queues(preference.queues)
    opened = next((one for one in counts if one.queue.slug == chosen.get("queue")), None)
    kept = {
        name: chosen[name] for name in ("queue", "reason", "origin", "mine") if chosen.get(name)
    }
    context = {
        "form": form,
        "rows": queue_rows(page, request.user),
        "counts": counts,
        "waiting": sum(one.count for one in counts),
        "waiting_more": any(one.more for one in counts),
        "opened": opened,
        "showing": showing_for(preference, opened.queue if opened else None),
        "is_first": not chosen.get("after"),
        "first_query": urlencode(kept),
        "next_query": urlencode({**kept, "after": token}) if token else "",
        "reasons": current_policy().reasons,
        "max_bulk": MAX_BULK,
    }
    return render(request, "moderation/queue.html", context)


@require_GET
@moderator_required
def case_page(request: SignedInRequest, pk: int) -> HttpResponse:
    """One case: the media and beside it the evidence."""
    view = get_case_view(pk=pk, moderator=request.user)
    context = {"view": view, "skips": CaseSkip.Reason.choices}
    return render(request, "moderation/case.html", context)


@require_POST
@moderator_required
def claim_next(request: SignedInRequest) -> HttpResponse:
    """Claim the most urgent free case of one's queues and open it."""
    form = MoveForm(request.POST)
    return _open_next(request, queues=[form.cleaned_data["queue"]] if form.is_valid() else None)


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
    """Give the case back, not to see it again for a while, and open the next one."""
    case = get_object_or_404(Case, pk=pk)
    form = SkipForm(request.POST)
    reason = form.cleaned_data.get("reason") if form.is_valid() else ""
    skip_case(case=case, moderator=request.user, reason=reason or CaseSkip.Reason.OTHER)
    return _open_next(request, after=case)


@require_POST
@moderator_required
def note(request: SignedInRequest, pk: int) -> HttpResponse:
    """Leave a note for the next reviewer."""
    form = NoteForm(request.POST)
    text = form.cleaned_data["text"] if form.is_valid() else ""
    case = get_object_or_404(Case, pk=pk)
    try:
        add_note(case=case, moderator=request.user, text=text)
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("moderation:case", pk=pk)


@require_POST
@moderator_required
def move(request: SignedInRequest, pk: int) -> HttpResponse:
    """Put the case into another queue and return to the list."""
    form = MoveForm(request.POST)
    case = get_object_or_404(Case, pk=pk)
    try:
        if not form.is_valid():
            raise InvalidInputError("Choose a queue.")
        moved = move_case(case=case, queue=form.cleaned_data["queue"], moderator=request.user)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("moderation:case", pk=pk)
    messages.success(request, f"Moved to “{moved.queue}”.")
    return redirect("moderation:queue")


@require_POST
@moderator_required
def decide(request: SignedInRequest, pk: int) -> HttpResponse:
    """Decide, then open the next case."""
    case = get_object_or_404(Case, pk=pk)
    form = DecisionForm(request.POST)
    try:
        if not form.is_valid():
            raise InvalidInputError(first_error(form))
        decision = decide_case(case=case, moderator=request.user, **form.as_decision())
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("moderation:case", pk=pk)
    if decision is None:
        messages.info(request, SECOND_VOTE)
    else:
        messages.success(request, SAID[form.cleaned_data["action"]].format(case.item))
    return _open_next(request)


@require_POST
@moderator_required
def decide_many(request: SignedInRequest) -> HttpResponse:
    """Decide all chosen cases alike."""
    form = BulkForm(request.POST)
    if not form.is_valid():
        messages.error(request, first_error(form))
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


@require_http_methods(["GET", "POST"])
@moderator_required
def age_rating(request: SignedInRequest, pk: int) -> HttpResponse:
    """For whom an item is: change it, and see who changed it before."""
    item = get_item(user=request.user, pk=pk)
    form = AgeRatingForm(request.POST if request.method == "POST" else None)
    problem = ""
    if request.method == "POST":
        try:
            if not form.is_valid():
                raise InvalidInputError(first_error(form))
            said = dict(form.cleaned_data)
            case_number = said.pop("case")
            change_age_rating(item=item, by=request.user, **said)
        except DomainError as error:
            problem = str(error)
        else:
            messages.success(request, f"“{item}” is now for: {item.get_age_rating_display()}.")
            if case_number and Case.objects.filter(pk=case_number, item=item).exists():
                return redirect("moderation:case", pk=case_number)
            return redirect("moderation:age_rating", pk=pk)
    context = {
        "item": item,
        "form": form,
        "problem": problem,
        "ratings": Item.AgeRating.choices,
        "reasons": current_policy().reasons,
        "changes": list_age_changes(item),
        "states": OPEN_STATES,
    }
    return render(request, "moderation/age_rating.html", context, status=400 if problem else 200)


@require_http_methods(["GET", "POST"])
@moderator_required
def settings_page(request: SignedInRequest) -> HttpResponse:
    """Which queues one takes cases from, and how pictures come."""
    preference = get_preference(request.user)
    first = {name: getattr(preference, name) for name in ("queues", "blur", "grey", "mute")}
    posted = request.POST if request.method == "POST" else None
    form = PreferenceForm(posted, initial=first)
    if request.method == "POST" and form.is_valid():
        set_preference(user=request.user, **form.cleaned_data)
        messages.success(request, "Saved. The next case comes that way.")
        return redirect("moderation:settings")
    return render(request, "moderation/settings.html", {"form": form, "counts": count_queues()})


def _open_next(
    request: SignedInRequest, after: Case | None = None, queues: list[str] | None = None
) -> HttpResponse:
    case = claim_next_case(moderator=request.user, after=after, queues=queues)
    if case is None:
        messages.info(request, EMPTY_QUEUE)
        return redirect("moderation:queue")
    return redirect("moderation:case", pk=case.pk)
