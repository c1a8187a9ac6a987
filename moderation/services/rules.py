"""Thresholds that moderators may change."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from django.db import transaction

from common.errors import InvalidInputError, NotAllowedError
from moderation.core.checks import CHECKS
from moderation.models import CalibrationRun, Rule
from moderation.services import audit

if TYPE_CHECKING:
    from accounts.models import User


def change_rule(
    *, check_name: str, threshold: float, enabled: bool, by: User, calibration: int | None = None
) -> Rule:
    """Set a check's threshold and whether it runs; screenings from now on follow it.

    calibration: the number of the run that the threshold is taken from; it must agree.
    """
    if not by.can_moderate:
        raise NotAllowedError("Only moderators can change rules.")
    check = next((one for one in CHECKS if one.name == check_name), None)
    if check is None:
        raise InvalidInputError("There is no such check.")
    if not math.isfinite(threshold):
        raise InvalidInputError("A threshold must be a number.")
    run = _run_of(check_name, threshold, calibration)
    with transaction.atomic():
        rule, _ = Rule.objects.select_for_update().get_or_create(
            check_name=check_name, defaults={"threshold": check.threshold}
        )
        before = {"threshold": rule.threshold, "enabled": rule.enabled}
        if run is not None or threshold != rule.threshold:
            rule.calibration = run
        rule.threshold, rule.enabled, rule.changed_by = threshold, enabled, by
        rule.full_clean()
        rule.save()
        audit.record(
            action="rule_changed",
            actor=by,
            check=check_name,
            before=before,
            after={"threshold": threshold, "enabled": enabled},
            calibration=run.number if run else None,
        )
    return rule


def _run_of(check_name: str, threshold: float, number: int | None) -> CalibrationRun | None:
    """Return the run, if it found this threshold for this check."""
    if number is None:
        return None
    run = CalibrationRun.objects.filter(number=number).first()
    found = run.of(check_name) if run else None
    if found is None or not math.isclose(found["threshold"], threshold, rel_tol=1e-6):
        raise InvalidInputError("That calibration says something else. Open the page again.")
    return run
