"""Decisions of people: what they may be, what follows from them, and when a second must agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from catalog.models import Item
from catalog.services import publish_item, reject_item, remove_item
from common.errors import DomainError, InvalidInputError
from moderation.models import Appeal, Case, Decision, Proposal, Report
from moderation.services import audit
from moderation.services.appeals import apply_appeal, drop_appeal
from moderation.services.claims import (
    claim_case,
    lock_open,
    require_held,
    require_moderator,
)
from moderation.services.history import keep_history
from moderation.services.marking import MarkingError, ensure_marked
from moderation.services.policies import current_policy
from moderation.services.reports import hand_on_reports, settle_reports
from moderation.services.statements import state_reasons
from moderation.services.strikes import give_strike

if TYPE_CHECKING:
    from accounts.models import User

Action = Decision.Action
UNSIGNED = "Its marks could not be written and read back, so it cannot be published."
MAX_BULK = 50
MAX_NOTE = 500


@dataclass(frozen=True)
class Verdict:
    """What a moderator says about a case, checked."""

    action: str
    reason_code: str = ""
    note: str = ""
    with_strike: bool = True
    bad_faith: bool = False


def allowed_actions(case: Case) -> tuple[Action, Action]:
    """Return what may be decided: first what leaves or makes the item public, then the other."""
    if case.reason == Case.Reason.APPEAL:
        return Action.OVERTURN, Action.UPHOLD
    if case.item.state == Item.State.PUBLISHED:
        return Action.KEEP, Action.REMOVE
    return Action.PUBLISH, Action.REJECT


def decide_case(
    *,
    case: Case,
    moderator: User,
    action: str,
    reason_code: str = "",
    note: str = "",
    with_strike: bool = True,
    bad_faith: bool = False,
) -> Decision | None:
    """Decide a case that this moderator holds; None when a second person must decide alike.

    What AI made is marked before it is published, and both marks are read back from storage. A
    refusal needs a reason and a sentence, which its author reads; `with_strike=False` spares them
    the strike. `bad_faith`: the reports that this dismisses were abusive.
    """
    require_moderator(moderator)
    current = Case.objects.select_related("item").get(pk=case.pk)
    require_held(current, moderator)
    verdict = _checked(current, Verdict(action, reason_code, note.strip(), with_strike, bad_faith))
    facts = {}
    if _publishes(current, action):
        # Outside the transaction: marking takes a good part of a second.
        facts = _mark_before_publication(current.item)
    with transaction.atomic():
        locked = lock_open(current)
        require_held(locked, moderator)
        settled = _vote(locked, moderator, verdict)
        return None if settled is None else _carry_out(locked, settled, facts)


def bulk_decide(
    *,
    case_ids: Sequence[int],
    moderator: User,
    action: str,
    reason_code: str = "",
    note: str = "",
) -> tuple[int, list[str]]:
    """Claim and decide several cases alike; return how many were decided, and why others not.

    Cases of grave queues, appeals and those that need four eyes are left for a closer look.
    """
    require_moderator(moderator)
    if len(case_ids) > MAX_BULK:
        raise InvalidInputError(f"Choose at most {MAX_BULK} cases at a time.")
    if action == Action.REJECT and current_policy().find(reason_code) is None:
        raise InvalidInputError("Choose a reason for the refusal.")
    done, problems = 0, []
    for case in Case.objects.filter(pk__in=case_ids).select_related("item", "queue"):
        try:
            _require_bulk(case, reason_code)
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
    """Close the open case of an item that was taken down; return how many there were.

    An appeal stays if it is about whether the item should be down.
    """
    with transaction.atomic():
        cases = Case.objects.filter(item_id=item_id, state=Case.State.OPEN)
        by_authors = Appeal.objects.filter(by=Appeal.By.AUTHOR, case__item_id=item_id)
        about_removal = by_authors.exclude(decision__action=Action.RERATE)
        cases = cases.exclude(pk__in=about_removal.values("case"))
        open_cases = list(cases.select_for_update(of=("self",)))
        for case in open_cases:
            _close(case)
            settle_reports(case=case, state=Report.State.MOOT)
            drop_appeal(case=case)
        if open_cases:
            audit.record(action="case_closed_item_removed", item_id=item_id)
    return len(open_cases)


@dataclass(frozen=True)
class _Settled:
    """A verdict that stands, with who gave it and who confirmed it."""

    verdict: Verdict
    by: User
    confirmed_by: User | None = None


def _vote(case: Case, moderator: User, verdict: Verdict) -> _Settled | None:
    """Return the verdict when it stands; None when it only waits for a second person.

    A second person who decides differently takes the place of the first, and a third confirms.
    """
    first = case.proposals.filter(outcome=Proposal.Outcome.OPEN).select_related("moderator").first()
    if first is None and not _needs_four_eyes(case, verdict):
        return _Settled(verdict, moderator)
    if first is not None and first.action == verdict.action and first.moderator is not None:
        first.outcome = Proposal.Outcome.CONFIRMED
        first.save(update_fields=["outcome"])
        said = Verdict(first.action, first.reason_code, first.note, first.with_strike)
        return _Settled(said, first.moderator, moderator)
    if first is not None:
        first.outcome = Proposal.Outcome.DISAGREED
        first.save(update_fields=["outcome"])
    _propose(case, moderator, verdict)
    return None


def _propose(case: Case, moderator: User, verdict: Verdict) -> None:
    """Keep a first vote and give the case back for a second person."""
    proposal = Proposal(
        case=case,
        moderator=moderator,
        action=verdict.action,
        reason_code=verdict.reason_code,
        note=verdict.note,
        with_strike=verdict.with_strike,
    )
    proposal.full_clean()
    proposal.save()
    case.claimed_by, case.claimed_until, case.four_eyes = None, None, True
    case.save(update_fields=["claimed_by", "claimed_until", "four_eyes"])
    audit.record(
        action="decision_proposed",
        actor=moderator,
        item_id=case.item_id,
        case=case.pk,
        proposed=str(verdict.action),
        reason=verdict.reason_code,
    )


def _needs_four_eyes(case: Case, verdict: Verdict) -> bool:
    reason = current_policy().find(verdict.reason_code)
    return case.four_eyes or bool(reason and reason.four_eyes and _refuses(case, verdict.action))


def _carry_out(case: Case, settled: _Settled, facts: dict[str, object]) -> Decision:
    """Record the decision and do everything that follows from it, in the open transaction."""
    verdict, item = settled.verdict, case.item
    decision = _record(case, settled)
    if case.reason == Case.Reason.APPEAL:
        apply_appeal(case=case, decision=decision, by=settled.by)
    elif verdict.action == Action.PUBLISH:
        publish_item(item=item)
    elif verdict.action == Action.REJECT:
        reject_item(item=item, problem=verdict.note)
    elif verdict.action == Action.REMOVE:
        # Whoever it belongs to may appeal so long.
        remove_item(item=item, problem=verdict.note, keep_for=Appeal.TERM)
    if _refuses(case, verdict.action):
        _tell_author(case, decision, settled)
    about_rating = _is_about_rating(case)
    if not about_rating:
        settle_reports(case=case, state=_outcome(case, verdict), decision=decision)
    _close(case)
    if about_rating:
        # What was reported meanwhile has not been decided on by this.
        hand_on_reports(case=case)
    audit.record(
        action=f"{verdict.action}_by_person",
        actor=settled.by,
        item_id=case.item_id,
        case=case.pk,
        reason=verdict.reason_code,
        note=verdict.note,
        confirmed_by=settled.confirmed_by.pk if settled.confirmed_by else None,
        **facts,
    )
    return decision


def _tell_author(case: Case, decision: Decision, settled: _Settled) -> None:
    """Give the strike that goes with the reason, and write the statement of reasons."""
    reason = current_policy().find(decision.reason_code)
    points = reason.severity if reason and settled.verdict.with_strike else 0
    until = None
    if points and case.item.owner is not None:
        consequence = give_strike(
            user=case.item.owner, decision=decision, points=points, by=settled.by
        )
        until = consequence.until
    state_reasons(decision=decision, item=case.item, case=case, paused_until=until)


def _outcome(case: Case, verdict: Verdict) -> str:
    """Return what a decision says about the reports of its case."""
    if _refuses(case, verdict.action):
        return Report.State.UPHELD
    return Report.State.BAD_FAITH if verdict.bad_faith else Report.State.DISMISSED


def _refuses(case: Case, action: str) -> bool:
    """Whether this action takes the item from the public; of a reporter's appeal, if it is won."""
    if action in {Action.REJECT, Action.REMOVE}:
        return True
    return action == Action.OVERTURN and _by_reporter(case)


