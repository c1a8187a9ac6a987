"""Screening by machine: every pending item runs through all checks, once in effect."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from catalog.models import Item, stricter
from catalog.services import hold_item, publish_item, reject_item
from common.errors import ConflictError, DomainError
from moderation.core.checks import (
    CHECKS,
    MARK_CHECK,
    Check,
    Finding,
    Perspective,
    ScreeningInput,
    Verdict,
)
from moderation.models import Case, CheckResult, Decision, Rule, Screening
from moderation.services import audit, statements
from moderation.services.gathering import gather
from moderation.services.history import keep_history
from moderation.services.marking import MarkingError, ensure_marked
from moderation.services.policies import current_policy
from moderation.services.routing import place_case

logger = logging.getLogger(__name__)

ACTIVE = (Screening.State.QUEUED, Screening.State.RUNNING)
MARKS = Check(
    MARK_CHECK,
    "Marks read back",
    Perspective.IDENTIFIABILITY,
    "marks-1",
    lambda given, threshold: Finding(Verdict.CANNOT_TELL, "The marks are read after marking."),
)
BROKEN = "This check broke, so a person looks."
STOPPED = "Screening stopped several times, so a person looks."


@dataclass(frozen=True)
class Result:
    """One check's finding and how long it took."""

    check: Check
    finding: Finding
    ms: float = 0.0


def screen_item(*, item_id: int) -> bool:
    """Screen a pending item and act on the outcome; False when there is nothing (left) to do.

    1. Claim its screening by one UPDATE; a second delivery stops here.
    2. Run all checks, and mark what AI made. No transaction is open: this takes seconds.
    3. In one transaction, while the claim holds: results, then publication, refusal or a case.
    """
    screening = claim_screening(item_id)
    if screening is None:
        return False
    item = Item.objects.with_assets().select_related("parent").get(pk=item_id)
    try:
        results = run_checks(item)
    except OSError:
        # A disk or a network had a bad moment: the task is retried and must find it free.
        _mine(screening).update(state=Screening.State.QUEUED, leased_until=None)
        raise
    except Exception:
        # Whatever breaks, the item must reach a person: it is tried again, then handed over.
        logger.exception("screening of item %s broke", item_id)
        return _give_up_or_back(screening)
    return finish_screening(screening, item, results)


def claim_screening(item_id: int) -> Screening | None:
    """Return the item's screening, now ours for `Screening.LEASE`; None if it is not to be had."""
    if not Item.objects.filter(pk=item_id, state=Item.State.PENDING).exists():
        return None
    screening = _active_screening(item_id)
    if screening is None:
        return None
    now = timezone.now()
    free = Q(state=Screening.State.QUEUED) | Q(state=Screening.State.RUNNING, leased_until__lt=now)
    claimed = Screening.objects.filter(free, pk=screening.pk).update(
        state=Screening.State.RUNNING,
        attempts=F("attempts") + 1,
        leased_until=now + Screening.LEASE,
    )
    if not claimed:
        return None
    screening.refresh_from_db()
    if screening.attempts > Screening.MAX_ATTEMPTS:
        _hand_over(screening)
        return None
    return screening


def run_checks(item: Item) -> list[Result]:
    """Return the findings of every enabled check, and of the marks for what AI made."""
    given = gather(item)
    rules = {rule.check_name: rule for rule in Rule.objects.all()}
    results = [
        _run(check, given, rules.get(check.name))
        for check in CHECKS
        if check.name not in rules or rules[check.name].enabled
    ]
    blocked = any(result.finding.verdict == Verdict.BLOCK for result in results)
    if item.is_ai and not blocked:
        results.append(_mark(item))
    elif not blocked:
        keep_history(item)
    return results


def finish_screening(screening: Screening, item: Item, results: list[Result]) -> bool:
    """Store the results and act on them; False when the claim was lost or the item moved on."""
    with transaction.atomic():
        if not _mine(screening).select_for_update().exists():
            logger.warning("screening %s was taken over; this worker stops", screening.pk)
            return False
        CheckResult.objects.bulk_create([_row(screening, result) for result in results])
        _set_audience(item, results)
        _mine(screening).update(
            state=Screening.State.DONE, leased_until=None, finished_at=timezone.now()
        )
        try:
            with transaction.atomic():
                _act(screening, item, results)
        except ConflictError as error:
            # Its owner took it down while it was screened.
            Screening.objects.filter(pk=screening.pk).update(problem=str(error)[:500])
            return False
    return True


def requeue_stale_screenings() -> int:
    """Enqueue pending items whose message or worker was lost; return how many."""
    from moderation.tasks import screen_item_task  # breaks the import cycle

    lost_before = timezone.now() - Item.LOST_AFTER
    under_way = Screening.objects.filter(
        item=OuterRef("pk"), state=Screening.State.RUNNING, leased_until__gte=timezone.now()
    )
    items = (
        Item.objects.filter(state=Item.State.PENDING)
        .filter(Q(submitted_at__lt=lost_before) | Q(submitted_at__isnull=True))
        .exclude(Exists(under_way))
        .values_list("pk", flat=True)[:500]
    )
    for pk in items:
        screen_item_task.delay_on_commit(pk)
    return len(items)


def _active_screening(item_id: int) -> Screening | None:
    """Return the item's open screening, made if there is none."""
    found = Screening.objects.filter(item_id=item_id, state__in=ACTIVE).first()
    if found is not None:
        return found
    screening = Screening(item_id=item_id, policy_version=current_policy().version)
    screening.full_clean(validate_constraints=False)
    try:
        with transaction.atomic():
            screening.save()
    except IntegrityError:
        # Another worker made it in this moment and will have claimed it.
        return Screening.objects.filter(item_id=item_id, state__in=ACTIVE).first()
    return screening


