"""Stills of AI videos carry both marks before anybody is shown one."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from catalog.models import Frame, Item
from catalog.services import make_frames, store_media
from media.encoding import encode_clip
from media.frames import sample_pictures
from moderation.core import manifest, watermark
from moderation.models import Mark
from moderation.services import keys, mark_stills, verify_file
from moderation.services.gathering import decode, read_bytes
from moderation.tasks import mark_stills_task
from tests.factories import ItemFactory, UserFactory
from tests.moderation.conftest import draw, guidance_of
from tests.uploading import PlainEncoder

pytestmark = pytest.mark.django_db


def video_of(pictures: list[np.ndarray], **fields) -> Item:
    item = ItemFactory(kind="video", media_state="waiting", **fields)
    # Half a second each, four frames a second.
    frames = [picture for picture in pictures for _ in range(2)]
    store_media(item=item, video=encode_clip(frames, fps=4), poster=Image.fromarray(pictures[0]))
    make_frames(item=item, encoder=PlainEncoder(), sample=sample_pictures(frames, fps=4))
    Item.objects.filter(pk=item.pk).update(state="published", published_at="2026-01-01T00:00Z")
    item.refresh_from_db()
    return item


@pytest.fixture
def ai_video() -> Item:
    asker = UserFactory()
    made = {"guidance": guidance_of(asker), "manifest": {"backend": "embedded"}}
    return video_of([draw(2, type="dress"), draw(3, type="hat")], ai=True, made_for=asker, **made)


def test_stills_of_an_ai_video_are_marked_and_only_then_served(ai_video, client):
    still = ai_video.frames.order_by("index").first()
    assert client.get(still.url).status_code == 404
    assert mark_stills(item_id=ai_video.pk) == 2
    still.refresh_from_db()
    response = client.get(still.url)
    assert response.status_code == 200
    mark = Mark.objects.get(item=ai_video)
    read = watermark.detect(decode(response.content), keys.watermark_key(), search=False)
    assert read.payload == mark.payload
    report = manifest.read(response.content, "image/jpeg", keys.signing_keys())
    assert report.state == manifest.State.VALID
    assert report.says_ai


def test_marking_stills_again_changes_nothing(ai_video):
    mark_stills(item_id=ai_video.pk)
    before = set(ai_video.frames.values_list("sha256", flat=True))
    assert mark_stills(item_id=ai_video.pk) == 0
    assert set(ai_video.frames.values_list("sha256", flat=True)) == before


def test_stills_of_what_people_made_are_left_as_they_are():
    item = video_of([draw(4)])
    before = set(item.frames.values_list("sha256", flat=True))
    assert mark_stills(item_id=item.pk) == 0
    assert set(item.frames.values_list("sha256", flat=True)) == before
    assert not Mark.objects.exists()


def test_a_still_too_small_for_a_mark_is_never_served(ai_video, client):
    small = ai_video.frames.order_by("index").last()
    Image.new("RGB", (30, 40), "white").save(small.file.path, "JPEG")
    assert mark_stills(item_id=ai_video.pk) == 1
    small.refresh_from_db()
    assert not small.is_marked
    assert client.get(small.url).status_code == 404


def test_the_task_is_enqueued_when_stills_were_made(
    ai_video, monkeypatch, django_capture_on_commit_callbacks
):
    asked: list[int] = []
    monkeypatch.setattr(mark_stills_task, "delay_on_commit", asked.append)
    with django_capture_on_commit_callbacks(execute=True):
        Frame.objects.filter(item=ai_video).delete()
        pictures = [draw(5)] * 4
        make_frames(item=ai_video, encoder=PlainEncoder(), sample=sample_pictures(pictures, fps=4))
    assert asked == [ai_video.pk]


def test_a_still_that_somebody_saved_is_recognised_as_ours(ai_video):
    mark_stills(item_id=ai_video.pk)
    for still in ai_video.frames.all():
        report = verify_file(data=read_bytes(still))
        assert report.outcome == "ours"
        assert report.item == ai_video


def test_an_item_that_is_gone_has_nothing_to_mark():
    assert mark_stills(item_id=10**9) == 0