def _publishes(case: Case, action: str) -> bool:
    if action == Action.OVERTURN:
        return not _by_reporter(case) and not _is_about_rating(case)
    return action == Action.PUBLISH


def _is_about_rating(case: Case) -> bool:
    """Whether this is an appeal against a stricter age rating: the item is public all the while."""
    return Appeal.objects.filter(case=case, decision__action=Action.RERATE).exists()


def _by_reporter(case: Case) -> bool:
    return Appeal.objects.filter(case=case, by=Appeal.By.REPORTER).exists()


def _close(case: Case) -> None:
    case.state, case.claimed_by, case.claimed_until = Case.State.DECIDED, None, None
    case.decided_at = timezone.now()
    case.save(update_fields=["state", "claimed_by", "claimed_until", "decided_at"])


def _checked(case: Case, verdict: Verdict) -> Verdict:
    """Return the verdict; one that is not possible here, or says too little, is refused."""
    allowed = allowed_actions(case)
    if verdict.action not in allowed:
        choices = " or ".join(f"“{one.value}”" for one in allowed)
        raise InvalidInputError(f"Choose what to do: {choices}.")
    if _refuses(case, verdict.action):
        if current_policy().find(verdict.reason_code) is None:
            raise InvalidInputError("Choose a reason for the refusal.")
        if not verdict.note:
            raise InvalidInputError("Write a sentence that tells the author why.")
    if verdict.action == Action.UPHOLD and not verdict.note:
        raise InvalidInputError("Write a sentence that answers the appeal.")
    if len(verdict.note) > MAX_NOTE:
        raise InvalidInputError(f"Please keep the sentence under {MAX_NOTE} characters.")
    return verdict


