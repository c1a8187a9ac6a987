"""Moderators change for whom an item is: at once, with reasons, undone by an appeal."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Profile, User
from catalog.models import Item
from catalog.services import remove_item
from common.errors import ConflictError, InvalidInputError, NotAllowedError
from moderation.models import Appeal, AuditEntry, Case, Decision, Report, Statement
from moderation.services import (
    appeal_statement,
    change_age_rating,
    close_cases,
    list_age_changes,
    report_item,
)
from tests.factories import ItemFactory, UserFactory
from tests.moderation.cases import decided

pytestmark = pytest.mark.django_db
SAID = {"reason_code": "unsafe", "note": "It shows how to smoke."}


@pytest.fixture
def item() -> Item:
    return ItemFactory(published=True, title="Smoking jacket")


def shown_to(user: User | None, item: Item) -> bool:
    return Item.objects.for_audience(user).filter(pk=item.pk).exists()


def aged(band: str) -> User:
    user = UserFactory()
    Profile.objects.filter(user=user).update(age_band=band)
    return User.objects.get(pk=user.pk)


def test_who_is_too_young_stops_seeing_it_at_once(item: Item, moderator: User) -> None:
    teen, adult = aged(Profile.AgeBand.TEEN), aged(Profile.AgeBand.ADULT)
    assert shown_to(teen, item)
    change_age_rating(item=item, by=moderator, rating="adult", **SAID)
    assert not shown_to(teen, item)
    assert not shown_to(None, item)
    assert shown_to(adult, item)
    client = Client()
    client.force_login(teen)
    assert client.get(item.get_absolute_url()).status_code == 404


def test_the_author_gets_a_statement_and_the_log_an_entry(item: Item, moderator: User) -> None:
    decision = change_age_rating(item=item, by=moderator, rating="16", **SAID)
    statement = decision.statement
    assert statement.recipient == item.owner
    assert statement.visibility == "DECISION_VISIBILITY_CONTENT_AGE_RESTRICTED"
    assert "16 and older" in statement.facts
    assert SAID["note"] not in statement.facts
    entry = AuditEntry.objects.get(action="age_rating_by_person")
    assert (entry.data["before"], entry.data["after"]) == ("all", "16")
    assert [(one.before, one.after) for one in list_age_changes(item)] == [("all", "16")]


def test_a_milder_rating_restricts_nobody_and_needs_no_statement(moderator: User) -> None:
    item = ItemFactory(published=True, age_rating="adult")
    change_age_rating(item=item, by=moderator, rating="all", note="It is a plain coat.")
    assert shown_to(None, item)
    assert not Statement.objects.exists()


def test_an_appeal_gives_the_earlier_rating_back(item: Item, moderator: User) -> None:
    decision = change_age_rating(item=item, by=moderator, rating="16", **SAID)
    appeal = appeal_statement(statement=decision.statement, user=item.owner, text="It is a coat.")
    with pytest.raises(NotAllowedError):
        decided(appeal.case, moderator, "overturn")
    decided(appeal.case, UserFactory(moderator=True), "overturn")
    item.refresh_from_db()
    assert (item.age_rating, item.state) == ("all", Item.State.PUBLISHED)
    assert shown_to(None, item)
    decision.statement.refresh_from_db()
    assert decision.statement.reversed_at is not None
    assert AuditEntry.objects.filter(action="age_rating_taken_back").count() == 1


def test_an_appeal_that_fails_leaves_the_rating(item: Item, moderator: User) -> None:
    decision = change_age_rating(item=item, by=moderator, rating="16", **SAID)
    appeal = appeal_statement(statement=decision.statement, user=item.owner, text="It is a coat.")
    decided(appeal.case, UserFactory(moderator=True), "uphold", note="It shows smoking.")
    item.refresh_from_db()
    assert item.age_rating == "16"


def test_a_later_change_outlives_the_appeal_against_the_first(item: Item, moderator: User) -> None:
    first = change_age_rating(item=item, by=moderator, rating="16", **SAID)
    appeal = appeal_statement(statement=first.statement, user=item.owner, text="It is a coat.")
    change_age_rating(item=item, by=moderator, rating="adult", **SAID)
    decided(appeal.case, UserFactory(moderator=True), "overturn")
    item.refresh_from_db()
    assert item.age_rating == "adult"


def test_reports_made_meanwhile_wait_for_a_decision_of_their_own(
    item: Item, moderator: User
) -> None:
    decision = change_age_rating(item=item, by=moderator, rating="16", **SAID)
    appeal = appeal_statement(statement=decision.statement, user=item.owner, text="It is a coat.")
    report = report_item(user=aged(Profile.AgeBand.ADULT), item=item, reason="spam")
    assert report.case == appeal.case
    decided(appeal.case, UserFactory(moderator=True), "overturn")
    report.refresh_from_db()
    assert report.state == Report.State.OPEN
    assert report.case.state == Case.State.OPEN
    assert report.case != appeal.case


def test_an_appeal_about_the_rating_ends_when_the_item_goes(item: Item, moderator: User) -> None:
    decision = change_age_rating(item=item, by=moderator, rating="16", **SAID)
    appeal = appeal_statement(statement=decision.statement, user=item.owner, text="It is a coat.")
    remove_item(item=item, problem="Gone.")
    close_cases(item_id=item.pk)
    appeal.refresh_from_db()
    assert appeal.state == Appeal.State.MOOT
    assert not Case.objects.filter(item=item, state=Case.State.OPEN).exists()


@pytest.mark.parametrize(
    "said",
    [
        {"rating": "99", **SAID},
        {"rating": "all", **SAID},
        {"rating": "16", "reason_code": "", "note": "Why not."},
        {"rating": "16", "reason_code": "nonsense", "note": "Why not."},
        {"rating": "16", "reason_code": "unsafe", "note": "  "},
        {"rating": "16", "reason_code": "unsafe", "note": "x" * 501},
    ],
)
def test_bad_input_changes_nothing(item: Item, moderator: User, said: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError):
        change_age_rating(item=item, by=moderator, **said)
    item.refresh_from_db()
    assert item.age_rating == "all"
    assert not Decision.objects.exists()


def test_nobody_rates_their_own_and_only_moderators_rate(item: Item) -> None:
    with pytest.raises(NotAllowedError):
        change_age_rating(item=item, by=UserFactory(uploader=True), rating="16", **SAID)
    own = UserFactory(moderator=True)
    Item.objects.filter(pk=item.pk).update(owner=own)
    with pytest.raises(NotAllowedError):
        change_age_rating(item=item, by=own, rating="16", **SAID)


def test_what_was_removed_has_no_rating_to_change(moderator: User) -> None:
    gone = ItemFactory(state=Item.State.REMOVED)
    with pytest.raises(ConflictError):
        change_age_rating(item=gone, by=moderator, rating="16", **SAID)


def test_the_page_changes_it_and_tells_who_did(item: Item, moderator: User) -> None:
    client = Client()
    client.force_login(moderator)
    url = reverse("moderation:age_rating", args=[item.pk])
    refused = client.post(url, {"rating": "16", "note": "Kept words."})
    assert refused.status_code == 400
    assert b"Choose a reason" in refused.content
    assert b"Kept words." in refused.content
    client.post(url, {"rating": "16", **SAID})
    page = client.get(url).content.decode()
    assert "Everybody → 16 and older" in page
    assert moderator.username in page
    assert SAID["note"] in page


def test_the_api_does_the_same(item: Item, moderator: User) -> None:
    client = Client()
    url = f"/api/v1/items/{item.pk}/age-rating/"
    client.force_login(item.owner)
    assert client.post(url, {"rating": "16", **SAID}).status_code == 403
    client.force_login(moderator)
    answer = client.post(url, {"rating": "16", **SAID})
    assert answer.status_code == 201
    assert answer.json()["before"] == "all"
    assert [one["after"] for one in client.get(url).json()] == ["16"]
    client.force_login(item.owner)
    page = client.get(reverse("moderation:statement", args=[Statement.objects.get().puid]))
    assert "stricter age rating" in page.content.decode()
