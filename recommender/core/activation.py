"""When the generator is started, and how its result is shown: the papers' rules, as pure functions.

GeneRec 2023, section 3.1: the generator is initiated when a person asks for it explicitly, or after
human-made items were rejected many times ("many" is undefined there: 3 of the last 5 here). Where
these rules leave a choice, a learned policy may make it (`policy`, `steering`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from common.guidance import Exposure

Reason = Literal["explicit", "rejections", "continues", "policy", ""]

MIN_REJECTIONS = 3
WINDOW = 5
# This many fitting items answer a request; below it, making one is offered as well.
GOOD_COVERAGE = 3


@dataclass(frozen=True)
class Need:
    """What the decision to create rests on."""

    asks_to_make: bool = False
    asks_to_find: bool = False
    refuses_making: bool = False
    # A change of wishes right after something was made.
    continues_making: bool = False
    rejections: int = 0
    # Share of AI items the person wants in the feed, 0 to 100.
    ai_share: int = 25


def should_create(need: Need) -> Reason:
    """Return why something should be made now, or "" when it should not.

    The person's own words come first: an explicit request wins over a feed without AI, and "don't
    make anything" over everything. Rejections count only where AI items are welcome at all.
    """
    if need.refuses_making:
        return ""
    if need.asks_to_make:
        return "explicit"
    if need.asks_to_find:
        return ""
    if need.continues_making:
        return "continues"
    if is_rejecting(need.rejections) and need.ai_share > 0:
        return "rejections"
    return ""


def is_rejecting(rejections: int) -> bool:
    """Return whether human-made items were rejected often enough lately."""
    return rejections >= MIN_REJECTIONS


def count_rejections(newest: list[bool]) -> int:
    """Return the rejections among the last `WINDOW` exposures to human-made items.

    newest: one entry per exposure, newest first, True where the person rejected the item.
    """
    return sum(newest[:WINDOW])


def exposure_of(reason: Reason) -> Exposure:
    """Return how the result is shown: directly when asked for or after rejections, else ranked.

    Either way only after screening: what is held or refused is not shown at all.
    """
    return "direct" if reason in {"explicit", "rejections", "continues"} else "ranked"


def should_offer(matches: int, reason: Reason, ai_share: int) -> bool:
    """Return whether to offer making one beside what was found.

    Someone who wants no AI is offered it only when there is nothing else to show.
    """
    if reason:
        return False
    return matches < GOOD_COVERAGE if ai_share > 0 else matches == 0


def exposure_sentence(exposure: str, reason: str) -> str:
    """Return in words how a result is shown and why; "" where nothing was made."""
    if exposure == "ranked":
        return "Ranked among everything else in your feed, since you did not ask for it outright."
    if exposure != "direct":
        return ""
    if reason == "rejections":
        return "Shown directly, because you passed over several items that people made."
    return "Shown directly, because you asked for it."
