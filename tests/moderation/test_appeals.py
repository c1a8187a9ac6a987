"""Strikes and appeals: what a decision costs its author, and how it is taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Restriction, User
from accounts.services import list_restrictions
from catalog.models import Item, Removal
from catalog.services import create_upload, submit_item
from catalog.services.removing import erase_item
from common.errors import ConflictError, InvalidInputError, NotAllowedError
from common.guidance import Guidance
from generation.services import submit_job
from moderation.models import Appeal, Case, Report, Statement, Strike
from moderation.services import (
    appeal_report,
    appeal_statement,
    claim_next_case,
    close_cases,
)
from moderation.services.strikes import refresh_restrictions, standing_of
from tests import media_files
from tests.factories import ItemFactory, UserFactory
from tests.moderation.cases import (
    decided,
    held_item,
    open_case_of,
    removed_item,
    reported_case,
    settled,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def other() -> User:
    return UserFactory(moderator=True)


def signed_in(user: User | None) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client


def appealed(moderator: User, **said: Any) -> tuple[Item, Appeal]:
    item, statement = removed_item(moderator, **said)
    appeal = appeal_statement(statement=statement, user=item.owner, text="It is my own.")  # type: ignore[arg-type]
    return item, appeal


# --- strikes --------------------------------------------------------------------------------


def test_a_removal_gives_the_strike_that_goes_with_its_reason(moderator: User) -> None:
    item, _ = removed_item(moderator, reason_code="privacy", note="A name.")
    strike = Strike.objects.get()
    assert (strike.user, strike.points) == (item.owner, 2)
    assert strike.is_active


def test_a_reason_without_weight_and_a_spared_author_get_none(moderator: User) -> None:
    decided(open_case_of(), moderator, "reject", reason_code="quality", note="Dark.")
    decided(open_case_of(), moderator, "reject", reason_code="spam", with_strike=False)
    assert not Strike.objects.exists()


def test_too_many_strikes_pause_uploads_and_say_so(moderator: User) -> None:
    owner = UserFactory(uploader=True)
    for _ in range(3):
        decided(reported_case(ItemFactory(published=True, owner=owner)), moderator, "remove")
    with pytest.raises(NotAllowedError, match="paused: 3 strike points"):
        create_upload(owner=owner, file=SimpleUploadedFile("a.jpg", media_files.jpeg()))
    draft = ItemFactory(owner=owner, media_state=Item.MediaState.READY)
    with pytest.raises(NotAllowedError, match="paused"):
        submit_item(item=draft, by=owner)
    page = signed_in(owner).get(reverse("moderation:standing")).content.decode()
    assert "3 strike points" in page
    assert "paused until" in page
    assert Statement.objects.order_by("-pk").first().service_until is not None  # type: ignore[union-attr]


def test_many_more_pause_creating_too(moderator: User) -> None:
    owner = UserFactory(uploader=True)
    for _ in range(3):
        item = ItemFactory(published=True, owner=owner)
        decided(reported_case(item), moderator, "remove", reason_code="privacy")
    guidance = Guidance(user_id=owner.pk, instruction="a red skirt")
    with pytest.raises(NotAllowedError, match="creating are paused"):
        submit_job(user=owner, guidance=guidance, request_key="x")


def test_strikes_end_by_themselves(moderator: User) -> None:
    owner = UserFactory(uploader=True)
    for _ in range(3):
        decided(reported_case(ItemFactory(published=True, owner=owner)), moderator, "remove")
    Strike.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert standing_of(user=owner).level == "none"
    refresh_restrictions(user=owner)
    assert list_restrictions(user=owner) == []


def test_a_pause_that_ran_out_stops_nobody() -> None:
    owner = UserFactory(uploader=True)
    past = timezone.now() - timedelta(seconds=1)
    Restriction.objects.create(user=owner, kind="upload", until=past, why="Strikes.")
    draft = ItemFactory(owner=owner, media_state=Item.MediaState.READY)
    assert submit_item(item=draft, by=owner).state == Item.State.PENDING


# --- appeals by the author ------------------------------------------------------------------


def test_an_appeal_waits_in_the_same_console(moderator: User, other: User) -> None:
    _, appeal = appealed(moderator)
    case = claim_next_case(moderator=other)
    assert case == appeal.case
    assert str(case.queue) == "Appeals"  # type: ignore[union-attr]
    page = signed_in(other).get(reverse("moderation:case", args=[case.pk])).content.decode()  # type: ignore[union-attr]
    assert "It is my own." in page
    assert "Take the decision back" in page


def test_the_first_decisions_moderator_does_not_decide_the_appeal(moderator: User) -> None:
    _, appeal = appealed(moderator)
    assert claim_next_case(moderator=moderator) is None
    with pytest.raises(NotAllowedError, match="your own decision"):
        decided(appeal.case, moderator, "overturn")  # type: ignore[arg-type]


def test_nor_does_the_one_who_confirmed_it(moderator: User, other: User) -> None:
    case = reported_case(reason="minors")
    said = {"reason_code": "minors", "note": "A child."}
    with pytest.raises(AssertionError):
        decided(case, moderator, "remove", **said)
    decision = decided(case, other, "remove", **said)
    appeal_statement(statement=decision.statement, user=case.item.owner, text="No child.")  # type: ignore[arg-type]
    assert claim_next_case(moderator=other) is None
    assert claim_next_case(moderator=UserFactory(moderator=True)) is not None


def test_success_restores_item_standing_and_tells_everybody(moderator: User, other: User) -> None:
    item, appeal = appealed(moderator, reason_code="privacy", note="A name.")
    decided(appeal.case, other, "overturn")  # type: ignore[arg-type]
    item.refresh_from_db()
    appeal.refresh_from_db()
    assert item.is_public
    assert item.problem == ""
    assert appeal.state == Appeal.State.OVERTURNED
    assert Strike.objects.get().revoked_at is not None
    assert Statement.objects.get().reversed_at is not None
    assert Report.objects.get().state == Report.State.DISMISSED
    page = signed_in(item.owner).get(reverse("moderation:standing")).content.decode()
    assert "Taken back" in page


def test_success_lifts_the_pause(moderator: User, other: User) -> None:
    owner = UserFactory(uploader=True)
    for _ in range(2):
        item = ItemFactory(published=True, owner=owner)
        decided(reported_case(item), moderator, "remove", reason_code="privacy")
    assert list_restrictions(user=owner)
    statement = Statement.objects.order_by("-pk")[0]
    appeal = appeal_statement(statement=statement, user=owner, text="No.")
    decided(appeal.case, other, "overturn")  # type: ignore[arg-type]
    assert list_restrictions(user=owner) == []


def test_a_refused_appeal_answers_and_changes_nothing(moderator: User, other: User) -> None:
    item, appeal = appealed(moderator)
    with pytest.raises(InvalidInputError, match="answers the appeal"):
        decided(appeal.case, other, "uphold")  # type: ignore[arg-type]
    decided(appeal.case, other, "uphold", note="It links to a shop.")  # type: ignore[arg-type]
    item.refresh_from_db()
    assert item.state == Item.State.REMOVED
    address = reverse("moderation:statement", args=[appeal.decision.statement.puid])  # type: ignore[attr-defined]
    assert "It links to a shop." in signed_in(item.owner).get(address).content.decode()


def test_a_rejected_upload_is_published_after_an_appeal(moderator: User, other: User) -> None:
    item = held_item()
    decision = decided(open_case_of(item), moderator, "reject")
    appeal = appeal_statement(statement=decision.statement, user=item.owner, text="Look again.")  # type: ignore[arg-type]
    decided(appeal.case, other, "overturn")  # type: ignore[arg-type]
    item.refresh_from_db()
    assert item.is_public


def test_one_appeal_for_each_decision(moderator: User, other: User) -> None:
    item, appeal = appealed(moderator)
    statement = appeal.decision.statement  # type: ignore[attr-defined]
    with pytest.raises(ConflictError):
        appeal_statement(statement=statement, user=item.owner, text="Again!")  # type: ignore[arg-type]
    decided(appeal.case, other, "uphold", note="No.")  # type: ignore[arg-type]
    with pytest.raises(ConflictError, match="already"):
        appeal_statement(statement=statement, user=item.owner, text="Again!")  # type: ignore[arg-type]


def test_an_appeal_has_its_time_and_its_person(moderator: User) -> None:
    item, statement = removed_item(moderator)
    with pytest.raises(NotAllowedError):
        appeal_statement(statement=statement, user=UserFactory(), text="Me too.")
    with pytest.raises(InvalidInputError):
        appeal_statement(statement=statement, user=item.owner, text="  ")  # type: ignore[arg-type]
    statement.appeal_until = timezone.now() - timedelta(seconds=1)
    with pytest.raises(ConflictError, match="over"):
        appeal_statement(statement=statement, user=item.owner, text="Late.")  # type: ignore[arg-type]


def test_an_appeal_of_an_item_that_is_gone_is_refused(moderator: User) -> None:
    item, _ = removed_item(moderator)
    owner = item.owner
    Item.objects.get(pk=item.pk).delete()
    with pytest.raises(ConflictError, match="gone"):
        appeal_statement(statement=Statement.objects.get(), user=owner, text="Hm.")  # type: ignore[arg-type]


def test_the_message_of_the_removal_does_not_close_the_appeal(moderator: User) -> None:
    """It may come late, when the author has appealed already."""
    item, appeal = appealed(moderator)
    assert close_cases(item_id=item.pk) == 0
    appeal.case.refresh_from_db()  # type: ignore[union-attr]
    assert appeal.case.state == Case.State.OPEN  # type: ignore[union-attr]


# --- appeals by reporters -------------------------------------------------------------------


def test_a_reporter_may_have_a_dismissal_looked_at_again(moderator: User, other: User) -> None:
    reporter = settled()
    case = reported_case(by=reporter)
    decided(case, moderator, "keep")
    report = Report.objects.get()
    with pytest.raises(NotAllowedError):
        appeal_report(report=report, user=UserFactory(), text="Me.")
    appeal = appeal_report(report=report, user=reporter, text="Look at the link.")
    decided(appeal.case, other, "overturn", reason_code="spam", note="It advertises.")  # type: ignore[arg-type]
    case.item.refresh_from_db()
    report.refresh_from_db()
    assert case.item.state == Item.State.REMOVED
    assert report.state == Report.State.UPHELD
    assert Statement.objects.get().recipient == case.item.owner
    assert Strike.objects.get().user == case.item.owner


def test_the_author_may_appeal_against_that_in_turn(moderator: User, other: User) -> None:
    reporter = settled()
    case = reported_case(by=reporter)
    decided(case, moderator, "keep")
    first = appeal_report(report=Report.objects.get(), user=reporter, text="Look again.")
    decided(first.case, other, "overturn", reason_code="spam", note="Ads.")  # type: ignore[arg-type]
    case.item.refresh_from_db()
    second = appeal_statement(
        statement=Statement.objects.get(),
        user=case.item.owner,  # type: ignore[arg-type]
        text="No ads.",
    )
    decided(second.case, moderator, "overturn")  # type: ignore[arg-type]
    case.item.refresh_from_db()
    assert case.item.is_public


def test_an_open_report_has_nothing_to_appeal_against() -> None:
    reporter = settled()
    reported_case(by=reporter)
    with pytest.raises(ConflictError):
        appeal_report(report=Report.objects.get(), user=reporter, text="Hurry.")


# --- pages and API --------------------------------------------------------------------------


def test_the_author_reads_why_and_appeals_by_page(moderator: User) -> None:
    item, statement = removed_item(moderator)
    client = signed_in(item.owner)
    address = reverse("moderation:statement", args=[statement.puid])
    page = client.get(address).content.decode()
    for words in ("It advertises.", "No advertising", "By a person", "until"):
        assert words in page
    client.post(address, {"text": "It is my own shop window."})
    assert Appeal.objects.get().text == "It is my own shop window."


def test_a_statement_is_for_its_author_and_moderators(moderator: User) -> None:
    item, statement = removed_item(moderator)
    address = reverse("moderation:statement", args=[statement.puid])
    assert signed_in(UserFactory()).get(address).status_code == 404
    assert signed_in(moderator).get(address).status_code == 200
    assert Client().get(address).status_code == 302
    assert signed_in(UserFactory()).post(address, {"text": "x"}).status_code == 404


def test_new_decisions_are_marked_as_new_once(moderator: User) -> None:
    item, _ = removed_item(moderator)
    client = signed_in(item.owner)
    address = reverse("moderation:standing")
    assert ">New<" in client.get(address).content.decode()
    assert ">New<" not in client.get(address).content.decode()


def test_the_studio_links_the_reasons(moderator: User) -> None:
    item, statement = removed_item(moderator)
    page = signed_in(item.owner).get(f"/studio/{item.pk}/").content.decode()
    assert str(statement.puid) in page


def test_the_api_tells_and_appeals(moderator: User) -> None:
    item, statement = removed_item(moderator)
    client = signed_in(item.owner)
    standing = client.get("/api/v1/standing/").json()
    assert standing["points"] == 1
    assert standing["statements"][0]["puid"] == str(statement.puid)
    made = client.post(f"/api/v1/statements/{statement.puid}/appeal/", {"text": "Mine."})
    assert made.status_code == 201
    again = client.post(f"/api/v1/statements/{statement.puid}/appeal/", {"text": "Mine."})
    assert again.status_code == 409
    assert signed_in(UserFactory()).get(f"/api/v1/statements/{statement.puid}/").status_code == 404


def test_a_removed_item_is_kept_while_it_may_be_appealed_and_gone_once_it_was_upheld(
    moderator: User, other: User
) -> None:
    item, appeal = appealed(moderator)
    kept = Removal.objects.get(item=item)
    assert kept.erase_at - kept.removed_at >= Appeal.TERM - timedelta(minutes=1)
    decided(appeal.case, other, "uphold", note="It stands.")
    kept.refresh_from_db()
    assert kept.erase_at <= timezone.now()


def test_nobody_appeals_about_what_is_gone_for_good(moderator: User) -> None:
    item, statement = removed_item(moderator)
    erase_item(item_id=item.pk)
    with pytest.raises(ConflictError, match="gone"):
        appeal_statement(statement=statement, user=item.owner, text="It was fine.")  # type: ignore[arg-type]
