"""Deleted after viewing: who sees the clock, what starts it, and that nothing is left."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.exporting import write_export
from accounts.models import User
from catalog.models import Asset, Credential, Embedding, Expiry, Frame, Item
from catalog.selectors import list_similar, nearest_items, search_items
from catalog.services import (
    delete_after_viewing,
    expire_due_items,
    expire_item,
    remove_item,
    store_media,
)
from common.guidance import Guidance
from generation.forgetting import forget_words
from generation.models import Job
from generation.operations import Product
from generation.results import create_item
from moderation.models import Fingerprint, LedgerPrint, Mark
from moderation.services import marking, verify_file
from moderation.services.gathering import read_bytes, remember_fingerprint
from moderation.services.ledger import forget_looks
from recommender.services.pool import forget_pool, item_pool
from tests.factories import ItemFactory, UserFactory
from tests.moderation.conftest import draw

pytestmark = pytest.mark.django_db

WORDS = "a zebra-striped skirt for my secret wedding"


@pytest.fixture
def person() -> User:
    return UserFactory()


def made(person: User, **fields) -> Item:
    guidance = Guidance(user_id=person.pk, instruction=WORDS, delete_after_view=True).as_dict()
    item = ItemFactory(ai=True, made_for=person, title="Zebra wedding", guidance=guidance, **fields)
    picture = draw(type="skirt")
    store_media(item=item, image=picture)
    Embedding.objects.create(item=item, model="m:1", vector=[1.0, 0.0])
    remember_fingerprint(item, picture)
    Item.objects.filter(pk=item.pk).update(
        state=Item.State.PUBLISHED, published_at=timezone.now(), exposure=Item.Exposure.DIRECT
    )
    return Item.objects.with_assets().get(pk=item.pk)


@pytest.fixture
def item(person: User) -> Item:
    item = made(person)
    marking.ensure_marked(item)
    delete_after_viewing(item=item)
    return Item.objects.with_assets().get(pk=item.pk)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def later(item: Item, **ago) -> None:
    Expiry.objects.filter(item=item).update(expires_at=timezone.now() - timedelta(**ago))


def test_nobody_else_sees_it_and_their_look_starts_no_clock(item: Item) -> None:
    for client in (Client(), signed_in(UserFactory())):
        assert client.get(item.get_absolute_url()).status_code == 404
        assert client.get(item.master_url).status_code == 404
    assert signed_in(UserFactory(moderator=True)).get(item.master_url).status_code == 200
    assert Expiry.objects.get(item=item).first_viewed_at is None
    assert not Item.objects.visible().filter(pk=item.pk).exists()


def test_the_first_look_starts_the_clock_and_the_page_shows_it(item: Item, person: User) -> None:
    client = signed_in(person)
    page = client.get(item.get_absolute_url()).content.decode()
    assert "23\xa0hours" in page
    assert "deleted after viewing" in page
    first = Expiry.objects.get(item=item)
    assert first.expires_at - first.first_viewed_at == timedelta(hours=24)
    client.get(item.master_url)
    assert Expiry.objects.get(item=item).expires_at == first.expires_at


def test_the_clock_is_in_the_api_for_its_person(item: Item, person: User) -> None:
    told = signed_in(person).get(f"/api/v1/items/{item.pk}/").json()
    assert told["expires_at"]
    other = ItemFactory(published=True)
    assert Client().get(f"/api/v1/items/{other.pk}/").json()["expires_at"] is None


def test_a_wish_from_the_create_page_says_so_to_the_generator(person: User) -> None:
    asked = {"instruction": "a black skirt", "variants": 1, "kind": "image"}
    signed_in(person).post(reverse("feed:create"), {**asked, "delete_after_view": "on"})
    assert Job.objects.get().guidance["delete_after_view"] is True
    body = {**asked, "request_key": "one", "delete_after_view": True}
    signed_in(person).post("/api/v1/creations/", body, content_type="application/json")
    assert [job.guidance["delete_after_view"] for job in Job.objects.all()] == [True, True]


def test_what_is_made_of_such_a_wish_is_private_from_the_start(person: User) -> None:
    guidance = Guidance(user_id=person.pk, instruction="a skirt", delete_after_view=True)
    job = Job.objects.create(user=person, guidance=guidance.as_dict(), idempotency_key="k")
    product = Product(image=draw(type="skirt"), manifest={"backend": "embedded"})
    item = create_item(job=job, guidance=guidance, product=product)
    assert item.is_personal
    assert item.expiry.first_viewed_at is None


def test_a_picture_alone_starts_the_clock_and_no_browser_keeps_it(item: Item, person: User) -> None:
    answer = signed_in(person).get(item.thumb_url)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert Expiry.objects.get(item=item).first_viewed_at is not None


def test_when_time_is_up_it_is_gone_before_any_worker_comes(item: Item, person: User) -> None:
    later(item, seconds=1)
    assert signed_in(person).get(item.get_absolute_url()).status_code == 404
    assert signed_in(person).get(item.master_url).status_code == 404


def test_what_nobody_looked_at_goes_after_a_month(item: Item) -> None:
    left = Expiry.objects.get(item=item).expires_at - timezone.now()
    assert timedelta(days=29) < left <= timedelta(days=30)
    assert expire_due_items() == 0


def test_expiring_leaves_nothing_anywhere(
    item: Item, person: User, django_capture_on_commit_callbacks
) -> None:
    copy = read_bytes(item.asset("master"))
    names = [asset.file.name for asset in item.assets.all()]
    addresses = [asset.url for asset in item.assets.all()]
    job = Job.objects.create(
        user=person, guidance=item.guidance, result=item, idempotency_key="k", state="done"
    )
    later(item, seconds=1)
    with django_capture_on_commit_callbacks(execute=True):
        assert expire_due_items() == 1
    # What receivers enqueue.
    forget_looks(item_id=item.pk)
    forget_words(item_id=item.pk)

    assert not any(default_storage.exists(name) for name in names)
    for model in (Asset, Frame, Embedding, Fingerprint, Credential):
        assert not model.objects.filter(item=item).exists(), model
    assert not LedgerPrint.objects.filter(mark__item=item).exists()
    owner, moderator = signed_in(person), signed_in(UserFactory(moderator=True))
    for client in (owner, moderator, Client()):
        for address in (*addresses, item.get_absolute_url()):
            assert client.get(address).status_code == 404
        assert client.get(f"/api/v1/items/{item.pk}/").status_code == 404
    assert_unfindable(item, person)
    item.refresh_from_db()
    job.refresh_from_db()
    kept = f"{item.title}{item.description}{item.guidance}{item.manifest}{job.guidance}"
    assert "wedding" not in kept
    assert "wedding" not in owner.get(reverse("generation:jobs")).content.decode()
    assert b"wedding" not in exported(person)
    # A copy that somebody kept is still told as ours, and leads nowhere.
    report = verify_file(data=copy)
    assert (report.outcome, report.item) == ("ours", None)
    assert Mark.objects.get(item=item).pdq == ""


def exported(person: User) -> bytes:
    """All that the person's export holds."""
    buffer = io.BytesIO()
    write_export(person, buffer)
    return buffer.getvalue()


