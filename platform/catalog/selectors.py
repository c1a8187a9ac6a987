"""Who may see which items, and finding them. Views get items no other way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.http import Http404
from pgvector.django import MaxInnerProduct

from catalog.models import Embedding, Item, ratings_for
from common.guidance import Attributes, Guidance
from common.vocabulary import ALIASES, COLOURS, PATTERNS, TYPES

if TYPE_CHECKING:
    from accounts.models import User

MAX_QUERY_CHARS = 200


def can_view(user: User | AnonymousUser | None, item: Item) -> bool:
    """Return whether this person may see the item.

    Published: everybody whom its age rating admits; what is personal, the person it was made for.
    Otherwise its owner and moderators alone. What is attached to a conversation is its owner's.
    """
    if item.state == Item.State.EXPIRED or _is_over(item):
        return False
    if item.is_attachment:
        return user is not None and user.is_authenticated and item.owner_id == user.pk
    is_admitted = item.is_public and item.age_rating in ratings_for(user)
    if is_admitted and not item.is_personal:
        return True
    if user is None or not user.is_authenticated:
        return False
    if item.owner_id == user.pk or user.can_moderate:
        return True
    return is_admitted and item.made_for_id == user.pk


def _is_over(item: Item) -> bool:
    """Whether the time to look at it is over, also in the minute before it is deleted."""
    clock = getattr(item, "expiry", None) if item.is_personal else None
    return clock is not None and clock.is_over


def can_edit(user: User | AnonymousUser | None, item: Item) -> bool:
    """Return whether this person may change, submit or delete the item."""
    return user is not None and user.is_authenticated and item.owner_id == user.pk


def get_item(*, user: User | AnonymousUser | None, pk: int) -> Item:
    """Return the item with its assets; `Http404` when it is not there or not for this person."""
    item = Item.objects.with_assets().select_related("owner", "made_for").filter(pk=pk).first()
    if item is None or not can_view(user, item):
        raise Http404("There is no such item.")
    return item


def list_own_items(user: User) -> QuerySet[Item]:
    """Return a person's own items in every state, newest first; attachments are none of them."""
    own = Item.objects.with_assets().filter(owner=user, is_attachment=False)
    return own.order_by("-created_at", "-pk")


def list_lineage(*, user: User | AnonymousUser | None, item: Item) -> list[Item]:
    """Return the versions of one thing that this person may see, oldest first, with `item`."""
    root = item
    for _ in range(20):
        if root.parent is None:
            break
        root = root.parent
    family, newest = {root.pk: root}, [root.pk]
    while newest and len(family) < 50:
        children = Item.objects.with_assets().filter(parent__in=newest).exclude(pk__in=family)
        newest = [child.pk for child in children]
        family.update({child.pk: child for child in children})
    return sorted((one for one in family.values() if can_view(user, one)), key=lambda one: one.pk)


def describe_making(*, user: User | AnonymousUser | None, item: Item) -> list[str]:
    """Return what an AI item was made from, a phrase per part; nothing for what people made.

    A person's own words are theirs: only they, the owner and moderators read them here.
    """
    if not item.guidance:
        return []
    guidance = Guidance.from_dict(item.guidance)
    asked = user is not None and user.is_authenticated and user.pk == guidance.user_id
    whose = "your" if asked else "somebody's"
    parts = []
    if guidance.instruction:
        reads = asked or can_edit(user, item) or bool(getattr(user, "can_moderate", False))
        quoted = f": “{guidance.instruction}”" if reads else ""
        parts.append(f"{whose} words{quoted}")
    if count := len(guidance.liked_item_ids):
        liker = "you" if asked else "they"
        parts.append(f"{count} item{'s' if count != 1 else ''} {liker} liked")
    if guidance.reference_item_ids:
        parts.append("a picture given as an example")
    if guidance.user_vector_model:
        audience = "the taste of people who like this uploader's items"
        learned = f"what the feed has learned of {whose} taste"
        parts.append(audience if guidance.mode == "clip" else learned)
    if guidance.style:
        parts.append(f"the style “{guidance.style}”")
    return parts


