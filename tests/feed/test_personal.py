"""The viewer's own poster and clip: nearest to what they like, and only with their leave."""

from __future__ import annotations

import numpy as np
import pytest
from django.urls import reverse

from accounts.models import Consent
from catalog.models import Asset, Embedding, Frame, FrameVectors, Item
from feed.personal import present
from feed.reasons import get_why
from feed.selectors import get_feed_page
from recommender.services import audience_vector, taste_of
from tests.factories import ItemFactory, UserFactory
from tests.recommender.conftest import TASTES, with_vector

pytestmark = pytest.mark.django_db
DIM = 8


def towards(taste: str) -> np.ndarray:
    return np.eye(DIM)[TASTES.index(taste)]


def make_video(scenes: list[str], *, seconds: float = 8.0, **fields) -> Item:
    """A published video whose scenes show one taste each, of equal length, with a still of each."""
    item = ItemFactory(published=True, kind="video", **fields)
    Asset.objects.create(
        item=item, role="master", file="assets/x.mp4", mime="video/mp4", width=360, height=480,
        duration_s=seconds * len(scenes), has_sound=True, sha256="0" * 64,
    )  # fmt: skip
    Asset.objects.create(
        item=item, role="poster", file="assets/x.jpg", mime="image/jpeg", width=360, height=480,
        sha256="1" * 64,
    )  # fmt: skip
    each = round(seconds / 0.5)
    rows = np.concatenate([np.tile(towards(taste), (each, 1)) for taste in scenes])
    FrameVectors.objects.create(
        item=item,
        model="test",
        times=[0.25 + 0.5 * n for n in range(len(rows))],
        scene_starts=[seconds * n for n in range(1, len(scenes))],
        vectors=rows.astype(np.float16).tobytes(),
    )
    for number in range(len(scenes)):
        Frame.objects.create(
            item=item, index=number * each + 2, time_s=number * seconds + 1.25, width=360,
            height=480, bytes=1, sha256=f"{number}" * 64, file=f"assets/f{number}.jpg",
        )  # fmt: skip
    # The uploader's own poster shows a bit of everything.
    mixed = np.full(DIM, DIM**-0.5)
    Embedding.objects.create(item=item, model="test", vector=mixed)
    return item


@pytest.fixture
def video(items) -> Item:
    return make_video(list(TASTES))


@pytest.fixture
def fan_of(adult, like, items):
    """Make a person who likes three items of one taste, with their leave to learn."""

    def make(taste: str):
        person = UserFactory()
        person.profile.age_band = "adult"
        person.profile.save()
        Consent.objects.create(user=person, kind=Consent.Kind.PERSONALISATION, granted=True)
        for item in [one for one in items if one.garment_type == taste][:3]:
            like(person, item)
        return person

    return make


def poster_for(person, video: Item) -> int | None:
    shown = present(user=person, items=[video]).get(video.pk)
    return shown.still.index // 16 if shown and shown.still else None


def test_people_of_different_taste_see_different_posters(video, fan_of):
    assert [poster_for(fan_of(taste), video) for taste in TASTES] == [0, 1, 2]


def test_the_feed_shows_each_person_their_own_poster(client, fan_of, video):
    Item.objects.exclude(pk=video.pk).update(state="draft")
    posters = []
    for taste in TASTES:
        person = fan_of(taste)
        client.force_login(person)
        card = get_feed_page(user=person, limit=8, again=True).cards[0]
        page = client.get(reverse("feed:page"), {"again": "1"}).content.decode()
        assert f'poster="{card.poster_url}"' in page
        posters.append(card.poster_url)
    assert len(set(posters)) == 3
    assert all(url.startswith("/media/frames/") for url in posters)


def test_visitors_and_newcomers_see_the_uploaders_poster(video):
    assert present(user=None, items=[video]) == {}
    assert present(user=UserFactory(), items=[video]) == {}


def test_who_refused_personalisation_sees_the_uploaders_poster(video, fan_of):
    person = fan_of("hat")
    assert poster_for(person, video) == 1
    Consent.objects.create(user=person, kind=Consent.Kind.PERSONALISATION, granted=False)
    assert present(user=person, items=[video]) == {}


