"""What a decision rests on, and what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from common.guidance import Attributes, Edit, Exposure, Kind
from recommender.core.dialogue import ShownItem, Slots

Action = Literal["ask", "answer", "retrieve", "edit", "create"]
MAKE_IT, NO_THANKS = "Yes, make it", "No, thanks"


@dataclass(frozen=True)
class Context:
    """What the decision rests on beside the words: corpus, behaviour, permissions."""

    # Items that satisfy every wish, and items that share the garment at least.
    matches: int = 0
    near: int = 0
    # Items in sight or spoken of, by id.
    known: Mapping[int, ShownItem] = field(default_factory=dict)
    shown: Sequence[ShownItem] = ()
    rejections: int = 0
    ai_share: int = 25
    liked: int = 0
    favourite_type: str | None = None
    # A sentence why nothing can be made now (quota, consent); empty when it can.
    problem: str = ""
    kinds: tuple[Kind, ...] = ("image", "video")
    job_status: str = ""


@dataclass(frozen=True)
class Decision:
    """What to do about a message, in full: logged with the turn and returned by the API."""

    action: Action
    reply: str
    kind: Kind | None = None
    exposure: Exposure | None = None
    wanted: Slots = field(default_factory=Slots)
    unwanted: Slots = field(default_factory=Slots)
    style: str | None = None
    reference_ids: tuple[int, ...] = ()
    # The item to edit, and the change alone (its other attributes stay).
    source_id: int | None = None
    # The kind of change, where the words name it outright.
    edit: Edit = ""
    suggestions: tuple[str, ...] = ()
    # What a following "yes", "the second" or "a skirt" answers.
    pending: dict[str, str] = field(default_factory=dict)
    feedback: Literal["like", "dislike"] | None = None
    # Why: "explicit", "rejections", "continues", "covered", "uncovered", "unclear" …
    reason: str = ""
    is_more: bool = False
    by_taste: bool = False

    @property
    def attributes(self) -> Attributes:
        return self.wanted.as_attributes()

    def as_dict(self) -> dict[str, object]:
        """Return the decision as the API gives it."""
        return {
            "action": self.action,
            "kind": self.kind,
            "exposure": self.exposure,
            "attributes": _named(self.wanted),
            "unwanted": _named(self.unwanted),
            "reference": list(self.reference_ids),
            "style": self.style,
            "reply": self.reply,
            "suggestions": list(self.suggestions),
            "reason": self.reason,
        }


def _named(slots: Slots) -> dict[str, object]:
    return {
        "type": slots.types[0] if slots.types else None,
        "colors": list(slots.colours),
        "pattern": slots.patterns[0] if slots.patterns else None,
        "details": list(slots.details),
    }
