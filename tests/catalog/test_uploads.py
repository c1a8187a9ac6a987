"""Handing in a file, and what the worker makes of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from catalog.models import Embedding, Item
from catalog.services import (
    create_upload,
    delete_draft,
    process_media,
    requeue_stale_media,
    submit_item,
    update_item,
)
from catalog.services import uploads as uploads_module
from common.errors import ConflictError, InvalidInputError, NotAllowedError, QuotaExceededError
from media.errors import MediaCrashError
from tests import media_files as files
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def queued(monkeypatch):
    """Ids of items that were handed to a worker."""
    ids = []
    monkeypatch.setattr("catalog.tasks.process_media_task.delay_on_commit", ids.append)
    return ids


def _file(content: bytes = b"", name: str = "a.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content or files.jpeg(), content_type="image/jpeg")


def test_an_upload_becomes_a_draft_ready_to_submit(uploader, encoder, queued):
    item = create_upload(owner=uploader, file=_file(), title="  Red\x00 skirt ", description="Mine")
    assert queued == [item.pk]
    assert (item.state, item.media_state, item.title) == ("draft", "waiting", "Red skirt")
    assert process_media(item_id=item.pk) is True
    item.refresh_from_db()
    assert item.media_state == Item.MediaState.READY
    assert item.colours[0] == "red"
    assert {asset.role for asset in item.assets.all()} == {"master", "poster", "thumb"}
    assert Embedding.objects.get(item=item).model == encoder.name
    assert not item.incoming


def test_the_upload_itself_is_deleted_once_it_is_read(
    uploader, encoder, queued, django_capture_on_commit_callbacks
):
    item = create_upload(owner=uploader, file=_file())
    incoming = item.incoming.name
    assert default_storage.exists(incoming)
    with django_capture_on_commit_callbacks(execute=True):
        process_media(item_id=item.pk)
    assert not default_storage.exists(incoming)


def test_a_second_delivery_does_nothing(upload):
    item = upload(files.jpeg())
    keys = [asset.file.name for asset in item.assets.all()]
    assert process_media(item_id=item.pk) is False
    assert [asset.file.name for asset in item.assets.all()] == keys


def test_a_claimed_item_is_left_to_its_worker_until_the_lease_ends(uploader, encoder, queued):
    item = create_upload(owner=uploader, file=_file())
    later = timezone.now() + timedelta(seconds=30)
    Item.objects.update(media_state="processing", media_lease_until=later, media_attempts=1)
    assert process_media(item_id=item.pk) is False
    Item.objects.update(media_lease_until=timezone.now() - timedelta(seconds=1))
    assert process_media(item_id=item.pk) is True


def test_a_worker_that_lost_its_claim_changes_nothing(uploader, encoder, queued, monkeypatch):
    item = create_upload(owner=uploader, file=_file())
    read = uploads_module._read

    def read_while_another_takes_over(taken, folder):
        made = read(taken, folder)
        Item.objects.filter(pk=item.pk).update(media_attempts=2)
        return made

    monkeypatch.setattr(uploads_module, "_read", read_while_another_takes_over)
    assert process_media(item_id=item.pk) is False
    item.refresh_from_db()
    assert item.media_state == Item.MediaState.PROCESSING
    assert not item.assets.exists()


def test_a_crash_is_tried_again_then_fails_with_a_sentence(uploader, queued, monkeypatch):
    item = create_upload(owner=uploader, file=_file())

    def crash(taken, folder):
        raise MediaCrashError("This file could not be read.")

    monkeypatch.setattr(uploads_module, "_read", crash)
    states = []
    for _ in range(4):
        process_media(item_id=item.pk)
        item.refresh_from_db()
        states.append(item.media_state)
    assert states == ["waiting", "waiting", "failed", "failed"]
    assert item.problem == "This file could not be read."


def test_what_a_dead_worker_left_is_sent_again_and_at_last_fails(uploader, queued):
    item = create_upload(owner=uploader, file=_file())
    queued.clear()
    long_ago = timezone.now() - timedelta(minutes=5)
    rows = Item.objects.filter(pk=item.pk)
    rows.update(media_state="processing", media_lease_until=long_ago, media_attempts=1)
    assert requeue_stale_media() == 1
    assert queued == [item.pk]
    rows.update(media_attempts=3)
    assert requeue_stale_media() == 0
    item.refresh_from_db()
    assert item.media_state == Item.MediaState.FAILED
    assert "again" in item.problem


def test_a_lost_message_is_sent_again(uploader, queued):
    item = create_upload(owner=uploader, file=_file())
    queued.clear()
    assert requeue_stale_media() == 0  # the message may still be on its way
    Item.objects.update(updated_at=timezone.now() - timedelta(minutes=1))
    assert requeue_stale_media() == 1
    assert queued == [item.pk]


def test_viewers_cannot_upload(db, queued):
    with pytest.raises(NotAllowedError):
        create_upload(owner=UserFactory(), file=_file())
    assert not Item.objects.exists()


def test_too_large_a_file_is_refused(uploader, queued, settings):
    settings.UPLOAD_MAX_BYTES = 100
    with pytest.raises(InvalidInputError, match="too large"):
        create_upload(owner=uploader, file=_file())


def test_nobody_fills_the_queue_alone(uploader, queued, monkeypatch):
    monkeypatch.setattr(uploads_module, "MAX_WAITING", 2)
    for _ in range(2):
        create_upload(owner=uploader, file=_file())
    with pytest.raises(QuotaExceededError):
        create_upload(owner=uploader, file=_file())
    create_upload(owner=UserFactory(uploader=True), file=_file())


def test_too_long_a_title_is_refused(uploader, queued):
    with pytest.raises(InvalidInputError, match="120"):
        create_upload(owner=uploader, file=_file(), title="x" * 121)


def test_a_draft_can_be_changed_and_a_submitted_item_cannot(uploader, upload):
    item = upload(files.jpeg())
    update_item(item=item, by=uploader, title="Better", pattern="striped")
    item.refresh_from_db()
    assert (item.title, item.pattern) == ("Better", "striped")
    submit_item(item=item, by=uploader)
    with pytest.raises(ConflictError):
        update_item(item=item, by=uploader, title="Switched")
    with pytest.raises(NotAllowedError):
        update_item(item=item, by=UserFactory(), title="Mine now")
    with pytest.raises(InvalidInputError):
        update_item(item=item, by=uploader, state="published")


def test_deleting_a_draft_deletes_its_files(uploader, upload, django_capture_on_commit_callbacks):
    item = upload(files.jpeg())
    paths = [Path(asset.file.path) for asset in item.assets.all()]
    assert all(path.exists() for path in paths)
    with django_capture_on_commit_callbacks(execute=True):
        delete_draft(item=item, by=uploader)
    assert not Item.objects.exists()
    assert not any(path.exists() for path in paths)


def test_a_published_item_is_not_simply_deleted():
    item = ItemFactory(published=True)
    with pytest.raises(ConflictError):
        delete_draft(item=item, by=item.owner)
    with pytest.raises(NotAllowedError):
        delete_draft(item=item, by=UserFactory())
