"""The offer's pages: take it up, wave it away."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from common.http import SignedInRequest, wants_fragment
from feed.instructor_panel import get_turn_view
from feed.offers import accept_offer, dismiss_offer


@require_POST
@login_required
def accept(request: SignedInRequest, pk: int) -> HttpResponse:
    """Have it made; htmx gets the creation's card in place of the offer."""
    turn = accept_offer(user=request.user, pk=pk)
    if not wants_fragment(request):
        return redirect(reverse("feed:page") + "#instructor")
    view = get_turn_view(user=request.user, turn_id=turn.pk)
    return render(request, "feed/_offer.html", {"taken": view})


@require_POST
@login_required
def dismiss(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take the offer off the page."""
    dismiss_offer(user=request.user, pk=pk)
    if not wants_fragment(request):
        return redirect("feed:page")
    return render(request, "feed/_offer.html", {})


urlpatterns: list[URLPattern] = [
    path("feed/offer/<int:pk>/accept/", accept, name="offer-accept"),
    path("feed/offer/<int:pk>/dismiss/", dismiss, name="offer-dismiss"),
]
