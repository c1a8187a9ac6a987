"""What a person states for good: kept, shown, editable, acting on chat, creations and feed."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse

from accounts.models import Consent, User
from catalog.models import Item
from feed.create_services import Wish, build_guidance
from feed.instructor_services import clear_conversation, take_turn
from feed.selectors import get_feed_page
from generation.models import Job
from recommender.models import Conversation, StatedWish, Turn
from recommender.services import wishes
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db
LIST, ONE = "/api/v1/me/wishes/", "/api/v1/me/wishes/{}/"


@pytest.fixture(autouse=True)
def _fresh() -> None:
    wishes.forget()


@pytest.fixture
def viewer() -> User:
    return UserFactory()


@pytest.fixture
def skirts() -> list[Item]:
    """A leather skirt, a linen one and a plain one, all black."""
    return [
        ItemFactory(published=True, title=title)
        for title in ("Black leather skirt", "Black linen skirt", "Black skirt")
    ]


def say(user: User, text: str, **more: object) -> Turn:
    return take_turn(user=user, text=text, request_key=uuid.uuid4(), **more)


def held(user: User) -> set[tuple[str, str]]:
    return set(StatedWish.objects.filter(user=user).values_list("polarity", "value"))


def test_a_general_aversion_is_kept_and_said_and_acts_at_once(viewer: User, skirts) -> None:
    turn = say(viewer, "I never wear leather, show me black skirts")
    assert held(viewer) == {("unwanted", "leather")}
    assert turn.text.startswith("I'll remember: no leather.")
    assert set(turn.item_ids) == {skirts[1].pk, skirts[2].pk}
    row = StatedWish.objects.get()
    assert (row.words, row.turn) == ("I never wear leather, show me black skirts", turn)


def test_what_was_made_is_not_made_again_for_a_wish_that_it_already_meets(viewer: User) -> None:
    say(viewer, "make me a red dotted dress")
    turn = say(viewer, "I never wear leather")
    assert turn.text.startswith("I'll remember: no leather. What I made stays as it is")
    assert Job.objects.count() == 1
    say(viewer, "I never wear dots")
    assert Job.objects.count() == 2


def test_it_outlives_the_conversation(viewer: User, skirts) -> None:
    say(viewer, "no leather please, ever")
    clear_conversation(user=viewer)
    assert skirts[0].pk not in say(viewer, "show me black skirts").item_ids
    assert "leather" in say(viewer, "what do you remember?").text


def test_what_is_said_of_this_search_passes_with_it(viewer: User, skirts) -> None:
    say(viewer, "show me skirts, not red")
    say(viewer, "no stripes")
    say(viewer, "I don't want dots")
    assert held(viewer) == set()


@pytest.mark.parametrize(
    "text",
    [
        "I hate red dresses",
        "I like it in linen",
        "I'd like linen",
        "I love this one",
        "red is fine",
    ],
)
def test_what_would_be_more_than_was_said_is_not_kept(viewer: User, skirts, text: str) -> None:
    say(viewer, text, shown_ids=[skirts[0].pk])
    assert held(viewer) == set()


def test_withdrawn_by_words_in_a_later_conversation(viewer: User, skirts) -> None:
    say(viewer, "I hate leather")
    clear_conversation(user=viewer)
    turn = say(viewer, "leather is fine after all")
    assert held(viewer) == set()
    assert "dropped" in turn.text
    assert skirts[0].pk in say(viewer, "show me black skirts").item_ids


def test_undo_takes_back_what_the_turn_kept(viewer: User, skirts) -> None:
    say(viewer, "show me black skirts")
    say(viewer, "I never wear leather")
    turn = say(viewer, "undo")
    assert held(viewer) == set()
    assert "on your profile as well" in turn.text
    say(viewer, "I always like linen")
    say(viewer, "I hate linen")
    assert held(viewer) == {("unwanted", "linen")}
    say(viewer, "undo")
    assert held(viewer) == {("wanted", "linen")}
    say(viewer, "undo")
    assert held(viewer) == set()


def test_undo_of_a_search_leaves_the_wishes(viewer: User, skirts) -> None:
    say(viewer, "I never wear leather")
    say(viewer, "show me black skirts")
    say(viewer, "undo")
    assert held(viewer) == {("unwanted", "leather")}


def test_vegan_rules_out_what_animals_gave(viewer: User) -> None:
    wool = ItemFactory(published=True, title="Wool hat", garment_type="hat")
    cotton = ItemFactory(published=True, title="Cotton hat", garment_type="hat")
    turn = say(viewer, "only show me vegan")
    assert turn.text.startswith("I'll remember: only vegan.")
    assert say(viewer, "show me hats").item_ids == [cotton.pk]
    say(viewer, "I'm no longer vegan")
    assert set(say(viewer, "show me hats").item_ids) == {wool.pk, cotton.pk}


def test_an_explicit_request_counts_more_than_a_wish(viewer: User, skirts) -> None:
    say(viewer, "I never wear leather")
    assert skirts[0].pk in say(viewer, "show me leather skirts").item_ids
    assert held(viewer) == {("unwanted", "leather")}


def test_wishes_reach_what_is_made(viewer: User) -> None:
    say(viewer, "I hate leather and stripes")
    guidance = Job.objects.get(pk=say(viewer, "make me a red hat").job_id).guidance
    assert guidance["unwanted"]["details"] == ["leather"]
    assert guidance["unwanted"]["pattern"] == "striped"
    by_page = build_guidance(user=viewer, wish=Wish(instruction="a blue dress"))
    assert by_page.unwanted.details == ("leather",)
    asked_for = build_guidance(user=viewer, wish=Wish(instruction="a striped leather skirt"))
    assert not asked_for.unwanted


def test_an_edit_does_not_lose_what_the_picture_is(skirts) -> None:
    owner = skirts[2].owner
    say(owner, "I never wear black")
    turn = say(owner, "make this one striped", shown_ids=[skirts[2].pk])
    assert turn.action == Turn.Action.EDIT
    assert Job.objects.get(pk=turn.job_id).guidance["unwanted"]["colours"] == []


def test_removed_on_the_profile_it_is_gone_from_the_talk(client, viewer: User, skirts) -> None:
    say(viewer, "I never wear leather")
    assert skirts[0].pk not in say(viewer, "show me black skirts").item_ids
    client.force_login(viewer)
    client.post(reverse("feed:wish-remove", args=[StatedWish.objects.get().pk]))
    assert skirts[0].pk in say(viewer, "show me black skirts").item_ids


def test_one_persons_wishes_are_not_anothers(viewer: User, skirts) -> None:
    say(viewer, "I never wear leather")
    assert skirts[0].pk in say(UserFactory(), "show me black skirts").item_ids


# --- the feed -------------------------------------------------------------------------------


def feed_of(user: User) -> list:
    return get_feed_page(user=user, limit=20).cards


def test_the_feed_never_shows_what_is_unwanted(viewer: User, skirts) -> None:
    assert skirts[0].pk in {card.item.pk for card in feed_of(viewer)}
    say(viewer, "I never wear leather")
    later = ItemFactory(published=True, title="New leather boots", garment_type="shoes")
    shown = {card.item.pk for card in get_feed_page(user=viewer, limit=20, again=True).cards}
    assert not shown & {skirts[0].pk, later.pk}
    assert skirts[1].pk in shown


def test_it_holds_for_who_refused_personalisation(viewer: User, skirts) -> None:
    Consent.objects.create(user=viewer, kind=Consent.Kind.PERSONALISATION, granted=False)
    say(viewer, "I never wear leather")
    assert skirts[0].pk not in {card.item.pk for card in feed_of(viewer)}


def test_what_is_liked_comes_first_and_says_why(viewer: User) -> None:
    for number in range(12):
        ItemFactory(published=True, title=f"Dress {number}", garment_type="dress")
    linen = ItemFactory(published=True, title="Linen trousers", garment_type="pants")
    for number in range(12):
        ItemFactory(published=True, title=f"Hat {number}", garment_type="hat")
    say(viewer, "I always like linen")
    wishes.forget()
    cards = get_feed_page(user=viewer, limit=25).cards
    found = next(card for card in cards if card.item.pk == linen.pk)
    if found.source != "explore":
        assert found.reason == "You told me you like linen"
        assert found.position <= 4


# --- profile page, panel, API ---------------------------------------------------------------


def test_the_profile_lists_adds_changes_removes_and_clears(client, viewer: User) -> None:
    client.force_login(viewer)
    add = reverse("feed:wish-add")
    client.post(add, {"polarity": "unwanted", "text": "leather"})
    client.post(add, {"polarity": "wanted", "text": "stripes"})
    page = client.get(reverse("accounts:profile")).content.decode()
    assert "no leather" in page
    assert "you like stripes" in page
    pk = StatedWish.objects.get(value="leather").pk
    client.post(reverse("feed:wish-change", args=[pk]), {"polarity": "wanted", "text": "suede"})
    assert held(viewer) == {("wanted", "suede"), ("wanted", "striped")}
    client.post(reverse("feed:wish-remove", args=[StatedWish.objects.get(value="suede").pk]))
    assert held(viewer) == {("wanted", "striped")}
    client.post(reverse("feed:wish-clear"))
    assert held(viewer) == set()


def test_an_unknown_word_is_refused_and_stays_in_the_field(client, viewer: User) -> None:
    client.force_login(viewer)
    body = {"polarity": "unwanted", "text": "<b>flurb</b>"}
    page = client.post(reverse("feed:wish-add"), body, headers={"HX-Request": "true"})
    text = page.content.decode()
    assert "I don&#x27;t know that word" in text
    assert "&lt;b&gt;flurb" in text
    assert held(viewer) == set()


def test_the_panel_shows_the_chips_and_an_answer_brings_them(client, viewer: User) -> None:
    client.force_login(viewer)
    body = {"text": "I never wear leather", "request_key": str(uuid.uuid4())}
    answer = client.post(
        reverse("feed:instructor-send"), body, headers={"HX-Request": "true"}
    ).content.decode()
    assert 'hx-swap-oob="true"' in answer
    assert "Forget: no leather" in answer
    pk = StatedWish.objects.get().pk
    chips = client.post(
        reverse("feed:wish-remove", args=[pk]), {"place": "panel"}, headers={"HX-Request": "true"}
    ).content.decode()
    assert "no leather" not in chips
    assert 'id="chat-wishes"' in chips


def test_nobody_touches_anothers_entries(client, viewer: User) -> None:
    say(viewer, "I never wear leather")
    pk = StatedWish.objects.get().pk
    assert client.post(reverse("feed:wish-remove", args=[pk])).status_code == 302
    client.force_login(UserFactory())
    client.post(reverse("feed:wish-remove", args=[pk]))
    client.post(reverse("feed:wish-change", args=[pk]), {"polarity": "wanted"})
    assert client.get(LIST).json() == []
    assert client.delete(ONE.format(pk)).status_code == 204
    change = client.patch(ONE.format(pk), {"polarity": "wanted"}, content_type="application/json")
    assert change.status_code == 400
    assert held(viewer) == {("unwanted", "leather")}


def test_api(client, viewer: User) -> None:
    assert client.get(LIST).status_code in {401, 403}
    client.force_login(viewer)
    body = {"polarity": "unwanted", "text": "tartan"}
    made = client.post(LIST, body, content_type="application/json")
    assert made.status_code == 201
    assert (made.json()["slot"], made.json()["value"]) == ("pattern", "checked")
    again = client.post(LIST, body, content_type="application/json")
    assert StatedWish.objects.count() == 1
    pk = again.json()["id"]
    turned = client.patch(ONE.format(pk), {"polarity": "wanted"}, content_type="application/json")
    assert turned.json()["polarity"] == "wanted"
    bad = client.post(LIST, {**body, "text": "flurb"}, content_type="application/json")
    assert bad.status_code == 400
    assert client.delete(LIST).status_code == 204
    assert client.get(LIST).json() == []


def test_there_is_an_end_to_them(viewer: User, monkeypatch) -> None:
    monkeypatch.setattr(wishes, "MAX_WISHES", 1)
    say(viewer, "I never wear leather")
    turn = say(viewer, "I hate fur")
    assert "Remove some" in turn.text
    assert held(viewer) == {("unwanted", "leather")}
    assert Conversation.objects.get(user=viewer).turns.count() == 4


def test_praise_of_a_side_in_the_chat_is_a_wish_and_no_edit(
    viewer: User, skirts: list[Item]
) -> None:
    turn = say(viewer, "I like the first one's collar", shown_ids=[one.pk for one in skirts])
    assert (turn.action, turn.job_id) == ("answer", None)
    assert turn.text.startswith("I'll remember: you like collars.")
    assert held(viewer) == {("wanted", "collar")}
    say(viewer, "undo")
    assert held(viewer) == set()
