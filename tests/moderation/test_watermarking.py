"""The invisible mark on the site: videos carry it, keys rotate, what has none says why."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from catalog.models import Item
from catalog.services import store_media
from media.encoding import encode_clip
from moderation.core import mark_models, moving, watermark
from moderation.models import CheckResult, Mark
from moderation.services import keys, marking, screen_item, verify_file
from moderation.services.finding import find_mark
from moderation.services.gathering import decode, read_bytes
from tests.factories import ItemFactory, UserFactory
from tests.moderation.conftest import MakeItem, draw, guidance_of

pytestmark = pytest.mark.django_db


def clip(seed: int = 2, frames: int = 12) -> bytes:
    """Three seconds of a garment that moves sideways."""
    picture = draw(seed, type="dress", pattern="checked")
    moved = [np.ascontiguousarray(np.roll(picture, 3 * at, axis=1)) for at in range(frames)]
    return encode_clip(moved, fps=4, crf=20)


def master_of(item: Item) -> np.ndarray:
    picture = decode(read_bytes(item.assets.get(role="master")))
    assert picture is not None
    return picture


@pytest.fixture
def ai_video() -> Item:
    asker = UserFactory()
    item = ItemFactory(
        kind="video",
        ai=True,
        made_for=asker,
        guidance=guidance_of(asker),
        manifest={"backend": "embedded"},
        media_state="waiting",
    )
    store_media(item=item, video=clip(), poster=Image.fromarray(draw(2, type="dress")))
    Item.objects.filter(pk=item.pk).update(state=Item.State.PENDING)
    item.refresh_from_db()
    return item


def test_an_ai_video_is_screened_with_the_mark_in_its_mp4(ai_video: Item) -> None:
    screen_item(item_id=ai_video.pk)
    result = CheckResult.objects.get(screening__item=ai_video, check_name="marks")
    assert result.verdict == "pass"
    assert result.evidence["files"]["master"]["watermark"] == "read"
    mark = Mark.objects.get(item=ai_video)
    assert mark.watermarked
    assert mark.skipped == ""
    data = read_bytes(ai_video.assets.get(role="master"))
    assert moving.detect_video(data, keys.watermark_key()).payload == mark.payload


def test_marking_a_video_again_does_not_encode_it_again(ai_video: Item) -> None:
    marking.ensure_marked(ai_video)
    before = {asset.role: asset.sha256 for asset in ai_video.assets.all()}
    marking.ensure_marked(ai_video)
    assert {asset.role: asset.sha256 for asset in ai_video.assets.all()} == before


def test_a_video_that_cannot_be_marked_waits_and_says_why(
    ai_video: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise watermark.WatermarkError(watermark.TOO_FLAT)

    monkeypatch.setattr(marking.moving, "embed_video", refuse)
    report = marking.ensure_marked(ai_video)
    assert report.signed
    assert not report.watermarked
    mark = Mark.objects.get(item=ai_video)
    assert not mark.watermarked
    assert "flat" in mark.skipped
    assert report.as_finding().verdict == "cannot_tell"


def test_a_copy_of_the_video_is_recognised_after_others_encoded_it(ai_video: Item) -> None:
    marking.ensure_marked(ai_video)
    Item.objects.filter(pk=ai_video.pk).update(state="published", published_at="2026-01-01T00:00Z")
    with av.open(ai_video.assets.get(role="master").file.path) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    report = verify_file(data=encode_clip(frames, fps=4, crf=28))
    assert report.outcome == "ours"
    assert report.item == ai_video


def test_a_flat_picture_gets_no_mark_and_a_recorded_reason(
    pending_ai_item: MakeItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise watermark.WatermarkError(watermark.TOO_FLAT)

    monkeypatch.setattr(marking.watermark, "embed", refuse)
    item = pending_ai_item()
    report = marking.ensure_marked(item)
    mark = Mark.objects.get(item=item)
    assert report.signed
    assert not mark.watermarked
    assert mark.skipped == report.skipped
    assert "too flat" in mark.skipped
    finding = report.as_finding()
    assert finding.verdict == "cannot_tell"
    assert finding.evidence["skipped"] == mark.skipped


def test_a_rotated_key_marks_anew_and_the_old_one_still_reads(
    pending_ai_item: MakeItem, settings: Any
) -> None:
    old = pending_ai_item()
    marking.ensure_marked(old)
    settings.WATERMARK_KEY_ID = "2"
    new = pending_ai_item()
    marking.ensure_marked(new)
    for item, key_id in ((old, "1"), (new, "2")):
        found = find_mark([master_of(item)])
        assert found.key_id == Mark.objects.get(item=item).key_id == key_id
        assert found.read.payload == Mark.objects.get(item=item).payload


def test_a_secret_that_leaked_is_replaced_and_still_reads(
    pending_ai_item: MakeItem, settings: Any
) -> None:
    item = pending_ai_item()
    marking.ensure_marked(item)
    picture = master_of(item)
    leaked = settings.WATERMARK_KEY
    settings.WATERMARK_KEY, settings.WATERMARK_KEY_ID = "another secret", "2"
    assert not find_mark([picture], search=False).read.found
    settings.WATERMARK_RETIRED_KEYS = {"1": leaked}
    found = find_mark([picture])
    assert (found.read.found, found.key_id) == (True, "1")
    assert marking.inspect(item, Mark.objects.get(item=item)).watermarked


def test_a_configured_model_marks_beside_ours(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    class Corner:
        name = "videoseal"

        def embed(self, image: np.ndarray, payload: int) -> np.ndarray:
            marked = image.copy()
            marked[:4, :4] = payload % 251
            return marked

        def detect(self, image: np.ndarray) -> int | None:
            return 42 if int(image[0, 0, 0]) == 42 else None

    monkeypatch.setattr(mark_models, "load", lambda name, path: Corner())
    settings.WATERMARK_MODELS = {"videoseal": "/weights/model.jit"}
    marked, is_marked = marking._embedded(draw(3), 42, keys.watermark_key())
    assert is_marked
    assert find_mark([marked]).read.version == watermark.VERSION
    plain = draw(4)
    plain[:4, :4] = 42
    found = find_mark([plain])
    assert (found.read.payload, found.read.version) == (42, "videoseal")


def test_a_model_whose_weights_are_missing_does_not_stop_marking(settings: Any) -> None:
    settings.WATERMARK_MODELS = {"videoseal": "/nowhere/model.jit"}
    assert marking._embedded(draw(3), 42, keys.watermark_key())[1]


def run(*arguments: str) -> list[dict[str, object]]:
    out = StringIO()
    call_command("watermark", *arguments, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_the_command_marks_and_finds_pictures_and_videos(tmp_path: Path) -> None:
    Image.fromarray(draw(3)).save(tmp_path / "coat.png")
    (tmp_path / "walk.mp4").write_bytes(clip())
    files = [str(tmp_path / name) for name in ("coat.png", "walk.mp4")]
    out = tmp_path / "out"
    written = run("embed", *files, "--out", str(out), "--payload", "00c0ffee0001", "--json")
    assert [row["payload"] for row in written] == ["00c0ffee0001"] * 2
    found = run("detect", *(str(row["out"]) for row in written), *files, "--json")
    assert [row["found"] for row in found] == [True, True, False, False]
    assert found[0]["payload"] == found[1]["payload"] == "00c0ffee0001"
    assert (found[0]["version"], found[0]["key"]) == (watermark.VERSION, "1")
    assert set(found[2]) == {"file", "payload", "found", "z", "version", "key"}


def test_the_command_tells_broken_files_apart_and_fails_at_the_end(tmp_path: Path) -> None:
    Image.fromarray(draw(3)).save(tmp_path / "coat.jpg")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (tmp_path / "words.txt").write_text("no picture at all")
    names = ("broken.jpg", "words.txt", "absent.png", "coat.jpg")
    out = StringIO()
    with pytest.raises(CommandError, match="3 of 4"):
        call_command(
            "watermark", "detect", *(str(tmp_path / name) for name in names), "--json", stdout=out
        )
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert ["error" in row for row in rows] == [True, True, True, False]


def test_the_command_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "coat.jpg"
    Image.fromarray(draw(3)).save(path)
    before = path.read_bytes()
    with pytest.raises(CommandError):
        call_command("watermark", "embed", str(path), "--out", str(tmp_path), stdout=StringIO())
    assert path.read_bytes() == before


@pytest.mark.parametrize("payload", ["xyz", "1000000000000", "-1"])
def test_the_command_refuses_payloads_that_do_not_fit(tmp_path: Path, payload: str) -> None:
    with pytest.raises(CommandError, match="hexadecimal"):
        call_command("watermark", "embed", "x.png", "--out", str(tmp_path), f"--payload={payload}")