def search_items(
    *,
    user: User | AnonymousUser | None,
    text: str = "",
    garment_type: str | None = None,
    colours: Sequence[str] = (),
    pattern: str | None = None,
    unwanted: Attributes | None = None,
    kind: str | None = None,
    limit: int = 24,
    offset: int = 0,
) -> QuerySet[Item]:
    """Return published items that this person may see and that match, best first.

    Attributes are filters: type and pattern exactly, colours by overlap. `text` may name attributes
    in anybody's words ("burgundy frocks"); its other words must stand in title or description.
    """
    items: QuerySet[Item] = Item.objects.for_audience(user).standalone().with_assets()
    if garment_type:
        items = items.filter(garment_type=garment_type)
    if colours:
        items = items.filter(colours__overlap=list(colours))
    if pattern:
        items = items.filter(pattern=pattern)
    if kind:
        items = items.filter(kind=kind)
    if unwanted:
        items = _without(items, unwanted)
    named, rest = read_words(text)
    main = [*colours, *named.colours][:1]
    items = items.annotate(main_colour=_has_main_colour(main))
    items = _matching_text(items, text, named, rest)
    order = ("-main_colour", "-rank", "-published_at", "-pk")
    return items.order_by(*order)[offset : offset + limit]


def nearest_items(
    *,
    vector: np.ndarray,
    model: str,
    limit: int,
    exclude_ids: Collection[int] = (),
    user: User | AnonymousUser | None = None,
) -> list[tuple[int, float]]:
    """Return (item id, cosine) of the published items nearest to a vector of length 1, best first.

    Exact. Only vectors of the encoder named `model` are compared, whatever their dimension.
    """
    rows = (
        Embedding.objects.filter(model=model, item__in=Item.objects.for_audience(user))
        .exclude(item_id__in=list(exclude_ids))
        .annotate(distance=MaxInnerProduct("vector", np.asarray(vector, dtype=np.float32)))
        .order_by("distance", "item_id")
        .values_list("item_id", "distance")[:limit]
    )
    # pgvector's operator yields the negative inner product, so that smaller is nearer.
    return [(item_id, -distance) for item_id, distance in rows]


def list_similar(*, user: User | AnonymousUser | None, item: Item, limit: int = 6) -> list[Item]:
    """Return published items that look like this one, nearest first; none without a vector."""
    seen = Embedding.objects.filter(item=item).order_by("-created_at").first()
    if seen is None:
        return []
    near = nearest_items(
        vector=seen.vector, model=seen.model, limit=limit, exclude_ids=[item.pk], user=user
    )
    found = Item.objects.with_assets().in_bulk([pk for pk, _ in near])
    return [found[pk] for pk, _ in near if pk in found]


def read_words(text: str) -> tuple[Attributes, str]:
    """Return the attributes that these words name, and the words that name none."""
    found: dict[str, list[str]] = {"type": [], "colour": [], "pattern": []}
    rest = []
    for word in _clean(text).split():
        attribute, value = _meaning(word.lower().strip(",.;!?\"'"))
        if attribute in found:
            found[attribute].append(value)
        else:
            rest.append(word)
    named = Attributes(
        type=next(iter(found["type"]), None),
        colours=tuple(dict.fromkeys(found["colour"])),
        pattern=next(iter(found["pattern"]), None),
    )
    return named, " ".join(rest)


def _meaning(word: str) -> tuple[str, str]:
    for attribute, values in (("type", TYPES), ("colour", COLOURS), ("pattern", PATTERNS)):
        if word in values:
            return attribute, word
    return ALIASES.get(word, ("", ""))


def _clean(text: str) -> str:
    return text.replace("\x00", " ")[:MAX_QUERY_CHARS].strip()


def _without(items: QuerySet[Item], unwanted: Attributes) -> QuerySet[Item]:
    if unwanted.type:
        items = items.exclude(garment_type=unwanted.type)
    if unwanted.colours:
        items = items.exclude(colours__overlap=list(unwanted.colours))
    if unwanted.pattern:
        items = items.exclude(pattern=unwanted.pattern)
    return items


def _has_main_colour(main: Sequence[str]) -> Case | Value:
    """1 where the garment is mainly of the first colour asked for, else 0."""
    if not main:
        return Value(0, output_field=IntegerField())
    return Case(When(colours__0=main[0], then=1), default=0, output_field=IntegerField())


def _matching_text(
    items: QuerySet[Item], text: str, named: Attributes, rest: str
) -> QuerySet[Item]:
    """Keep items whose words match all of the text, or whose attributes are those it names."""
    cleaned = _clean(text)
    if not cleaned:
        return items.annotate(rank=Value(0.0))
    query = SearchQuery(cleaned, search_type="websearch", config="english")
    condition = Q(search=query)
    if named:
        as_named = Q()
        if named.type:
            as_named &= Q(garment_type=named.type)
        if named.colours:
            as_named &= Q(colours__overlap=list(named.colours))
        if named.pattern:
            as_named &= Q(pattern=named.pattern)
        if rest:
            as_named &= Q(search=SearchQuery(rest, search_type="websearch", config="english"))
        condition |= as_named
    return items.annotate(rank=SearchRank(F("search"), query)).filter(condition)
