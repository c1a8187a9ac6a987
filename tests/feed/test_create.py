"""The create page: wishes in, variants out, and everything restored for a remix."""

from __future__ import annotations

import dataclasses

import pytest
from django.urls import reverse

from accounts.models import Consent
from accounts.services import record_consents
from catalog.models import Item
from common.errors import InvalidInputError, NotAllowedError
from common.guidance import Attributes, Guidance
from feed import create_services
from feed.create_services import (
    Wish,
    build_guidance,
    read_wish,
    request_creation,
    restore_from_item,
    restore_wish,
    scale_of_literalness,
    scale_of_personality,
    slider_of_literalness,
    slider_of_personality,
)
from generation.models import Job
from recommender.services import react
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db
URL = "/create/"
WORDS = "a short black skirt with white stripes, no flowers"
KEY = "7b1de9a0-0e5a-4f7e-9a4e-6a1d2a0f3c11"


@pytest.fixture
def person(client):
    user = UserFactory()
    record_consents(user=user, answers={Consent.Kind.CREATION: True})
    client.force_login(user)
    return user


def _made(user, **guidance) -> Item:
    """A published AI item that was made for somebody."""
    said = {"instruction": "for my secret date", "wanted": Attributes(type="dress")} | guidance
    made = Guidance(user_id=user.pk, **said)
    return ItemFactory(ai=True, published=True, made_for=user, guidance=made.as_dict())


# --- the page ------------------------------------------------------------------------------------
def test_a_wish_becomes_four_variants_that_differ_by_seed(client, person):
    answer = client.post(URL, {"instruction": WORDS, "request_key": KEY})
    jobs = list(Job.objects.order_by("pk"))
    assert answer["Location"] == reverse("generation:group", args=[jobs[0].batch])
    assert len(jobs) == len({job.guidance["seed"] for job in jobs}) == 4
    guidance = Guidance.from_dict(jobs[0].guidance)
    assert guidance.wanted == Attributes("skirt", ("black", "white"), "striped", ("short",))
    assert guidance.unwanted.pattern == "floral"
    assert (guidance.literalness, guidance.personality, guidance.seed > 0) == (None, None, True)


def test_one_alone_leads_to_its_own_page(client, person):
    answer = client.post(URL, {"instruction": WORDS, "variants": 1})
    assert answer["Location"] == reverse("generation:job", args=[Job.objects.get().pk])
    assert "All its variants" not in client.get(answer["Location"]).text


def test_the_same_form_twice_makes_the_variants_once(client, person):
    first, second = (
        client.post(URL, {"instruction": WORDS, "request_key": KEY})["Location"] for _ in range(2)
    )
    assert (first, Job.objects.count()) == (second, 4)


def test_every_setting_arrives(client, person):
    said = {
        "instruction": "something nice, mostly navy",
        "type": "hat",
        "colours": ["green", "navy"],
        "pattern": "checked",
        "avoid": "red, stripes",
        "look": "photo",
        "style": "pencil",
        "degree": 40,
        "literalness": 100,
        "personality": 0,
        "likes": 3,
        "seed": 77,
        "upscale": 2,
        "variants": 2,
    }
    client.post(URL, said)
    first, second = (Guidance.from_dict(job.guidance) for job in Job.objects.order_by("pk"))
    assert first.wanted == Attributes("hat", ("navy", "green"), "checked")
    assert (first.unwanted.colours, first.unwanted.pattern) == (("red",), "striped")
    assert (first.look, first.style, first.style_degree) == ("photo", "pencil", 0.4)
    assert (first.literalness, first.personality) == (8.0, 0.0)
    assert (first.history_size, first.upscale) == (3, 2)
    assert (first.seed, second.seed) == (77, 78)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"instruction": ""}, "Say in a few words"),
        ({"instruction": "x" * 501}, "under 500 characters"),
        ({"instruction": "a hat", "type": "spaceship"}, "spaceship"),
        ({"instruction": "a hat", "variants": 5}, "5"),
        ({"instruction": "a hat", "degree": 101}, "100"),
        ({"instruction": "a hat", "colours": ["red", "blue", "green", "navy"]}, "at most 3"),
        ({"instruction": "a hat", "reference": 987654}, "not there any more"),
        ({"instruction": "a hat", "seed": -1}, "0"),
    ],
)
def test_what_cannot_be_made_is_told_and_nothing_is_lost(client, person, said, sentence):
    answer = client.post(URL, said)
    assert (answer.status_code, sentence in answer.text) == (400, True)
    assert not Job.objects.exists()
    if len(said["instruction"]) < 100:
        assert said["instruction"] in answer.text


def test_words_in_any_script_are_taken_as_they_stand(client, person):
    client.post(URL, {"instruction": "юбка в полоску", "variants": 1})
    assert Job.objects.get().guidance["instruction"] == "юбка в полоску"


