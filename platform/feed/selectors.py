"""One page of one person's feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase

from accounts.models import Profile, User
from catalog.models import Item
from feed.cursor import Cursor
from feed.mixing import admitted_origins, blend
from feed.reasons import named_ids, sentence
from feed.seen import SeenBefore, SeenInDatabase, SeenInSession, Shown
from recommender.services import (
    Candidate,
    current_reactions,
    learning_allowed,
    rank_candidates,
)

MAX_PAGE = 40
# Candidates per place: enough for mixing to choose neighbours, cheap to ask the database about.
CANDIDATES_PER_PLACE = 4
# Height over width from which a picture may be cropped to the stage.
TALL = 1.6
VISITOR_AI_SHARE = Profile.AiShare.LITTLE


@dataclass(frozen=True)
class Card:
    """One item in the feed, with what the person must see at once: reaction and reason."""

    item: Item
    position: int
    source: str
    reason: str
    reaction: str = ""

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
    person = user if isinstance(user, User) else None
    cursor = Cursor.load(after) if after else Cursor.first(again)
    seen = _seen_before(person, session)
    ai_share = person.profile.ai_share if person else VISITOR_AI_SHARE
    limit = max(1, min(limit, MAX_PAGE))
    shown = seen.replay(cursor, limit) if after else []
    replayed = bool(shown)
    if not replayed:
        shown = _choose(person, cursor, seen, ai_share, limit)
        if not shown and not after and not cursor.again:
            cursor = Cursor(cursor.feed_id, 0, again=True)
            shown = _choose(person, cursor, seen, ai_share, limit)
        seen.remember(cursor, shown)
    following = Cursor(cursor.feed_id, cursor.position + len(shown), cursor.again)
    return FeedPage(
        cards=_cards(person, cursor, shown),
        cursor=cursor.dump(),
        next_cursor=following.dump() if replayed or len(shown) >= limit else None,
        ai_share=ai_share,
        repeats=cursor.again,
        is_first=not after,
    )


def _seen_before(person: User | None, session: SessionBase | None) -> SeenBefore:
    if person is None or learning_allowed(person) is False:
        return SeenInSession(session)
    return SeenInDatabase(person)


def _choose(
    person: User | None, cursor: Cursor, seen: SeenBefore, ai_share: int, limit: int
) -> list[Shown]:
    """Return the places of this page: ranked, mixed to the person's share, in order."""
    excluded = seen.excluded(cursor)
    candidates = rank_candidates(
        user=person,
        exclude_ids=excluded,
        limit=limit * CANDIDATES_PER_PLACE,
        origins=admitted_origins(ai_share),
    )
    mixed = blend(
        candidates,
        ai_share=ai_share,
        start=cursor.position,
        limit=limit,
        direct=[] if cursor.again else _direct(person, excluded),
    )
    return [
        Shown(c.item_id, c.source, f"{c.policy}/{mixed.policy}", c.reason, c.propensity)
        for c in mixed.items
    ]


def _direct(person: User | None, excluded: set[int]) -> list[Candidate]:
    """Return items made for this person to be shown directly and not shown yet, newest first."""
    if person is None:
        return []
    items = Item.objects.for_audience(person).filter(made_for=person, exposure=Item.Exposure.DIRECT)
    return [
        Candidate(
            item_id=item.pk,
            origin=item.origin,
            score=1.0,
            source="direct",
            policy="direct",
            reason={"kind": "made_for_you"},
            owner_id=item.owner_id or 0,
            garment_type=item.garment_type,
        )
        for item in items.order_by("-published_at", "-pk")[:MAX_PAGE]
        if item.pk not in excluded
    ]


def _cards(person: User | None, cursor: Cursor, shown: Sequence[Shown]) -> list[Card]:
    """Return the cards of these places, asking once more what the person may see now."""
    ids = [place.item_id for place in shown]
    items = Item.objects.for_audience(person).select_related("owner").with_assets().in_bulk(ids)
    titles = _titles(person, [place.reason for place in shown])
    reactions = current_reactions(user=person, item_ids=ids) if person and ids else {}
    return [
        Card(
            item=items[place.item_id],
            position=position,
            source=place.source,
            reason=sentence(place.reason, titles),
            reaction=reactions.get(place.item_id, ""),
        )
        for position, place in enumerate(shown, start=cursor.position + 1)
        if place.item_id in items
    ]


def _titles(person: User | None, reasons: list[dict]) -> dict[int, str]:
    ids = named_ids(reasons)
    if not ids:
        return {}
    rows = Item.objects.for_audience(person).filter(pk__in=ids)
    return dict(rows.values_list("pk", "title"))
