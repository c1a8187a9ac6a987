"""Every file of an AI item that we deliver is recognised when somebody brings it back."""

from __future__ import annotations

import io

import av
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from catalog.models import Asset, Item
from catalog.services import store_media
from media.encoding import encode_clip
from moderation.core import manifest, watermark
from moderation.models import LedgerFile, LedgerPrint, Mark
from moderation.services import keys, ledger, mark_stills, marking, screen_item, verify_file
from moderation.services.gathering import decode, read_bytes
from tests.factories import ItemFactory
from tests.moderation.conftest import MakeItem, draw
from tests.moderation.test_stills import ai_video as ai_video  # noqa: PLC0414: a fixture
from vision import hashing

pytestmark = pytest.mark.django_db


@pytest.fixture
def ai_image(pending_ai_item: MakeItem) -> Item:
    item = pending_ai_item(title="A striped skirt by AI")
    screen_item(item_id=item.pk)
    item.refresh_from_db()
    assert item.is_public
    return item


@pytest.fixture
def marked_video(ai_video: Item) -> Item:
    marking.ensure_marked(ai_video)
    mark_stills(item_id=ai_video.pk)
    return Item.objects.with_assets().get(pk=ai_video.pk)


def served(address: str) -> bytes:
    answer = Client().get(address)
    assert answer.status_code == 200
    return answer.content


def files_of(item: Item) -> dict[str, str]:
    """The addresses of everything that is delivered of an item, as a browser gets them."""
    files = {asset.role: asset.url for asset in item.assets.exclude(role=Asset.Role.CAPTIONS)}
    return files | {f"still {still.index}": still.url for still in item.frames.servable()}