def _require_bulk(case: Case, reason_code: str) -> None:
    reason = current_policy().find(reason_code)
    if case.queue is not None and not case.queue.allows_bulk:
        raise InvalidInputError(f"Cases of “{case.queue}” are decided one by one.")
    if case.reason == Case.Reason.APPEAL or case.four_eyes or (reason and reason.four_eyes):
        raise InvalidInputError("This needs a closer look than a bulk decision.")


def _mark_before_publication(item: Item) -> dict[str, object]:
    """Mark what AI made; return what to write into the audit log."""
    if not item.is_ai:
        keep_history(item)
        return {}
    report = ensure_marked(item)
    if not report.signed:
        raise MarkingError(UNSIGNED)
    # A person may publish a picture that is too flat for the invisible mark: manifest, label and
    # ledger stand for it then, and the log says so.
    return {"watermarked": report.watermarked, "signed": report.signed}


def _record(case: Case, settled: _Settled) -> Decision:
    verdict = settled.verdict
    decision = Decision(
        case=case,
        item=case.item,
        moderator=settled.by,
        confirmed_by=settled.confirmed_by,
        action=verdict.action,
        reason_code=verdict.reason_code,
        note=verdict.note,
        policy_version=current_policy().version,
    )
    decision.full_clean()
    decision.save()
    return decision
