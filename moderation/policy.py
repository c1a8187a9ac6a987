"""The policy in force: its version, and the reasons that a decision may name."""

from __future__ import annotations

from dataclasses import dataclass

VERSION = "2026-11"


@dataclass(frozen=True)
class Reason:
    """Why an item is refused: a code for statistics, a sentence for its author."""

    code: str
    label: str
    sentence: str


REASONS: tuple[Reason, ...] = (
    Reason("copy", "Copy of somebody else's item", "It looks like an item of somebody else."),
    Reason("privacy", "Private data", "It shows or names private data of a person."),
    Reason("demeaning", "Demeans people", "It demeans a group of people."),
    Reason("unsafe", "Unsafe for the audience", "It is not safe for everybody who would see it."),
    Reason("spam", "Advertising or spam", "It advertises or links elsewhere."),
    Reason("label", "Wrongly labelled", "Its label does not say truly how it was made."),
    Reason("quality", "Not clear enough", "One cannot see well enough what it shows."),
    Reason("request", "Not what was asked", "It does not show what was asked for."),
    Reason("other", "Another reason", "It does not fit our rules."),
)
REASON_OF_CODE = {reason.code: reason for reason in REASONS}
