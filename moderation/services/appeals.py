"""Appeals: one for each decision, within a stated time, decided by somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.models import Item, Removal
from catalog.services import hold_item, publish_item, reject_item, remove_item
from catalog.services.removing import end_loan
from catalog.tasks import lend_files_task
from common.errors import ConflictError, InvalidInputError, NotAllowedError
from moderation.models import Appeal, Case, Decision, Report, Statement
from moderation.services import audit
from moderation.services.age_ratings import undo_age_rating
from moderation.services.routing import place_case
from moderation.services.strikes import revoke_strike

if TYPE_CHECKING:
    from accounts.models import User

NOT_YOURS = "Only the person it concerns can appeal."
LATE = "The time for an appeal is over."
ONCE = "There was an appeal against this decision already."
GONE = "The item is gone, so there is nothing left to decide."
BUSY = "Somebody is looking at this item again already. Wait for what they decide."
SAY_WHY = "Say in a few words why the decision is wrong."
TAKEN_BACK = "The decision was taken back: the item is public and the strike is gone."
RATING_TAKEN_BACK = "The decision was taken back: the item has its earlier age rating again."
REMOVED_AFTER_ALL = "You were right: the item was taken down."
NO_LONGER = "After an appeal the decision was taken back."
MAX_TEXT = 2000


def appeal_statement(*, statement: Statement, user: User, text: str) -> Appeal:
    """Let the person whom a decision hit ask that somebody else decide again."""
    if statement.recipient_id != user.pk:
        raise NotAllowedError(NOT_YOURS)
    if not statement.can_appeal:
        raise ConflictError(LATE)
    return _open(statement.decision, user, text, Appeal.By.AUTHOR)


def appeal_report(*, report: Report, user: User, text: str) -> Appeal:
    """Let a reporter ask that a dismissal be looked at again."""
    if report.reporter_id != user.pk:
        raise NotAllowedError(NOT_YOURS)
    decision = dismissal_of(report)
    if decision is None:
        raise ConflictError("There is no decision to appeal against.")
    if decision.created_at + Appeal.TERM < timezone.now():
        raise ConflictError(LATE)
    return _open(decision, user, text, Appeal.By.REPORTER)


def dismissal_of(report: Report) -> Decision | None:
    """Return the decision that dismissed this report, if a person made one."""
    if report.state not in {Report.State.DISMISSED, Report.State.BAD_FAITH} or not report.case:
        return None
    kept = (Decision.Action.KEEP, Decision.Action.PUBLISH)
    return report.case.decisions.filter(action__in=kept).order_by("-pk").first()


def apply_appeal(*, case: Case, decision: Decision, by: User) -> None:
    """Carry out what was decided on an appeal. Call it in the decision's transaction."""
    appeal = Appeal.objects.select_for_update(of=("self",)).get(case=case)
    overturned = decision.action == Decision.Action.OVERTURN
    item = case.item
    if overturned and appeal.decision.action == Decision.Action.RERATE:
        undo_age_rating(decision=appeal.decision, by=by)
        appeal.outcome = decision.note or RATING_TAKEN_BACK
    elif overturned and appeal.by == Appeal.By.AUTHOR:
        _restore(item, appeal.decision, by)
        appeal.outcome = decision.note or TAKEN_BACK
    elif overturned:
        remove_item(item=item, problem=decision.note, keep_for=Appeal.TERM)
        _agree_with_reporters(appeal.decision)
        appeal.outcome = REMOVED_AFTER_ALL
    else:
        if item.state == Item.State.IN_REVIEW:
            # Handed in again meanwhile: the refusal stands for that too.
            reject_item(item=item, problem=decision.note)
        end_loan(item=item)
        appeal.outcome = decision.note
    appeal.state = Appeal.State.OVERTURNED if overturned else Appeal.State.UPHELD
    appeal.decided_at = timezone.now()
    appeal.save(update_fields=["state", "outcome", "decided_at"])


def drop_appeal(*, case: Case) -> None:
    """The item of an appeal is gone: nothing is left to decide."""
    Appeal.objects.filter(case=case, state=Appeal.State.OPEN).update(
        state=Appeal.State.MOOT, outcome=GONE, decided_at=timezone.now()
    )


def _open(decision: Decision, user: User, text: str, by: str) -> Appeal:
    text = text.strip()
    if not text:
        raise InvalidInputError(SAY_WHY)
    if len(text) > MAX_TEXT:
        raise InvalidInputError(f"Please keep it under {MAX_TEXT} characters.")
    if Appeal.objects.filter(decision=decision).exists():
        raise ConflictError(ONCE)
    item = decision.item
    if item is None:
        raise ConflictError(GONE)
    _require_state(item, by, decision)
    screening = decision.case.screening if decision.case else None
    screening = screening or item.screenings.order_by("-pk").first()
    try:
        with transaction.atomic():
            case = Case.objects.create(
                item=item, reason=Case.Reason.APPEAL, screening=screening, origin=item.origin
            )
            appeal = Appeal(decision=decision, case=case, appellant=user, by=by, text=text)
            appeal.full_clean()
            appeal.save()
            place_case(case)
            if item.state == Item.State.REMOVED:
                # Its files come out of quarantine, for those who decide.
                lend_files_task.delay_on_commit(item.pk)
            audit.record(
                action="appeal_made",
                actor=user,
                item_id=item.pk,
                case=case.pk,
                decision=decision.pk,
                by=by,
            )
    except IntegrityError as error:
        # The same appeal a second time at the same moment, or another case of the item is open.
        once = Appeal.objects.filter(decision=decision).exists()
        raise ConflictError(ONCE if once else BUSY) from error
    return appeal


def _require_state(item: Item, by: str, decision: Decision) -> None:
    """Refuse an appeal that nothing could come of."""
    if decision.action == Decision.Action.RERATE:
        if not item.is_public:
            raise ConflictError(GONE)
        return
    if by == Appeal.By.REPORTER and not item.is_public:
        raise ConflictError(GONE)
    if Removal.objects.filter(item=item).exclude(erased_at=None).exists():
        raise ConflictError(GONE)
    if by == Appeal.By.AUTHOR and item.state not in {Item.State.REJECTED, Item.State.REMOVED}:
        raise ConflictError(BUSY if item.state != Item.State.PUBLISHED else "It is public again.")


def _restore(item: Item, first: Decision, by: User) -> None:
    """Make the item public again and take back what came with the first decision."""
    if item.state in {Item.State.REJECTED, Item.State.REMOVED, Item.State.PENDING}:
        hold_item(item=item)
    if item.state == Item.State.IN_REVIEW:
        publish_item(item=item)
    Statement.objects.filter(decision=first).update(reversed_at=timezone.now())
    revoke_strike(decision=first, by=by)
    if first.case_id:
        Report.objects.filter(case=first.case_id, state=Report.State.UPHELD).update(
            state=Report.State.DISMISSED, outcome=NO_LONGER, seen_at=None
        )


def _agree_with_reporters(first: Decision) -> None:
    Report.objects.filter(
        case=first.case_id, state__in=[Report.State.DISMISSED, Report.State.BAD_FAITH]
    ).update(state=Report.State.UPHELD, outcome=REMOVED_AFTER_ALL, seen_at=None)