def again(data: bytes) -> bytes:
    """The picture as another site would save it: without manifest, packed anew."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def test_every_rendition_of_an_ai_image_verifies(ai_image: Item) -> None:
    files = files_of(ai_image)
    assert set(files) == {"master", "poster", "thumb"}
    for role, address in files.items():
        data = served(address)
        report = verify_file(data=data)
        assert (report.outcome, report.item) == ("ours", ai_image), role
        states = {layer.name: layer.state for layer in report.layers}
        assert states["Signed manifest"] == states["Ledger"] == "found", role
        if role != "thumb":
            assert states["Watermark"] == states["Agreement"] == "found", role
            assert verify_file(data=again(data)).item == ai_image, role


def test_every_rendition_of_an_ai_video_verifies(marked_video: Item) -> None:
    files = files_of(marked_video)
    assert {"master", "poster", "thumb"} < set(files)
    assert any(role.startswith("still") for role in files)
    for role, address in files.items():
        report = verify_file(data=served(address))
        assert (report.outcome, report.item) == ("ours", marked_video), role
        states = {layer.name: layer.state for layer in report.layers}
        assert states["Signed manifest"] == states["Ledger"] == "found", role
        assert "differs" not in states.values(), role


def test_a_video_whose_manifest_was_stripped_is_found_by_its_looks(marked_video: Item) -> None:
    frames = [draw(2, type="dress")] * 6 + [draw(3, type="hat")] * 6
    report = verify_file(data=encode_clip(frames, fps=12))
    assert report.outcome == "looks_like"
    assert report.item == marked_video


def test_a_video_packed_without_its_manifest_is_told_by_its_watermark(marked_video: Item) -> None:
    target = io.BytesIO()
    with (
        av.open(io.BytesIO(served(marked_video.master_url))) as source,
        av.open(target, "w", format="mp4") as output,
    ):
        stream = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                output.mux(packet)
    report = verify_file(data=target.getvalue())
    assert (report.outcome, report.item) == ("ours", marked_video)
    states = {layer.name: layer.state for layer in report.layers}
    assert "Ledger" not in states
    assert states["Watermark"] == states["Agreement"] == "found"


def test_a_clip_that_is_an_item_of_its_own_verifies(marked_video: Item) -> None:
    clip = ItemFactory(kind="video", ai=True, parent=marked_video, version=2, media_state="waiting")
    picture = draw(2, type="dress")
    store_media(item=clip, video=encode_clip([picture] * 4, fps=4), poster=Image.fromarray(picture))
    Item.objects.filter(pk=clip.pk).update(state="published", published_at="2026-01-01T00:00Z")
    clip = Item.objects.with_assets().get(pk=clip.pk)
    marking.ensure_marked(clip)
    for role, address in files_of(clip).items():
        report = verify_file(data=served(address))
        assert (report.outcome, report.item) == ("ours", clip), role
    assert LedgerFile.objects.filter(mark__item=clip, version=2, role="master").exists()
    assert any("Made from" in line for line in verify_file(data=served(clip.master_url)).history)


def test_the_ledger_ties_bytes_manifest_payload_and_looks(marked_video: Item) -> None:
    mark = Mark.objects.get(item=marked_video)
    data = read_bytes(marked_video.assets.get(role="master"))
    row = ledger.find_files(data=data)[0]
    assert (row.mark, row.role, row.version) == (mark, "master", 1)
    assert row.manifest_sha256 == manifest.digest(data, "video/mp4", keys.signing_keys())
    seconds = LedgerPrint.objects.filter(mark=mark).values_list("second", flat=True)
    assert {0.0} < set(seconds)


def test_marking_twice_enters_nothing_twice(marked_video: Item) -> None:
    before = LedgerFile.objects.count(), LedgerPrint.objects.filter(second=0.0).count()
    marking.ensure_marked(marked_video)
    assert (LedgerFile.objects.count(), LedgerPrint.objects.filter(second=0.0).count()) == before


def test_a_manifest_and_a_watermark_of_two_items_do_not_agree(
    ai_image: Item, pending_ai_item: MakeItem
) -> None:
    other = pending_ai_item(draw(31, type="dress", pattern="dotted"))
    report = marking.ensure_marked(other)
    picture = decode(read_bytes(ai_image.assets.get(role="master")))
    plain = draw(type="skirt")
    forged = watermark.embed(plain, report.payload, keys.watermark_key())
    assert picture is not None
    buffer = io.BytesIO()
    Image.fromarray(forged).save(buffer, "JPEG", quality=92)
    found = verify_file(data=buffer.getvalue())
    assert found.outcome == "transplanted"


def test_near_prints_finds_all_that_is_near_and_nothing_else(ai_image: Item) -> None:
    mark = Mark.objects.get(item=ai_image)
    digest = hashing.pdq(draw(type="skirt"))[0]
    whole = int(digest, 16)
    mark.prints.all().delete()
    # Spread evenly over all stretches, which is the hardest to find by stretches.
    for bits in (0, 16, 31, 32, 60):
        turned = whole
        for at in range(bits):
            turned ^= 1 << (at % 16 * 16 + at // 16)
        code = f"{turned:064x}"
        LedgerPrint.objects.create(mark=mark, pdq=code, chunks=hashing.chunks(code), second=bits)
    near = ledger.near_digests(digest, within=31, limit=20)
    assert [(one.second, one.distance) for one in near] == [(0.0, 0), (16.0, 16), (31.0, 31)]


def test_a_plain_picture_is_near_to_nothing(ai_image: Item) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (400, 400), "white").save(buffer, "JPEG")
    assert verify_file(data=buffer.getvalue()).outcome == "not_specified"


@pytest.mark.parametrize("data", [b"\x00\x00\x00\x18ftypisom" + b"\x00" * 64, b"RIFF\0\0\0\0WEBP"])
def test_broken_files_are_refused_with_a_sentence(data: bytes) -> None:
    answer = Client().post("/api/v1/verify/", {"file": SimpleUploadedFile("a.mp4", data)})
    assert answer.status_code == 400


def test_a_file_that_is_too_large_is_refused_before_it_is_read(settings) -> None:
    settings.VERIFY_MAX_BYTES = 1000
    file = SimpleUploadedFile("a.jpg", b"\xff\xd8\xff" + b"x" * 2000)
    answer = Client().post("/api/v1/verify/", {"file": file})
    assert answer.status_code == 400
    assert "at most" in answer.content.decode()
