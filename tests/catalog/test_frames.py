"""Frames of videos: made once, served with permission, gone with their video."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from PIL import Image

from catalog.models import Embedding, Frame, FrameVectors, Item
from catalog.services import (
    create_generated_item,
    delete_draft,
    embed_items,
    list_unembedded,
    make_frames,
    replace_still,
    store_media,
    submit_item,
    use_as_poster,
)
from catalog.signals import frames_made
from common.errors import ConflictError, InvalidInputError, NotAllowedError
from media.encoding import encode_clip
from tests import media_files as files
from tests.catalog.test_views import _in_state
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db
COLOURS = ((220, 30, 30), (30, 30, 220), (30, 180, 40))


@pytest.fixture(scope="module")
def striped() -> bytes:
    """Six seconds: red, blue, green, two seconds each."""
    pictures = [np.full((160, 120, 3), colour, np.uint8) for colour in COLOURS]
    for picture in pictures:
        picture[40:120, 30:90] = 255 - picture[40:120, 30:90]
    return encode_clip([picture for picture in pictures for _ in range(32)], fps=16)


@pytest.fixture
def video(striped, encoder) -> Item:
    item = ItemFactory(kind="video", media_state="waiting")
    store_media(item=item, video=striped, poster=files.picture())
    embed_items(items=[item])
    return item


def test_a_video_is_sampled_when_it_is_embedded(video, encoder):
    row = FrameVectors.objects.get(item=video, model=encoder.name)
    assert row.times == pytest.approx([0.25 + 0.5 * n for n in range(12)])
    assert row.matrix().shape == (12, 3)
    assert np.linalg.norm(row.matrix(), axis=1) == pytest.approx(1, abs=1e-3)
    assert row.scene_starts == pytest.approx([2, 4], abs=0.07)
    assert (row.step_s, row.duration_s) == (0.5, 6.0)


def test_stills_show_each_scene_once(video):
    stills = list(video.frames.order_by("index"))
    assert [int(still.time_s // 2) for still in stills] == [0, 1, 2]
    for still, colour in zip(stills, COLOURS, strict=True):
        with Image.open(still.file) as picture:
            assert picture.size == (still.width, still.height) == (120, 160)
            assert np.abs(np.array(picture.getpixel((5, 5))) - colour).max() < 30
        assert still.bytes == len(Path(still.file.path).read_bytes())


def test_an_upload_gets_its_frames_from_the_worker(tmp_path, upload):
    item = upload(files.clip(tmp_path / "v.mp4", seconds=2.0))
    assert item.frames.exists()
    assert item.frame_vectors.get().times[0] == 0.25


def test_pictures_have_no_frames(upload):
    assert not upload(files.jpeg()).frames.exists()


def test_making_frames_again_keeps_the_stills(video, encoder):
    before = list(video.frames.order_by("index").values_list("pk", "file"))
    make_frames(item=video, encoder=encoder)
    assert list(video.frames.order_by("index").values_list("pk", "file")) == before
    assert video.frame_vectors.count() == 1


def test_a_new_file_of_a_video_makes_its_frames_stale(
    video, tmp_path, django_capture_on_commit_callbacks
):
    paths = [Path(still.file.path) for still in video.frames.all()]
    with django_capture_on_commit_callbacks(execute=True):
        store_media(item=video, video=files.clip(tmp_path / "n.mp4"), poster=files.picture())
    assert not video.frames.exists()
    assert not video.frame_vectors.exists()
    assert not any(path.exists() for path in paths)


def test_deleting_a_video_deletes_the_files_of_its_frames(
    video, django_capture_on_commit_callbacks
):
    paths = [Path(still.file.path) for still in video.frames.all()]
    assert all(path.exists() for path in paths)
    with django_capture_on_commit_callbacks(execute=True):
        delete_draft(item=video, by=video.owner)
    assert not any(path.exists() for path in paths)
    assert not Frame.objects.exists()


def test_a_video_that_cannot_be_read_costs_only_its_own_frames(video, encoder):
    broken = ItemFactory(kind="video", media_state="waiting")
    store_media(
        item=broken,
        video=files.clip(Path(video.asset("master").file.path + ".x")),
        poster=files.picture(),
    )
    Path(broken.asset("master").file.path).write_bytes(b"rubbish")
    video.frame_vectors.all().delete()
    assert embed_items(items=[broken, video]) == 2
    assert not broken.frames.exists()
    assert video.frame_vectors.exists()


def test_the_apps_above_are_told_once_of_new_stills_of_an_ai_video(
    striped, encoder, django_capture_on_commit_callbacks
):
    told = []

    def hear(sender, item_id, **more):
        told.append(item_id)

    frames_made.connect(hear)
    by_hand = ItemFactory(kind="video", media_state="waiting")
    item = ItemFactory(kind="video", media_state="waiting", ai=True)
    with django_capture_on_commit_callbacks(execute=True):
        store_media(item=item, video=striped, poster=files.picture())
        make_frames(item=item, encoder=encoder)
        make_frames(item=item, encoder=encoder)
        store_media(item=by_hand, video=striped, poster=files.picture())
        make_frames(item=by_hand, encoder=encoder)
    assert told == [item.pk]


def test_reembed_makes_up_for_frames_that_are_missing(video, encoder):
    video.frame_vectors.all().delete()
    assert list(list_unembedded(model_name=encoder.name)) == [video]
    call_command("reembed", verbosity=0)
    assert video.frame_vectors.filter(model=encoder.name).exists()
    assert not list_unembedded(model_name=encoder.name).exists()


def test_reembed_covers_frames_for_another_encoder_and_prunes_old_vectors(video, encoder):
    before = list(video.frames.values_list("pk", flat=True))
    encoder.name = "plain:2"
    call_command("reembed", "--prune", verbosity=0)
    assert [row.model for row in video.frame_vectors.all()] == ["plain:2"]
    assert [row.model for row in Embedding.objects.filter(item=video)] == ["plain:2"]
    assert list(video.frames.values_list("pk", flat=True)) == before


# ---- serving ----------------------------------------------------------------------------------


# Of what expired nothing is left, for nobody: see test_expiring.
@pytest.mark.parametrize(
    "state", [s for s in Item.State.values if s not in {"published", "expired"}]
)
def test_stills_of_a_hidden_video_do_not_exist_for_others(client, video, state):
    url = _in_state(video, state).frames.first().url
    for user, expected in [
        (None, 404),
        (UserFactory(), 404),
        (video.owner, 200),
        (UserFactory(moderator=True), 200),
    ]:
        client.logout()
        if user:
            client.force_login(user)
        response = client.get(url)
        assert response.status_code == expected
        assert "max-age" not in response.headers["Cache-Control"]


def test_a_published_still_is_served_as_a_picture_that_can_be_cached(client, video):
    still = _in_state(video, "published").frames.first()
    response = client.get(still.url)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "image/jpeg"
    assert "max-age=86400" in response.headers["Cache-Control"]
    assert response.content == Path(still.file.path).read_bytes()


def test_stills_of_an_adult_video_do_not_exist_for_minors(client, video):
    still = _in_state(video, "published", age_rating="adult").frames.first()
    assert client.get(still.url).status_code == 404


@pytest.mark.parametrize("origin", ["ai", "ai_assisted"])
def test_an_unmarked_still_of_an_ai_video_is_served_to_nobody(client, video, origin):
    _in_state(video, "published", origin=origin)
    still = video.frames.first()
    client.force_login(video.owner)
    assert client.get(still.url).status_code == 404
    replace_still(frame=still, content=files.jpeg(), is_marked=True)
    assert client.get(still.url).status_code == 200


def test_a_still_that_does_not_exist_is_not_found(client, video):
    assert client.get("/media/frames/999999.jpg").status_code == 404
    assert client.post(video.frames.first().url).status_code == 405


# ---- a poster for everybody -------------------------------------------------------------------


def poster_colour(item: Item) -> np.ndarray:
    item.refresh_from_db()
    with Image.open(io.BytesIO(item.asset("poster").file.read())) as picture:
        return np.array(picture.getpixel((5, 5)))


def drawn_for(video: Item, **more) -> Item:
    fields = {
        "image": np.full((640, 480, 3), (250, 200, 20), np.uint8),
        "made_for": None,
        "owner": video.owner,
        "origin": Item.Origin.AI_ASSISTED,
        "authorship": Item.Authorship.UPLOADER,
        "title": "A poster",
        "guidance": {"user_id": video.owner_id, "instruction": "", "mode": "thumbnail"},
        "manifest": {"backend": "embedded"},
        "parent": video,
    } | more
    return create_generated_item(**fields)


def test_the_owner_chooses_a_still_as_poster(video):
    use_as_poster(video=video, by=video.owner, still=video.frames.order_by("index")[1])
    assert np.abs(poster_colour(video) - COLOURS[1]).max() < 30
    assert video.origin == Item.Origin.HUMAN


def test_a_drawn_poster_makes_the_video_ai_assisted(video):
    use_as_poster(video=video, by=video.owner, still=drawn_for(video))
    assert np.abs(poster_colour(video) - (250, 200, 20)).max() < 12
    assert video.origin == Item.Origin.AI_ASSISTED
    assert video.guidance["mode"] == "thumbnail"
    # It is still a video to be shown, not a picture for another one.
    assert video in Item.objects.standalone()


def test_only_the_owner_may_change_the_poster(video):
    with pytest.raises(NotAllowedError):
        use_as_poster(video=video, by=UserFactory(uploader=True), still=video.frames.first())


def test_the_poster_of_a_submitted_video_stays(video):
    submit_item(item=video, by=video.owner)
    with pytest.raises(ConflictError, match="new version"):
        use_as_poster(video=video, by=video.owner, still=video.frames.first())


def test_what_was_not_made_for_this_video_cannot_be_its_poster(video, encoder):
    other = ItemFactory(kind="video", owner=video.owner)
    for still in (
        drawn_for(video, parent=other),
        drawn_for(video, guidance={"user_id": 1, "instruction": "a hat", "mode": "create"}),
        drawn_for(video, owner=UserFactory()),
    ):
        with pytest.raises(InvalidInputError):
            use_as_poster(video=video, by=video.owner, still=still)


def test_a_drawn_poster_is_not_shown_as_an_item_of_its_own(video):
    drawn = _in_state(drawn_for(video), "published")
    assert drawn not in Item.objects.standalone()
    assert video in Item.objects.standalone()
    assert ItemFactory(published=True) in Item.objects.standalone()
