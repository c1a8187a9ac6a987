"""What templates ask about facts."""

from __future__ import annotations

from typing import Any

from django import template

from knowledge.models import Passage
from knowledge.selectors import get_passages

register = template.Library()


@register.simple_tag
def facts_used(guidance: dict[str, Any] | None) -> list[Passage]:
    """Return the passages that guided a creation; none for what people made."""
    ids = (guidance or {}).get("knowledge_passage_ids") or []
    return get_passages([pk for pk in ids if isinstance(pk, int)])
