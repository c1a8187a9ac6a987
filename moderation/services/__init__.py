"""What moderation does. Everything is keyword-only and safe to call twice.

- screening: the checks by machine and what follows from them
- marking: watermark and signed manifest, written and read back; stills: the same for posters
- routing: which queue a case stands in; claims: who looks at it; deciding: what they decide
- reports, statements, strikes, appeals: what is owed to the people concerned
- policies, rules: what holds, in versions; preferences: how a reviewer works
- transparency: what was done, for the public; audit: the log and its chain
- verifying: what a stranger's file carries
"""

from moderation.services.age_ratings import change_age_rating, list_age_changes
from moderation.services.appeals import appeal_report, appeal_statement
from moderation.services.claims import (
    add_note,
    claim_case,
    claim_next_case,
    release_case,
    skip_case,
)
from moderation.services.deciding import bulk_decide, close_cases, decide_case
from moderation.services.marking import MarkingError, ensure_marked
from moderation.services.policies import change_policy, current_policy
from moderation.services.preferences import set_preference
from moderation.services.reports import report_item
from moderation.services.routing import change_routing, current_routing, move_case
from moderation.services.rules import change_rule
from moderation.services.screening import open_case, requeue_stale_screenings, screen_item
from moderation.services.stills import mark_stills
from moderation.services.verify_report import VerifyReport
from moderation.services.verifying import require_size, verify_file

__all__ = [
    "MarkingError",
    "VerifyReport",
    "add_note",
    "appeal_report",
    "appeal_statement",
    "bulk_decide",
    "change_age_rating",
    "change_policy",
    "change_routing",
    "change_rule",
    "claim_case",
    "claim_next_case",
    "close_cases",
    "current_policy",
    "current_routing",
    "decide_case",
    "ensure_marked",
    "list_age_changes",
    "mark_stills",
    "move_case",
    "open_case",
    "release_case",
    "report_item",
    "requeue_stale_screenings",
    "require_size",
    "screen_item",
    "set_preference",
    "skip_case",
    "verify_file",
]
