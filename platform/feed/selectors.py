"""One page of one person's feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import Q, prefetch_related_objects

from accounts.models import User
from catalog.models import Item
from feed.cursor import Cursor
from feed.mixing import AI, admitted_origins, blend
from feed.personal import AS_IT_IS, Presentation, present
from feed.reasons import named_ids, sentence
from feed.seen import Shown
from feed.viewer import Viewer
from recommender.core.exploration import explore
from recommender.models import StatedWish
from recommender.services import Candidate, current_reactions, rank
from recommender.services.field import OTHERS

MAX_PAGE = 40
# Candidates per place: enough for mixing to choose neighbours, cheap to ask the database about.
CANDIDATES_PER_PLACE = 3
# Height over width from which a picture may be cropped to the stage.
TALL = 1.6


@dataclass(frozen=True)
class Card:
    """One item in the feed, with what the person must see at once: reaction and reason."""

    item: Item
    position: int
    source: str
    reason: str
    reaction: str = ""
    # Whether this person follows the uploader.
    owner_followed: bool = False
    # The viewer's own poster and clip of a video.
    personal: Presentation = AS_IT_IS

    @property
    def poster_url(self) -> str:
        """Address of the still that this person is shown first."""
        return self.personal.poster_url or self.item.poster_url

    @property
    def fills_stage(self) -> bool:
        """Whether the picture is tall enough to fill a phone's screen without losing its sides."""
        media = self.item.asset("poster") or self.item.asset("master")
        return bool(media and media.width and media.height / media.width >= TALL)

    @property
    def has_sound(self) -> bool:
        media = self.item.asset("master")
        return bool(media and media.has_sound)


@dataclass(frozen=True)
class FeedPage:
    """Some cards, the token that gives them again, and that of the next ones, if there are any."""

    cards: list[Card]
    cursor: str
    next_cursor: str | None
    ai_share: int
    # The person has seen everything of recent days: these are items from before.
    repeats: bool = False
    is_first: bool = True
    # What they told the instructor for good; None where nothing asked for it.
    wishes: tuple[StatedWish, ...] | None = None

    @property
    def ended(self) -> bool:
        return self.next_cursor is None


def get_feed_page(
    *,
    user: User | AnonymousUser,
    after: str = "",
    limit: int,
    session: SessionBase | None = None,
    again: bool = False,
) -> FeedPage:
    """Return the next page of a browse and record what it shows.

    `after` is the token of the page before; without one a new browse begins. Within a browse no
    item comes twice, and none of recent days while there are others; a new browse that finds
    nothing unseen repeats instead of being empty. The same token gives the same page again.
    """
    viewer = Viewer(user, session)
    cursor = Cursor.load(after) if after else Cursor.first(again)
    limit = max(1, min(limit, MAX_PAGE))
    shown = viewer.seen.replay(cursor, limit) if after else []
    replayed = bool(shown)
    if not replayed:
        shown = _choose(viewer, cursor, limit)
        if not shown and not after and not cursor.again:
            cursor = Cursor(cursor.feed_id, 0, again=True)
            shown = _choose(viewer, cursor, limit)
        viewer.seen.remember(cursor, shown)
    following = Cursor(cursor.feed_id, cursor.position + len(shown), cursor.again)
    return FeedPage(
        cards=_cards(viewer, cursor, shown),
        cursor=cursor.dump(),
        next_cursor=following.dump() if replayed or len(shown) >= limit else None,
        ai_share=viewer.ai_share,
        repeats=cursor.again,
        is_first=not after,
        wishes=None if replayed else viewer.known.wishes.entries,
    )


def _choose(
    viewer: Viewer, cursor: Cursor, limit: int, rng: np.random.Generator | None = None
) -> list[Shown]:
    """Return the places of this page: ranked, mixed to the person's share, a few left to chance.

    What is shown carries the probability with which it stands in its place.
    """
    rng = rng or np.random.default_rng()
    excluded = viewer.seen.excluded(cursor) | viewer.hidden
    ranking = rank(
        user=viewer.person,
        exclude_ids=excluded,
        limit=limit * CANDIDATES_PER_PLACE,
        origins=admitted_origins(viewer.ai_share),
        rng=rng,
        person=viewer.known,
        followed=viewer.followed,
    )
    viewer.vectors = ranking.vectors
    direct = [] if cursor.again else _direct(viewer.person, excluded)
    mixed = blend(
        ranking.candidates,
        ai_share=viewer.ai_share,
        start=cursor.position,
        limit=limit,
        direct=direct,
    )
    ordered = {candidate.item_id for candidate in direct}
    places = explore(
        mixed.items,
        [AI if item.origin == AI else OTHERS for item in mixed.items],
        ranking.lots,
        rng,
        fixed=sum(item.item_id in ordered for item in mixed.items),
    )
    told = ranking.explained([place.item for place in places])
    return [
        Shown(
            item.item_id,
            item.source,
            f"{item.policy}/{mixed.policy}",
            item.reason,
            place.propensity,
        )
        for place, item in zip(places, told, strict=True)
    ]


def _direct(person: User | None, excluded: set[int]) -> list[Candidate]:
    """Return items made for this person and not shown yet, newest first: direct ones, and those
    that nobody else may see, which no ranking knows of.
    """
    if person is None:
        return []
    items = Item.objects.for_audience(person).standalone()
    direct_or_theirs = Q(exposure=Item.Exposure.DIRECT) | Q(is_personal=True)
    items = items.filter(direct_or_theirs, made_for=person).order_by("-published_at", "-pk")
    rows = items.values_list("pk", "origin", "owner_id", "garment_type")[:MAX_PAGE]
    return [
        Candidate(
            item_id=pk,
            origin=origin,
            score=1.0,
            source="direct",
            policy="direct",
            reason={"kind": "made_for_you"},
            owner_id=owner_id or 0,
            garment_type=garment_type,
        )
        for pk, origin, owner_id, garment_type in rows
        if pk not in excluded
    ]


def _cards(viewer: Viewer, cursor: Cursor, shown: Sequence[Shown]) -> list[Card]:
    """Return the cards of these places, asking once more what the person may see now.

    As many queries for one card as for forty.
    """
    person = viewer.person
    ids = [place.item_id for place in shown]
    named = named_ids(place.reason for place in shown)
    # One query for what is shown and for what the reasons name.
    found = (
        Item.objects.for_audience(viewer.audience).select_related("owner").in_bulk({*ids, *named})
    )
    items = {pk: found[pk] for pk in ids if pk in found}
    prefetch_related_objects(list(items.values()), "assets")
    titles = {pk: found[pk].title for pk in named if pk in found}
    reactions = current_reactions(user=person, item_ids=ids) if person and ids else {}
    personal = present(user=person, items=list(items.values()), taste=lambda: viewer.taste)
    return [
        Card(
            item=items[place.item_id],
            position=position,
            source=place.source,
            reason=sentence(place.reason, titles),
            reaction=reactions.get(place.item_id, ""),
            owner_followed=items[place.item_id].owner_id in viewer.followed,
            personal=personal.get(place.item_id, AS_IT_IS),
        )
        for position, place in enumerate(shown, start=cursor.position + 1)
        if place.item_id in items
    ]
