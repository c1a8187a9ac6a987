"""An uploader's captions page and its API: writing, uploading, checking, and who may not."""

from __future__ import annotations

import uuid

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from catalog.models import Item
from catalog.services import store_media
from catalog.services.captions import get_cues, save_captions
from common.errors import NotAllowedError
from generation.models import Job
from media.captions import Cue
from media.encoding import encode_clip
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db

VTT = "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nHello &lt;you&gt;\n"
SRT = b"1\n00:00:00,500 --> 00:00:02,000\nGuten Tag\n"
CHANGES = ("save", "script", "upload", "version", "fit", "confirm", "remove")


@pytest.fixture
def uploader():
    return UserFactory(uploader=True)


@pytest.fixture
def studio(client, uploader):
    client.force_login(uploader)
    return client


@pytest.fixture(scope="module")
def clip() -> bytes:
    """Four seconds of a ramp that moves."""
    ramp = np.tile(np.arange(96, dtype=np.uint8), (64, 1))[..., None].repeat(3, 2)
    return encode_clip((np.roll(ramp, index, 1) for index in range(40)), fps=10)


@pytest.fixture
def video(uploader, clip):
    item = ItemFactory(owner=uploader, kind="video", title="My walk")
    store_media(item=item, video=clip, poster=np.full((64, 96, 3), 90, np.uint8))
    return item


def _url(name: str, item: Item) -> str:
    return reverse(f"studio:captions{'-' + name if name else ''}", args=[item.pk])


def _api(item: Item, name: str = "captions") -> str:
    return reverse(f"api:{name}", args=[item.pk])


def _texts(item: Item) -> list[str]:
    return [cue.text for cue in get_cues(Item.objects.get(pk=item.pk))]


# --- the page ------------------------------------------------------------------------------------
def test_a_video_without_captions_invites_to_write_them(studio, video):
    html = studio.get(_url("", video)).text
    assert "None yet" in html
    assert "<track" not in html
    assert _url("", video) in studio.get(reverse("studio:item", args=[video.pk])).text


def test_captions_are_saved_escaped_and_shown_beside_the_video(studio, video):
    answer = studio.post(_url("save", video), {"text": VTT}, follow=True)
    html = answer.text
    assert "Captions saved." in html
    assert "Hello &lt;you&gt;" in html
    assert "Hello <you>" not in html
    assert '<track kind="captions"' in html
    stored = Item.objects.get(pk=video.pk)
    served = studio.get(stored.captions_url)
    assert served.headers["Content-Type"] == "text/vtt"
    assert "Hello &lt;you&gt;" in served.text


def test_the_item_page_and_the_feed_show_the_track(studio, video, client):
    studio.post(_url("save", video), {"text": VTT})
    Item.objects.filter(pk=video.pk).update(state="published", published_at="2026-01-01T00:00Z")
    url = Item.objects.get(pk=video.pk).captions_url
    track = f'<track kind="captions" src="{url}" label="Captions" default>'
    assert track in studio.get(reverse("catalog:item", args=[video.pk])).text
    client.logout()
    assert track in client.get(reverse("feed:page")).text


def test_a_script_becomes_timed_captions_within_the_video(studio, video):
    studio.post(_url("script", video), {"script": "It is red. It has pockets."})
    cues = get_cues(Item.objects.get(pk=video.pk))
    assert [cue.text for cue in cues] == ["It is red.", "It has pockets."]
    assert 0 <= cues[0].start_s < cues[0].end_s <= cues[1].start_s < cues[1].end_s <= 4.0


def test_a_script_that_is_far_too_long_says_how_long_it_may_be(studio, video):
    script = "This will never fit. " * 40
    answer = studio.post(_url("script", video), {"script": script})
    assert answer.status_code == 400
    assert "Shorten it to 120 or fewer" in answer.text
    # What was typed is not lost.
    assert "This will never fit. This will never fit." in answer.text


def test_a_file_is_read_and_what_was_left_out_is_told(studio, video):
    content = SRT + b"\n2\n00:00:03,000 --> 00:00:02,000\nbackwards\n"
    file = SimpleUploadedFile("a.srt", content, "application/octet-stream")
    html = studio.post(_url("upload", video), {"file": file}, follow=True).text
    assert "1 caption left out: the end was not after the start." in html
    assert _texts(video) == ["Guten Tag"]


def test_each_broken_rule_is_said_beside_its_caption_and_can_be_put_right(studio, video):
    long = "A line that goes on and on and on well beyond what anybody can read in time"
    studio.post(_url("save", video), {"text": f"WEBVTT\n\n00:00.000 --> 00:00.300\n{long}\n"})
    html = studio.get(_url("", video)).text
    assert "A line has 75 characters; 42 is the most." in html
    assert "Shown for 0.3 s; 0.8 s is the least." in html
    assert "characters a second" in html
    studio.post(_url("fit", video))
    html = studio.get(_url("", video)).text
    assert "A line has" not in html
    assert "Shown for" not in html
    assert " ".join(_texts(video)).split() == long.split()


def test_text_without_times_is_refused_and_kept_in_the_field(studio, video):
    studio.post(_url("save", video), {"text": VTT})
    answer = studio.post(_url("save", video), {"text": "no times at all"})
    assert answer.status_code == 400
    assert "This is not WebVTT, SRT or ASS" in answer.text
    assert "no times at all" in answer.text
    assert _texts(video) == ["Hello <you>"]


def test_the_same_form_sent_twice_leaves_the_captions_once(studio, video):
    for _ in range(2):
        studio.post(_url("save", video), {"text": VTT})
    assert video.assets.filter(role="captions").count() == 1
    for _ in range(2):
        assert studio.post(_url("remove", video)).status_code == 302
    assert not video.assets.filter(role="captions").exists()


