"""Following: by page, by API, on the list, and what it never lets anybody do."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.http import Http404

from accounts import follows
from accounts.models import Follow
from common.errors import InvalidInputError, QuotaExceededError
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return UserFactory()


@pytest.fixture
def uploader():
    return UserFactory(uploader=True)


def test_following_twice_is_following_once_and_can_be_taken_back_twice(person, uploader):
    for _ in range(2):
        follows.follow(follower=person, username=uploader.username)
    assert follows.followed_ids(person) == {uploader.pk}
    assert Follow.objects.count() == 1
    for _ in range(2):
        follows.unfollow(follower=person, username=uploader.username)
    assert not follows.is_followed(person, uploader.pk)


def test_nobody_follows_themselves_by_service_or_by_row(person):
    with pytest.raises(InvalidInputError, match="yourself"):
        follows.follow(follower=person, username=person.username)
    with pytest.raises(IntegrityError), transaction.atomic():
        Follow.objects.create(follower=person, followed=person)


def test_who_is_gone_or_was_never_there_cannot_be_followed(person):
    gone = UserFactory(is_active=False)
    for name in (gone.username, "nobody", "../etc"):
        with pytest.raises(Http404):
            follows.follow(follower=person, username=name)


def test_there_is_an_end_to_following(person, monkeypatch):
    monkeypatch.setattr(follows, "MOST_FOLLOWED", 2)
    for _ in range(2):
        follows.follow(follower=person, username=UserFactory().username)
    with pytest.raises(QuotaExceededError, match="2 people"):
        follows.follow(follower=person, username=UserFactory().username)


def test_the_button_follows_and_returns_to_the_page_it_was_on(client, person, uploader):
    client.force_login(person)
    address = f"/profile/people/{uploader.username}/follow/"
    answer = client.post(address, {"do": "follow", "next": "/items/3/"})
    assert answer["Location"] == "/items/3/"
    assert follows.is_followed(person, uploader.pk)
    fragment = client.post(address, {"do": "unfollow"}, headers={"HX-Request": "true"})
    assert b'value="follow"' in fragment.content
    assert not follows.is_followed(person, uploader.pk)


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_the_button_never_leads_to_another_site(client, person, uploader, elsewhere):
    client.force_login(person)
    answer = client.post(
        f"/profile/people/{uploader.username}/follow/", {"do": "follow", "next": elsewhere}
    )
    assert answer["Location"] == "/following/"


def test_visitors_are_asked_to_sign_in_and_nothing_is_stored(client, uploader):
    address = f"/profile/people/{uploader.username}/follow/"
    assert "/accounts/login/" in client.post(address, {"do": "follow"})["Location"]
    assert client.get(address).status_code == 405
    assert client.get("/following/").status_code == 302
    assert not Follow.objects.exists()


def test_a_senseless_action_is_refused(client, person, uploader):
    client.force_login(person)
    address = f"/profile/people/{uploader.username}/follow/"
    assert client.post(address, {"do": "block"}).status_code == 400


def test_the_api_follows_lists_and_stops(client, person, uploader):
    client.force_login(person)
    address = f"/api/v1/people/{uploader.username}/follow/"
    assert client.put(address).json() == {"username": uploader.username, "followed": True}
    assert client.get("/api/v1/me/following/").json() == {"people": [uploader.username]}
    assert client.delete(address).json()["followed"] is False
    assert client.put(f"/api/v1/people/{person.username}/follow/").status_code == 400
    assert client.put("/api/v1/people/nobody/follow/").status_code == 404


def test_the_api_answers_nobody_who_is_not_signed_in(client, uploader):
    assert client.put(f"/api/v1/people/{uploader.username}/follow/").status_code in (401, 403)
    assert client.get("/api/v1/me/following/").status_code in (401, 403)


def test_the_list_shows_what_followed_people_published_and_nothing_else(client, person, uploader):
    old = ItemFactory(owner=uploader, published=True, title="Old coat")
    new = ItemFactory(owner=uploader, published=True, title="New coat")
    hidden = ItemFactory(owner=uploader, title="Unfinished coat")
    adults = ItemFactory(owner=uploader, published=True, title="Grown coat", age_rating="adult")
    ItemFactory(published=True, title="Stranger's coat")
    follows.follow(follower=person, username=uploader.username)
    client.force_login(person)
    shown = [item.pk for item in client.get("/following/").context["items"]]
    assert shown == [new.pk, old.pk]
    assert not {hidden.pk, adults.pk} & set(shown)


def test_the_list_keeps_to_only_what_people_made(client, person, uploader):
    ItemFactory(owner=uploader, published=True, origin="ai_assisted")
    follows.follow(follower=person, username=uploader.username)
    person.profile.ai_share = 0
    person.profile.save()
    client.force_login(person)
    assert not client.get("/following/").context["items"]


def test_the_page_of_an_item_offers_to_follow_its_uploader_but_not_oneself(
    client, person, uploader
):
    item = ItemFactory(owner=uploader, published=True)
    client.force_login(person)
    assert b"follow-button" in client.get(f"/items/{item.pk}/").content
    client.force_login(uploader)
    assert b"follow-button" not in client.get(f"/items/{item.pk}/").content