def _mine(screening: Screening) -> QuerySet[Screening]:
    """The row, as long as nobody has claimed it after us."""
    return Screening.objects.filter(
        pk=screening.pk, state=Screening.State.RUNNING, attempts=screening.attempts
    )


def _run(check: Check, given: ScreeningInput, rule: Rule | None) -> Result:
    started = time.perf_counter()
    try:
        finding = check.run(given, rule.threshold if rule else check.threshold)
    except Exception:
        # One broken check must neither hide the others nor count as a pass.
        logger.exception("check %s broke", check.name)
        finding = Finding(Verdict.CANNOT_TELL, BROKEN)
    return Result(check, finding, (time.perf_counter() - started) * 1000.0)


def _mark(item: Item) -> Result:
    started = time.perf_counter()
    try:
        finding = ensure_marked(item).as_finding()
    except MarkingError as error:
        finding = Finding(Verdict.CANNOT_TELL, str(error)[:300])
    return Result(MARKS, finding, (time.perf_counter() - started) * 1000.0)


def _row(screening: Screening, result: Result) -> CheckResult:
    finding = result.finding
    return CheckResult(
        screening=screening,
        check_name=result.check.name,
        perspective=result.check.perspective,
        verdict=finding.verdict,
        score=finding.score,
        threshold=finding.threshold,
        summary=finding.summary[:300],
        evidence=finding.evidence,
        version=result.check.version,
        ms=round(result.ms, 2),
    )


def _set_audience(item: Item, results: list[Result]) -> None:
    """Write who may see the item once it is published: by age, and whether it is one person's."""
    findings = {result.check.name: result.finding for result in results}
    rated, conditioned = findings.get("age_rating"), findings.get("conditioning")
    if rated and (rating := rated.evidence.get("rating")):
        item.age_rating = stricter(item.age_rating, rating)
    if conditioned and "people" in conditioned.evidence:
        people, least = conditioned.evidence["people"], conditioned.threshold or 0.0
        item.is_personal = 0 < people < least and not conditioned.evidence["may_be_shared"]
    Item.objects.filter(pk=item.pk).update(age_rating=item.age_rating, is_personal=item.is_personal)


def _act(screening: Screening, item: Item, results: list[Result]) -> None:
    """Refuse, hold for a person, or publish."""
    worst = _worst(results)
    if worst is None:
        if random.random() < settings.REVIEW_SAMPLE_SHARE:
            open_case(item=item, screening=screening, reason=Case.Reason.SAMPLED)
        else:
            _decide_by_policy(item, Decision.Action.PUBLISH)
            publish_item(item=item)
    elif worst.finding.verdict == Verdict.BLOCK:
        note = f"Weft could not accept this: {worst.finding.summary}"
        decision = _decide_by_policy(item, Decision.Action.REJECT, worst.check.name, note)
        statements.state_automatic(
            decision=decision,
            item=item,
            check=worst.check.name,
            title=worst.check.title,
            perspective=worst.check.perspective.value,
        )
        reject_item(item=item, problem=note)
    else:
        flagged = worst.finding.verdict == Verdict.FLAG
        reason = Case.Reason.FLAGGED if flagged else Case.Reason.UNCERTAIN
        open_case(item=item, screening=screening, reason=reason)


def open_case(*, item: Item, screening: Screening | None, reason: str) -> Case:
    """Leave the item to a person; an open case of the item is kept."""
    hold_item(item=item)
    case, made = Case.objects.get_or_create(
        item=item, state=Case.State.OPEN, defaults={"screening": screening, "reason": reason}
    )
    if made:
        place_case(case)
        audit.record(action="case_opened", item_id=item.pk, case=case.pk, reason=str(reason))
    return case


def _worst(results: list[Result]) -> Result | None:
    """Return the result that decides: a block, else a flag, else what cannot be told."""
    for verdict in (Verdict.BLOCK, Verdict.FLAG, Verdict.CANNOT_TELL):
        found = next((one for one in results if one.finding.verdict == verdict), None)
        if found:
            return found
    return None


def _decide_by_policy(item: Item, action: str, reason_code: str = "", note: str = "") -> Decision:
    decision = Decision(
        item=item,
        action=action,
        reason_code=reason_code[:30],
        note=note,
        policy_version=current_policy().version,
    )
    decision.full_clean()
    decision.save()
    audit.record(action=f"{action}_by_policy", item_id=item.pk, reason=reason_code, note=note)
    return decision


def _give_up_or_back(screening: Screening) -> bool:
    if screening.attempts >= Screening.MAX_ATTEMPTS:
        return _hand_over(screening)
    _mine(screening).update(state=Screening.State.QUEUED, leased_until=None)
    return False


def _hand_over(screening: Screening) -> bool:
    """Close a screening that cannot be done and leave the item to a person."""
    with transaction.atomic():
        closed = _mine(screening).update(
            state=Screening.State.FAILED,
            leased_until=None,
            problem=STOPPED,
            finished_at=timezone.now(),
        )
        if not closed:
            return False
        try:
            with transaction.atomic():
                open_case(item=screening.item, screening=screening, reason=Case.Reason.FAILED)
        except DomainError as error:
            logger.info("item %s needs no case any more: %s", screening.item_id, error)
            return False
    return True
