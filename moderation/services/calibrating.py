"""Thresholds from stored calibration runs, and what a changed threshold would have done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Max, OuterRef, Q, Subquery

from accounts.models import Consent
from catalog.models import Item
from common.errors import InvalidInputError
from moderation.core.calibration import LEAST_ITEMS, calibrate, is_flagged
from moderation.core.checks import CHECKS, Check
from moderation.models import CalibrationRun, CheckResult, Screening
from moderation.services import audit

# Checks whose score is a measure of the item. Counts (links, certificates) and distances between
# items have thresholds that a person chooses.
MEASURING = frozenset(
    (
        *("clarity", "artefacts", "colour_match", "colour_distance", "request_match"),
        *("named_garment", "whole_garment", "style_of_set", "running"),
    )
)
PREVIEW_ITEMS = 200
MOST_SHOWN = 12
SITE_ITEMS = 2000


@dataclass
class Preview:
    """What another threshold would have done to the last items screened."""

    check: Check
    threshold: float
    items: int = 0
    flagged_then: int = 0
    flagged_now: int = 0
    # Item ids that would have been flagged, and those that would not have been any more.
    newly: list[int] = field(default_factory=list)
    no_longer: list[int] = field(default_factory=list)


def find_check(name: str) -> Check:
    """Return the check of this name."""
    check = next((one for one in CHECKS if one.name == name), None)
    if check is None:
        raise InvalidInputError("There is no such check.")
    return check


def preview_rule(*, check_name: str, threshold: float, items: int = PREVIEW_ITEMS) -> Preview:
    """Return what a threshold would have changed for the last `items` screenings with a score.

    By the stored scores; results that other grounds decided (no score) stay as they were.
    """
    check = find_check(check_name)
    found = Preview(check, threshold)
    decided = (CheckResult.Verdict.PASS, CheckResult.Verdict.FLAG)
    rows = (
        CheckResult.objects.filter(check_name=check_name, score__isnull=False, verdict__in=decided)
        .order_by("-pk")
        .values_list("screening__item_id", "verdict", "score")[:items]
    )
    for item_id, verdict, score in rows:
        if score is None:
            continue
        before = verdict == CheckResult.Verdict.FLAG
        after = is_flagged(score, threshold, higher_is_stricter=check.higher_is_stricter)
        found.items += 1
        found.flagged_then += before
        found.flagged_now += after
        if after and not before and len(found.newly) < MOST_SHOWN:
            found.newly.append(item_id)
        if before and not after and len(found.no_longer) < MOST_SHOWN:
            found.no_longer.append(item_id)
    return found


def site_scores(limit: int = SITE_ITEMS) -> dict[str, list[float]]:
    """Return each measuring check's scores of the newest published items that may be used so.

    Only what the platform owns and what belongs to people who let us learn from their uploads; and
    what went through a person's hands or every check: published is what we call good.
    """
    answer = (
        Consent.objects.filter(user=OuterRef("owner_id"), kind=Consent.Kind.TRAINING)
        .order_by("-answered_at", "-pk")
        .values("granted")[:1]
    )
    items = (
        Item.objects.filter(state=Item.State.PUBLISHED)
        .annotate(may_learn=Subquery(answer))
        .filter(Q(owner__isnull=True) | Q(may_learn=True))
        .order_by("-published_at", "-pk")
        .values_list("pk", flat=True)[:limit]
    )
    newest = (
        Screening.objects.filter(item_id__in=list(items), state=Screening.State.DONE)
        .values("item_id")
        .annotate(last=Max("pk"))
        .values_list("last", flat=True)
    )
    rows = CheckResult.objects.filter(
        screening_id__in=list(newest), check_name__in=MEASURING, score__isnull=False
    )
    scores: dict[str, list[float]] = {}
    for name, score in rows.values_list("check_name", "score"):
        if score is not None:
            scores.setdefault(name, []).append(score)
    return scores


def store_calibration(
    *, data: str, rate: float, scores: Mapping[str, Sequence[float]], seed: int = 0
) -> CalibrationRun:
    """Store a run with the threshold of every check for which there are scores enough."""
    if not 0 < rate < 0.5:
        raise InvalidInputError("The share of false alarms must lie between 0 and 0.5.")
    checks = {}
    for name, values in sorted(scores.items()):
        check = find_check(name)
        found = calibrate(
            values, rate, higher_is_stricter=check.higher_is_stricter, version=check.version
        )
        if found is not None:
            checks[name] = found.as_dict()
    if not checks:
        raise InvalidInputError(f"There are fewer than {LEAST_ITEMS} items to calibrate on.")
    with transaction.atomic():
        last = CalibrationRun.objects.select_for_update().order_by("-number").first()
        run = CalibrationRun(
            number=(last.number if last else 0) + 1,
            data=data,
            false_positive_rate=rate,
            checks=checks,
            seed=seed,
        )
        run.full_clean()
        run.save()
        audit.record(action="checks_calibrated", run=run.number, data=data, rate=rate)
    return run


def newest_calibration() -> CalibrationRun | None:
    """Return the newest run."""
    return CalibrationRun.objects.order_by("-number").first()
