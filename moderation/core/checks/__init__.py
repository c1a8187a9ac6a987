"""The checks of every item, in the order in which they run: cheap and certain first.

A check is a pure function of a `ScreeningInput`. Adding one is adding it to CHECKS.
"""

from __future__ import annotations

from moderation.core.checks import clarity, disclosure, duplicates, privacy, relevance, words
from moderation.core.checks.contract import (
    Check,
    DeliveredFile,
    Finding,
    Neighbour,
    Perspective,
    ScreeningInput,
    Verdict,
)

CHECKS: tuple[Check, ...] = (
    Check(
        "unsafe_language", "Unsafe language", Perspective.SAFETY, "words-1", words.unsafe_language
    ),
    Check(
        "demeaning_language",
        "Demeaning language",
        Perspective.BIAS,
        "words-1",
        words.demeaning_language,
    ),
    Check(
        "personal_data",
        "Personal data in words",
        Perspective.PRIVACY,
        "pii-1",
        privacy.personal_data,
    ),
    Check(
        "delivered_metadata",
        "Metadata of delivered files",
        Perspective.PRIVACY,
        "metadata-1",
        privacy.delivered_metadata,
    ),
    Check(
        "links_and_contacts",
        "Links and contacts",
        Perspective.SAFETY,
        "words-1",
        words.links_and_contacts,
        0.0,
        "How many links, contacts and advertising phrases are allowed. Lower is stricter.",
    ),
    Check(
        "prompt_injection",
        "Orders to the machine",
        Perspective.SAFETY,
        "words-1",
        words.prompt_injection,
    ),
    Check(
        "disclosure", "Label and lineage", Perspective.IDENTIFIABILITY, "1", disclosure.disclosure
    ),
    Check("authorship", "Authorship", Perspective.LEGAL, "1", disclosure.authorship),
    Check(
        "clarity",
        "Clarity",
        Perspective.DOMAIN,
        "clarity-1",
        clarity.clarity,
        1.0,
        "Sharpness, contrast and size as a share of what they should be. Higher is stricter.",
    ),
    Check(
        "near_duplicate",
        "Near-duplicate of another's item",
        Perspective.LEGAL,
        "pdq-1",
        duplicates.near_duplicate,
        31.0,
        "How many of 256 hash bits may differ for two pictures to count as the same. "
        "Higher is stricter.",
    ),
    Check(
        "colour_match",
        "Colour as asked",
        Perspective.DOMAIN,
        "colour-1",
        relevance.colour_match,
        relevance.LEAST_SHARE,
        "Share of the garment that the asked colour must cover. Higher is stricter.",
    ),
    Check(
        "request_match",
        "Fits the request",
        Perspective.DOMAIN,
        "relevance-1",
        relevance.request_match,
        0.9,
        "Share of other requests that must fit the picture worse. Higher is stricter.",
    ),
)
# Not a check of the picture but of our own marks on it: read back from the stored files.
MARK_CHECK = "marks"

__all__ = [
    "CHECKS",
    "MARK_CHECK",
    "Check",
    "DeliveredFile",
    "Finding",
    "Neighbour",
    "Perspective",
    "ScreeningInput",
    "Verdict",
]
