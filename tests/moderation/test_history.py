"""Manifests that uploads come with are kept, shown, and never taken for ours."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from catalog.models import Item
from catalog.services import submit_item
from moderation.core import manifest
from moderation.core.manifest import Claim, State
from moderation.services import keys, screen_item, verify_file
from moderation.services.gathering import read_bytes
from tests.moderation.conftest import draw
from tests.uploading import encoder, upload, uploader  # noqa: F401

pytestmark = pytest.mark.django_db


def photo(seed: int = 8) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(draw(seed, type="dress")).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


@pytest.fixture
def signed_photo(tmp_path: Path) -> bytes:
    camera = manifest.ensure_keys(tmp_path / "camera")
    return manifest.sign(photo(), "image/jpeg", Claim("Photo", "ai", "Other site"), camera)


def test_the_manifest_of_an_upload_is_kept_and_shown(upload, signed_photo, client) -> None:  # noqa: F811
    item = upload(signed_photo)
    assert item.credential.said["says_ai"]
    assert item.credential.said["kept"]
    submit_item(item=item, by=item.owner)
    screen_item(item_id=item.pk)
    item = Item.objects.with_assets().get(pk=item.pk)
    data = read_bytes(item.asset("master"))
    report = manifest.read(data, "image/jpeg", keys.signing_keys())
    assert report.state == State.VALID
    assert not report.says_ai
    assert report.actions == ("c2pa.opened", "c2pa.transcoded")
    assert report.ingredients[0].has_manifest
    assert report.ingredients[0].says_ai
    client.force_login(item.owner)
    panel = client.get(f"/items/{item.pk}/trust/").content.decode()
    assert "The upload came with a manifest" in panel
    found = verify_file(data=data)
    assert found.outcome == "ours_not_ai"
    assert any("is kept and says AI" in line for line in found.history)


def test_an_upload_without_a_manifest_gets_none(upload) -> None:  # noqa: F811
    item = upload(photo())
    assert not hasattr(item, "credential")
    submit_item(item=item, by=item.owner)
    screen_item(item_id=item.pk)
    data = read_bytes(Item.objects.get(pk=item.pk).asset("master"))
    assert manifest.read(data, "image/jpeg", keys.signing_keys()).state == State.ABSENT


def test_a_forged_label_costs_the_manifest_not_the_upload(upload) -> None:  # noqa: F811
    # An APP11 segment with the label of a manifest store and nothing whole behind it.
    body = b"JP\x00\x01\x00\x00\x00\x01" + b"\x00\x00\x00\x20jumbc2pa" + b"\xff" * 40
    segment = b"\xff\xeb" + (len(body) + 2).to_bytes(2, "big") + body
    data = photo()
    item = upload(data[:2] + segment + data[2:])
    assert item.media_state == Item.MediaState.READY


def test_verify_says_of_a_strangers_manifest_that_it_is_not_invalid(signed_photo: bytes) -> None:
    report = verify_file(data=signed_photo)
    assert report.outcome == "foreign_ai"
    assert "Untrusted, which is not invalid" in report.layers[0].sentence
    assert report.item is None


def test_a_manifest_that_tells_a_place_is_not_passed_on(upload, tmp_path: Path) -> None:  # noqa: F811
    camera = manifest.ensure_keys(tmp_path / "camera")
    claim = Claim("P", "ai", "Camera", conditions={"exif:GPSLatitude": "48,8N"})
    item = upload(manifest.sign(photo(), "image/jpeg", claim, camera))
    assert not item.credential.archive
    assert "where the picture was taken" in item.credential.sentence
