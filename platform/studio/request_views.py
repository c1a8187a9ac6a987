"""The owner's inbox: who asks to edit which item, the answer, grants in force, people muted."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from catalog.models import EditPermission
from catalog.permission_forms import AnswerForm, MuteForm
from catalog.permission_selectors import (
    count_waiting,
    get_permission,
    list_muted,
    list_requests_to,
)
from catalog.services.permissions import (
    MAX_DAYS,
    REVOKED_NOTE,
    decline_request,
    grant_request,
    mute_person,
    revoke_grant,
    unmute_person,
)
from common.errors import InvalidInputError
from common.http import SignedInRequest
from studio.views import uploader_required

PAGE_SIZE = 24
DONE = {
    "grant": "Granted. They can have it edited now.",
    "decline": "Declined.",
    "revoke": "Revoked. No further edits are made with it.",
}


@require_GET
@uploader_required
def requests(request: SignedInRequest) -> HttpResponse:
    """What waits for an answer first, then everything settled."""
    rows = list_requests_to(request.user)
    waiting = rows.filter(state=EditPermission.State.ASKED, item__state="published")
    settled = rows.exclude(pk__in=waiting.values("pk"))
    context = {
        "waiting": waiting[:100],
        "count": count_waiting(request.user),
        "page": Paginator(settled, PAGE_SIZE).get_page(request.GET.get("page")),
        "muted": list_muted(request.user),
        "revoked_note": REVOKED_NOTE,
        "max_days": MAX_DAYS,
    }
    return render(request, "studio/requests.html", context)


@require_POST
@uploader_required
def answer(request: SignedInRequest, pk: int) -> HttpResponse:
    """Grant, decline or revoke."""
    permission = get_permission(user=request.user, pk=pk)
    if permission.item.owner_id != request.user.pk:
        raise Http404("There is no such request.")
    form = AnswerForm(request.POST)
    if not form.is_valid():
        raise InvalidInputError("Choose an answer; a permission lasts 1 to 365 days.")
    said = form.cleaned_data
    who = {"permission": permission, "by": request.user, "answer": said["answer"]}
    if said["do"] == "grant":
        grant_request(**who, lasting=said["lasting"], days=said["days"])
    elif said["do"] == "decline":
        decline_request(**who, mute=said["mute"])
    else:
        revoke_grant(**who)
    messages.success(request, DONE[said["do"]])
    return redirect("studio:requests")


@require_POST
@uploader_required
def mute(request: SignedInRequest, username: str) -> HttpResponse:
    """Hear no more requests of a person, or hear them again."""
    person = get_object_or_404(User, username=username)
    form = MuteForm(request.POST)
    if not form.is_valid():
        raise InvalidInputError("Say whether to mute them or not.")
    if form.cleaned_data["do"] == "mute":
        mute_person(owner=request.user, person=person)
        messages.success(request, f"You will not be asked by @{person.username} any more.")
    else:
        unmute_person(owner=request.user, person=person)
        messages.success(request, f"@{person.username} may ask you again.")
    return redirect("studio:requests")


urlpatterns = [
    path("requests/", requests, name="requests"),
    path("requests/<int:pk>/answer/", answer, name="request-answer"),
    path("requests/people/<str:username>/mute/", mute, name="request-mute"),
]
