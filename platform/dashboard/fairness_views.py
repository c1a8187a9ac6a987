"""The operator's page of parity between groups, its refresh and its files."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from common.http import SignedInRequest
from dashboard.access import operator_required
from dashboard.fairness_history import as_csv, read_page
from dashboard.tasks import measure_fairness_task


class MeasurementForm(forms.Form):
    """Which measurement; the newest where none is named."""

    at = forms.IntegerField(min_value=1, max_value=2**62, required=False)


@require_GET
@operator_required
def fairness(request: SignedInRequest) -> HttpResponse:
    """Exposure and success by group, pairs of like words, diversity; how they were before."""
    form = MeasurementForm(request.GET)
    pk = form.cleaned_data["at"] if form.is_valid() else None
    page = read_page(pk)
    if page is None and pk is not None:
        raise Http404("There is no such measurement.")
    return render(request, "dashboard/fairness.html", {"page": page})


@require_POST
@operator_required
def measure_now(request: SignedInRequest) -> HttpResponse:
    """Measure now rather than tonight."""
    measure_fairness_task.delay_on_commit()
    messages.info(request, "It is being measured. Load the page anew in a while.")
    return redirect("dashboard:fairness")


@require_GET
@operator_required
def export(request: SignedInRequest, pk: int, extension: str) -> HttpResponse:
    """Give one measurement as a file, CSV or JSON."""
    page = read_page(pk)
    if page is None:
        raise Http404("There is no such measurement.")
    one = page.measurement
    name = f"weft-fairness-{one.measured_at:%Y-%m-%d}.{extension}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if extension == "csv":
        return HttpResponse(as_csv(one), content_type="text/csv; charset=utf-8", headers=headers)
    content = {"measured_at": one.measured_at, **one.figures}
    return JsonResponse(content, headers=headers, json_dumps_params={"indent": 1})
