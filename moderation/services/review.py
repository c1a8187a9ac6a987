"""Review by people: claim a case, decide it, give it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from catalog.models import Item
from catalog.services import publish_item, reject_item
from common.errors import ConflictError, DomainError, InvalidInputError, NotAllowedError
from moderation import policy
from moderation.models import Case, Decision
from moderation.services import audit
from moderation.services.marking import MarkingError, ensure_marked

if TYPE_CHECKING:
    from accounts.models import User

DECIDED = "This case was already decided."
HELD = "Somebody else is looking at this case."
NOT_HELD = "You no longer hold this case; claim it again."
OWN = "You cannot decide on your own item."
NOT_MODERATOR = "Only moderators can do this."
UNSIGNED = "Its marks could not be written and read back, so it cannot be published."


def claim_next_case(*, moderator: User, after: Case | None = None) -> Case | None:
    """Claim and return the most urgent free case, or None; `after` is passed over."""
    _require_moderator(moderator)
    cases = free_cases(moderator).order_by("-priority", "created_at", "pk")
    if after is not None:
        cases = cases.exclude(pk=after.pk)
    with transaction.atomic():
        # Two moderators asking at once get different rows.
        case = cases.select_for_update(skip_locked=True, of=("self",)).first()
        return None if case is None else _claim(case, moderator)


def claim_case(*, case: Case, moderator: User) -> Case:
    """Claim this case, or refuse with the reason. Claiming one's own case renews the claim."""
    _require_moderator(moderator)
    with transaction.atomic():
        locked = _lock(case)
        _require_not_own(locked, moderator)
        if locked.is_claimed and locked.claimed_by_id != moderator.pk:
            raise ConflictError(HELD)
        return _claim(locked, moderator)


def release_case(*, case: Case, moderator: User) -> None:
    """Give a claimed case back to the queue; harmless when it is not held any more."""
    released = Case.objects.filter(pk=case.pk, state=Case.State.OPEN, claimed_by=moderator).update(
        claimed_by=None, claimed_until=None
    )
    if released:
        audit.record(action="case_released", actor=moderator, item_id=case.item_id, case=case.pk)


def decide_case(
    *, case: Case, moderator: User, action: str, reason_code: str = "", note: str = ""
) -> Decision:
    """Publish or reject the item of a case that this moderator holds.

    What AI made is marked first, and both marks are read back from storage. A refusal needs a
    reason and a sentence, which its author reads.
    """
    _require_moderator(moderator)
    note = _checked_note(action, reason_code, note)
    _require_held(Case.objects.select_related("item").get(pk=case.pk), moderator)
    facts = {}
    if action == Decision.Action.PUBLISH:
        # Outside the transaction: marking takes a good part of a second.
        facts = _mark_before_publication(case.item)
    with transaction.atomic():
        locked = _lock(case)
        _require_held(locked, moderator)
        if action == Decision.Action.PUBLISH:
            publish_item(item=locked.item)
        else:
            reject_item(item=locked.item, problem=note)
        decision = _record_decision(locked, moderator, action, reason_code, note)
        locked.state, locked.claimed_by, locked.claimed_until = Case.State.DECIDED, None, None
        locked.save(update_fields=["state", "claimed_by", "claimed_until"])
        audit.record(
            action=f"{action}_by_person",
            actor=moderator,
            item_id=locked.item_id,
            case=locked.pk,
            reason=reason_code,
            note=note,
            **facts,
        )
    return decision


def bulk_decide(
    *,
    case_ids: Sequence[int],
    moderator: User,
    action: str,
    reason_code: str = "",
    note: str = "",
) -> tuple[int, list[str]]:
    """Claim and decide several cases alike; return how many were decided, and why others not."""
    _require_moderator(moderator)
    _checked_note(action, reason_code, note)
    done, problems = 0, []
    for case in Case.objects.filter(pk__in=case_ids[:100]).select_related("item"):
        try:
            claim_case(case=case, moderator=moderator)
            decide_case(
                case=case, moderator=moderator, action=action, reason_code=reason_code, note=note
            )
        except DomainError as error:
            problems.append(f"{case.item}: {error}")
        else:
            done += 1
    return done, problems


