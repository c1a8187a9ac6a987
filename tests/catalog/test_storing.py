"""Files that we made: storing, replacing, and items made by the generator."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from catalog.models import Asset, Embedding, Item
from catalog.services import create_generated_item, embed_items, replace_asset, store_media
from tests import media_files as files
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db


def _generated(**more):
    made_for = UserFactory()
    fields = {
        "image": np.asarray(files.picture()),
        "made_for": made_for,
        "owner": None,
        "origin": Item.Origin.AI,
        "authorship": Item.Authorship.PLATFORM,
        "title": "A red skirt",
        "guidance": {"user_id": made_for.pk, "instruction": "a red skirt"},
        "manifest": {"model": "embedded"},
        **more,
    }
    return create_generated_item(**fields)


def test_a_generated_item_is_a_draft_with_files_colours_and_vector(encoder):
    item = _generated(garment_type="skirt", pattern="plain", exposure="direct")
    item.refresh_from_db()
    assert (item.state, item.media_state, item.version) == ("draft", "ready", 1)
    assert (item.exposure, item.garment_type, item.colours[0]) == ("direct", "skirt", "red")
    assert {asset.role for asset in item.assets.all()} == {"master", "poster", "thumb"}
    assert Embedding.objects.filter(item=item, model=encoder.name).count() == 1


def test_an_edit_is_the_next_version_of_its_source(encoder):
    source = _generated()
    assert _generated(parent=source, colours=["green"]).version == 2


def test_our_own_video_is_stored_as_it_is(tmp_path, encoder):
    content = files.clip(tmp_path / "ours.mp4", seconds=0.5, sound_rate=44100)
    item = ItemFactory(kind="video", media_state="waiting")
    store_media(item=item, video=content, poster=np.asarray(files.picture()))
    master = item.asset("master")
    assert master.file.read() == content
    assert (master.width, master.height, master.has_sound) == (96, 64, True)
    assert master.duration_s == pytest.approx(0.5, abs=0.1)
    assert item.asset("poster").mime == "image/jpeg"
    item.refresh_from_db()
    assert item.media_state == "ready"


def test_replacing_a_file_changes_key_hash_and_address(encoder, django_capture_on_commit_callbacks):
    item = _generated()
    old = item.asset("master")
    old_path, old_url = Path(old.file.path), old.url
    content = files.jpeg()
    with django_capture_on_commit_callbacks(execute=True):
        replace_asset(item=item, role="master", content=content, mime="image/jpeg")
        assert old_path.exists()
    assert not old_path.exists()
    new = item.asset("master")
    assert (new.pk, new.sha256) == (old.pk, hashlib.sha256(content).hexdigest())
    assert new.url != old_url
    assert (new.width, new.bytes) == (240, len(content))


def test_captions_can_be_added(encoder):
    item = _generated()
    replace_asset(item=item, role="captions", content=b"WEBVTT\n", mime="text/vtt")
    assert item.captions_url.endswith(f"?v={item.asset('captions').sha256[:12]}")


def test_addresses_of_a_list_cost_one_query(encoder, django_assert_num_queries):
    for _ in range(3):
        _generated()
    with django_assert_num_queries(2):
        for item in Item.objects.with_assets():
            assert item.poster_url
            assert item.thumb_url
            assert item.master_url
            assert item.captions_url == ""


def test_embedding_again_replaces_the_vector(encoder):
    _generated()
    assert embed_items(items=Item.objects.all()) == 1
    assert Embedding.objects.count() == 1
    assert embed_items(items=[ItemFactory()]) == 0  # no media, no vector


def test_a_failed_store_leaves_no_file(encoder, monkeypatch):
    before = Asset.objects.count()
    item = ItemFactory(media_state="waiting")

    def fail(*args, **more):
        raise RuntimeError("the database went away")

    monkeypatch.setattr("catalog.services.storing._record", fail)
    with pytest.raises(RuntimeError):
        store_media(item=item, image=files.picture())
    from django.core.files.storage import default_storage

    assert not default_storage.exists(f"assets/{item.pk}") or (
        default_storage.listdir(f"assets/{item.pk}")[1] == []
    )
    assert Asset.objects.count() == before
