"""Pages of items: one item, its files, search."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.views.decorators.http import require_GET, require_safe

from accounts.follows import is_followed
from catalog.forms import SearchForm
from catalog.models import Asset, Frame
from catalog.permission_selectors import describe_authorship
from catalog.selectors import (
    can_edit,
    can_view,
    describe_making,
    get_item,
    list_lineage,
    list_similar,
    search_items,
)
from catalog.services import note_view
from catalog.serving import is_local, serve_file
from common.http import HtmxRequest, wants_fragment

PAGE_SIZE = 24


@require_safe
def item_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One item: its media, where it came from, its versions and attributes."""
    item = get_item(user=request.user, pk=pk)
    clock = note_view(item=item, user=request.user)
    context = {
        "item": item,
        "size": item.asset("master"),
        "authorship": describe_authorship(user=request.user, item=item),
        "made_from": describe_making(user=request.user, item=item),
        "checks_template": _existing_template("moderation/_item_checks.html"),
        "remake_template": _existing_template("feed/_make_it_yours.html"),
        "lineage": list_lineage(user=request.user, item=item),
        "similar": list_similar(user=request.user, item=item),
        "clock": clock,
        "can_edit": can_edit(request.user, item),
        "can_follow": item.owner is not None and item.owner != request.user,
        "followed": is_followed(request.user, item.owner_id),
    }
    return render(request, "catalog/item.html", context)


def _existing_template(name: str) -> str:
    """Return the name if an app above brought this template, else nothing to include."""
    try:
        get_template(name)
    except TemplateDoesNotExist:
        return ""
    return name


@require_safe
def media(request: HttpRequest, asset_id: int, role: str, extension: str) -> HttpResponseBase:
    """One file of an item, for those who may see the item; to all others it does not exist."""
    asset = Asset.objects.select_related("item").filter(pk=asset_id, role=role).first()
    if asset is None or asset.is_quarantined or not can_view(request.user, asset.item):
        raise Http404("There is no such file.")
    clock = note_view(item=asset.item, user=request.user)
    if not is_local(asset):
        return HttpResponseRedirect(asset.file.url)
    # What will be deleted must not lie in a browser's cache.
    is_kept = asset.item.is_public and clock is None
    return serve_file(request, asset, is_public=is_kept)


@require_safe
def frame(request: HttpRequest, frame_id: int) -> HttpResponseBase:
    """One still of a video, for those who may see the video; of AI videos only a marked one."""
    still = Frame.objects.servable().select_related("item").filter(pk=frame_id).first()
    if still is None or not can_view(request.user, still.item):
        raise Http404("There is no such file.")
    note_view(item=still.item, user=request.user)
    if not is_local(still):
        return HttpResponseRedirect(still.file.url)
    is_kept = still.item.is_public and not still.item.is_personal
    return serve_file(request, still, is_public=is_kept)


@require_GET
def search_page(request: HtmxRequest) -> HttpResponse:
    """Search by words and attributes; the whole page, or only its results for htmx."""
    form = SearchForm(request.GET)
    valid = form.is_valid()
    asked = form.cleaned_data
    page = (valid and asked.get("page")) or 1
    found = list(
        search_items(
            user=request.user,
            text=asked.get("q", ""),
            garment_type=asked.get("type") or None,
            colours=[asked["colour"]] if asked.get("colour") else [],
            pattern=asked.get("pattern") or None,
            kind=asked.get("kind") or None,
            limit=PAGE_SIZE + 1,
            offset=(page - 1) * PAGE_SIZE,
        )
    )
    query = request.GET.copy()
    query["page"] = str(page + 1)
    context = {
        "form": form,
        "items": found[:PAGE_SIZE],
        "next_query": query.urlencode() if len(found) > PAGE_SIZE else "",
    }
    template = "catalog/search.html#results" if wants_fragment(request) else "catalog/search.html"
    return render(request, template, context)