def test_too_many_at_once_leave_no_half_a_group(client, person, settings):
    settings.GENERATION_MAX_ACTIVE = 3
    answer = client.post(URL, {"instruction": WORDS})
    assert answer.status_code == 400
    assert "room for 3 more" in answer.text
    assert not Job.objects.exists()


def test_strangers_sign_in_first(client):
    assert reverse("account_login") in client.get(URL)["Location"]
    assert reverse("account_login") in client.post(URL, {"instruction": WORDS})["Location"]


def test_the_page_shows_how_words_are_understood(client, person):
    html = client.get("/create/understood/", {"instruction": WORDS}).text
    assert "Understood: short black and white striped skirt; without floral" in html
    assert "<html" not in html
    assert client.get("/create/understood/", {"instruction": ""}).status_code == 200


# --- likes ---------------------------------------------------------------------------------------
def _like(user, count: int) -> list[Item]:
    items = ItemFactory.create_batch(count, published=True)
    for item in items:
        react(user=user, item=item, kind="like")
    return items


def test_likes_guide_newest_first_and_a_share_counts_more(person):
    from recommender.models import Interaction

    first, second = _like(person, 2)
    Interaction.objects.create(user=person, item=first, kind="share", created_at=first.published_at)
    guidance = build_guidance(user=person, wish=Wish(instruction=WORDS))
    weights = dict(zip(guidance.liked_item_ids, guidance.liked_weights, strict=True))
    assert guidance.liked_item_ids == (second.pk, first.pk)
    assert weights[first.pk] > weights[second.pk]


def test_without_consent_no_like_is_used(person):
    _like(person, 2)
    record_consents(user=person, answers={Consent.Kind.CREATION: False})
    guidance = build_guidance(user=person, wish=Wish(instruction=WORDS, kind="video"))
    assert (guidance.liked_item_ids, guidance.user_vector) == ((), ())


def test_liked_items_that_were_taken_down_do_not_guide(person):
    kept, gone = _like(person, 2)
    Item.objects.filter(pk=gone.pk).update(state=Item.State.REMOVED)
    guidance = build_guidance(user=person, wish=Wish(instruction=WORDS))
    assert guidance.liked_item_ids == (kept.pk,)


# --- pictures to begin from ----------------------------------------------------------------------
def test_only_what_one_may_edit_can_be_begun_from(person):
    other = ItemFactory(published=True)
    wish = Wish(instruction=WORDS, reference=other.pk)
    with pytest.raises(NotAllowedError, match="somebody else's"):
        request_creation(user=person, wish=wish, request_key=KEY)
    Item.objects.filter(pk=other.pk).update(allows_edits=True)
    job = request_creation(user=person, wish=wish, request_key=KEY)[0]
    assert job.guidance["reference_item_ids"] == [other.pk]


def test_a_hidden_picture_cannot_be_begun_from(person):
    hidden = ItemFactory(allows_edits=True)
    with pytest.raises(InvalidInputError, match="not there any more"):
        build_guidance(user=person, wish=Wish(instruction=WORDS, reference=hidden.pk))


# --- remix ---------------------------------------------------------------------------------------
FULL = Wish(
    instruction="a black skirt with white stripes",
    avoid="floral, dress",
    kind="image",
    look="photo",
    style="neon",
    degree=35,
    literalness=80,
    personality=10,
    strength=45,
    likes=4,
    seed=123,
    upscale=2,
    variants=1,
)


def test_ones_own_wish_comes_back_whole(person):
    guidance = build_guidance(user=person, wish=FULL)
    assert restore_wish(user=person, guidance=guidance) == FULL
    again = build_guidance(user=person, wish=restore_wish(user=person, guidance=guidance))
    assert again == guidance


@pytest.mark.parametrize(
    "wish",
    [
        Wish(
            instruction="something nice", type="hat", colours=("green", "navy"), variants=1, seed=3
        ),
        Wish(instruction="a red hat", pattern="checked", variants=1, seed=3),
        Wish(instruction="a red hat, not striped", avoid="blue", variants=1, seed=3),
        Wish(instruction="юбка в полоску", type="skirt", kind="video", variants=1, seed=3),
    ],
)
def test_chips_beside_the_words_come_back_as_chips(person, wish):
    assert restore_wish(user=person, guidance=build_guidance(user=person, wish=wish)) == wish


def test_chips_alone_come_back_as_words(person):
    made = build_guidance(user=person, wish=Wish(type="dress", colours=("red",), seed=3))
    again = restore_wish(user=person, guidance=made)
    assert again.instruction == "red dress"
    assert build_guidance(user=person, wish=again).wanted == made.wanted


def test_a_remix_of_somebody_elses_leaves_them_their_words_and_likes(client, person):
    other = UserFactory()
    liked = ItemFactory(published=True)
    item = _made(other, liked_item_ids=(liked.pk,), style="pencil", seed=9)
    html = client.get(URL, {"item": item.pk}).text
    assert "secret date" not in html
    wish = restore_from_item(user=person, pk=item.pk)
    assert (wish.instruction, wish.style, wish.seed) == ("dress", "pencil", 9)
    mine = build_guidance(user=person, wish=wish)
    assert (mine.liked_item_ids, mine.user_id) == ((), person.pk)