def assert_unfindable(item: Item, person: User) -> None:
    """Search, likeness, feed and the pool, at once and for everybody."""
    forget_pool()
    for user in (None, person, UserFactory(moderator=True)):
        assert item not in search_items(user=user, text="zebra")
        assert item not in search_items(user=user, garment_type="skirt")
        near = nearest_items(vector=np.array([1.0, 0.0]), model="m:1", limit=5, user=user)
        assert item.pk not in [pk for pk, _ in near]
        assert item not in list_similar(user=user, item=ItemFactory(published=True))
    pool = item_pool()
    assert pool is None or item.pk not in pool.ids
    for client in (Client(), signed_in(person)):
        for address in ("/", "/search/?q=zebra", "/api/v1/feed/", "/api/v1/items/?q=zebra"):
            answer = client.get(address, follow=True)
            assert f"/items/{item.pk}/" not in answer.content.decode(), address


def test_expiring_twice_or_what_is_not_there_does_nothing(item: Item) -> None:
    assert expire_item(item_id=item.pk)
    assert not expire_item(item_id=item.pk)
    assert not expire_item(item_id=10**9)


def test_what_a_moderator_removes_is_gone_at_once_for_everybody_else(person: User) -> None:
    item = made(person)
    marking.ensure_marked(item)
    item = Item.objects.with_assets().get(pk=item.pk)
    client, addresses = signed_in(person), [asset.url for asset in item.assets.all()]
    assert {client.get(address).status_code for address in addresses} == {200}
    item_pool()
    remove_item(item=item, problem="It broke a rule.")
    for one in (client, Client()):
        assert {one.get(address).status_code for address in addresses} == {404}
        assert one.get(item.get_absolute_url()).status_code == 404
    assert_unfindable(item, person)
    # Moderators still see it, since it may be appealed.
    assert signed_in(UserFactory(moderator=True)).get(addresses[0]).status_code == 200


