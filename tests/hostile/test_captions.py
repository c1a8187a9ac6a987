"""Captions that somebody made to break things: refused or tamed, with a sentence, in seconds."""

from __future__ import annotations

import time
from pathlib import Path

import av
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from catalog.services.captions import get_cues
from media.caption_files import read_captions
from media.captions import MAX_CUE_CHARS, BadCaptionsError, write_vtt
from tests.factories import UserFactory
from tests.media_files import clip
from tests.subtitled import subtitled

CUE = "00:00:01.000 --> 00:00:02.000\n"
VTT = f"WEBVTT\n\n{CUE}"
SRT = "1\n00:00:01,000 --> 00:00:02,000\n"
# As slow as a loaded machine may be; a quadratic pattern takes minutes or hours.
SOON_S = 20.0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b" \n\n ", "empty"),
        (VTT.encode() + b"x" * 10_000_000, "too large"),
        (VTT.encode() + b"x" * 500_000, "far too long"),
        ((SRT + "a\n\n").encode() * 10_000, "too many"),
        (b"\x00\x01\x02\x03" * 2000, "not a text file"),
        (b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40, "not a text file"),
        (b"\xff\xfe\x00\xd8\x00\x00", "damaged"),
        (b"GIF89a just words", "not WebVTT, SRT or ASS"),
        (b"WEBVTT\n\n", "no captions"),
        (b"WEBVTT\n\n99:99:99.999 -> 00:00\nx\n", "no captions"),
        (b"[Script Info]\n[Events]\nDialogue: nonsense\n", "no captions"),
        (b'{"events": [{"start": 1}]}', "not WebVTT"),
        (b"<tt xmlns='http://www.w3.org/ns/ttml'><body/></tt>", "not WebVTT"),
    ],
)
def test_what_is_no_captions_file_is_refused_with_a_sentence(content, sentence):
    started = time.monotonic()
    with pytest.raises(BadCaptionsError, match=sentence):
        read_captions(content)
    assert time.monotonic() - started < SOON_S


def test_a_hundred_thousand_cues_are_refused_at_once():
    started = time.monotonic()
    with pytest.raises(BadCaptionsError):
        read_captions((SRT + "a\n\n").encode() * 100_000)
    assert time.monotonic() - started < SOON_S


@pytest.mark.parametrize(
    "said",
    [
        "a" + "\n" * 250_000 + "b",
        "<a\n" * 150_000,
        "{\n" * 200_000,
        "{\\\n" * 150_000,
        "< " + " " * 300_000 + "x",
        "&#x41\n" * 80_000,
        "1\n" * 200_000,
        "12:\n" * 100_000,
        "x" + "\\N" * 1500,
    ],
)
def test_text_that_makes_patterns_slow_is_read_in_time(said):
    started = time.monotonic()
    cues = read_captions((VTT + said).encode()).cues
    assert time.monotonic() - started < SOON_S
    assert all(len(cue.text) <= MAX_CUE_CHARS for cue in cues)


@pytest.mark.parametrize(
    "said",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<c.x><script\n>alert(1)</script></c>",
        "{\\an8}<b onclick='x'>hi</b>",
        "]]><svg/onload=alert(1)>",
    ],
)
@pytest.mark.parametrize("head", [VTT, SRT])
def test_no_markup_gets_into_what_is_served(head, said):
    vtt = write_vtt(read_captions((head + "a " + said + "\n").encode()).cues)
    body = vtt.replace(" --> ", "")
    assert "<" not in body
    assert ">" not in body


def test_times_before_the_start_and_backwards_are_tamed():
    reading = read_captions(
        b"1\n-00:00:03,000 --> 00:00:01,000\nearly\n\n"
        b"2\n00:00:05,000 --> 00:00:04,000\nbackwards\n\n"
        b"3\n-00:00:05,000 --> -00:00:04,000\nlong gone\n"
    )
    assert [(cue.start_s, cue.end_s, cue.text) for cue in reading.cues] == [(0.0, 1.0, "early")]
    assert reading.notes == ["2 captions left out: the end was not after the start."]


def test_a_cue_cannot_forge_another():
    forged = "first\n\nWEBVTT\n\n00:00:09.000 --> 00:00:10.000\nforged"
    vtt = write_vtt(read_captions((VTT + "first --&gt; 00:00:09.000\n").encode()).cues)
    assert vtt.count("-->") == 1
    assert len(read_captions((VTT + forged).encode()).cues) == 2


def test_a_ten_megabyte_upload_is_refused_on_the_page_and_nothing_is_lost(upload, client, tmp_path):
    item = upload(clip(tmp_path / "a.mp4"), "a.mp4", "video/mp4")
    client.force_login(item.owner)
    url = reverse("studio:captions-upload", args=[item.pk])
    good = SimpleUploadedFile("a.vtt", (VTT + "kept\n").encode())
    assert client.post(url, {"file": good}).status_code == 302
    huge = SimpleUploadedFile("b.vtt", VTT.encode() + b"x\n" * 5_000_000)
    answer = client.post(url, {"file": huge})
    assert answer.status_code == 400
    assert "This captions file is too large." in answer.text
    item.refresh_from_db()
    assert [cue.text for cue in get_cues(item)] == ["kept"]


def test_another_person_cannot_put_captions_on_it(upload, client, tmp_path):
    item = upload(clip(tmp_path / "a.mp4"), "a.mp4", "video/mp4")
    client.force_login(UserFactory(uploader=True))
    file = SimpleUploadedFile("a.vtt", (VTT + "mine\n").encode())
    url = reverse("studio:captions-upload", args=[item.pk])
    assert client.post(url, {"file": file}).status_code == 404


# --- inside a video ------------------------------------------------------------------------------
@pytest.mark.parametrize("form", ["mp4", "matroska"])
def test_captions_inside_a_video_are_kept_as_text(upload, tmp_path, form):
    said = [(0.5, 1.2, "Hello <script>x</script>there"), (1.5, 1.9, "Bye & thanks")]
    content = subtitled(tmp_path, said, form=form)
    item = upload(content, "a.mkv", "video/mp4")
    assert item.media_state == "ready", item.problem
    cues = get_cues(item)
    assert [cue.text for cue in cues] == ["Hello xthere", "Bye & thanks"]
    assert cues[0].start_s == pytest.approx(0.5, abs=0.05)
    assert "<" not in write_vtt(cues)


def test_a_flood_of_subtitle_packets_does_not_harm_the_video(upload, tmp_path):
    said = [(index / 3000, index / 3000 + 0.001, f"spam {index}") for index in range(3000)]
    item = upload(subtitled(tmp_path, said), "a.mp4", "video/mp4")
    assert item.media_state == "ready", item.problem
    assert len(get_cues(item)) <= 600


def test_broken_subtitles_do_not_cost_the_video(upload, tmp_path):
    broken = [
        (0.2, 0.9, "\xff\xfe\x00 \udcff".encode("utf-8", "surrogateescape").decode("latin-1"))
    ]
    item = upload(subtitled(tmp_path, broken), "a.mp4", "video/mp4")
    assert item.media_state == "ready", item.problem
    with av.open(item.asset("master").file.path) as video:
        assert video.streams.video


def test_a_video_without_subtitles_has_none(upload, tmp_path: Path):
    item = upload(clip(tmp_path / "a.mp4"), "a.mp4", "video/mp4")
    assert item.captions_url == ""
