"""What is taken back in the same breath, and what is changed without being named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from recommender.core.dialogue import ShownItem, State, Understanding
from recommender.core.tagging import Tag

_REPAIR = re.compile(
    r"(?<= )(?:(?:no|oh|er|um|hmm|ah|ugh|oops) (?:, )?)?(?:wait|sorry|scratch that|strike that"
    r"|or rather|i mean|i meant|make that|correction|no actually|oops)\b"
)
_ADDS_ON = re.compile(
    r"^(?:please |ok |and |but |now |just |same |maybe )*"
    r"(?:(?:in|with|without|too|remove|add|lose|ditch|take off|get rid of|less|more) |it is too )"
    r"|\bversion\b"
)


def repaired(plain: str, tags: list[Tag]) -> list[Tag]:
    """Drop what the speaker takes back in the same breath: "trousers, no wait, a skirt"."""
    match = _REPAIR.search(plain)
    if match is None:
        return tags
    at = plain[: match.start()].count(" ")
    later = {name for t in tags if t.start >= at for name, _ in t.senses}
    return [t for t in tags if t.start >= at or not {name for name, _ in t.senses} & later]


def changing_one(
    heard: Understanding, plain: str, state: State, shown: Sequence[ShownItem]
) -> Understanding:
    """Read "shorter" or "in blue", said of nothing in particular, as a change to what is in sight.

    Only where no search is on: there it refines the search.
    """
    if state.mode or state.wanted or heard.references or heard.reference_missing:
        return heard
    if not (shown or state.focus_id) or heard.wanted.types or heard.is_make or heard.is_find:
        return heard
    one = state.focus_id or (shown[0].id if len(shown) == 1 else None)
    ids = (one,) if one is not None else ()
    if heard.is_more and ids and not heard.says_attributes:
        return replace(heard, references=ids, is_alike=True)
    changes = heard.comparatives or heard.is_edit or heard.tool or _ADDS_ON.match(plain)
    if not changes or heard.is_more or (heard.feedback and not heard.says_attributes):
        return heard
    return replace(heard, is_edit=True, references=ids, feedback=None)
