"""The rules in force, and changing them: every change is a version of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from common.errors import ConflictError, InvalidInputError, NotAllowedError
from moderation import policy
from moderation.models import PolicyVersion
from moderation.policy import Policy, Reason
from moderation.services import audit

if TYPE_CHECKING:
    from accounts.models import User

CODE = re.compile(r"[a-z][a-z0-9_]{1,29}")
MAX_REASONS = 60
OUTDATED = "Somebody changed the rules meanwhile. Look at them again, then make your change."
LIMITS = {"label": 80, "sentence": 500, "rule": 120, "legal_ground": 200}


def current_policy() -> Policy:
    """Return the rules in force; one query."""
    newest = PolicyVersion.objects.order_by("-pk").first()
    if newest is None:
        return policy.SHIPPED
    return Policy(newest.version, tuple(Reason.from_dict(one) for one in newest.reasons))


def change_policy(*, reasons: Sequence[Mapping[str, Any]], base: str, by: User) -> Policy:
    """Put new rules in force as the next version; `base` is the version that was changed."""
    if not by.can_operate:
        raise NotAllowedError("Only operators can change the rules.")
    checked = tuple(_checked(one) for one in reasons)
    if not 1 <= len(checked) <= MAX_REASONS:
        raise InvalidInputError(f"Keep between one and {MAX_REASONS} reasons.")
    if len({one.code for one in checked}) < len(checked):
        raise InvalidInputError("Every reason needs a code of its own.")
    with transaction.atomic():
        newest = PolicyVersion.objects.select_for_update().order_by("-pk").first()
        if newest is not None and newest.version != base:
            raise ConflictError(OUTDATED)
        number = (newest.pk if newest else 0) + 1
        row = PolicyVersion(
            version=f"{timezone.now():%Y-%m-%d}.{number}",
            reasons=[one.as_dict() for one in checked],
            changed_by=by,
        )
        row.full_clean()
        row.save()
        audit.record(action="policy_changed", actor=by, before=base, after=row.version)
    return Policy(row.version, checked)


def _checked(given: Mapping[str, Any]) -> Reason:
    """Return the reason, or refuse it with the field that is wrong."""
    try:
        reason = Reason.from_dict(given)
    except TypeError as error:
        raise InvalidInputError("A reason needs a code, a label and a sentence.") from error
    if not CODE.fullmatch(str(reason.code)):
        raise InvalidInputError("A code is 2 to 30 small letters, digits and underscores.")
    for name, most in LIMITS.items():
        text = getattr(reason, name)
        if not isinstance(text, str) or len(text) > most:
            raise InvalidInputError(f"{reason.code}: the {name} may have {most} characters.")
    if not (reason.label.strip() and reason.sentence.strip()):
        raise InvalidInputError(f"{reason.code}: label and sentence must say something.")
    if reason.severity not in range(policy.MAX_SEVERITY + 1):
        raise InvalidInputError(f"{reason.code}: severity is 0 to {policy.MAX_SEVERITY}.")
    if reason.ground not in policy.GROUNDS or reason.category not in policy.CATEGORIES:
        raise InvalidInputError(f"{reason.code}: choose a ground and a category from the lists.")
    if reason.ground == "illegal" and not reason.legal_ground.strip():
        raise InvalidInputError(f"{reason.code}: name the law.")
    return reason
