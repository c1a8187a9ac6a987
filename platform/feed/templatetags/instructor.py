"""What templates ask about the conversation with the instructor."""

from __future__ import annotations

import uuid
from typing import Any

from django import template

from catalog.models import Item
from catalog.selectors import describe_making
from common.guidance import MAX_INSTRUCTION_CHARS
from feed.instructor_services import get_panel
from recommender.core.replies import EXAMPLES
from recommender.services import current_reactions

register = template.Library()


@register.simple_tag(takes_context=True)
def instructor_panel(context: template.Context) -> dict[str, Any]:
    """Return what the panel shows to this person; no turns for visitors."""
    user = context["request"].user
    return {
        "turns": get_panel(user=user) if user.is_authenticated else [],
        "examples": EXAMPLES,
        "request_key": str(uuid.uuid4()),
        "max_chars": MAX_INSTRUCTION_CHARS,
    }


@register.simple_tag(takes_context=True)
def made_from(context: template.Context, item: Item) -> str:
    """Return what an item was made from, in words: "your words “…”, 12 items you liked"."""
    return ", ".join(describe_making(user=context["request"].user, item=item))


@register.simple_tag(takes_context=True)
def reaction_to(context: template.Context, item: Item) -> str:
    """Return the person's reaction in force to an item; empty without one."""
    found = current_reactions(user=context["request"].user, item_ids=[item.pk])
    return found.get(item.pk, "")
