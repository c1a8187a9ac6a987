"""The codes of the DSA Transparency Database for what we decide."""

from __future__ import annotations

from collections.abc import Sequence

# The European Economic Area: where our rules hold alike.
EEA = (
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE"),
    *("IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"),
)
REMOVED = "DECISION_VISIBILITY_CONTENT_REMOVED"
DISABLED = "DECISION_VISIBILITY_CONTENT_DISABLED"
AGE_RESTRICTED = "DECISION_VISIBILITY_CONTENT_AGE_RESTRICTED"
CATEGORY_OF_PERSPECTIVE = {
    "F1": "ILLEGAL_OR_HARMFUL_SPEECH",
    "F2": "DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
    "F3": "OTHER_VIOLATION_TC",
    "F4": "CONSUMER_INFORMATION",
    "F5": "INTELLECTUAL_PROPERTY_INFRINGEMENTS",
    "F6": "CONSUMER_INFORMATION",
}
FIELDS = (
    *("decision_visibility", "decision_provision", "end_date_service_restriction"),
    *("decision_ground", "illegal_content_legal_ground", "illegal_content_explanation"),
    *("incompatible_content_ground", "incompatible_content_explanation"),
    *("incompatible_content_illegal", "category", "content_type", "content_date"),
    *("territorial_scope", "application_date", "decision_facts", "source_type"),
    *("automated_detection", "automated_decision", "puid"),
)


def content_types(*, kind: str, origin: str) -> list[str]:
    """Return the content types of an item; what AI made or changed is synthetic media too."""
    types = ["CONTENT_TYPE_VIDEO" if kind == "video" else "CONTENT_TYPE_IMAGE"]
    return types if origin == "human" else [*types, "CONTENT_TYPE_SYNTHETIC_MEDIA"]


def describe_facts(
    *, kind: str, origin: str, rule: str, found: Sequence[str], reports: int, by_person: bool
) -> str:
    """Return what a decision rests on, in our own words: nothing a person wrote goes in.

    found: titles of the checks that did not pass. reports: how many people had reported it.
    """
    thing = {"video": "A micro-video", "image": "A picture"}.get(kind, "An item")
    made = {"human": "uploaded by a person", "ai": "made by AI"}.get(origin, "changed by AI")
    parts = [f"{thing}, {made}."]
    if found:
        parts.append(f"Automated checks that did not pass: {', '.join(found)}.")
    if reports:
        parts.append(f"Reported by {reports} {'person' if reports == 1 else 'people'}.")
    decided = "A person compared it with" if by_person else "By machine it was found to breach"
    parts.append(f"{decided} this rule: {rule}")
    return " ".join(parts)
