"""Asking to edit somebody's item, the answers, and what a person sees of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.models import EditPermission, Item
from catalog.services import permissions as services
from catalog.services import remove_item
from catalog.services.permissions import ask_to_edit, grant_request, revoke_grant
from common.errors import ConflictError, NotAllowedError, QuotaExceededError
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db
WHY = "to see it in navy"


@pytest.fixture
def item() -> Item:
    return ItemFactory(published=True, title="Red skirt")


@pytest.fixture
def viewer(client):
    user = UserFactory()
    client.force_login(user)
    return user


@pytest.fixture
def studio(client, item):
    """The owner's browser."""
    owner = type(client)()
    owner.force_login(item.owner)
    return owner


def test_from_the_items_page_to_the_studio_and_back(client, viewer, studio, item):
    assert "Ask to edit" in client.get(item.get_absolute_url()).text
    client.post(reverse("catalog:ask", args=[item.pk]), {"purpose": WHY})
    assert "no answer yet" in client.get(item.get_absolute_url()).text
    assert "1<span" in studio.get(reverse("studio:home")).text
    inbox = studio.get(reverse("studio:requests")).text
    assert f"@{viewer.username}" in inbox
    assert WHY in inbox
    asked = EditPermission.objects.get()
    said = {"do": "grant", "lasting": "on", "days": "7", "answer": "Gladly"}
    studio.post(reverse("studio:request-answer", args=[asked.pk]), said)
    asked.refresh_from_db()
    assert (asked.is_in_force, asked.lasting) == (True, True)
    assert "Gladly" in client.get(reverse("catalog:asked")).text
    assert "gave you permission" in client.get(item.get_absolute_url()).text
    studio.post(reverse("studio:request-answer", args=[asked.pk]), {"do": "revoke"})
    assert "No further edits" in client.get(reverse("catalog:asked")).text
    assert "gave you permission" not in client.get(item.get_absolute_url()).text


def test_nobody_else_sees_or_answers_a_request(client, viewer, item):
    asked = ask_to_edit(person=UserFactory(), item=item, purpose=WHY)
    client.force_login(UserFactory(uploader=True))
    said = {"do": "grant"}
    assert client.post(reverse("studio:request-answer", args=[asked.pk]), said).status_code == 404
    url = reverse("api:permission", args=[asked.pk])
    assert client.get(url).status_code == 404
    assert client.post(url, said, content_type="application/json").status_code == 404
    client.force_login(asked.person)
    answer = client.post(url, said, content_type="application/json")
    assert answer.status_code == 403, "who asks does not grant"
    with pytest.raises(NotAllowedError):
        grant_request(permission=asked, by=asked.person)


def test_the_api_asks_answers_and_lists(client, viewer, item):
    url = reverse("api:item-ask", args=[item.pk])
    first = client.post(url, {"purpose": WHY}, content_type="application/json")
    assert first.status_code == 201
    again = client.post(url, {"purpose": "again please"}, content_type="application/json")
    assert again.json()["id"] == first.json()["id"], "asking twice is asking once"
    out = client.get(reverse("api:permissions"), {"box": "out"}).json()
    assert [row["state"] for row in out["results"]] == ["asked"]
    client.force_login(item.owner)
    url = reverse("api:permission", args=[first.json()["id"]])
    said = {"do": "decline", "mute": True}
    assert client.post(url, said, content_type="application/json").json()["state"] == "declined"
    muted = reverse("api:permissions-mute", args=[viewer.username])
    assert client.get(reverse("api:permissions-muted")).json() == [{"username": viewer.username}]
    assert [client.delete(muted).status_code for _ in range(2)] == [204, 204]
    assert client.get(reverse("api:permissions-muted")).json() == []


def test_a_no_is_a_no_for_a_while(viewer, item):
    asked = ask_to_edit(person=viewer, item=item, purpose=WHY)
    services.decline_request(permission=asked, by=item.owner)
    with pytest.raises(QuotaExceededError, match="said no"):
        ask_to_edit(person=viewer, item=item, purpose=WHY)
    EditPermission.objects.update(ended_at=timezone.now() - timedelta(days=31))
    assert ask_to_edit(person=viewer, item=item, purpose=WHY).state == "asked"


def test_who_is_muted_is_not_heard(viewer, item):
    asked = ask_to_edit(person=viewer, item=item, purpose=WHY)
    services.mute_person(owner=item.owner, person=viewer)
    asked.refresh_from_db()
    assert asked.state == "declined"
    other = ItemFactory(published=True, owner=item.owner)
    with pytest.raises(NotAllowedError, match="takes no requests"):
        ask_to_edit(person=viewer, item=other, purpose=WHY)
    services.unmute_person(owner=item.owner, person=viewer)
    ask_to_edit(person=viewer, item=other, purpose=WHY)


def test_one_can_ask_only_so_often(viewer, monkeypatch):
    monkeypatch.setattr(services, "MAX_WAITING", 1)
    ask_to_edit(person=viewer, item=ItemFactory(published=True), purpose=WHY)
    with pytest.raises(QuotaExceededError, match="wait for an answer"):
        ask_to_edit(person=viewer, item=ItemFactory(published=True), purpose=WHY)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"allows_edits": True}, "need not ask"),
        ({"state": "draft"}, "Only what is published"),
        ({"owner": None}, "nobody can lend"),
    ],
)
def test_what_need_or_can_not_be_asked_for(viewer, item, fields, sentence):
    Item.objects.filter(pk=item.pk).update(**fields)
    with pytest.raises(ConflictError, match=sentence):
        ask_to_edit(person=viewer, item=Item.objects.get(pk=item.pk), purpose=WHY)
    with pytest.raises(ConflictError, match="your own"):
        ask_to_edit(person=item.owner, item=item, purpose=WHY)


def test_answers_twice_late_and_against_each_other(viewer, item):
    asked = ask_to_edit(person=viewer, item=item, purpose=WHY)
    services.withdraw_request(permission=asked, by=viewer)
    with pytest.raises(ConflictError, match="settled before"):
        grant_request(permission=asked, by=item.owner)
    asked = ask_to_edit(person=viewer, item=item, purpose=WHY)
    grant_request(permission=asked, by=item.owner)
    grant_request(permission=asked, by=item.owner)
    with pytest.raises(ConflictError, match="settled before"):
        services.decline_request(permission=asked, by=item.owner)
    revoke_grant(permission=asked, by=item.owner)
    assert revoke_grant(permission=asked, by=item.owner).state == "revoked"


def test_what_was_taken_down_cannot_be_granted(viewer, item):
    asked = ask_to_edit(person=viewer, item=item, purpose=WHY)
    remove_item(item=item, problem="gone")
    with pytest.raises(ConflictError, match="not shown any more"):
        grant_request(permission=EditPermission.objects.get(pk=asked.pk), by=item.owner)


def test_hostile_words_are_words(client, viewer, studio, item):
    words = "<script>alert(1)</script> please \u202e"
    client.post(reverse("catalog:ask", args=[item.pk]), {"purpose": words})
    page = studio.get(reverse("studio:requests")).text
    assert "<script>alert" not in page
    for bad in ("", "x" * 501, "\x00\x00"):
        other = ItemFactory(published=True)
        answer = client.post(reverse("catalog:ask", args=[other.pk]), {"purpose": bad})
        assert answer.status_code == 400
