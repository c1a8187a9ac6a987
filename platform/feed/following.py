"""The page of what followed uploaders published, newest first."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.follows import followed_ids, list_followed
from accounts.models import User
from catalog.models import Item
from common.http import SignedInRequest
from feed.mixing import admitted_origins

PAGE_SIZE = 24
# People with a button of their own beside the items; the API lists all of them.
PEOPLE = 60


@login_required
@require_safe
def page(request: SignedInRequest) -> HttpResponse:
    """Whom the person follows, with a button to stop, and what those published."""
    items = list_followed_items(request.user)
    shown = Paginator(items, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"people": list_followed(request.user)[:PEOPLE], "items": shown}
    return render(request, "feed/following.html", context)


def list_followed_items(user: User) -> QuerySet[Item]:
    """Return what the followed people published and this person may see, newest first.

    At a share of AI of 0 only what people made.
    """
    items = Item.objects.for_audience(user).standalone().with_assets()
    items = items.filter(owner_id__in=followed_ids(user))
    origins = admitted_origins(user.profile.ai_share)
    if origins is not None:
        items = items.filter(origin__in=origins)
    return items.order_by("-published_at", "-pk")
