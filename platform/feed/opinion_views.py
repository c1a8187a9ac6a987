"""The page, or the sheet over the feed, where a person rates an item and says what they think."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.models import User
from catalog.models import Item
from common.http import SignedInRequest, wants_fragment
from feed.opinion_forms import RatingsForm, RemarkForm
from recommender.core.wishes import Wish
from recommender.models import Remark, StatedWish
from recommender.services import (
    add_remark,
    change_remark,
    facets_of,
    get_ratings,
    learning_allowed,
    list_remarks,
    rate,
)
from recommender.services.remarks import accept_proposal, proposals_of
from recommender.services.wishes import remove_wish, sentence_of


@dataclass(frozen=True)
class Understood:
    """A remark with what was understood of it, in words."""

    remark: Remark

    @property
    def wishes(self) -> list[tuple[StatedWish, str]]:
        """Return the lasting wishes that came of it, each with its words."""
        return [(row, sentence_of(row)) for row in self.remark.statedwish_set.all()]

    @property
    def proposals(self) -> list[Wish]:
        """Return what it may mean for good, to be asked."""
        return proposals_of(self.remark)

    @property
    def summary(self) -> str:
        """Return for example "you like it: collar"; empty when nothing was understood."""
        found = self.remark.understood
        parts = {"like": ["you like it"], "dislike": ["you don’t like it"]}.get(
            found.get("opinion", ""), []
        )
        for key, word in (("wanted", "more of"), ("unwanted", "less of")):
            named = [value for values in found.get(key, {}).values() for value in values]
            if named:
                parts.append(f"{word} {', '.join(named)}")
        return "; ".join(parts)


@login_required
@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def opinion(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show one's own stars and remarks on an item; POST stores the stars."""
    item = _get_item(request.user, pk)
    if request.method != "POST":
        return _answer(request, item)
    form = RatingsForm(request.POST, facets=facets_of(item))
    if not form.is_valid():
        return HttpResponseBadRequest("Give from one to five stars.")
    rate(user=request.user, item=item, stars=form.stars)
    return _answer(request, item, said="Your stars are saved.")


@login_required
@require_POST
def remark(request: SignedInRequest, pk: int) -> HttpResponse:
    """Store a remark on an item."""
    item = _get_item(request.user, pk)
    form = RemarkForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("This form is broken. Please load the page again.")
    add_remark(
        user=request.user,
        item=item,
        text=form.cleaned_data["text"],
        event_id=form.cleaned_data["event_id"],
    )
    return _answer(request, item, said="Thank you. Your remark is saved.")


@login_required
@require_POST
def change(request: SignedInRequest, remark_id: int) -> HttpResponse:
    """Change or delete one's own remark; to anybody else it does not exist."""
    kept = get_object_or_404(Remark.objects.select_related("item"), pk=remark_id, user=request.user)
    form = RemarkForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("This form is broken. Please load the page again.")
    deed, object_ = form.pressed
    if deed == "delete":
        kept.delete()
        return _answer(request, kept.item, said="Your remark is deleted.")
    if deed == "forget":
        remove_wish(user=request.user, pk=int(object_))
        return _answer(request, kept.item, said="Forgotten.")
    if deed == "keep":
        accept_proposal(remark=kept, value=object_)
        return _answer(request, kept.item, said="Kept. You find it on your profile.")
    change_remark(remark=kept, text=form.cleaned_data["text"])
    return _answer(request, kept.item, said="Your remark is changed.")


def _get_item(user: User, pk: int) -> Item:
    return get_object_or_404(Item.objects.for_audience(user).with_assets(), pk=pk)


def _answer(request: SignedInRequest, item: Item, said: str = "") -> HttpResponse:
    """Return the sheet anew for htmx; else the page, by way of a redirect after a change."""
    if said and not wants_fragment(request):
        messages.success(request, said)
        if not Item.objects.for_audience(request.user).filter(pk=item.pk).exists():
            return redirect("accounts:profile")  # it is gone; what was said of it could still go
        return redirect("feed:opinion", pk=item.pk)
    own = list_remarks(user=request.user, item=item)
    context = {
        "item": item,
        "ratings": RatingsForm(
            initial=get_ratings(user=request.user, item=item), facets=facets_of(item)
        ),
        "remarks": [Understood(one) for one in own],
        "remark_form": RemarkForm(initial={"event_id": uuid.uuid4()}),
        "learning": learning_allowed(request.user),
        "said": said,
    }
    template = "feed/opinion.html#sheet" if wants_fragment(request) else "feed/opinion.html"
    return render(request, template, context)