def test_captions_written_by_machine_are_marked_until_a_person_has_read_them(studio, video):
    save_captions(item=video, by=video.owner, cues=[Cue(0, 2, "Hear hear", auto=True)])
    assert "1 of these was written by speech recognition" in studio.get(_url("", video)).text
    studio.post(_url("confirm", video))
    html = studio.get(_url("", video)).text
    assert "speech recognition" not in html
    assert _texts(video) == ["Hear hear"]


def test_the_file_can_be_downloaded(studio, video):
    assert studio.get(_url("download", video)).status_code == 404
    studio.post(_url("save", video), {"text": VTT})
    answer = studio.get(_url("download", video))
    assert answer.headers["Content-Type"] == "text/vtt; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.text.startswith("WEBVTT")


# --- what was submitted --------------------------------------------------------------------------
@pytest.fixture
def published(studio, video):
    studio.post(_url("save", video), {"text": VTT})
    Item.objects.filter(pk=video.pk).update(state="published", published_at="2026-01-01T00:00Z")
    return Item.objects.get(pk=video.pk)


def test_what_was_submitted_keeps_its_captions_and_offers_a_version(studio, published):
    html = studio.get(_url("", published)).text
    assert "A version with other captions" in html
    assert _url("save", published) not in html
    answer = studio.post(_url("save", published), {"text": VTT.replace("Hello", "Bye")})
    assert "Make a new version with them." in answer.text
    studio.post(_url("remove", published))
    assert _texts(published) == ["Hello <you>"]


def test_a_version_is_queued_once_for_one_press(studio, published):
    sent = {"script": "It is blue now.", "burn": "on", "request_key": str(uuid.uuid4())}
    pages = {studio.post(_url("version", published), sent).url for _ in range(2)}
    job = Job.objects.get()
    assert pages == {reverse("generation:job", args=[job.pk])}
    guidance = job.guidance
    assert (guidance["mode"], guidance["kind"]) == ("caption", "video")
    assert (guidance["script"], guidance["burn_captions"]) == ("It is blue now.", True)
    assert (job.source, job.auto_submit) == (published, False)


def test_a_version_without_words_or_speech_is_refused_at_once(studio, video):
    sent = {"script": "", "burn": "on", "request_key": str(uuid.uuid4())}
    answer = studio.post(_url("version", video), sent)
    assert answer.status_code == 400
    assert not Job.objects.exists()


# --- who may not ---------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["", "download", *CHANGES])
def test_somebody_elses_captions_do_not_exist(client, video, name):
    client.force_login(UserFactory(uploader=True))
    method = client.get if name in {"", "download"} else client.post
    assert method(_url(name, video), {"text": VTT}).status_code == 404
    assert _texts(video) == []


@pytest.mark.parametrize("name", ["", "download", *CHANGES])
def test_nobody_signed_out_gets_there(client, video, name):
    method = client.get if name in {"", "download"} else client.post
    assert method(_url(name, video)).status_code == 302


def test_a_picture_has_no_captions_page(studio, uploader):
    picture = ItemFactory(owner=uploader, media_state="ready")
    assert studio.get(_url("", picture)).status_code == 404


@pytest.mark.parametrize("name", CHANGES)
def test_looking_changes_nothing(studio, video, name):
    assert studio.get(_url(name, video)).status_code == 405


def test_the_service_itself_refuses_another_person(video):
    with pytest.raises(NotAllowedError):
        save_captions(item=video, by=UserFactory(uploader=True), cues=[Cue(0, 1, "mine")])


# --- the API -------------------------------------------------------------------------------------
def test_the_api_replaces_reads_and_removes(studio, video):
    answer = studio.put(_api(video), {"text": VTT}, content_type="application/json").json()
    assert answer["cues"][0]["text"] == "Hello <you>"
    assert answer["cues"][0]["warnings"] == []
    assert studio.get(_api(video)).json()["vtt"] == answer["vtt"]
    assert studio.get(_api(video, "captions-file")).text == answer["vtt"]
    for _ in range(2):
        assert studio.delete(_api(video)).status_code == 204
    assert studio.get(_api(video)).json()["cues"] == []


def test_the_api_times_a_script_and_reads_a_file(studio, video):
    said = {"script": "One thing. Another thing."}
    made = studio.put(_api(video), said, content_type="application/json").json()
    assert len(made["cues"]) == 2
    from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

    body = encode_multipart(BOUNDARY, {"file": SimpleUploadedFile("x.srt", SRT)})
    read = studio.put(_api(video), body, content_type=MULTIPART_CONTENT).json()
    assert [cue["text"] for cue in read["cues"]] == ["Guten Tag"]


@pytest.mark.parametrize("said", [{}, {"text": VTT, "script": "both"}, {"text": "not timed"}])
def test_the_api_refuses_with_a_sentence(studio, video, said):
    answer = studio.put(_api(video), said, content_type="application/json")
    assert answer.status_code == 400
    assert _texts(video) == []


def test_the_api_is_the_owners_only(client, video):
    client.force_login(UserFactory(uploader=True))
    assert client.get(_api(video)).status_code == 404
    assert (
        client.put(_api(video), {"text": VTT}, content_type="application/json").status_code == 404
    )
    client.logout()
    assert client.get(_api(video)).status_code in {401, 403}


def test_the_api_queues_a_version(studio, video):
    said = {"request_key": "k", "script": "Words."}
    url = _api(video, "captions-version")
    first = studio.post(url, said, content_type="application/json")
    again = studio.post(url, said, content_type="application/json")
    assert first.status_code == 201
    assert first.json()["id"] == again.json()["id"] == Job.objects.get().pk
