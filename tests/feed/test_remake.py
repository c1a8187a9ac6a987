"""The item page offers to have one's own version made, where that is allowed."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse

from catalog.models import Item
from feed.templatetags.instructor import PICTURE_CHIPS, VIDEO_CHIPS
from generation.models import Job
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db
OFFER = "Make it yours"


@pytest.fixture
def viewer(client):
    user = UserFactory()
    client.force_login(user)
    return user


def page(client, item: Item) -> str:
    return client.get(item.get_absolute_url()).text


def test_it_is_offered_only_where_the_maker_allows_it(client, viewer):
    assert OFFER not in page(client, ItemFactory(published=True))
    assert "Its maker lets you" in page(client, ItemFactory(published=True, allows_edits=True))
    made = ItemFactory(published=True, origin=Item.Origin.AI, owner=None, made_for=viewer)
    assert OFFER in page(client, made)


def test_visitors_are_not_offered_it(client):
    assert OFFER not in page(client, ItemFactory(published=True, allows_edits=True))


@pytest.mark.parametrize(
    ("kind", "chip"), [(Item.Kind.IMAGE, c) for c in PICTURE_CHIPS] + [("video", VIDEO_CHIPS[0])]
)
def test_each_button_queues_what_it_says(client, viewer, kind, chip):
    item = ItemFactory(
        published=True, allows_edits=True, kind=kind, garment_type="dress", colours=["red"]
    )
    said = {
        "suggestion": chip[1],
        "focus_id": item.pk,
        "shown_ids": str(item.pk),
        "request_key": uuid.uuid4(),
    }
    assert client.post(reverse("feed:instructor-send"), said).status_code == 302
    job = Job.objects.get()
    expected = {"As a clip": ("create", "video"), "Before a blue wall": ("edit", "image")}
    mode, made = expected.get(chip[0], ("style", kind))
    assert (job.guidance["mode"], job.guidance["kind"]) == (mode, made)
    assert (job.source == item) == (mode != "create")
    assert job.auto_submit


def test_the_chat_offers_to_ask_where_it_refuses(client, viewer):
    item = ItemFactory(published=True, garment_type="dress", colours=["red"])
    said = {"text": "make this one navy", "focus_id": item.pk, "shown_ids": str(item.pk)}
    client.post(reverse("feed:instructor-send"), said | {"request_key": uuid.uuid4()})
    chat = client.get(reverse("feed:page")).text
    assert f"Ask @{item.owner.username} for permission" in chat
    assert reverse("catalog:ask", args=[item.pk]) in chat
    assert not Job.objects.exists()
