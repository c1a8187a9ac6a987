"""Removed means removed everywhere: every place is looked through, the storage folder included."""

from __future__ import annotations

import io
import uuid
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from accounts.models import User
from catalog.models import Asset, Embedding, Frame, FrameVectors, Item, Removal
from catalog.selectors import nearest_items, search_items
from catalog.services import hold_item, publish_item, remove_item, withdraw_item
from catalog.services.removing import end_loan, erase_due_items, lend_files, take_away
from catalog.services.states import WITHDRAWN
from catalog.services.storing import replace_asset, store_media
from common.guidance import Guidance
from generation.cache import MOST_AGE_S
from generation.forgetting import forget_words
from generation.models import Job
from media.encoding import encode_clip
from moderation.models import Appeal, CheckResult, Fingerprint, Screening
from moderation.services.gathering import remember_fingerprint
from moderation.services.ledger import forget_looks
from recommender.models import Impression, Interaction, Rating, Remark
from recommender.services.retention import forget_item
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db
WORDS = "a zebra-striped wedding skirt"


@pytest.fixture
def owner() -> User:
    return UserFactory(uploader=True)


@pytest.fixture
def item(owner: User) -> Item:
    """A published video with everything that Weft keeps of one, in every place."""
    rng = np.random.default_rng(4)
    frames = [rng.integers(0, 255, (96, 72, 3)).astype(np.uint8) for _ in range(8)]
    guidance = Guidance(user_id=owner.pk, instruction=WORDS).as_dict()
    item = ItemFactory(
        owner=owner, kind=Item.Kind.VIDEO, title="Zebra wedding", guidance=guidance, published=True
    )
    store_media(item=item, video=encode_clip(frames, fps=8), poster=frames[0])
    replace_asset(item=item, role="captions", content=b"WEBVTT\n", mime="text/vtt")
    still = io.BytesIO()
    Image.fromarray(frames[3]).save(still, "JPEG")
    name = default_storage.save(f"assets/{item.pk}/frame.jpg", ContentFile(still.getvalue()))
    Frame.objects.create(
        item=item, index=0, time_s=0.4, width=72, height=96, bytes=9, sha256="0", file=name
    )
    FrameVectors.objects.create(
        item=item, model="m:1", times=[0.4], vectors=np.ones((1, 2), np.float16).tobytes()
    )
    Embedding.objects.create(item=item, model="m:1", vector=[1.0, 0.0])
    remember_fingerprint(item, frames[0])
    viewer = UserFactory()
    Interaction.objects.create(user=viewer, item=item, kind="like", created_at=timezone.now())
    Impression.objects.create(
        user=viewer, item=item, feed_id=uuid.uuid4(), position=1, source="fresh", policy="test"
    )
    Rating.objects.create(user=viewer, item=item, stars=4)
    Remark.objects.create(user=viewer, item=item, text="nice zebra")
    Job.objects.create(user=owner, result=item, guidance=guidance, idempotency_key="k")
    screening = Screening.objects.create(item=item, state=Screening.State.DONE)
    CheckResult.objects.create(
        screening=screening, check_name="x", perspective="F1", verdict="pass", summary=WORDS
    )
    return Item.objects.with_assets().get(pk=item.pk)


def files_of(item: Item) -> list[str]:
    """Every file in the storage folder whose path names the item."""
    root = Path(settings.MEDIA_ROOT)
    named = f"/{item.pk}/"
    return sorted(
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and named in f"/{path.relative_to(root)}"
    )


def keys_of(item: Item) -> list[str]:
    rows = [*item.assets.all(), *item.frames.all()]
    return [str(row.file.name) for row in rows]


