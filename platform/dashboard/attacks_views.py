"""The operator's page about suspected attacks on the feedback."""

from __future__ import annotations

from typing import cast

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from common.errors import DomainError, InvalidInputError
from common.http import SignedInRequest
from dashboard.access import operator_required
from dashboard.attacks import CONFIRM, RESTORE, decide, list_decided, list_groups
from recommender.tasks import find_attacks_task

DONE = {RESTORE: "counts again", CONFIRM: "stays set aside"}


class DecisionForm(forms.Form):
    """Which suspicions, and what becomes of them. `one`, `chosen` or `all`, as the button says."""

    decision = forms.ChoiceField(choices=[(RESTORE, "Restore"), (CONFIRM, "Confirm")])
    which = forms.CharField(max_length=20)
    all = forms.CharField(required=False)
    note = forms.CharField(max_length=500, required=False)

    def ids(self) -> list[int]:
        """Return the suspicions meant; InvalidInputError when they are no numbers."""
        which = self.cleaned_data["which"]
        words = {
            "chosen": cast(QueryDict, self.data).getlist("chosen"),
            "all": self.cleaned_data["all"].split(","),
        }.get(which, [which])
        if not all(word.isascii() and word.isdigit() and len(word) < 19 for word in words):
            raise InvalidInputError("Choose at least one person.")
        return [int(word) for word in words]


@operator_required
@require_GET
def attacks(request: SignedInRequest) -> HttpResponse:
    """Open suspicions by target, and what was decided lately."""
    context = {"groups": list_groups(), "decided": list_decided()}
    return render(request, "dashboard/attacks.html", context)


@operator_required
@require_POST
def decide_attacks(request: SignedInRequest) -> HttpResponse:
    """Restore or confirm one person, the chosen ones, or a whole group."""
    # A button carries both: "restore:chosen", "confirm:17".
    decision, _, which = request.POST.get("do", "").partition(":")
    sent = request.POST.copy()
    sent.update({"decision": decision, "which": which})
    form = DecisionForm(sent)
    try:
        if not form.is_valid():
            raise InvalidInputError("Choose at least one person.")
        note = form.cleaned_data["note"]
        many = decide(suspicions=form.ids(), decision=decision, by=request.user, note=note)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        people = "one person" if many == 1 else f"{many} people"
        messages.success(request, f"The feedback of {people} {DONE[decision]}.")
    return redirect("dashboard:attacks")


@operator_required
@require_POST
def look_now(request: SignedInRequest) -> HttpResponse:
    """Look for attacks now rather than at the next full hour."""
    find_attacks_task.delay_on_commit()
    messages.info(request, "Recent feedback is being looked through. Load the page anew shortly.")
    return redirect("dashboard:attacks")
