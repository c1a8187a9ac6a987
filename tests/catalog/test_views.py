"""Pages of items, their files, and search."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.urls import reverse

from accounts.models import Profile
from catalog.models import Asset, Item
from catalog.services import replace_asset, store_media
from catalog.serving import MOST_AT_ONCE, parse_range
from tests import media_files as files
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def item(tmp_path):
    """A published video with its files."""
    item = ItemFactory(kind="video", title="A red skirt on a turntable")
    content = files.clip(tmp_path / "ours.mp4", seconds=0.5)
    store_media(item=item, video=content, poster=files.picture())
    return _in_state(item, "published")


def _in_state(item: Item, state: str, **more) -> Item:
    from django.utils import timezone

    Item.objects.filter(pk=item.pk).update(state=state, published_at=timezone.now(), **more)
    item.refresh_from_db()
    return item


def _urls(item: Item) -> list[str]:
    return [item.master_url, item.poster_url, item.thumb_url, item.get_absolute_url()]


# Of what expired nothing is left, for nobody: see test_expiring.
@pytest.mark.parametrize(
    "state", [s for s in Item.State.values if s not in {"published", "expired"}]
)
def test_files_of_a_hidden_item_do_not_exist_for_others(client, item, state):
    item = _in_state(item, state)
    outsiders = [None, UserFactory(), UserFactory(uploader=True)]
    for user, expected in [
        *((user, 404) for user in outsiders),
        (item.owner, 200),
        (UserFactory(moderator=True), 200),
    ]:
        client.logout()
        if user:
            client.force_login(user)
        assert {client.get(url).status_code for url in _urls(item)} == {expected}
        response = client.get(item.master_url, headers={"range": "bytes=0-9"})
        assert response.status_code == (404 if expected == 404 else 206)
        assert "max-age" not in response.headers["Cache-Control"]


def test_the_person_it_was_made_for_waits_like_everybody(client, item):
    viewer = UserFactory()
    _in_state(item, "pending", made_for=viewer)
    client.force_login(viewer)
    assert client.get(item.master_url).status_code == 404


def test_adult_files_do_not_exist_for_minors(client, item):
    item = _in_state(item, "published", age_rating="adult")
    minor, adult = UserFactory(), UserFactory()
    Profile.objects.update_or_create(user=adult, defaults={"age_band": "adult"})
    assert client.get(item.master_url).status_code == 404
    client.force_login(minor)
    assert {client.get(url).status_code for url in _urls(item)} == {404}
    client.force_login(adult)
    assert {client.get(url).status_code for url in _urls(item)} == {200}


def test_a_published_file_is_served_so_that_it_can_do_no_harm(
    client, item, django_assert_num_queries
):
    url = item.master_url
    with django_assert_num_queries(1):
        response = client.get(url)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "video/mp4"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"].startswith("sandbox")
    assert response.headers["Cache-Control"] == "private, max-age=86400, immutable"
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.content == item.asset("master").file.read()


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-", 0, None),
        ("bytes=10-19", 10, 19),
        ("bytes=-5", -5, None),
        ("bytes=7-9999999", 7, None),
    ],
)
def test_players_can_seek(client, item, header, start, end):
    whole = item.asset("master").file.read()
    response = client.get(item.master_url, headers={"range": header})
    assert response.status_code == 206
    assert response.content == whole[start : end + 1 if end is not None else None]
    first = start if start >= 0 else len(whole) + start
    last = end if end is not None else len(whole) - 1
    assert response.headers["Content-Range"] == f"bytes {first}-{last}/{len(whole)}"
    assert int(response.headers["Content-Length"]) == last - first + 1


@pytest.mark.parametrize("header", ["bytes=99999999-", "bytes=9-3", "bytes=-0"])
def test_a_range_that_cannot_be_met_is_said_so(client, item, header):
    response = client.get(item.master_url, headers={"range": header})
    assert response.status_code == 416
    assert response.headers["Content-Range"] == f"bytes */{item.asset('master').bytes}"


@pytest.mark.parametrize(
    "header", ["bytes=a-b", "lines=1-2", "bytes=1-2,4-5", "bytes=" + "9" * 30 + "-"]
)
def test_a_range_that_is_not_understood_is_left_out(client, item, header):
    assert client.get(item.master_url, headers={"range": header}).status_code == 200


def test_a_long_range_is_answered_in_parts():
    assert parse_range("bytes=0-", 10 * MOST_AT_ONCE) == (0, 10 * MOST_AT_ONCE - 1)


def test_a_large_file_is_streamed_and_a_range_of_it_is_short(client, item):
    content = bytes(range(256)) * (MOST_AT_ONCE // 256 + 10)
    replace_asset(item=item, role="master", content=content, mime="video/mp4")
    response = client.get(item.master_url)
    assert response.streaming
    assert b"".join(response.streaming_content) == content
    part = client.get(item.master_url, headers={"range": "bytes=0-"})
    assert len(part.content) == MOST_AT_ONCE


def test_a_large_file_is_streamed_by_the_async_server_too(async_client, item):
    content = bytes(range(256)) * (MOST_AT_ONCE // 256 + 10)
    replace_asset(item=item, role="master", content=content, mime="video/mp4")

    async def fetch(url: str) -> tuple[bool, bytes]:
        response = await async_client.get(url)
        parts = [part async for part in response.streaming_content]
        return response.is_async, b"".join(parts)

    assert async_to_sync(fetch)(item.master_url) == (True, content)


def test_a_role_of_another_name_or_a_made_up_file_is_not_found(client, item):
    asset = item.asset("poster")
    assert client.get(reverse("catalog:media", args=[asset.pk, "master", "jpg"])).status_code == 404
    assert client.get("/media/999999/master.mp4").status_code == 404
    assert client.get("/media/..%2f..%2fkeys/master.mp4").status_code == 404
    assert client.post(item.master_url).status_code == 405


def test_the_upload_as_it_came_has_no_address(client, upload, uploader):
    item = upload(files.jpeg_with_metadata())
    client.force_login(uploader)
    assert "incoming" not in client.get(item.get_absolute_url()).content.decode()
    assert Asset.objects.filter(file__startswith="incoming").count() == 0
    assert client.get("/media/incoming/x").status_code == 404


def test_the_item_page_tells_what_it_is(client, item):
    page = client.get(item.get_absolute_url()).content.decode()
    assert "A red skirt on a turntable" in page
    assert "Human" in page
    assert item.owner.username in page
    assert item.master_url in page


def test_text_on_the_item_page_cannot_run(client):
    item = ItemFactory(
        published=True,
        title="<script>alert(1)</script>",
        description="<img src=x onerror=alert(1)>",
    )
    page = client.get(item.get_absolute_url()).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_an_ai_item_says_what_it_was_made_from(client):
    asker = UserFactory()
    item = ItemFactory(
        published=True,
        ai=True,
        made_for=asker,
        guidance={"user_id": asker.pk, "instruction": "stripes, please", "liked_item_ids": [1, 2]},
        manifest={"model": "embedded"},
    )
    client.force_login(asker)
    page = client.get(item.get_absolute_url()).content.decode()
    assert "your words: “stripes, please”" in page
    assert "2 items you liked" in page
    client.logout()
    assert "stripes, please" not in client.get(item.get_absolute_url()).content.decode()


def test_the_owner_reads_why_it_was_refused_and_others_do_not(client):
    item = ItemFactory(published=True, problem="Too blurred.")
    assert "Too blurred." not in client.get(item.get_absolute_url()).content.decode()
    Item.objects.filter(pk=item.pk).update(state="rejected")
    client.force_login(item.owner)
    assert "Too blurred." in client.get(item.get_absolute_url()).content.decode()


def test_search_works_as_a_plain_form(client):
    skirt = ItemFactory(published=True, title="Pleated delight", garment_type="skirt")
    ItemFactory(published=True, title="Linen for summer", garment_type="pants")
    draft = ItemFactory(title="Pleated secret", garment_type="skirt")
    page = client.get("/search/", {"q": "pleated"}).content.decode()
    assert skirt.title in page
    assert draft.title not in page
    assert "Linen for summer" not in page
    assert "Linen for summer" in client.get("/search/", {"type": "pants"}).content.decode()


def test_search_for_htmx_is_only_the_results(client):
    ItemFactory.create_batch(25, published=True)
    response = client.get("/search/", headers={"HX-Request": "true"})
    page = response.content.decode()
    assert "<html" not in page
    assert page.count("<article") == 24
    assert "page=2" in page
    second = client.get("/search/", {"page": 2}).content.decode()
    assert second.count("<article") == 1


def test_search_does_not_query_per_item(client, django_assert_max_num_queries):
    for _ in range(5):
        store_media(item=ItemFactory(published=True), image=files.picture())
    with django_assert_max_num_queries(4):
        client.get("/search/")


def test_nonsense_in_a_search_is_left_out(client):
    ItemFactory(published=True, title="Still here")
    response = client.get("/search/", {"type": "spaceship", "page": "-3", "kind": "x' OR 1=1"})
    assert response.status_code == 200
    assert "Still here" in response.content.decode()
    assert client.get("/search/", {"q": "a\x00" + "x" * 5000}).status_code == 200
    assert client.post("/search/").status_code == 405
