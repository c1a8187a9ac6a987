"""How the create page says what it understood."""

from __future__ import annotations

from django import template

from feed.create_services import Understood

register = template.Library()


@register.simple_tag
def heard_as(heard: Understood) -> str:
    """Return "Understood: short black striped skirt, as a watercolour; without red"."""
    wanted = heard.wanted.as_caption() if heard.wanted else "your words as they stand"
    style = f", in {heard.style} style" if heard.style else ""
    away = heard.unwanted
    words = [*away.details, *away.colours, away.pattern, away.type]
    gone = ", ".join(word for word in words if word)
    return f"Understood: {wanted}{style}" + (f"; without {gone}" if gone else "")