@pytest.fixture
def now_committed(django_capture_on_commit_callbacks):
    """What happens in the block is committed at its end, files deleted and all."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture(autouse=True)
def no_broker(monkeypatch):
    """Tasks are called by hand here; nothing is sent."""
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *args, **more: None)


def forget_above(item: Item) -> None:
    """Run what the apps above do when they hear of the deletion."""
    forget_item(item_id=item.pk)
    forget_looks(item_id=item.pk)
    forget_words(item_id=item.pk)


def test_what_its_owner_takes_down_leaves_nothing_anywhere(item, owner, now_committed) -> None:
    keys, addresses = keys_of(item), [item.master_url, item.poster_url, item.thumb_url]
    assert len(files_of(item)) >= 4
    with now_committed():
        withdraw_item(item=item, by=owner)
    with now_committed():
        assert take_away(item_id=item.pk)
    forget_above(item)

    assert files_of(item) == []
    assert not any(default_storage.exists(key) for key in keys)
    for model in (Asset, Frame, FrameVectors, Embedding, Fingerprint, Interaction):
        assert not model.objects.filter(item_id=item.pk).exists(), model
    for model in (Impression, Rating, Remark):
        assert not model.objects.filter(item_id=item.pk).exists(), model
    assert not CheckResult.objects.filter(screening__item=item).exists()
    vector = np.array([1.0, 0.0], np.float32)
    assert nearest_items(vector=vector, model="m:1", limit=5) == []
    assert not search_items(user=owner, text="zebra").exists()
    row = Item.objects.get(pk=item.pk)
    assert (row.title, row.description, row.guidance, row.manifest) == ("", "", None, None)
    assert WORDS not in str(Job.objects.get().guidance)
    client = Client()
    client.force_login(owner)
    assert all(client.get(address).status_code == 404 for address in addresses)
    # Cached stages cannot be told apart by item; they live no longer than the time stated.
    assert timedelta(seconds=MOST_AGE_S) <= timedelta(hours=24)


def test_what_may_be_appealed_is_in_a_quarantine_that_no_url_serves(
    item, owner, now_committed
) -> None:
    addresses = [item.master_url, item.poster_url, item.thumb_url]
    with now_committed():
        remove_item(item=item, problem="A reason.", keep_for=Appeal.TERM)
    with now_committed():
        take_away(item_id=item.pk)
    kept = files_of(item)
    assert kept
    assert all(name.startswith("quarantine/") for name in kept)
    assert not Frame.objects.exists()
    assert not Embedding.objects.exists()
    for person in (owner, UserFactory(moderator=True), UserFactory(operator=True)):
        client = Client()
        client.force_login(person)
        assert all(client.get(address).status_code == 404 for address in addresses)
    assert Item.objects.get(pk=item.pk).master_url == ""
    # Nothing goes before its time, and everything after it.
    with now_committed():
        erase_due_items()
    assert files_of(item) == kept
    Removal.objects.update(erase_at=timezone.now())
    with now_committed():
        assert erase_due_items() == 1
    assert files_of(item) == []
    assert erase_due_items() == 0


def test_an_appeal_lends_the_files_and_a_restored_item_has_them_back(item, now_committed) -> None:
    with now_committed():
        remove_item(item=item, problem="A reason.", keep_for=Appeal.TERM)
        take_away(item_id=item.pk)
    with now_committed():
        assert lend_files(item_id=item.pk)
    moderator = Client()
    moderator.force_login(UserFactory(moderator=True))
    lent = Item.objects.get(pk=item.pk)
    assert moderator.get(lent.master_url).status_code == 200
    Removal.objects.update(erase_at=timezone.now())
    with now_committed():
        erase_due_items()
    assert files_of(item), "what is lent is not erased"
    with now_committed():
        hold_item(item=lent)
        publish_item(item=lent)
    restored = Item.objects.get(pk=item.pk)
    assert Client().get(restored.master_url).status_code == 200
    assert not any(name.startswith("quarantine/") for name in files_of(item))
    assert not Removal.objects.exists()


def test_an_upheld_removal_is_erased_without_waiting(item, now_committed) -> None:
    with now_committed():
        remove_item(item=item, problem="A reason.", keep_for=Appeal.TERM)
        take_away(item_id=item.pk)
        lend_files(item_id=item.pk)
        end_loan(item=item)
    with now_committed():
        assert erase_due_items() == 1
    assert files_of(item) == []


def test_a_lost_message_is_made_up_for_and_twice_does_no_harm(item, owner, now_committed) -> None:
    with now_committed():
        withdraw_item(item=item, by=owner)
    with now_committed():
        assert erase_due_items() == 1
    assert files_of(item) == []
    assert take_away(item_id=item.pk) is False
    assert erase_due_items() == 0
    assert take_away(item_id=10**9) is False


def test_a_published_item_is_never_taken_away(item) -> None:
    assert take_away(item_id=item.pk) is False
    assert files_of(item)


def test_the_page_of_rules_states_the_time(client) -> None:
    page = client.get(reverse("moderation:transparency")).text
    assert "24 hours" in page
    assert "quarantine" in page


def test_items_removed_before_removals_were_written_down_go_as_well(item, now_committed) -> None:
    migration = import_module("catalog.migrations.0012_removals_of_before")
    judged = ItemFactory(state=Item.State.REMOVED, problem="It advertises.")
    Item.objects.filter(pk=item.pk).update(state=Item.State.REMOVED, problem=WITHDRAWN)
    migration.note_removals(apps, None)
    with now_committed():
        assert erase_due_items() == 1
    assert files_of(item) == []
    kept = Removal.objects.get(item=judged)
    assert kept.erase_at > timezone.now() + Appeal.TERM - timedelta(days=1)
    migration.note_removals(apps, None)
    assert Removal.objects.count() == 2
