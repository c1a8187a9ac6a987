"""What templates ask about the conversation with the instructor."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import template
from django.conf import settings

from catalog.models import Item
from catalog.permission_selectors import get_own_request
from catalog.selectors import can_view, describe_making
from common.errors import DomainError
from common.guidance import MAX_INSTRUCTION_CHARS
from common.vocabulary import STYLES
from feed.attachments import MAX_PER_MESSAGE
from feed.instructor_panel import get_panel
from generation.permissions import NeedsPermissionError, find_right
from recommender.core.replies import EXAMPLES
from recommender.llm import get_config
from recommender.models import StatedWish, Turn
from recommender.services import current_reactions
from recommender.services.wishes import list_wishes, sentence_of

register = template.Library()
# (what the button says, what is said to the instructor)
STYLE_CHIPS = tuple((style.capitalize(), f"make this one in {style} style") for style in STYLES)
PICTURE_CHIPS = (
    *STYLE_CHIPS,
    ("As a clip", "this one as a clip"),
    ("Before a blue wall", "put this one in front of a blue wall"),
)
VIDEO_CHIPS = STYLE_CHIPS
_NOTES = {"open": "Its maker lets you. ", "grant": "Its maker gave you permission. "}


@register.simple_tag(takes_context=True)
def instructor_panel(context: template.Context) -> dict[str, Any]:
    """Return what the panel shows to this person; no turns for visitors."""
    user = context["request"].user
    return {
        "turns": get_panel(user=user) if user.is_authenticated else [],
        "examples": EXAMPLES,
        "request_key": str(uuid.uuid4()),
        "max_chars": MAX_INSTRUCTION_CHARS,
        "max_attachments": MAX_PER_MESSAGE,
        "max_bytes": settings.ATTACHMENT_MAX_BYTES,
        "uses_model": get_config() is not None,
    }


@register.simple_tag(takes_context=True)
def stated_wishes(
    context: template.Context, known: Sequence[StatedWish] | None = None
) -> list[tuple[StatedWish, str]]:
    """Return the person's lasting wishes, each with its words; none for visitors.

    known: the wishes where the page has read them.
    """
    user = context["request"].user
    if not user.is_authenticated:
        return []
    # A template says "" for what it does not have.
    wishes = known if isinstance(known, tuple) else list_wishes(user=user)
    return [(row, sentence_of(row)) for row in wishes]


@register.simple_tag(takes_context=True)
def made_from(context: template.Context, item: Item) -> str:
    """Return what an item was made from, in words: "your words “…”, 12 items you liked"."""
    return ", ".join(describe_making(user=context["request"].user, item=item))


@register.simple_tag(takes_context=True)
def reaction_to(context: template.Context, item: Item) -> str:
    """Return the person's reaction in force to an item; empty without one."""
    found = current_reactions(user=context["request"].user, item_ids=[item.pk])
    return found.get(item.pk, "")


@register.simple_tag(takes_context=True)
def remake_of(context: template.Context, item: Item) -> dict[str, Any] | None:
    """Return what the item's page offers: what may be made of it, or `ask`: whom to ask for that.

    None where neither is possible.
    """
    user = context["request"].user
    try:
        right = find_right(user=user, item=item)
    except NeedsPermissionError as error:
        return _whom_to_ask(user, error)
    except DomainError:
        return None
    if item.state not in {Item.State.PUBLISHED, Item.State.DRAFT}:
        return None
    is_video = item.kind == Item.Kind.VIDEO
    leave = _NOTES.get(right.basis, "")
    return {
        "note": f"{leave}What comes of it is marked as AI, screened, and shown to you on the feed.",
        "chips": VIDEO_CHIPS if is_video else PICTURE_CHIPS,
        "request_key": str(uuid.uuid4()),
        "max_chars": MAX_INSTRUCTION_CHARS,
    }


def _whom_to_ask(user: Any, error: NeedsPermissionError) -> dict[str, Any] | None:
    if error.item is None or not can_view(user, error.item):
        return None
    return {"ask": error.item, "asked": get_own_request(person=user, item=error.item)}


@register.simple_tag(takes_context=True)
def askable_of(context: template.Context, turn: Turn) -> Item | None:
    """Return the item that the person can ask for, where a turn refused to edit one."""
    ids = turn.decision.get("reference") or ()
    if turn.decision.get("reason") != "permission" or not ids:
        return None
    user = context["request"].user
    item = Item.objects.select_related("owner").filter(pk=ids[0]).first()
    if item is None or not can_view(user, item):
        return None
    try:
        find_right(user=user, item=item)
    except NeedsPermissionError as refused:
        found = _whom_to_ask(user, refused)
        return found["ask"] if found else None
    except DomainError:
        return None
    return None
