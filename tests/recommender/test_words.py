"""Words that published titles teach, from the table to what the instructor finds and says."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest
from django.core.management import call_command

from catalog.models import Item
from feed.instructor_services import take_turn
from recommender.models import CatalogueWord
from recommender.services import words
from recommender.services.wishes import add_wish
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    words.forget()
    yield
    words.forget()


def publish(title: str, garment: str, colour: str, pattern: str = "plain", **more: object) -> Item:
    return ItemFactory(
        published=True,
        title=title,
        garment_type=garment,
        colours=[colour],
        pattern=pattern,
        **more,
    )


@pytest.fixture
def catalogue() -> list[Item]:
    """Raglan is a cut of many looks; zibeline is always checked; the rest is anything."""
    raglan = [
        publish("Raglan top", "top", "red"),
        publish("Top, raglan sleeves", "top", "blue", "striped"),
        publish("Boxy raglans", "longsleeve", "green", "dotted"),
    ]
    for garment, colour in (("skirt", "red"), ("shirt", "blue"), ("dress", "green")):
        publish(f"Zibeline {garment}", garment, colour, "checked")
    for number in range(12):
        publish("", ("top", "skirt", "pants")[number % 3], ("black", "white")[number % 2])
    return raglan


def say(text: str):  # type: ignore[no-untyped-def]
    return take_turn(user=UserFactory(), text=text, request_key=uuid.uuid4())


def test_a_word_of_titles_finds_the_items_that_carry_it(catalogue: list[Item]) -> None:
    words.learn_words()
    turn = say("show me raglan tops")
    assert turn.action == "retrieve"
    assert set(turn.item_ids) == {catalogue[0].pk, catalogue[1].pk}
    assert "“raglan” I know only from titles" in turn.text


def test_a_word_alone_is_enough(catalogue: list[Item]) -> None:
    words.learn_words()
    turn = say("anything raglan?")
    assert set(turn.item_ids) == {item.pk for item in catalogue}


def test_the_answer_says_what_a_word_was_taken_for(catalogue: list[Item]) -> None:
    words.learn_words()
    turn = say("zibeline skirts please")
    assert turn.decision["attributes"]["pattern"] == "checked"
    assert "I took “zibeline” for checked" in turn.text


def test_before_it_is_learned_a_word_is_nothing(catalogue: list[Item]) -> None:
    assert "zibeline" not in say("zibeline skirts please").text.lower()


def test_a_learned_word_can_be_a_lasting_wish(catalogue: list[Item]) -> None:
    words.learn_words()
    wish = add_wish(user=UserFactory(), polarity="unwanted", text="zibeline")
    assert (wish.slot, wish.value) == ("details", "zibeline")


def test_what_ai_made_and_what_is_hidden_teaches_nothing() -> None:
    for _ in range(4):
        publish("Parroted", "dress", "red", origin=Item.Origin.AI)
        ItemFactory(title="Unseen", garment_type="dress", colours=["red"])
    words.learn_words()
    assert not CatalogueWord.objects.filter(word__in=["parroted", "unseen"]).exists()


def test_learning_waits_for_something_new(catalogue: list[Item]) -> None:
    assert words.learn_words_if_needed()
    assert words.learn_words_if_needed() is None
    for colour in ("red", "blue", "green"):
        publish("Bardotte", "dress", colour)
    words.learn_words_if_needed()
    assert CatalogueWord.objects.get(word="bardotte").value == "dress"


def test_the_command_prints_what_was_learned(
    catalogue: list[Item], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("learn_words", "--json")
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"zibeline", "raglan"} <= {row["word"] for row in rows}
