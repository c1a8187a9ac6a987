"""The rules that a decision may name, as they are shipped; sites change them in versions.

`services.policies.current_policy()` returns the version in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

VERSION = "2026-11"
CATEGORY = "STATEMENT_CATEGORY_"
MAX_SEVERITY = 3
# Categories of the DSA Transparency Database, without their common beginning.
CATEGORIES = (
    "ANIMAL_WELFARE",
    "CONSUMER_INFORMATION",
    "CYBER_VIOLENCE",
    "CYBER_VIOLENCE_AGAINST_WOMEN",
    "DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
    "ILLEGAL_OR_HARMFUL_SPEECH",
    "INTELLECTUAL_PROPERTY_INFRINGEMENTS",
    "NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS",
    "NOT_SPECIFIED_NOTICE",
    "OTHER_VIOLATION_TC",
    "PROTECTION_OF_MINORS",
    "RISK_FOR_PUBLIC_SECURITY",
    "SCAMS_AND_FRAUD",
    "SELF_HARM",
    "UNSAFE_AND_PROHIBITED_PRODUCTS",
    "VIOLENCE",
)
GROUNDS = ("incompatible", "illegal")


@dataclass(frozen=True)
class Reason:
    """Why an item is refused or removed: a template with its rule, its weight and its ground.

    severity: points of the strike, 0 for none. ground: "incompatible" with our rules or "illegal",
    then with the law in `legal_ground`. category: of the DSA Transparency Database.
    """

    code: str
    label: str
    sentence: str
    rule: str = ""
    severity: int = 0
    ground: str = "incompatible"
    legal_ground: str = ""
    category: str = "OTHER_VIOLATION_TC"
    four_eyes: bool = False

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Reason:
        """Return the reason that a stored dict describes; unknown keys are left out."""
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in given.items() if name in known})

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Policy:
    """One version of the rules."""

    version: str
    reasons: tuple[Reason, ...]

    def find(self, code: str) -> Reason | None:
        return next((one for one in self.reasons if one.code == code), None)


REASONS: tuple[Reason, ...] = (
    Reason(
        "copy",
        "Copy of somebody else's item",
        "It looks like an item of somebody else.",
        rule="Upload only what is yours or what you may use.",
        severity=1,
        category="INTELLECTUAL_PROPERTY_INFRINGEMENTS",
    ),
    Reason(
        "privacy",
        "Private data",
        "It shows or names private data of a person.",
        rule="Do not show people's private data, nor people who did not agree.",
        severity=2,
        category="DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
    ),
    Reason(
        "demeaning",
        "Demeans people",
        "It demeans a group of people.",
        rule="Do not demean people for who they are.",
        severity=2,
        category="ILLEGAL_OR_HARMFUL_SPEECH",
    ),
    Reason(
        "unsafe",
        "Unsafe for the audience",
        "It is not safe for everybody who would see it.",
        rule="No violence, sexual content or encouragement of harm.",
        severity=1,
        category="VIOLENCE",
    ),
    Reason(
        "minors",
        "Endangers children",
        "It endangers children.",
        rule="Nothing that sexualises or endangers children, ever.",
        severity=3,
        ground="illegal",
        legal_ground="Directive 2011/93/EU",
        category="PROTECTION_OF_MINORS",
        four_eyes=True,
    ),
    Reason(
        "illegal",
        "Against the law",
        "It is against the law.",
        rule="Nothing that is against the law.",
        severity=2,
        ground="illegal",
        legal_ground="National law, as named in the notice",
        category="NOT_SPECIFIED_NOTICE",
        four_eyes=True,
    ),
    Reason(
        "spam",
        "Advertising or spam",
        "It advertises or links elsewhere.",
        rule="No advertising and no links that lead elsewhere.",
        severity=1,
        category="SCAMS_AND_FRAUD",
    ),
    Reason(
        "label",
        "Wrongly labelled",
        "Its label does not say truly how it was made.",
        rule="Say truly whether AI made or changed it.",
        severity=1,
        category="CONSUMER_INFORMATION",
    ),
    Reason(
        "quality",
        "Not clear enough",
        "One cannot see well enough what it shows.",
        rule="One must be able to see what it shows.",
    ),
    Reason(
        "request",
        "Not what was asked",
        "It does not show what was asked for.",
        rule="What AI makes must show what was asked for.",
    ),
    Reason("other", "Another reason", "It does not fit our rules.", rule="Weft's rules."),
)
SHIPPED = Policy(VERSION, REASONS)
REASON_OF_CODE = {reason.code: reason for reason in REASONS}