def test_a_like_of_the_video_itself_does_not_count(video, fan_of, like):
    person = fan_of("hat")
    like(person, video)
    assert poster_for(person, video) == 1
    lonely = UserFactory()
    like(lonely, video)
    assert present(user=lonely, items=[video]) == {}


def test_a_like_taken_back_does_not_count(video, like, items):
    person = UserFactory()
    for item in items[:2]:
        like(person, item)
        like(person, item, "undo")
    assert taste_of(person) is None
    assert present(user=person, items=[video]) == {}


def test_the_uploaders_poster_stays_where_it_is_the_nearest(video, fan_of):
    Embedding.objects.filter(item=video).delete()
    Embedding.objects.create(item=video, model="test", vector=towards("hat"))
    FrameVectors.objects.update(
        vectors=np.tile(towards("skirt"), (48, 1)).astype(np.float16).tobytes()
    )
    assert present(user=fan_of("hat"), items=[video])[video.pk].still is None


def test_vectors_of_another_encoder_are_never_compared(video, fan_of):
    FrameVectors.objects.update(model="another")
    assert present(user=fan_of("hat"), items=[video]) == {}


def test_unmarked_stills_of_an_ai_video_are_not_chosen(video, fan_of):
    person = fan_of("hat")
    Item.objects.filter(pk=video.pk).update(origin="ai")
    assert poster_for(person, video) is None
    Frame.objects.filter(item=video, index__gte=32).update(is_marked=True)
    # Only what is marked can be chosen, though another still would be nearer; here it is no
    # nearer than the uploader's poster, so that stays.
    assert poster_for(person, video) is None
    Frame.objects.filter(item=video).update(is_marked=True)
    assert poster_for(person, video) == 1


# ---- the clip ---------------------------------------------------------------------------------


def clip_for(person, video: Item):
    shown = present(user=person, items=[video]).get(video.pk)
    return shown.clip if shown else None


@pytest.mark.parametrize(("taste", "scene"), [("skirt", 0), ("hat", 1), ("shoes", 2)])
def test_a_long_video_plays_as_the_scene_one_likes(video, fan_of, taste, scene, settings):
    clip = clip_for(fan_of(taste), video)
    assert scene * 8 <= clip.start_s < clip.end_s <= scene * 8 + 8
    assert clip.end_s - clip.start_s == pytest.approx(4.0, abs=1.5)
    assert (clip.mode, clip.kind, clip.window) == ("clip", "video", 8)


def test_a_clip_says_by_what_it_was_chosen(video, fan_of):
    person = fan_of("hat")
    clip = clip_for(person, video)
    assert clip.user_id == person.pk
    assert set(clip.liked_item_ids) == set(taste_of(person).item_ids)
    assert clip.user_vector_model == "test"


def test_a_short_video_plays_as_a_whole(items, fan_of):
    short = make_video(list(TASTES), seconds=3.0)
    assert clip_for(fan_of("hat"), short) is None
    assert poster_for(fan_of("hat"), short) is not None


def test_a_clip_that_is_nearly_everything_is_none(video, fan_of, settings):
    settings.FEED_CLIP_WINDOW = 32
    settings.FEED_CLIP_MIN_S = 5.0
    short = make_video(["hat", "skirt"], seconds=8.0)
    assert clip_for(fan_of("hat"), short) is None


def test_the_card_plays_the_clip_and_leads_to_the_whole(client, video, fan_of):
    person = fan_of("hat")
    Item.objects.exclude(pk=video.pk).update(state="draft")
    client.force_login(person)
    # What was liked is hidden now, but liked all the same.
    page = client.get(reverse("feed:page")).content.decode()
    clip = clip_for(person, video)
    assert f"#t={clip.start_s:.2f},{clip.end_s:.2f}" in page
    assert "nearest to 3 things you liked" in page
    assert f'<a href="{video.get_absolute_url()}">Watch the whole video</a>' in page
    assert "#t=" not in client.get(video.get_absolute_url()).content.decode()


