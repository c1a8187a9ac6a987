"""Words for what is behind a garment: which backdrops can be asked for, and who asks."""

from __future__ import annotations

import re

# Backdrops that can be asked for by name, and what people call them.
BACKDROP_WORDS = {
    "studio": "studio neutral clean catalogue catalog seamless",
    "sunset": "sunset dusk evening sunrise dawn",
    "sky": "sky clouds daylight",
    "night": "night dark midnight stars",
    "forest": "forest wood woods trees garden park leaves nature outdoors",
    "beach": "beach sand sea seaside shore ocean",
}
BLUR_WORDS = frozenset({"blur", "blurred", "blurry", "bokeh", "soft"})
_NAMED = re.compile(r"\b(background|backdrop|behind (it|the|her|him|them)|surroundings)\b", re.I)
_PLACES = re.compile(
    r"\b(on|at|in|in front of|before)\s+(a|an|the)\s+(\w+\s+)?"
    r"(beach|studio|forest|park|garden|wall|sky|sunset|night|sea|wood|woods)\b",
    re.I,
)


def is_about_background(instruction: str) -> bool:
    """Return whether the words ask to change what is behind the garment."""
    return bool(_NAMED.search(instruction) or _PLACES.search(instruction))
