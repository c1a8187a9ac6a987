"""The operator's page about people: what they make of human and AI items, and who comes back."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from common.http import SignedInRequest
from dashboard.access import operator_required
from dashboard.people_figures import DEFAULT_DAYS, PERIODS, WEEKS, get_people_figures
from recommender.models import Remark

NEWEST_REMARKS = 12


class PeriodForm(forms.Form):
    """Over how many days."""

    days = forms.TypedChoiceField(
        label="Period",
        choices=[(days, f"the last {words}") for days, words in PERIODS.items()],
        coerce=int,
    )


@operator_required
@require_GET
def overview(request: SignedInRequest) -> HttpResponse:
    """Lead to the first of the operator's pages."""
    return redirect("dashboard:people")


@operator_required
@require_GET
def people(request: SignedInRequest) -> HttpResponse:
    """Clicks, looks, completion, stars, words by origin; retention by cohort."""
    form = PeriodForm(request.GET)
    days = form.cleaned_data["days"] if form.is_valid() else DEFAULT_DAYS
    figures = get_people_figures(days)
    newest = Remark.objects.filter(created_at__gte=figures.since).select_related("item")
    context = {
        "form": PeriodForm(initial={"days": days}),
        "figures": figures,
        "weeks": range(WEEKS),
        # Without names: what was said counts here, not by whom.
        "remarks": newest.order_by("-pk")[:NEWEST_REMARKS],
    }
    return render(request, "dashboard/people.html", context)
