"""The reason of each card in words, and the longer answer to "why this?"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AnonymousUser

from accounts.models import Profile, User
from catalog.models import Item
from feed.personal import AS_IT_IS, present
from recommender.models import Impression
from recommender.services import learning_allowed

SENTENCES = {
    "because_you_liked": "Because you liked {names}",
    "because_you_watched": "Because you spent time on {names}",
    "looks_like": "Looks like {names}",
    "your_interests": "Matches your interests: {words}",
    "you_told": "You told me you like {words}",
    "popular": "Popular on Weft",
    "fresh": "New on Weft",
    "followed": "From somebody you follow",
    "explore": "Something different, to get to know your taste",
    "made_for_you": "Made for you by Weft",
    "you_asked": "You asked for it in the chat",
}
WITHOUT_NAMES = {
    "because_you_liked": "Because of what you liked",
    "because_you_watched": "Because of what you spent time on",
    "looks_like": "Looks like what you liked",
    "your_interests": "Matches your interests",
    "you_told": "Because of what you told me",
}
SOURCES = {
    "collective": "People who like what you like also like this, together with how it looks.",
    "content": "It looks like items you liked.",
    "interests": "It fits the interests you picked.",
    "wishes": "It has what you told the instructor you like. You can change that in your profile.",
    "popular": "Many people like it.",
    "fresh": "It was published recently.",
    "followed": "You follow the person who published it.",
    "explore": "A small share of places goes to items drawn at random, so that your feed does not "
    "narrow down to one thing.",
    "instructor": "It fits what you told the instructor.",
    "direct": "It was made for you, so it is shown to you first.",
}


PARTS = {
    "collective": "what people with your taste like",
    "content": "how it looks",
    "interests": "the interests you picked",
    "wishes": "what you told us",
    "followed": "whom you follow",
    "popular": "how many people like it",
    "fresh": "how new it is",
}


@dataclass(frozen=True)
class Why:
    """What the why-this page tells; every named item is one the person did something with."""

    item: Item
    sentence: str
    source: str
    detail: str
    named: list[Item] = field(default_factory=list)
    policy: str = ""
    propensity: float | None = None
    position: int | None = None
    ai_share: str = ""
    learning: bool | None = None
    made_from: str = ""
    # What spoke for it, in words, with the share of each in percent, largest first.
    counted: list[tuple[str, int]] = field(default_factory=list)
    # Poster and clip chosen for this person, a sentence each.
    presented: list[str] = field(default_factory=list)


def named_ids(reasons: Iterable[Mapping[str, Any]]) -> set[int]:
    """Return the ids that these reasons name."""
    return {item for reason in reasons for item in reason.get("item_ids", [])}


def sentence(reason: Mapping[str, Any], titles: Mapping[int, str]) -> str:
    """Return the reason as one line; items that the person may no longer see stay unnamed."""
    kind = reason.get("kind", "fresh")
    names = [f"“{titles[item]}”" for item in reason.get("item_ids", []) if titles.get(item)]
    words = reason.get("words", [])
    if kind in WITHOUT_NAMES and not (names or words):
        return WITHOUT_NAMES[kind]
    text = SENTENCES.get(kind, SENTENCES["fresh"])
    return text.format(names=_listed(names[:2]), words=_listed(words[:3]))


def _listed(words: list[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def get_why(*, user: User | AnonymousUser | None, item: Item) -> Why:
    """Return why this item was last put before this person; the impression holds the truth."""
    if not isinstance(user, User):
        return Why(
            item,
            "Popular, new, and varied",
            "popular",
            "You are not signed in, so nothing is known about you: visitors get popular and new "
            "items of many kinds.",
        )
    shown = Impression.objects.filter(user=user, item=item).order_by("-created_at", "-id").first()
    common: dict[str, Any] = {
        "ai_share": Profile.AiShare(user.profile.ai_share).label,
        "learning": learning_allowed(user),
        "made_from": _made_from(user, item),
        "presented": _presented(user, item),
    }
    if shown is None:
        return Why(item, "You came here yourself", "", "The feed has not shown you this.", **common)
    common["counted"] = [
        (PARTS[name], round(100 * share))
        for name, share in shown.reason.get("parts", {}).items()
        if name in PARTS
    ]
    ids = shown.reason.get("item_ids", [])
    found = Item.objects.for_audience(user).with_assets().in_bulk(ids)
    named = [found[pk] for pk in ids if pk in found]
    return Why(
        item,
        sentence(shown.reason, {one.pk: one.title for one in named}),
        shown.source,
        SOURCES.get(shown.source, ""),
        named,
        shown.policy,
        shown.propensity,
        shown.position,
        **common,
    )


def _presented(user: User, item: Item) -> list[str]:
    """Return why this poster and this clip, for a video that looks different to this person."""
    shown = present(user=user, items=[item]).get(item.pk, AS_IT_IS)
    said = []
    if shown.drawn is not None:
        said.append("The poster was drawn by AI for you, from this video and things you liked.")
    elif shown.still is not None:
        said.append(
            f"The poster is the moment at {shown.still_time}: of all its frames the nearest to "
            f"{shown.because}."
        )
    if shown.clip is not None:
        said.append(
            f"Your feed plays {shown.clip_times}: the part of the video nearest to {shown.because}."
        )
    return said


def _made_from(user: User, item: Item) -> str:
    """Return what guided the generator, for the one person whose words and likes they are."""
    if item.made_for_id != user.pk or not item.guidance:
        return ""
    parts = []
    if words := item.guidance.get("instruction"):
        parts.append(f"your words “{words}”")
    if likes := len(item.guidance.get("liked_item_ids", [])):
        parts.append(f"{likes} item{'s' if likes > 1 else ''} you liked")
    return "Made from " + " and ".join(parts) if parts else ""
