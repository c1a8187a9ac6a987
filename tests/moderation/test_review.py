"""Review: one case, one moderator, one decision, and nothing without its marks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from catalog.models import Item
from catalog.services import remove_item
from common.errors import ConflictError, InvalidInputError, NotAllowedError
from moderation.core import manifest, watermark
from moderation.models import AuditEntry, Case, Decision, Mark
from moderation.services import (
    MarkingError,
    bulk_decide,
    change_rule,
    claim_case,
    claim_next_case,
    close_cases,
    decide_case,
    keys,
    marking,
    open_case,
    release_case,
)
from moderation.services.gathering import decode, read_bytes
from tests.factories import UserFactory
from tests.moderation.conftest import MakeItem

pytestmark = pytest.mark.django_db


def case_of(item: Item, **fields: object) -> Case:
    case = open_case(item=item, screening=None, reason=Case.Reason.FLAGGED)
    Case.objects.filter(pk=case.pk).update(**fields)
    case.refresh_from_db()
    return case


def test_two_moderators_never_hold_the_same_case(pending_item: MakeItem, moderator: User) -> None:
    first, second = case_of(pending_item()), case_of(pending_item())
    other = UserFactory(moderator=True)
    assert claim_next_case(moderator=moderator) == first
    assert claim_next_case(moderator=other) == second
    with pytest.raises(ConflictError, match="Somebody else"):
        claim_case(case=first, moderator=other)


def test_a_claim_that_ran_out_is_free_again(pending_item: MakeItem, moderator: User) -> None:
    case = case_of(
        pending_item(),
        claimed_by=UserFactory(moderator=True),
        claimed_until=timezone.now() - timedelta(seconds=1),
    )
    assert claim_next_case(moderator=moderator) == case


def test_the_most_urgent_case_comes_first(pending_item: MakeItem, moderator: User) -> None:
    case_of(pending_item())
    urgent = case_of(pending_item(exposure=Item.Exposure.DIRECT))
    assert claim_next_case(moderator=moderator) == urgent


def test_a_released_case_goes_to_the_next_moderator(
    pending_item: MakeItem, moderator: User
) -> None:
    case = case_of(pending_item())
    claim_case(case=case, moderator=moderator)
    release_case(case=case, moderator=moderator)
    assert claim_next_case(moderator=UserFactory(moderator=True)) == case


def test_approval_publishes(pending_item: MakeItem, moderator: User) -> None:
    item = pending_item()
    case = case_of(item)
    claim_case(case=case, moderator=moderator)
    decide_case(case=case, moderator=moderator, action="publish")
    item.refresh_from_db()
    assert item.is_public
    assert Decision.objects.get(item=item).moderator == moderator
    assert AuditEntry.objects.get(action="publish_by_person").actor == moderator


def test_approval_of_an_ai_item_marks_it_first(pending_ai_item: MakeItem, moderator: User) -> None:
    item = pending_ai_item()
    case = case_of(item)
    claim_case(case=case, moderator=moderator)
    decide_case(case=case, moderator=moderator, action="publish")
    mark = Mark.objects.get(item=item)
    for asset in item.assets.all():
        data = read_bytes(asset)
        assert manifest.read(data, asset.mime, keys.signing_keys()).state == manifest.State.VALID
        assert watermark.detect(decode(data), keys.watermark_key()).payload == mark.payload


def test_an_ai_item_that_cannot_be_signed_is_never_published(
    pending_ai_item: MakeItem, moderator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = pending_ai_item()
    case = case_of(item)
    claim_case(case=case, moderator=moderator)

    def refuse(*args: object) -> bytes:
        raise manifest.ManifestError("The key is broken.")

    monkeypatch.setattr(marking.manifest, "sign", refuse)
    with pytest.raises(MarkingError):
        decide_case(case=case, moderator=moderator, action="publish")
    item.refresh_from_db()
    assert item.state == Item.State.IN_REVIEW


def test_rejection_tells_the_author_why(pending_item: MakeItem, moderator: User) -> None:
    item = pending_item()
    case = case_of(item)
    claim_case(case=case, moderator=moderator)
    decide_case(
        case=case, moderator=moderator, action="reject", reason_code="quality", note="Too dark."
    )
    item.refresh_from_db()
    assert item.state == Item.State.REJECTED
    assert item.problem == "Too dark."


@pytest.mark.parametrize(("reason", "note"), [("", "Why."), ("nonsense", "Why."), ("copy", "  ")])
def test_rejection_needs_a_reason_and_a_sentence(
    pending_item: MakeItem, moderator: User, reason: str, note: str
) -> None:
    case = case_of(pending_item())
    claim_case(case=case, moderator=moderator)
    with pytest.raises(InvalidInputError):
        decide_case(case=case, moderator=moderator, action="reject", reason_code=reason, note=note)


def test_deciding_twice_is_refused_with_a_sentence(pending_item: MakeItem, moderator: User) -> None:
    item = pending_item()
    case = case_of(item)
    claim_case(case=case, moderator=moderator)
    decide_case(case=case, moderator=moderator, action="publish")
    with pytest.raises(ConflictError, match="already decided"):
        decide_case(case=case, moderator=moderator, action="publish")
    assert Decision.objects.filter(item=item).count() == 1


def test_only_the_holder_of_the_claim_decides(pending_item: MakeItem, moderator: User) -> None:
    case = case_of(pending_item())
    claim_case(case=case, moderator=moderator)
    with pytest.raises(ConflictError, match="Somebody else"):
        decide_case(case=case, moderator=UserFactory(moderator=True), action="publish")


def test_a_claim_that_ran_out_decides_nothing(pending_item: MakeItem, moderator: User) -> None:
    case = case_of(pending_item())
    claim_case(case=case, moderator=moderator)
    Case.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    with pytest.raises(ConflictError, match="claim it again"):
        decide_case(case=case, moderator=moderator, action="publish")


@pytest.mark.parametrize("relation", ["owner", "made_for"])
def test_nobody_decides_on_their_own_item(
    pending_item: MakeItem, moderator: User, relation: str
) -> None:
    case = case_of(pending_item(**{relation: moderator}))
    assert claim_next_case(moderator=moderator) is None
    with pytest.raises(NotAllowedError, match="own item"):
        claim_case(case=case, moderator=moderator)
    Case.objects.update(claimed_by=moderator, claimed_until=timezone.now() + timedelta(minutes=5))
    with pytest.raises(NotAllowedError, match="own item"):
        decide_case(case=case, moderator=moderator, action="publish")


@pytest.mark.parametrize("trait", [{}, {"uploader": True}])
def test_others_than_moderators_may_do_nothing(
    pending_item: MakeItem, trait: dict[str, bool]
) -> None:
    case, person = case_of(pending_item()), UserFactory(**trait)
    with pytest.raises(NotAllowedError):
        claim_next_case(moderator=person)
    with pytest.raises(NotAllowedError):
        decide_case(case=case, moderator=person, action="publish")
    with pytest.raises(NotAllowedError):
        change_rule(check_name="clarity", threshold=0.0, enabled=False, by=person)


def test_bulk_decisions_leave_out_what_somebody_else_holds(
    pending_item: MakeItem, moderator: User
) -> None:
    free, held = case_of(pending_item()), case_of(pending_item())
    claim_case(case=held, moderator=UserFactory(moderator=True))
    done, problems = bulk_decide(case_ids=[free.pk, held.pk], moderator=moderator, action="publish")
    assert done == 1
    assert len(problems) == 1
    assert "Somebody else" in problems[0]


def test_the_case_of_an_item_that_was_taken_down_is_closed(
    pending_item: MakeItem, moderator: User
) -> None:
    item = pending_item()
    case_of(item)
    remove_item(item=item, problem="gone")
    assert close_cases(item_id=item.pk) == 1
    assert claim_next_case(moderator=moderator) is None


@pytest.mark.parametrize("model", [AuditEntry, Decision])
def test_the_database_refuses_to_change_or_delete_the_record(
    pending_item: MakeItem, moderator: User, model: type[AuditEntry] | type[Decision]
) -> None:
    case = case_of(pending_item())
    claim_case(case=case, moderator=moderator)
    decide_case(case=case, moderator=moderator, action="publish")
    rows = model.objects.all()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        rows.update(action="reject")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        rows._raw_delete(using="default")
    statement = f"DELETE FROM {model._meta.db_table}"
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_the_record_outlives_the_person_and_the_item(
    pending_item: MakeItem, moderator: User
) -> None:
    item = pending_item()
    case = case_of(item)
    claim_case(case=case, moderator=moderator)
    decide_case(case=case, moderator=moderator, action="publish")
    Item.objects.get(pk=item.pk).delete()
    User.objects.get(pk=moderator.pk).delete()
    decision = Decision.objects.get()
    assert decision.item is None
    assert decision.moderator is None
    assert decision.action == "publish"


def test_a_changed_rule_is_logged(moderator: User) -> None:
    change_rule(check_name="clarity", threshold=0.5, enabled=True, by=moderator)
    entry = AuditEntry.objects.get(action="rule_changed")
    assert entry.data["after"] == {"threshold": 0.5, "enabled": True}


@pytest.mark.parametrize("threshold", [float("nan"), float("inf")])
def test_a_threshold_must_be_a_number(moderator: User, threshold: float) -> None:
    with pytest.raises(InvalidInputError):
        change_rule(check_name="clarity", threshold=threshold, enabled=True, by=moderator)
