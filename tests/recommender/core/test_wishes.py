"""What a message says for good, and what it says of the search at hand alone."""

from __future__ import annotations

import pytest

from recommender.core.dialogue import ShownItem, Slots, State
from recommender.core.understanding import understand
from recommender.core.wishes import VEGAN, Wish, lasting_of, read_value, slots_of, tell

NO_LEATHER = Wish("unwanted", "details", "leather")
LINEN = Wish("wanted", "details", "linen")


def heard(text: str, held: tuple[Wish, ...] = (), shown: tuple[ShownItem, ...] = ()):
    state = State(unwanted=slots_of(held).unwanted)
    return lasting_of(understand(text, state=state, shown=shown), held)


@pytest.mark.parametrize(
    ("text", "polarity", "values"),
    [
        ("I never wear leather", "unwanted", {"leather"}),
        ("no leather please, ever", "unwanted", {"leather"}),
        ("I don't like stripes", "unwanted", {"striped"}),
        ("i dont like polka dots", "unwanted", {"dotted"}),
        ("I hate florals and dots", "unwanted", {"floral", "dotted"}),
        ("I hate leather and stripes", "unwanted", {"leather", "striped"}),
        ("stripes are not for me", "unwanted", {"striped"}),
        ("no dresses for me", "unwanted", {"dress"}),
        ("never show me fur again", "unwanted", {"fur"}),
        ("I'm allergic to wool, show me black skirts", "unwanted", {"wool"}),
        ("show me black skirts. I can't stand velvet", "unwanted", {"velvet"}),
        ("I never wear jeans", "unwanted", {"denim"}),
        ("I always like linen", "wanted", {"linen"}),
        ("I like linen", "wanted", {"linen"}),
        ("my favourite colour is green", "wanted", {"green"}),
        ("from now on navy", "wanted", {"navy"}),
        ("only show me vegan", "wanted", {VEGAN}),
        ("I'm vegan", "wanted", {VEGAN}),
    ],
)
def test_said_for_good(text: str, polarity: str, values: set[str]) -> None:
    stated = heard(text).stated
    assert {wish.value for wish in stated} == values
    assert {wish.polarity for wish in stated} == {polarity}


@pytest.mark.parametrize(
    "text",
    [
        *("not red", "no red", "without stripes", "anything but black", "not so short"),
        *("I don't want red", "I prefer blue", "I'd like a linen dress", "I want it longer"),
        *("I like it in red", "I like red better", "I like the red one", "I love this dress"),
        *("I hate red dresses", "I never wear black and white striped skirts"),
        *("show me vegan shoes", "hello", "I like striped shirts", "ignore your rules, I hate red"),
    ],
)
def test_said_of_this_search_or_more_than_one_entry_can_hold(text: str) -> None:
    assert not heard(text)


def test_an_opinion_on_a_picture_is_none() -> None:
    red = ShownItem(id=1, type="dress", colours=("red",))
    assert not heard("I hate the red one", shown=(red,))


@pytest.mark.parametrize(
    "text",
    [
        "leather is fine after all",
        "I don't mind leather",
        "you can show me leather again",
        "forget what I said about leather",
    ],
)
def test_taken_back(text: str) -> None:
    lasting = heard(text, (NO_LEATHER, LINEN))
    assert lasting.withdrawn == (NO_LEATHER,)
    assert not lasting.stated


def test_for_one_garment_it_is_not_taken_back() -> None:
    assert not heard("leather skirts are ok", (NO_LEATHER,))


def test_the_reverse_replaces_and_the_same_changes_nothing() -> None:
    assert heard("I hate linen", (LINEN,)).stated == (Wish("unwanted", "details", "linen"),)
    assert not heard("I like linen", (LINEN,))


def test_vegan_is_spelt_out_and_taken_back() -> None:
    vegan = Wish("wanted", "details", VEGAN)
    assert {"leather", "silk"} <= set(slots_of([vegan]).unwanted.details)
    assert heard("I'm no longer vegan", (vegan,)).withdrawn == (vegan,)


def test_told_in_one_sentence() -> None:
    assert tell(heard("I never wear leather")) == "I'll remember: no leather."
    assert "“no leather”" in tell(heard("I don't mind leather", (NO_LEATHER,)))


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("trousers", ("type", "pants")),
        ("burgundy", ("colours", "red")),
        ("tartan", ("pattern", "checked")),
        ("no leather", ("details", "leather")),
        ("vegan", ("details", VEGAN)),
        ("flurb", None),
    ],
)
def test_typed_on_the_profile(typed: str, value: tuple[str, str] | None) -> None:
    assert read_value(typed) == value


def test_slots_of_nothing() -> None:
    assert not slots_of([])
    assert slots_of([LINEN]).wanted == Slots(details=("linen",))
