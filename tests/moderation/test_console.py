"""The console's rules: queues, claims of two people at once, skips, four eyes, bulk."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from catalog.models import Item
from common.errors import ConflictError, InvalidInputError, NotAllowedError
from moderation.console_selectors import (
    count_queues,
    get_preference,
    list_open_cases,
    showing_for,
    take_page,
)
from moderation.models import AuditEntry, Case, CaseSkip, Decision, Proposal, Queue, Statement
from moderation.services import (
    add_note,
    bulk_decide,
    change_policy,
    change_routing,
    claim_case,
    claim_next_case,
    current_policy,
    current_routing,
    decide_case,
    move_case,
    set_preference,
    skip_case,
)
from moderation.services.deciding import MAX_BULK
from tests.factories import ItemFactory, UserFactory
from tests.moderation.cases import decided, held_item, open_case_of, reported_case

pytestmark = pytest.mark.django_db


# --- queues and order -----------------------------------------------------------------------


def test_cases_stand_in_the_queue_of_their_kind() -> None:
    upload = open_case_of(held_item())
    creation = open_case_of(held_item(ai=True))
    assert upload.queue is not None
    assert creation.queue is not None
    assert (upload.queue.slug, creation.queue.slug) == ("uploads", "creations")


def test_next_takes_from_the_queues_that_the_moderator_chose(moderator: User) -> None:
    open_case_of(held_item())
    creation = open_case_of(held_item(ai=True))
    set_preference(user=moderator, queues=["creations"], blur="queue", grey="on", mute="off")
    assert claim_next_case(moderator=moderator) == creation
    assert claim_next_case(moderator=moderator, after=creation) is None


def test_a_queue_that_is_named_stands_in_for_ones_own(moderator: User) -> None:
    upload = open_case_of(held_item())
    set_preference(user=moderator, queues=["creations"], blur="queue", grey="on", mute="off")
    assert claim_next_case(moderator=moderator, queues=["uploads"]) == upload


def test_a_case_that_waited_for_days_comes_before_an_urgent_new_one(moderator: User) -> None:
    old = open_case_of(due_at=timezone.now() - timedelta(days=4))
    reported_case(reason="minors")
    assert claim_next_case(moderator=moderator) == old


def test_a_case_moves_to_another_queue_and_is_free_again(moderator: User) -> None:
    case = open_case_of()
    claim_case(case=case, moderator=moderator)
    moved = move_case(case=case, queue="legal", moderator=moderator)
    assert str(moved.queue) == "Legal"
    assert not moved.is_claimed
    with pytest.raises(InvalidInputError):
        move_case(case=case, queue="nowhere", moderator=moderator)


def test_pages_follow_one_another_without_gaps_or_doubles() -> None:
    due = timezone.now()
    made = [open_case_of(due_at=due).pk for _ in range(7)]
    seen: list[int] = []
    token = ""
    for _ in range(3):
        page, token = take_page(list_open_cases(), after=token, limit=3)
        seen += [case.pk for case in page]
    assert seen == made
    assert token == ""


@pytest.mark.parametrize("token", ["", "x", "1", "1.x", "9" * 40 + ".1", "1." + "9" * 40, "-5.-5"])
def test_a_token_that_is_none_gives_a_page_all_the_same(token: str) -> None:
    case = open_case_of()
    page, _ = take_page(list_open_cases(), after=token, limit=3)
    assert page in ([case], [])


def test_counts_are_those_of_open_cases() -> None:
    open_case_of()
    open_case_of(state=Case.State.DECIDED)
    counts = {one.queue.slug: one.count for one in count_queues()}
    assert counts["uploads"] == 1
    assert counts["legal"] == 0


def test_pictures_come_as_the_reviewer_wants_them_else_as_the_queue_says(moderator: User) -> None:
    sample = Queue.objects.get(slug="sample")
    assert not showing_for(get_preference(moderator), sample).blur
    assert showing_for(get_preference(moderator), Queue.objects.get(slug="minors")).blur
    set_preference(user=moderator, queues=[], blur="on", grey="on", mute="off")
    shown = showing_for(get_preference(moderator), sample)
    assert (shown.blur, shown.grey, shown.mute) == (True, True, False)


# --- two people at once ---------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_many_moderators_asking_at_once_never_get_the_same_case() -> None:
    moderators = [UserFactory(moderator=True) for _ in range(6)]
    for _ in range(4):
        open_case_of()
    start = threading.Barrier(len(moderators))

    def ask(moderator: User) -> int | None:
        try:
            start.wait()
            case = claim_next_case(moderator=moderator)
            return case.pk if case else None
        finally:
            connection.close()

    with ThreadPoolExecutor(len(moderators)) as pool:
        got = [pk for pk in pool.map(ask, moderators) if pk is not None]
    assert len(got) == len(set(got)) == 4


@pytest.mark.django_db(transaction=True)
def test_of_two_who_claim_the_same_case_one_is_told_no() -> None:
    case = open_case_of()
    moderators = [UserFactory(moderator=True) for _ in range(4)]
    start = threading.Barrier(len(moderators))

    def claim(moderator: User) -> bool:
        try:
            start.wait()
            claim_case(case=case, moderator=moderator)
        except ConflictError:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(len(moderators)) as pool:
        assert sum(pool.map(claim, moderators)) == 1


# --- skip, notes ----------------------------------------------------------------------------


def test_a_skipped_case_goes_to_others_and_not_to_the_same_person(moderator: User) -> None:
    case = open_case_of()
    claim_next_case(moderator=moderator)
    skip_case(case=case, moderator=moderator, reason="unsure")
    assert claim_next_case(moderator=moderator) is None
    assert claim_next_case(moderator=UserFactory(moderator=True)) == case
    assert AuditEntry.objects.get(action="case_skipped").data["reason"] == "unsure"


def test_a_skip_ends(moderator: User) -> None:
    case = open_case_of()
    skip_case(case=case, moderator=moderator)
    CaseSkip.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert claim_next_case(moderator=moderator) == case


def test_a_note_stays_with_the_case(moderator: User) -> None:
    case = open_case_of()
    add_note(case=case, moderator=moderator, text=" Ask the licence team. ")
    assert case.notes.get().text == "Ask the licence team."
    with pytest.raises(InvalidInputError):
        add_note(case=case, moderator=moderator, text="  ")
    with pytest.raises(NotAllowedError):
        add_note(case=case, moderator=UserFactory(), text="hello")


# --- four eyes ------------------------------------------------------------------------------


def test_a_grave_case_needs_two_who_decide_alike(moderator: User) -> None:
    case = reported_case(reason="minors")
    said = {"action": "remove", "reason_code": "minors", "note": "A child."}
    claim_case(case=case, moderator=moderator)
    assert decide_case(case=case, moderator=moderator, **said) is None
    case.item.refresh_from_db()
    assert case.item.is_public
    second = UserFactory(moderator=True)
    claim_case(case=case, moderator=second)
    decision = decide_case(case=case, moderator=second, **said)
    assert decision is not None
    assert (decision.moderator, decision.confirmed_by) == (moderator, second)
    case.item.refresh_from_db()
    assert case.item.state == Item.State.REMOVED


def test_the_first_cannot_be_the_second(moderator: User) -> None:
    case = open_case_of(four_eyes=True)
    claim_case(case=case, moderator=moderator)
    assert decide_case(case=case, moderator=moderator, action="publish") is None
    assert claim_next_case(moderator=moderator) is None
    with pytest.raises(NotAllowedError, match="voted"):
        claim_case(case=case, moderator=moderator)
    Case.objects.update(claimed_by=moderator, claimed_until=timezone.now() + timedelta(minutes=5))
    with pytest.raises(NotAllowedError, match="voted"):
        decide_case(case=case, moderator=moderator, action="publish")


def test_who_disagrees_takes_the_first_ones_place_and_a_third_confirms(moderator: User) -> None:
    case = open_case_of(four_eyes=True)
    second, third = UserFactory(moderator=True), UserFactory(moderator=True)
    said = {"reason_code": "quality", "note": "Too dark."}
    for person, action in ((moderator, "publish"), (second, "reject")):
        claim_case(case=case, moderator=person)
        assert decide_case(case=case, moderator=person, action=action, **said) is None
    decision = decided(case, third, "reject", **said)
    assert (decision.moderator, decision.confirmed_by) == (second, third)
    outcomes = list(case.proposals.values_list("outcome", flat=True))
    assert outcomes == [Proposal.Outcome.DISAGREED, Proposal.Outcome.CONFIRMED]


def test_a_reason_of_the_policy_may_ask_for_four_eyes(moderator: User) -> None:
    case = open_case_of()
    claim_case(case=case, moderator=moderator)
    said = {"reason_code": "illegal", "note": "Against the law."}
    assert decide_case(case=case, moderator=moderator, action="reject", **said) is None
    assert not Decision.objects.exists()


# --- bulk -----------------------------------------------------------------------------------


def test_bulk_leaves_grave_cases_for_a_closer_look(moderator: User) -> None:
    plain, legal = open_case_of(), open_case_of(queue="legal")
    two = open_case_of(four_eyes=True)
    ids = [plain.pk, legal.pk, two.pk]
    done, problems = bulk_decide(case_ids=ids, moderator=moderator, action="publish")
    assert done == 1
    assert len(problems) == 2


def test_bulk_has_a_limit(moderator: User) -> None:
    with pytest.raises(InvalidInputError, match=str(MAX_BULK)):
        bulk_decide(case_ids=range(MAX_BULK + 1), moderator=moderator, action="publish")


# --- what may be decided --------------------------------------------------------------------


def test_a_published_item_is_kept_or_removed_and_nothing_else(moderator: User) -> None:
    case = reported_case()
    claim_case(case=case, moderator=moderator)
    with pytest.raises(InvalidInputError, match="keep"):
        decide_case(case=case, moderator=moderator, action="publish")


def test_a_refusal_writes_a_statement_of_reasons(moderator: User) -> None:
    item = held_item(title="A blurred skirt")
    decision = decided(open_case_of(item), moderator, "reject", reason_code="spam")
    statement = Statement.objects.get()
    assert statement.decision == decision
    assert statement.recipient == item.owner
    assert "No advertising" in statement.rule
    assert statement.policy_version == decision.policy_version == current_policy().version
    assert statement.can_appeal


def test_what_weft_made_for_somebody_is_explained_to_them(moderator: User) -> None:
    asker = UserFactory()
    case = open_case_of(held_item(ai=True, made_for=asker))
    decided(case, moderator, "reject", reason_code="request", note="No skirt.")
    assert Statement.objects.get().recipient == asker


# --- tables in versions ---------------------------------------------------------------------


def test_operators_change_the_routing_and_moderators_do_not(moderator: User) -> None:
    number, _ = current_routing()
    rules = [{"queue": "legal", "priority": 5}]
    with pytest.raises(NotAllowedError):
        change_routing(rules=rules, base=number, by=moderator)
    operator = UserFactory(operator=True)
    assert change_routing(rules=rules, base=number, by=operator) == number + 1
    assert str(open_case_of().queue) == "Legal"
    with pytest.raises(ConflictError, match="meanwhile"):
        change_routing(rules=rules, base=number, by=operator)


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"queue": "nowhere"},
        {"queue": "legal", "priority": 9999},
        {"queue": "legal", "origin": 3},
    ],
)
def test_an_odd_routing_rule_is_refused(rule: dict[str, object]) -> None:
    number, _ = current_routing()
    with pytest.raises(InvalidInputError):
        change_routing(rules=[rule], base=number, by=UserFactory(operator=True))


def test_a_changed_policy_is_a_version_and_old_decisions_keep_theirs(moderator: User) -> None:
    before = current_policy()
    first = decided(open_case_of(), moderator, "reject")
    reasons = [one.as_dict() | {"sentence": "New words."} for one in before.reasons]
    after = change_policy(reasons=reasons, base=before.version, by=UserFactory(operator=True))
    second = decided(open_case_of(), moderator, "reject")
    assert (first.policy_version, second.policy_version) == (before.version, after.version)
    with pytest.raises(ConflictError):
        change_policy(reasons=reasons, base=before.version, by=UserFactory(operator=True))


@pytest.mark.parametrize(
    "change",
    [
        {"code": "Not A Code"},
        {"label": " "},
        {"severity": 9},
        {"category": "nonsense"},
        {"ground": "illegal", "legal_ground": ""},
        {"sentence": "x" * 501},
    ],
)
def test_an_odd_reason_is_refused(change: dict[str, object]) -> None:
    policy = current_policy()
    with pytest.raises(InvalidInputError):
        change_policy(
            reasons=[policy.reasons[0].as_dict() | change],
            base=policy.version,
            by=UserFactory(operator=True),
        )


def test_a_case_of_a_removed_item_disappears_from_the_list(moderator: User) -> None:
    item = ItemFactory(published=True)
    decided(reported_case(item), moderator, "remove")
    assert not list_open_cases().exists()
