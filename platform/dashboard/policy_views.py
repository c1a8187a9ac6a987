"""The operator's page of the policy of activation."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from common.http import SignedInRequest
from dashboard.access import operator_required
from dashboard.policy_figures import get_policy_figures
from recommender.services.policies import set_mode

SAID = {
    "rules": "From now on the rules decide alone.",
    "learned": "Training chooses what serves again.",
    "rollback": "The policy that served before is back.",
}


class ModeForm(forms.Form):
    mode = forms.ChoiceField(choices=[(mode, mode) for mode in SAID])


@require_GET
@operator_required
def policy(request: SignedInRequest) -> HttpResponse:
    """When the instructor retrieves, asks, edits and creates, and what came of it."""
    return render(request, "dashboard/policy.html", {"figures": get_policy_figures()})


@require_POST
@operator_required
def switch(request: SignedInRequest) -> HttpResponse:
    """Serve the rules alone, what training finds safe, or what served before."""
    form = ModeForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("There is no such mode.")
    set_mode(form.cleaned_data["mode"])
    messages.success(request, SAID[form.cleaned_data["mode"]])
    return redirect("dashboard:policy")