def test_files_of_an_expired_item_leave_the_disk(
    item: Item, settings, django_capture_on_commit_callbacks
) -> None:
    folder = Path(settings.MEDIA_ROOT)
    paths = [folder / asset.file.name for asset in item.assets.all()]
    assert all(path.exists() for path in paths)
    with django_capture_on_commit_callbacks(execute=True):
        expire_item(item_id=item.pk)
    assert not any(path.exists() for path in paths)


# --- made in the studio and in the chat -------------------------------------------------------


def test_a_version_from_the_studio_is_its_uploaders_alone_with_a_clock_from_the_first_look() -> (
    None
):
    uploader = UserFactory(uploader=True)
    source = ItemFactory(owner=uploader, title="Red skirt", media_state=Item.MediaState.READY)
    said = {"style": "pencil", "degree": "1", "request_key": "7" * 32, "delete_after_view": "on"}
    address = f"{reverse('studio:edit', args=[source.pk])}?tool=style"
    signed_in(uploader).post(address, said)
    job = Job.objects.get()
    guidance = Guidance.from_dict(job.guidance)
    assert guidance.delete_after_view
    version = create_item(job=job, guidance=guidance, product=Product(image=draw(), manifest={}))
    assert version.is_personal
    assert Expiry.objects.get(item=version).first_viewed_at is None

    page = signed_in(uploader).get(reverse("studio:item", args=[version.pk])).text
    assert "Deleted 24 hours after you first look at it" in page
    assert signed_in(uploader).get(version.master_url).status_code == 200
    assert Expiry.objects.get(item=version).first_viewed_at is not None
    page = signed_in(uploader).get(reverse("studio:item", args=[version.pk])).text
    assert "Deleted in <time" in page
    assert "Deleted in <time" in signed_in(uploader).get(_job_page(job, version)).text

    later(version, minutes=1)
    expire_due_items()
    assert not Asset.objects.filter(item=version).exists()
    assert "Deleted in <time" not in signed_in(uploader).get(_job_page(job, version)).text


def _job_page(job: Job, result: Item) -> str:
    Job.objects.filter(pk=job.pk).update(result=result, state=Job.State.DONE)
    return reverse("generation:job", args=[job.pk])


@pytest.mark.parametrize("wanted", [True, False])
def test_a_wish_in_the_chat_may_be_private_and_deleted_after_viewing(
    person: User, wanted: bool
) -> None:
    client = signed_in(person)
    assert "delete_after_view" in client.get(reverse("feed:page")).text
    sent = {"text": "make me a black skirt", "request_key": "9" * 32}
    client.post(
        reverse("feed:instructor-send"), sent | ({"delete_after_view": "on"} if wanted else {})
    )
    assert Job.objects.get().guidance["delete_after_view"] is wanted


def test_the_chat_shows_the_clock_and_forgets_what_it_made(item: Item, person: User) -> None:
    client = signed_in(person)
    sent = {"text": "make me a black skirt", "request_key": "8" * 32, "delete_after_view": "on"}
    client.post(reverse("feed:instructor-send"), sent)
    Job.objects.update(result=item, state=Job.State.DONE)
    assert "Deleted 24 hours after" in client.get(reverse("feed:page")).text
    client.get(item.master_url)
    assert "Deleted in <time" in client.get(reverse("feed:page")).text
    later(item, minutes=1)
    expire_due_items()
    page = client.get(reverse("feed:page")).text
    assert "Deleted in <time" not in page
    assert "Zebra wedding" not in page


def test_by_api_the_chat_takes_the_same_wish(person: User) -> None:
    sent = {"text": "make me a black skirt", "delete_after_view": True}
    answer = signed_in(person).post(
        "/api/v1/conversations/turns/", sent, content_type="application/json"
    )
    assert answer.status_code == 201, answer.content
    assert Job.objects.get().guidance["delete_after_view"] is True
