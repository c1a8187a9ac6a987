"""Words that a catalogue teaches: what they are taken for, and what teaches nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from recommender.core import learned
from recommender.core.catalogue_words import Entry, learn
from recommender.core.dialogue import ShownItem, State
from recommender.core.understanding import understand

RED_DRESS = ("dress", ("red",), "plain")
BLUE_TOP = ("top", ("blue",), "plain")


def entries(word: str, *looks: tuple[str, tuple[str, ...], str]) -> list[Entry]:
    return [
        Entry(f"Zwei {word} Stück", owner, kind, colours, pattern)
        for owner, (kind, colours, pattern) in enumerate(looks)
    ]


def everything_else() -> list[Entry]:
    """A catalogue in which no value is usual."""
    kinds = ("dress", "top", "skirt", "pants", "shirt")
    colours = ("red", "blue", "green", "black", "white")
    return [
        Entry("", n % 7, kinds[n % 5], (colours[(n // 5) % 5],), ("plain", "striped")[n % 2])
        for n in range(50)
    ]


def taught(*extra: Entry) -> dict[str, learned.CatalogueWord]:
    return {word.word: word for word in learn([*everything_else(), *extra])}


@pytest.fixture(autouse=True)
def _hold_nothing() -> Iterator[None]:
    learned.hold(())
    yield
    learned.hold(())


def test_a_word_is_taken_for_what_its_items_share() -> None:
    colours = entries("cerulite", *((t, ("blue",), "plain") for t in ("dress", "top", "shirt")))
    patterns = entries(
        "zibeline",
        *(
            (t, (c,), "checked")
            for t, c in zip(("dress", "top", "pants"), ("red", "blue", "green"), strict=True)
        ),
    )
    words = taught(*colours, *patterns)
    assert (words["cerulite"].slot, words["cerulite"].value) == ("colours", "blue")
    assert (words["zibeline"].slot, words["zibeline"].value) == ("pattern", "checked")
    assert words["zibeline"].items == 3


def test_a_word_whose_items_differ_stands_for_itself() -> None:
    words = taught(*entries("raglan", RED_DRESS, BLUE_TOP, ("shirt", ("green",), "striped")))
    assert words["raglan"].slot == ""


def test_what_teaches_nothing() -> None:
    once = entries("rarity", RED_DRESS, BLUE_TOP)
    known = entries("burgundy", RED_DRESS, RED_DRESS, RED_DRESS)
    talk = entries("weather", RED_DRESS, RED_DRESS, RED_DRESS)
    one_owner = [Entry("spamword", 1, *RED_DRESS) for _ in range(20)]
    words = taught(*once, *known, *talk, *one_owner)
    assert not {"rarity", "burgundy", "weather", "spamword", "dress"} & set(words)


def test_plurals_and_pairs_count_together() -> None:
    looks = (RED_DRESS, RED_DRESS, RED_DRESS, RED_DRESS)
    words = taught(*entries("kaftan", *looks[:2]), *entries("kaftans", *looks[2:]))
    assert words["kaftan"].items == 4
    learned.hold(words.values())
    assert understand("two kaftans", state=State(), shown=()).taken


def hear(text: str, **more: object):  # type: ignore[no-untyped-def]
    return understand(text, state=more.get("state", State()), shown=more.get("shown", ()))  # type: ignore[arg-type]


def test_what_a_word_implies_gives_way_to_what_is_said() -> None:
    learned.hold(
        [
            learned.CatalogueWord("kaftan", 9, "type", "dress", 1.0),
            learned.CatalogueWord("zibeline", 9, "pattern", "checked", 1.0),
            learned.CatalogueWord("cerulite", 9, "colours", "blue", 1.0),
        ]
    )
    alone = hear("show me a cerulite zibeline kaftan")
    assert alone.wanted.types == ("dress",)
    assert alone.wanted.patterns == ("checked",)
    assert alone.wanted.colours == ("blue",)
    named = hear("a red cerulite kaftan blouse, striped zibeline")
    assert named.wanted.types == ("blouse",)
    assert named.wanted.patterns == ("striped",)
    assert named.wanted.colours == ("red",)


def test_denying_a_word_denies_only_the_word() -> None:
    learned.hold([learned.CatalogueWord("zibeline", 9, "pattern", "checked", 1.0)])
    heard = hear("skirts but not zibeline")
    assert heard.unwanted.details == ("zibeline",)
    assert not heard.unwanted.patterns


def test_a_learned_word_in_passing_asks_for_nothing() -> None:
    learned.hold([learned.CatalogueWord("zibeline", 9)])
    assert not hear("my aunt told everybody at the table about zibeline").wanted
    assert hear("zibeline, perhaps?").wanted.details == ("zibeline",)


def test_a_learned_word_is_not_mended_into_another() -> None:
    assert hear("a blouze").wanted.types == ("blouse",)
    learned.hold([learned.CatalogueWord("blouze", 9)])
    assert hear("a blouze").wanted.details == ("blouze",)


def test_an_item_in_sight_is_found_by_a_learned_word_of_its_title() -> None:
    learned.hold([learned.CatalogueWord("zibeline", 9)])
    shown = [ShownItem(1, title="Grey coat"), ShownItem(2, title="Zibeline coat", editable=True)]
    assert hear("make the zibeline one red", shown=shown).references == (2,)
