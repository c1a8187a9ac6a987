"""The editor's tools: which an item has, what each asks for, and what is refused."""

from __future__ import annotations

import io
import uuid

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from PIL import Image

from accounts.models import Consent
from accounts.services import record_consents
from catalog.models import Frame, Item
from generation.models import Job
from moderation.models import CheckResult, Screening
from recommender.services import react
from tests.factories import ItemFactory, UserFactory

HTMX = {"HX-Request": "true"}


@pytest.fixture
def uploader(db):
    return UserFactory(uploader=True)


@pytest.fixture
def studio(client, uploader):
    client.force_login(uploader)
    return client


@pytest.fixture
def video(uploader):
    return ItemFactory(owner=uploader, kind=Item.Kind.VIDEO, title="Walk", published=True)


@pytest.fixture
def photo(uploader):
    return ItemFactory(
        owner=uploader,
        title="Red skirt",
        colours=["red"],
        garment_type="skirt",
        media_state=Item.MediaState.READY,
    )


def use(client, item: Item, tool: str, **said) -> str:
    said.setdefault("request_key", uuid.uuid4())
    url = f"{reverse('studio:edit', args=[item.pk])}?tool={tool}"
    return client.post(url, said, headers=HTMX).text


def guidance() -> dict:
    return Job.objects.get().guidance


@pytest.mark.parametrize("tool", ["words", "style"])
def test_a_picture_has_its_tools(studio, photo, tool):
    page = studio.get(reverse("studio:item", args=[photo.pk]), {"tool": tool})
    assert page.status_code == 200
    assert f'data-tool="{tool}"' in page.text


@pytest.mark.parametrize("tool", ["style", "clip", "thumbnail", "revise"])
def test_a_video_has_its_tools(studio, video, tool):
    page = studio.get(reverse("studio:item", args=[video.pk]), {"tool": tool})
    assert f'data-tool="{tool}"' in page.text


def test_a_tool_of_the_other_kind_does_not_exist(studio, photo):
    page = studio.get(reverse("studio:item", args=[photo.pk]), {"tool": "clip"})
    assert page.status_code == 404


def test_a_style_is_queued_with_its_degree(studio, video):
    use(studio, video, "style", style="pencil", degree="0.4")
    asked = guidance()
    assert (asked["mode"], asked["kind"], asked["style"]) == ("style", "video", "pencil")
    assert asked["style_degree"] == pytest.approx(0.4)


def test_my_palette_is_made_of_what_i_like_if_i_allow_it(studio, uploader, photo):
    liked = ItemFactory(published=True)
    react(user=uploader, item=liked, kind="like")
    record_consents(user=uploader, answers={Consent.Kind.CREATION: True})
    use(studio, photo, "style", style="palette", degree="1")
    assert guidance()["liked_item_ids"] == [liked.pk]


def test_likes_stay_out_without_consent(studio, uploader, photo):
    react(user=uploader, item=ItemFactory(published=True), kind="like")
    record_consents(user=uploader, answers={Consent.Kind.CREATION: False})
    use(studio, photo, "style", style="palette", degree="1")
    assert guidance()["liked_item_ids"] == []


def test_a_style_can_be_taken_from_a_liked_item(studio, uploader, photo):
    liked = ItemFactory(published=True)
    react(user=uploader, item=liked, kind="like")
    use(studio, photo, "style", style="exemplar", degree="1", exemplar=liked.pk)
    assert guidance()["exemplar_item_id"] == liked.pk


def test_an_exemplar_must_be_chosen_and_visible(studio, photo):
    hidden = ItemFactory()
    assert "Choose the item whose style" in use(
        studio, photo, "style", style="exemplar", degree="1"
    )
    answer = use(studio, photo, "style", style="exemplar", degree="1", exemplar=hidden.pk)
    assert str(hidden.pk) in answer
    assert not Job.objects.exists()


def test_the_api_refuses_a_hidden_exemplar(studio, photo):
    hidden = ItemFactory()
    answer = studio.post(
        f"/api/v1/studio/items/{photo.pk}/style/",
        {"request_key": "a", "style": "exemplar", "exemplar_id": hidden.pk},
    )
    assert answer.status_code == 400
    assert "Choose the item" in answer.json()["detail"]


def test_a_clip_by_hand_keeps_its_times(studio, video):
    use(studio, video, "clip", window="8", start_s="1.5", end_s="3")
    asked = guidance()
    assert (asked["mode"], asked["start_s"], asked["end_s"]) == ("clip", 1.5, 3.0)


def test_a_clip_is_cut_for_the_people_who_like_what_one_shows(studio, video, monkeypatch):
    taste = np.array([0.6, 0.8], np.float32)
    monkeypatch.setattr("studio.services.audience_vector", lambda owner: taste)
    use(studio, video, "clip", window="8", audience="fans")
    assert guidance()["user_vector"] == pytest.approx([0.6, 0.8])
    assert guidance()["liked_item_ids"] == []


def test_a_clip_for_oneself_takes_nobody_elses_taste(studio, video, monkeypatch):
    monkeypatch.setattr("studio.services.audience_vector", lambda owner: np.ones(2))
    use(studio, video, "clip", window="8", audience="me")
    assert guidance()["user_vector"] == []


