"""Thresholds that moderators may change."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from django.db import transaction

from common.errors import InvalidInputError, NotAllowedError
from moderation.core.checks import CHECKS
from moderation.models import Rule
from moderation.services import audit

if TYPE_CHECKING:
    from accounts.models import User


def change_rule(*, check_name: str, threshold: float, enabled: bool, by: User) -> Rule:
    """Set a check's threshold and whether it runs; screenings from now on follow it."""
    if not by.can_moderate:
        raise NotAllowedError("Only moderators can change rules.")
    check = next((one for one in CHECKS if one.name == check_name), None)
    if check is None:
        raise InvalidInputError("There is no such check.")
    if not math.isfinite(threshold):
        raise InvalidInputError("A threshold must be a number.")
    with transaction.atomic():
        rule, _ = Rule.objects.select_for_update().get_or_create(
            check_name=check_name, defaults={"threshold": check.threshold}
        )
        before = {"threshold": rule.threshold, "enabled": rule.enabled}
        rule.threshold, rule.enabled, rule.changed_by = threshold, enabled, by
        rule.full_clean()
        rule.save()
        audit.record(
            action="rule_changed",
            actor=by,
            check=check_name,
            before=before,
            after={"threshold": threshold, "enabled": enabled},
        )
    return rule
