"""The lasting wishes on the profile page and in the panel: add, change, remove, clear."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from common.errors import DomainError
from common.http import SignedInRequest, wants_fragment
from recommender.models import StatedWish
from recommender.services.wishes import add_wish, change_wish, clear_wishes, remove_wish

PANEL = "feed/_instructor_wishes.html"
PROFILE = "feed/_wishes.html"


class WishForm(forms.Form):
    """A wish as a person types it; the words are judged by the service, in its own sentence."""

    polarity = forms.ChoiceField(choices=StatedWish.Polarity.choices, required=False)
    text = forms.CharField(max_length=100, required=False, strip=True)
    # Where the form stands, and so what comes back.
    place = forms.ChoiceField(choices=[("panel", "panel"), ("profile", "profile")], required=False)


@require_POST
@login_required
def add(request: SignedInRequest) -> HttpResponse:
    """Keep what was typed."""
    form = _form(request)
    try:
        add_wish(
            user=request.user,
            polarity=form.get("polarity") or StatedWish.Polarity.UNWANTED,
            text=form.get("text", ""),
        )
    except DomainError as error:
        return _answer(request, problem=str(error), typed=form.get("text", ""))
    return _answer(request)


@require_POST
@login_required
def change(request: SignedInRequest, pk: int) -> HttpResponse:
    """Turn an entry round or give it another value."""
    form = _form(request)
    try:
        change_wish(
            user=request.user, pk=pk, polarity=form.get("polarity", ""), text=form.get("text", "")
        )
    except DomainError as error:
        return _answer(request, problem=str(error))
    return _answer(request)


@require_POST
@login_required
def remove(request: SignedInRequest, pk: int) -> HttpResponse:
    """Drop one entry; harmless when it is gone."""
    remove_wish(user=request.user, pk=pk)
    return _answer(request)


@require_POST
@login_required
def clear(request: SignedInRequest) -> HttpResponse:
    """Drop all entries."""
    clear_wishes(user=request.user)
    return _answer(request)


def _form(request: SignedInRequest) -> dict[str, str]:
    form = WishForm(request.POST)
    form.is_valid()
    return form.cleaned_data


def _answer(request: SignedInRequest, problem: str = "", typed: str = "") -> HttpResponse:
    """Return the list as it is now; without a script, go back to where it stands."""
    is_panel = request.POST.get("place") == "panel"
    if wants_fragment(request):
        template = PANEL if is_panel else PROFILE
        return render(request, template, {"wish_problem": problem, "wish_typed": typed})
    if problem:
        messages.error(request, problem)
    home = reverse("feed:page") if is_panel else reverse("accounts:profile")
    return redirect(f"{home}#{'instructor' if is_panel else 'wishes'}")


urlpatterns = [
    path("profile/wishes/", add, name="wish-add"),
    path("profile/wishes/<int:pk>/", change, name="wish-change"),
    path("profile/wishes/<int:pk>/remove/", remove, name="wish-remove"),
    path("profile/wishes/clear/", clear, name="wish-clear"),
]