def test_ones_own_item_brings_ones_own_words(client, person):
    assert "secret date" in client.get(URL, {"item": _made(person).pk}).text


def test_a_remix_forgets_a_picture_that_one_may_not_begin_from(person):
    theirs = ItemFactory(published=True)
    item = _made(UserFactory(), reference_item_ids=(theirs.pk,))
    assert restore_from_item(user=person, pk=item.pk).reference is None


@pytest.mark.parametrize("mode", ["clip", "caption", "style"])
def test_what_no_words_made_is_not_remixed(person, mode):
    with pytest.raises(InvalidInputError, match="nothing to remix"):
        restore_from_item(user=person, pk=_made(person, mode=mode).pk)


def test_what_people_made_is_not_remixed(client, person):
    html = client.get(URL, {"item": ItemFactory(published=True).pk}, follow=True).text
    assert "nothing to remix" in html


def test_hidden_items_and_others_jobs_are_not_remixed(client, person):
    hidden = _made(UserFactory())
    Item.objects.filter(pk=hidden.pk).update(state=Item.State.DRAFT)
    assert client.get(URL, {"item": hidden.pk}).status_code == 404
    theirs = request_creation(user=UserFactory(), wish=FULL, request_key="x")[0]
    assert client.get(URL, {"job": theirs.pk}).status_code == 404


def test_the_sliders_come_back_where_they_were():
    for percent in range(0, 101, 5):
        assert slider_of_literalness(scale_of_literalness(percent)) == percent
        assert slider_of_personality(scale_of_personality(percent)) == percent


def test_a_chip_counts_more_than_the_words():
    heard = read_wish(Wish(instruction="a red hat", type="dress", colours=("blue",)))
    assert heard.wanted == Attributes("dress", ("blue",))


def test_the_main_colour_is_the_one_the_words_name_first():
    heard = read_wish(Wish(instruction="navy with white", colours=("white", "navy", "red")))
    assert heard.wanted.colours == ("navy", "white", "red")


def test_a_clip_takes_the_vector_of_the_person(person, monkeypatch):
    monkeypatch.setattr(create_services, "get_user_emb", lambda user: ((1.0, 0.0), "mmgcn 3"))
    wish = Wish(instruction=WORDS, kind="video")
    guidance = build_guidance(user=person, wish=wish)
    assert (guidance.user_vector, guidance.user_vector_model) == ((1.0, 0.0), "mmgcn 3")
    for other in ({"kind": "image"}, {"personality": 0}):
        said = build_guidance(user=person, wish=dataclasses.replace(wish, **other))
        assert (said.user_vector, said.user_vector_model) == ((), None)


def test_not_at_all_me_uses_no_like(person):
    _like(person, 2)
    assert build_guidance(user=person, wish=Wish(instruction=WORDS)).liked_item_ids
    without = build_guidance(user=person, wish=Wish(instruction=WORDS, personality=0))
    assert (without.liked_item_ids, without.liked_weights) == ((), ())


# --- API -----------------------------------------------------------------------------------------
def _post(client, said: dict):
    return client.post(reverse("api:creations"), said, content_type="application/json")


def test_api_takes_a_wish_and_gives_it_back(client, person):
    made = _post(client, {"instruction": WORDS, "request_key": "a", "variants": 2, "seed": 5})
    assert (made.status_code, len(made.json()["jobs"])) == (201, 2)
    assert _post(client, {"instruction": WORDS, "request_key": "a"}).json() == made.json()
    job_id = made.json()["jobs"][0]["id"]
    remix = client.get(reverse("api:creation-remix"), {"job": job_id}).json()
    assert (remix["instruction"], remix["seed"], remix["variants"]) == (WORDS, 5, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"instruction": ""},
        {"type": "spaceship"},
        {"variants": 9},
        {"degree": 101},
        {"colours": ["mauve"]},
        {"request_key": ""},
    ],
)
def test_api_refuses_what_it_does_not_know(client, person, wrong):
    answer = _post(client, {"instruction": WORDS, "request_key": "a"} | wrong)
    assert answer.status_code == 400
    assert not Job.objects.exists()


def test_api_is_for_people_who_signed_in(client):
    assert _post(client, {"instruction": WORDS, "request_key": "a"}).status_code in {401, 403}
    assert client.get(reverse("api:creation-remix")).status_code in {401, 403}


def test_api_remixes_what_one_may_see(client, person):
    assert client.get(reverse("api:creation-remix")).status_code == 400
    item = _made(UserFactory())
    remix = client.get(reverse("api:creation-remix"), {"item": item.pk}).json()
    assert remix["instruction"] == "dress"