def test_too_small_an_audience_leaves_the_uploaders_own_likes(studio, video):
    use(studio, video, "clip", window="8", audience="fans")
    assert guidance()["user_vector"] == []


def test_a_clip_that_ends_before_it_starts_is_refused(studio, video):
    answer = use(studio, video, "clip", window="8", start_s="3", end_s="1")
    assert "must end after it starts" in answer
    assert not Job.objects.exists()


def test_a_cover_is_drawn_from_the_video(studio, video):
    use(studio, video, "thumbnail", strength="0.5")
    assert (guidance()["mode"], guidance()["kind"]) == ("thumbnail", "image")


def test_words_about_the_background_change_the_background(studio, photo):
    use(studio, photo, "words", instruction="put it on a beach", strength="0.6")
    asked = guidance()
    assert (asked["mode"], asked["edit"]) == ("edit", "background")
    assert asked["wanted"]["colours"] == []


def test_a_video_is_revised_by_words(studio, video):
    use(studio, video, "revise", instruction="make it navy", strength="0.5")
    asked = guidance()
    assert (asked["mode"], asked["wanted"]["colours"]) == ("revise", ["navy"])


def test_only_the_owner_opens_an_item_for_edits(studio, uploader, photo):
    studio.post(reverse("studio:permissions", args=[photo.pk]), {"allows_edits": "on"})
    photo.refresh_from_db()
    assert photo.allows_edits
    other = ItemFactory(published=True)
    url = reverse("studio:permissions", args=[other.pk])
    assert studio.post(url, {"allows_edits": "on"}).status_code == 404
    studio.post(reverse("studio:permissions", args=[photo.pk]))
    photo.refresh_from_db()
    assert not photo.allows_edits


@pytest.fixture
def framed(uploader):
    """A draft video with two stills."""
    item = ItemFactory(owner=uploader, kind=Item.Kind.VIDEO, media_state=Item.MediaState.READY)
    picture = io.BytesIO()
    Image.new("RGB", (90, 120), (40, 90, 160)).save(picture, "JPEG")
    for index in range(2):
        Frame.objects.create(
            item=item,
            index=index,
            time_s=index / 2,
            file=ContentFile(picture.getvalue(), f"{index}.jpg"),
            width=90,
            height=120,
            bytes=len(picture.getvalue()),
            sha256=str(index) * 64,
        )
    return item


def test_a_frame_becomes_the_poster(studio, framed):
    page = studio.get(reverse("studio:item", args=[framed.pk]), {"tool": "thumbnail"}).text
    assert page.count('name="still"') == 2
    frame = framed.frames.first()
    answer = studio.post(
        reverse("studio:poster", args=[framed.pk]), {"still": f"frame-{frame.pk}"}, follow=True
    )
    assert "This is the poster now" in answer.text
    assert framed.asset("poster")


@pytest.mark.parametrize(
    "still", ["", "frame-", "frame-x", "frame-999999", "cover-1", "drop table"]
)
def test_a_still_of_something_else_does_not_exist(studio, framed, still):
    url = reverse("studio:poster", args=[framed.pk])
    assert studio.post(url, {"still": still}).status_code == 404


# --- faces ------------------------------------------------------------------------------------


def flagged_for_faces(item: Item) -> Item:
    """The item after a screening that saw faces, waiting for a person."""
    screening = Screening.objects.create(item=item, state=Screening.State.DONE)
    CheckResult.objects.create(
        screening=screening,
        check_name="faces",
        perspective=CheckResult.Perspective.PRIVACY,
        verdict=CheckResult.Verdict.FLAG,
        summary="It shows faces, and nobody said that the people agreed.",
    )
    item.state = Item.State.IN_REVIEW
    item.save()
    return item


@pytest.mark.parametrize("kind", ["photo", "video"])
def test_faces_are_blurred_in_pictures_and_videos(studio, request, kind):
    item = request.getfixturevalue(kind)
    use(studio, item, "faces")
    asked = guidance()
    assert (asked["mode"], asked["kind"]) == ("blur", item.kind)


def test_the_check_leads_to_the_blur_with_one_click(studio, photo):
    page = studio.get(reverse("studio:item", args=[flagged_for_faces(photo).pk])).text
    assert "People can be known in it" in page
    assert f'hx-post="{reverse("studio:edit", args=[photo.pk])}?tool=faces"' in page


def test_saying_that_everybody_agreed_is_kept_and_ends_the_question(studio, photo):
    flagged_for_faces(photo)
    page = studio.post(reverse("studio:people", args=[photo.pk]), follow=True).text
    photo.refresh_from_db()
    assert photo.people_agreed
    assert "Noted: everybody who is shown agreed" in page
    assert "People can be known in it" not in page


def test_nobody_else_can_say_that_the_people_agreed(client, photo):
    client.force_login(UserFactory(uploader=True))
    assert client.post(reverse("studio:people", args=[photo.pk])).status_code == 404
    photo.refresh_from_db()
    assert not photo.people_agreed


def test_faces_are_blurred_and_agreed_on_by_api_too(studio, photo):
    url = f"/api/v1/studio/items/{photo.pk}"
    assert studio.post(f"{url}/blur-faces/", {"request_key": "a"}).status_code == 201
    assert studio.post(f"{url}/people/").status_code == 204
    photo.refresh_from_db()
    assert photo.people_agreed
    assert guidance()["mode"] == "blur"
