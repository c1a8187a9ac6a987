"""Files that are broken or mean harm: refused with a sentence, and nothing else happens."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from catalog.models import Asset, Item
from common.errors import InvalidInputError
from media.child import run_in_child
from media.errors import BadMediaError
from media.limits import VIDEO_LIMITS
from tests import media_files as files

pytestmark = pytest.mark.django_db
CANARY = "canary-7f3a91"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server on this machine that must never be called."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        yield server


def _was_called(server: socket.socket) -> bool:
    try:
        server.accept()
    except BlockingIOError:
        return False
    return True


def _assert_refused_at_once(upload, content: bytes, name: str = "a.jpg", **more: str) -> str:
    with pytest.raises(InvalidInputError) as caught:
        upload(content, name, **more)
    assert not Item.objects.exists()
    assert str(caught.value).endswith(".")
    return str(caught.value)


def _assert_failed(item: Item) -> str:
    assert item.media_state == Item.MediaState.FAILED
    assert item.problem.endswith(".")
    assert not item.assets.exists()
    assert not item.incoming
    return item.problem


def test_an_empty_file_is_refused(upload):
    assert "empty" in _assert_refused_at_once(upload, b"")


@pytest.mark.parametrize(
    "content",
    [
        b"<html><script>alert(1)</script></html>",
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b"%PDF-1.7 not a picture",
        b"MZ\x90\x00 an executable",
        b"RIFF\x24\x00\x00\x00AVI LIST",
        b"\x00" * 5000,
    ],
)
def test_what_is_no_picture_is_refused_whatever_it_is_called(upload, content):
    assert "neither a picture nor a video" in _assert_refused_at_once(upload, content)


def test_a_page_behind_a_picture_s_first_bytes_is_refused(upload):
    _assert_failed(upload(b"\xff\xd8\xff\xe0<html><script>alert(1)</script></html>"))


def test_a_picture_with_a_page_behind_its_end_comes_out_without_it(upload):
    item = upload(files.jpeg() + b"<script>alert(1)</script>")
    assert item.media_state == Item.MediaState.READY
    assert all(b"<script" not in asset.file.read() for asset in item.assets.all())


def test_a_truncated_jpeg_fails_with_a_sentence(upload):
    content = files.jpeg()
    assert "damaged or incomplete" in _assert_failed(upload(content[: len(content) // 2]))


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_truncated_mp4_fails_with_a_sentence(upload, tmp_path, share):
    # The index comes last here, so that a cut takes it away.
    content = files.clip(tmp_path / "in.mp4", seconds=1.0)
    _assert_failed(upload(content[: int(len(content) * share)], "a.mp4"))


def test_an_mp4_that_lost_its_second_half_is_called_incomplete(upload, tmp_path):
    content = files.clip(
        tmp_path / "in.mp4", size=(320, 240), seconds=4.0, options={"movflags": "faststart"}
    )
    cut = content.index(b"mdat") + (len(content) - content.index(b"mdat")) // 3
    assert "incomplete" in _assert_failed(upload(content[:cut], "a.mp4"))


def test_a_wrong_extension_and_type_do_not_matter(upload, tmp_path):
    item = upload(files.clip(tmp_path / "in.mp4", seconds=0.3), "holiday.jpg", "image/jpeg")
    assert (item.kind, item.media_state) == (Item.Kind.VIDEO, Item.MediaState.READY)


def test_a_picture_of_400_megapixels_is_refused_before_it_is_decoded(upload):
    assert "megapixels" in _assert_failed(upload(files.huge_png(), "big.png"))


def test_a_gif_of_10000_frames_is_refused_at_once(upload):
    assert "GIF" in _assert_refused_at_once(upload, files.many_framed_gif())


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_animated_pictures_are_refused(upload, form):
    assert "Animated" in _assert_failed(upload(files.animated(form)))


def test_a_strip_of_one_pixel_is_refused(upload):
    assert "too small" in _assert_failed(upload(files.as_bytes(files.picture(3000, 8), "PNG")))


def test_sound_alone_is_no_video(upload, tmp_path):
    content = files.clip(tmp_path / "s.mp4", picture_stream=False, sound_rate=44100)
    assert "only sound" in _assert_failed(upload(content, "a.mp4"))


def test_a_video_that_claims_a_day_is_refused(upload, tmp_path):
    content = files.clip(tmp_path / "l.mkv", form="matroska", times=[0, 1, 86_400], fps=10)
    assert "too long" in _assert_failed(upload(content, "a.mkv"))


@pytest.mark.parametrize(
    "name",
    [
        "../" * 1300 + "etc/passwd.jpg",
        "..\\..\\a.jpg",
        "-rf.jpg",
        "/etc/passwd",
        "CON",
        "a'; drop table--.jpg",
    ],
)
def test_a_hostile_name_is_never_used(upload, name):
    item = upload(files.jpeg(), name)
    assert item.media_state == Item.MediaState.READY
    root = Path(settings.MEDIA_ROOT).resolve()
    for asset in item.assets.all():
        assert Path(asset.file.path).resolve().is_relative_to(root / "assets" / str(item.pk))
        assert "passwd" not in asset.file.name


def test_a_name_that_turns_its_letters_around_is_refused(upload):
    with pytest.raises(BadMediaError, match="turn its letters around"):
        upload(files.jpeg(), "a\u202egpj.exe")


def test_playlists_are_refused_and_read_nothing(upload, tmp_path, listener):
    canary = tmp_path / "canary.ts"
    canary.write_text(CANARY)
    port = listener.getsockname()[1]
    for content in (
        files.playlist(f"file://{canary}"),
        files.playlist(f"http://127.0.0.1:{port}/x.ts"),
        files.playlist(f"concat:http://127.0.0.1:{port}/|file://{canary}"),
        files.ffconcat(str(canary)),
        files.sdp(port),
    ):
        _assert_refused_at_once(upload, content, "a.mp4")
    assert not _was_called(listener)


def test_a_playlist_behind_an_mp4_s_first_bytes_reads_nothing(upload, tmp_path, listener):
    canary = tmp_path / "canary.ts"
    canary.write_text(CANARY)
    port = listener.getsockname()[1]
    head = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41"
    for address in (f"file://{canary}", f"http://127.0.0.1:{port}/x.ts"):
        _assert_failed(upload(head + files.playlist(address), "a.mp4"))
    assert not _was_called(listener)
    assert not Asset.objects.exists()


@pytest.mark.parametrize("demuxer", ["mov", "matroska"])
def test_the_reader_itself_opens_no_playlist(tmp_path, listener, demuxer):
    """Past the sniffing, the forced demuxer and the protocol list hold on their own."""
    port = listener.getsockname()[1]
    source = tmp_path / "upload"
    for content in (
        files.playlist(f"http://127.0.0.1:{port}/x.ts"),
        files.ffconcat(f"http://127.0.0.1:{port}/x.mp4"),
        files.sdp(port),
    ):
        source.write_bytes(content)
        with pytest.raises(BadMediaError):
            run_in_child(
                "read_video", VIDEO_LIMITS, source=str(source), name=demuxer, folder=str(tmp_path)
            )
    assert not _was_called(listener)


def test_a_movie_that_points_at_another_file_does_not_read_it(upload, tmp_path, listener):
    """QuickTime's data references may name a file or an address; they are not followed."""
    content = files.clip(tmp_path / "in.mp4", seconds=0.3)
    port = listener.getsockname()[1]
    address = f"http://127.0.0.1:{port}/x".encode().ljust(40, b"\x00")[:40]
    # The self-contained flag is cleared, and the entry's own bytes become an address.
    at = content.index(b"url \x00\x00\x00\x01")
    upload(content[: at + 4] + b"\x00\x00\x00\x00" + address + content[at + 48 :], "a.mov")
    assert not _was_called(listener)