def test_the_api_gives_poster_and_clip(client, video, fan_of):
    person = fan_of("hat")
    client.force_login(person)
    cards = client.get("/api/v1/feed/", {"limit": 40}).json()["cards"]
    card = next(card for card in cards if card["item"]["id"] == video.pk)
    assert card["poster_url"].startswith("/media/frames/")
    assert card["clip"]["liked_items"] == 3
    assert card["clip"]["end_s"] > card["clip"]["start_s"]
    assert {card["clip"] is None for card in cards} == {True, False}


def test_why_explains_poster_and_clip(video, fan_of):
    said = " ".join(get_why(user=fan_of("hat"), item=video).presented)
    assert "0:09" in said
    assert "3 things you liked" in said
    assert get_why(user=None, item=video).presented == []


def test_a_page_costs_few_queries_whatever_the_number_of_videos(
    fan_of, items, django_assert_max_num_queries
):
    videos = [make_video(list(TASTES)) for _ in range(8)]
    person = fan_of("hat")
    loaded = list(Item.objects.with_assets().filter(pk__in=[video.pk for video in videos]))
    person.profile  # noqa: B018  (loaded with every request)
    present(user=person, items=loaded)
    # Posters drawn, leave to learn, likes, newest vector; then one for all videos of the page.
    with django_assert_max_num_queries(5):
        assert len(present(user=person, items=loaded)) == 8


# ---- a poster that AI drew --------------------------------------------------------------------


def drawn_for(person, video: Item, **fields) -> Item:
    item = ItemFactory(
        published=True, ai=True, made_for=person, parent=video,
        guidance={"user_id": person.pk, "instruction": "", "mode": "thumbnail"}, **fields,
    )  # fmt: skip
    Asset.objects.create(
        item=item, role="poster", file="assets/p.jpg", mime="image/jpeg", sha256="9" * 64
    )
    return item


def test_a_drawn_poster_is_shown_to_its_person_alone(video, fan_of):
    person, other = fan_of("hat"), fan_of("shoes")
    drawn = drawn_for(person, video)
    shown = present(user=person, items=[video])[video.pk]
    assert shown.drawn == drawn
    assert shown.poster_url == drawn.poster_url
    assert shown.clip is not None
    assert present(user=other, items=[video])[video.pk].drawn is None


def test_a_drawn_poster_is_labelled_on_the_card(client, video, fan_of):
    person = fan_of("hat")
    drawn = drawn_for(person, video)
    Item.objects.exclude(pk__in=[video.pk, drawn.pk]).update(state="draft")
    client.force_login(person)
    page = client.get(reverse("feed:page")).content.decode()
    assert "AI drew" in page
    assert drawn.poster_url in page
    # It is no item of its own.
    assert f'id="item-{drawn.pk}"' not in page


def test_a_drawn_poster_waits_for_screening(video, fan_of):
    person = fan_of("hat")
    drawn = drawn_for(person, video)
    Item.objects.filter(pk=drawn.pk).update(state="pending")
    assert present(user=person, items=[video])[video.pk].drawn is None


def test_who_wants_no_ai_sees_no_drawn_poster(video, fan_of):
    person = fan_of("hat")
    drawn_for(person, video)
    person.profile.ai_share = 0
    person.profile.save()
    assert present(user=person, items=[video])[video.pk].drawn is None


# ---- an uploader's audience -------------------------------------------------------------------


def test_an_audience_is_the_mean_of_the_people_who_like_it(fan_of, items, like):
    owner = UserFactory(uploader=True)
    own = with_vector(ItemFactory(published=True, owner=owner), "skirt", 99)
    fans = [fan_of("hat") for _ in range(5)]
    for fan in fans[:4]:
        like(fan, own)
    # Four would tell too much of each.
    assert audience_vector(owner) is None
    like(fans[4], own)
    vector = audience_vector(owner)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)
    assert int(np.argmax(vector)) == TASTES.index("hat")


def test_who_refused_to_be_learned_from_is_no_audience(fan_of, items, like):
    owner = UserFactory(uploader=True)
    own = with_vector(ItemFactory(published=True, owner=owner), "skirt", 98)
    fans = [fan_of("hat") for _ in range(5)]
    for fan in fans:
        like(fan, own)
    Consent.objects.create(user=fans[0], kind=Consent.Kind.PERSONALISATION, granted=False)
    assert audience_vector(owner) is None