def close_cases(*, item_id: int) -> int:
    """Close the open case of an item that was taken down; return how many there were."""
    with transaction.atomic():
        closed = Case.objects.filter(item_id=item_id, state=Case.State.OPEN).update(
            state=Case.State.DECIDED, claimed_by=None, claimed_until=None
        )
        if closed:
            audit.record(action="case_closed_item_removed", item_id=item_id)
    return closed


def free_cases(moderator: User) -> QuerySet[Case]:
    """Open cases that this moderator may claim: not held by others, not about own items."""
    free = Q(claimed_by=None) | Q(claimed_by=moderator) | Q(claimed_until__lt=timezone.now())
    return Case.objects.filter(free, state=Case.State.OPEN).exclude(
        Q(item__owner=moderator) | Q(item__made_for=moderator)
    )


def _require_moderator(user: User) -> None:
    if not user.is_authenticated or not user.can_moderate:
        raise NotAllowedError(NOT_MODERATOR)


def _lock(case: Case) -> Case:
    locked = Case.objects.select_for_update(of=("self",)).select_related("item").get(pk=case.pk)
    if locked.state != Case.State.OPEN:
        raise ConflictError(DECIDED)
    return locked


def _claim(case: Case, moderator: User) -> Case:
    renewed = case.claimed_by_id == moderator.pk and case.is_claimed
    case.claimed_by, case.claimed_until = moderator, timezone.now() + Case.CLAIM
    case.save(update_fields=["claimed_by", "claimed_until"])
    if not renewed:
        audit.record(action="case_claimed", actor=moderator, item_id=case.item_id, case=case.pk)
    return case


def _require_not_own(case: Case, moderator: User) -> None:
    if moderator.pk in {case.item.owner_id, case.item.made_for_id}:
        raise NotAllowedError(OWN)


def _require_held(case: Case, moderator: User) -> None:
    if case.state != Case.State.OPEN:
        raise ConflictError(DECIDED)
    _require_not_own(case, moderator)
    if case.claimed_by_id != moderator.pk or not case.is_claimed:
        raise ConflictError(HELD if case.is_claimed else NOT_HELD)


def _checked_note(action: str, reason_code: str, note: str) -> str:
    """Return the note for the author; a refusal without reason and sentence is refused itself."""
    note = note.strip()
    if action not in {Decision.Action.PUBLISH, Decision.Action.REJECT}:
        raise InvalidInputError("Choose whether to publish or to reject.")
    if action == Decision.Action.REJECT:
        if reason_code not in policy.REASON_OF_CODE:
            raise InvalidInputError("Choose a reason for the refusal.")
        if not note:
            raise InvalidInputError("Write a sentence that tells the author why.")
    if len(note) > 500:
        raise InvalidInputError("Please keep the sentence under 500 characters.")
    return note


def _mark_before_publication(item: Item) -> dict[str, object]:
    """Mark what AI made; return what to write into the audit log."""
    if not item.is_ai:
        return {}
    report = ensure_marked(item)
    if not report.signed:
        raise MarkingError(UNSIGNED)
    # A person may publish a picture that is too flat for the invisible mark: manifest, label and
    # ledger stand for it then, and the log says so.
    return {"watermarked": report.watermarked, "signed": report.signed}


def _record_decision(
    case: Case, moderator: User, action: str, reason_code: str, note: str
) -> Decision:
    decision = Decision(
        case=case,
        item=case.item,
        moderator=moderator,
        action=action,
        reason_code=reason_code,
        note=note,
        policy_version=policy.VERSION,
    )
    decision.full_clean()
    decision.save()
    return decision
