"""Who looks at which case: claim with a lease, give back, skip, note."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from common.errors import ConflictError, InvalidInputError, NotAllowedError
from moderation.models import (
    Appeal,
    Case,
    CaseNote,
    CaseSkip,
    Proposal,
    Report,
    ReviewerPreference,
)
from moderation.services import audit

if TYPE_CHECKING:
    from accounts.models import User

DECIDED = "This case was already decided."
HELD = "Somebody else is looking at this case."
NOT_HELD = "You no longer hold this case; claim it again."
OWN = "You cannot decide on your own item."
OWN_REPORT = "You reported this item, so somebody else decides."
OWN_APPEAL = "This is your own appeal, so somebody else decides."
OWN_DECISION = "The appeal is against your own decision, so somebody else decides."
VOTED = "You have voted on this case already; a second person decides."
NOT_MODERATOR = "Only moderators can do this."


def claim_next_case(
    *, moderator: User, after: Case | None = None, queues: Sequence[str] | None = None
) -> Case | None:
    """Claim and return the most urgent free case of the moderator's queues, or None.

    `after` is passed over; `queues` (slugs) stand in for those that the moderator chose.
    """
    require_moderator(moderator)
    cases = free_cases(moderator)
    chosen = chosen_queues(moderator) if queues is None else list(queues)
    if chosen:
        cases = cases.filter(queue__slug__in=chosen)
    if after is not None:
        cases = cases.exclude(pk=after.pk)
    with transaction.atomic():
        # Two moderators asking at once get different rows.
        locked = cases.select_for_update(skip_locked=True, of=("self",))
        case = locked.order_by("due_at", "pk").first()
        return None if case is None else _claim(case, moderator)


def chosen_queues(moderator: User) -> list[str]:
    """Return the slugs of the queues that a moderator takes cases from; empty means all."""
    found = ReviewerPreference.objects.filter(user=moderator).first()
    return list(found.queues) if found else []


def claim_case(*, case: Case, moderator: User) -> Case:
    """Claim this case, or refuse with the reason. Claiming one's own case renews the claim."""
    require_moderator(moderator)
    with transaction.atomic():
        locked = lock_open(case)
        require_not_barred(locked, moderator)
        if locked.is_claimed and locked.claimed_by_id != moderator.pk:
            raise ConflictError(HELD)
        return _claim(locked, moderator)


def release_case(*, case: Case, moderator: User) -> None:
    """Give a claimed case back to the queue; harmless when it is not held any more."""
    with transaction.atomic():
        released = Case.objects.filter(
            pk=case.pk, state=Case.State.OPEN, claimed_by=moderator
        ).update(claimed_by=None, claimed_until=None)
        if released:
            audit.record(
                action="case_released", actor=moderator, item_id=case.item_id, case=case.pk
            )


def skip_case(*, case: Case, moderator: User, reason: str = CaseSkip.Reason.OTHER) -> None:
    """Give a case back and not be offered it again for a while."""
    require_moderator(moderator)
    if reason not in CaseSkip.Reason.values:
        raise InvalidInputError("Choose why you skip it.")
    with transaction.atomic():
        release_case(case=case, moderator=moderator)
        CaseSkip.objects.update_or_create(
            case=case,
            moderator=moderator,
            defaults={"reason": reason, "until": timezone.now() + CaseSkip.PAUSE},
        )
        audit.record(
            action="case_skipped",
            actor=moderator,
            item_id=case.item_id,
            case=case.pk,
            reason=str(reason),
        )


def add_note(*, case: Case, moderator: User, text: str) -> CaseNote:
    """Leave a note for the next reviewer."""
    require_moderator(moderator)
    if not text.strip():
        raise InvalidInputError("Write the note first.")
    if len(text) > 2000:
        raise InvalidInputError("Please keep a note under 2000 characters.")
    note = CaseNote(case=case, author=moderator, text=text.strip())
    note.full_clean()
    note.save()
    return note


def free_cases(moderator: User) -> QuerySet[Case]:
    """Open cases that this moderator may claim and has not just skipped."""
    now = timezone.now()
    free = Q(claimed_by=None) | Q(claimed_by=moderator) | Q(claimed_until__lt=now)
    own = Q(item__owner=moderator) | Q(item__made_for=moderator)
    this = OuterRef("pk")
    appeal = Q(decision__moderator=moderator) | Q(decision__confirmed_by=moderator)
    return Case.objects.filter(
        free,
        ~Exists(CaseSkip.objects.filter(case=this, moderator=moderator, until__gt=now)),
        ~Exists(Proposal.objects.filter(case=this, moderator=moderator)),
        ~Exists(Report.objects.filter(case=this, reporter=moderator)),
        ~Exists(Appeal.objects.filter(appeal | Q(appellant=moderator), case=this)),
        state=Case.State.OPEN,
    ).exclude(own)


def why_barred(case: Case, moderator: User) -> str:
    """Return why this moderator must not decide this case, or "" when they may."""
    if moderator.pk in {case.item.owner_id, case.item.made_for_id}:
        return OWN
    if Report.objects.filter(case=case, reporter=moderator).exists():
        return OWN_REPORT
    if Proposal.objects.filter(case=case, moderator=moderator).exists():
        return VOTED
    appeal = Appeal.objects.filter(case=case).select_related("decision").first()
    if appeal is None:
        return ""
    if appeal.appellant_id == moderator.pk:
        return OWN_APPEAL
    first = {appeal.decision.moderator_id, appeal.decision.confirmed_by_id}
    return OWN_DECISION if moderator.pk in first else ""


def require_moderator(user: User) -> None:
    """Refuse everybody else."""
    if not user.is_authenticated or not user.can_moderate:
        raise NotAllowedError(NOT_MODERATOR)


def require_not_barred(case: Case, moderator: User) -> None:
    """Refuse who would decide on their own behalf."""
    if sentence := why_barred(case, moderator):
        raise NotAllowedError(sentence)


def require_held(case: Case, moderator: User) -> None:
    """Refuse unless this moderator holds the open case and may decide it."""
    if case.state != Case.State.OPEN:
        raise ConflictError(DECIDED)
    require_not_barred(case, moderator)
    if case.claimed_by_id != moderator.pk or not case.is_claimed:
        raise ConflictError(HELD if case.is_claimed else NOT_HELD)


def lock_open(case: Case) -> Case:
    """Return the case, its row locked; `ConflictError` when it was decided."""
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
