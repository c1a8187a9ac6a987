"""The catalogue's API: what a page can do, with the same permissions."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from catalog.models import Item
from catalog.services import process_media
from tests import media_files as files
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> APIClient:
    return APIClient()


def _upload(api: APIClient, content: bytes, **more: str):
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("a.jpg", content, content_type="image/jpeg")
    return api.post("/api/v1/items/", {"file": file, **more}, format="multipart")


def test_from_upload_to_submission(api, uploader, encoder):
    api.force_authenticate(uploader)
    made = _upload(api, files.jpeg(), title="Red skirt")
    assert made.status_code == 201
    assert (made.data["state"], made.data["media_state"]) == ("draft", "waiting")
    url = f"/api/v1/items/{made.data['id']}/"
    assert api.post(url + "submit/").status_code == 409  # its file is not ready
    process_media(item_id=made.data["id"])
    changed = api.patch(url, {"garment_type": "skirt", "colours": ["red"]}, format="json")
    assert changed.data["garment_type"] == "skirt"
    assert api.post(url + "submit/").data["state"] == "pending"
    assert api.patch(url, {"title": "Switched"}, format="json").status_code == 409
    roles = {asset["role"] for asset in api.get(url).data["assets"]}
    assert roles == {"master", "poster", "thumb"}


@pytest.mark.parametrize("content", [b"", b"<html>", files.many_framed_gif(10)])
def test_a_bad_file_is_a_sentence(api, uploader, content):
    api.force_authenticate(uploader)
    refused = _upload(api, content)
    assert refused.status_code == 400
    assert refused.data["detail"].endswith(".")
    assert not Item.objects.exists()


def test_who_may_upload(api):
    assert _upload(api, files.jpeg()).status_code in (401, 403)
    api.force_authenticate(UserFactory())
    assert _upload(api, files.jpeg()).status_code == 403


def test_another_s_draft_does_not_exist(api):
    draft = ItemFactory(media_state="ready")
    url = f"/api/v1/items/{draft.pk}/"
    api.force_authenticate(UserFactory(uploader=True))
    for response in (
        api.get(url),
        api.patch(url, {"title": "mine"}, format="json"),
        api.delete(url),
        api.post(url + "submit/"),
        api.post(url + "withdraw/"),
    ):
        assert response.status_code == 404
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_another_s_published_item_can_only_be_looked_at(api):
    item = ItemFactory(published=True, problem="for its owner")
    url = f"/api/v1/items/{item.pk}/"
    assert "problem" not in api.get(url).data
    api.force_authenticate(UserFactory(uploader=True))
    assert api.patch(url, {"title": "mine"}, format="json").status_code == 403
    assert api.delete(url).status_code == 403
    assert api.post(url + "withdraw/").status_code == 403


def test_anonymous_people_change_nothing(api):
    item = ItemFactory(published=True)
    url = f"/api/v1/items/{item.pk}/"
    assert api.patch(url, {"title": "x"}, format="json").status_code in (401, 403)
    assert api.delete(url).status_code in (401, 403)
    assert api.post(url + "submit/").status_code in (401, 403)


def test_finding_and_paging(api):
    for n in range(3):
        ItemFactory(published=True, garment_type="hat", title=f"Hat {n}")
    ItemFactory(garment_type="hat")
    page = api.get("/api/v1/items/", {"type": "hat", "limit": 2}).data
    assert len(page["results"]) == 2
    asked = {"type": "hat", "limit": 2, "offset": page["next_offset"]}
    rest = api.get("/api/v1/items/", asked).data
    assert len(rest["results"]) == 1
    assert rest["next_offset"] is None
    assert api.get("/api/v1/items/", {"limit": 5000}).status_code == 400
    assert api.get("/api/v1/items/", {"type": "spaceship"}).status_code == 400


def test_my_items_are_mine(api):
    draft = ItemFactory()
    ItemFactory()
    assert api.get("/api/v1/items/", {"mine": "true"}).data["results"] == []
    api.force_authenticate(draft.owner)
    mine = api.get("/api/v1/items/", {"mine": "true"}).data["results"]
    assert [one["id"] for one in mine] == [draft.pk]
    assert mine[0]["media_state"] == "waiting"


def test_taking_down_and_deleting(api):
    item = ItemFactory(published=True)
    api.force_authenticate(item.owner)
    url = f"/api/v1/items/{item.pk}/"
    assert api.delete(url).status_code == 409
    assert api.post(url + "withdraw/").data["state"] == "removed"
    assert api.delete(url).status_code == 204
    assert not Item.objects.exists()
