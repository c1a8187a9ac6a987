"""The feed's pages: the stream of cards, reactions, events, and why an item was shown."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from catalog.models import Item
from common.http import HtmxRequest, wants_fragment
from feed.events import read_batch, require_sender
from feed.forms import FeedQueryForm, ReactionForm
from feed.offers import OFFER_IN_SESSION, find_offer
from feed.reasons import get_why
from feed.selectors import get_feed_page
from recommender.conversations import REJECTIONS
from recommender.services import react, record_events


@require_GET
@vary_on_headers("HX-Request")
def page(request: HtmxRequest) -> HttpResponse:
    """Personalised feed: the whole page, or only the next cards for htmx."""
    form = FeedQueryForm(request.GET)
    if not form.is_valid():
        return HttpResponseBadRequest("This link into the feed is broken.")
    feed_page = get_feed_page(
        user=request.user,
        after=form.cleaned_data["after"],
        limit=settings.FEED_PAGE_SIZE,
        session=request.session,
        again=form.cleaned_data["again"],
    )
    template = "feed/feed.html#cards" if wants_fragment(request) else "feed/feed.html"
    return render(request, template, {"page": feed_page})


@require_POST
def react_view(request: HtmxRequest, pk: int) -> HttpResponse:
    """Store a reaction; htmx gets the card's actions back, others return to the same cards."""
    form = ReactionForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("This reaction does not exist.")
    back = f"{reverse('feed:page')}?{urlencode({'after': form.cleaned_data['after']})}#item-{pk}"
    if not form.cleaned_data["after"]:
        back = reverse("feed:page")
    if not request.user.is_authenticated:
        return _invite(request, back)
    item = get_object_or_404(Item.objects.for_audience(request.user), pk=pk)
    reaction = react(
        user=request.user,
        item=item,
        kind=form.cleaned_data["kind"],
        event_id=form.cleaned_data["event_id"],
    )
    offer = find_offer(request.user) if reaction in REJECTIONS else None
    if offer is not None:
        # The pages after this one show it too; the others need not look for one.
        request.session[OFFER_IN_SESSION] = True
    if not wants_fragment(request):
        return redirect(back)
    context = {
        "item": item,
        "reaction": reaction,
        "after": form.cleaned_data["after"],
        "offer": offer,
    }
    response = render(request, "feed/_reacted.html", context)
    response["HX-Trigger"] = json.dumps({"weft:reacted": {"item": pk, "reaction": reaction}})
    return response


def _invite(request: HtmxRequest, back: str) -> HttpResponse:
    """Send a visitor to the sign-in page, and back to the same card afterwards."""
    answer = redirect_to_login(back)
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": answer["Location"]})
    return answer


@require_POST
def events_view(request: HtmxRequest) -> JsonResponse:
    """Take a batch of events, as a JSON body or (for a leaving page's beacon) as a form field."""
    batch = read_batch(request)
    if not request.user.is_authenticated:
        # Signed out since: whoever collected them keeps them until they are back.
        status = 200 if batch.user is None else 401
        return JsonResponse({"stored": 0, "problems": []}, status=status)
    require_sender(request.user, batch.user)
    result = record_events(user=request.user, events=batch.events, sent_at=batch.sent_at)
    return JsonResponse({"stored": result.stored, "problems": result.problems})


@require_GET
@vary_on_headers("HX-Request")
def why_view(request: HtmxRequest, pk: int) -> HttpResponse:
    """Why this item was shown: as a page, or as the body of the feed's dialog."""
    item = get_object_or_404(
        Item.objects.for_audience(request.user).select_related("owner").with_assets(), pk=pk
    )
    template = "feed/why.html#why" if wants_fragment(request) else "feed/why.html"
    return render(request, template, {"why": get_why(user=request.user, item=item), "item": item})
