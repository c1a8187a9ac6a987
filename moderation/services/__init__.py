"""What moderation does. Everything is keyword-only and safe to call twice.

- screening: the checks by machine and what follows from them
- marking: watermark and signed manifest, written and read back
- review: cases, claims and decisions of people
- verifying: what a stranger's file carries
- rules: thresholds; audit: the log
"""

from moderation.services.marking import MarkingError, ensure_marked
from moderation.services.review import (
    bulk_decide,
    claim_case,
    claim_next_case,
    close_cases,
    decide_case,
    release_case,
)
from moderation.services.rules import change_rule
from moderation.services.screening import open_case, requeue_stale_screenings, screen_item
from moderation.services.verifying import VerifyReport, verify_file

__all__ = [
    "MarkingError",
    "VerifyReport",
    "bulk_decide",
    "change_rule",
    "claim_case",
    "claim_next_case",
    "close_cases",
    "decide_case",
    "ensure_marked",
    "open_case",
    "release_case",
    "requeue_stale_screenings",
    "screen_item",
    "verify_file",
]
