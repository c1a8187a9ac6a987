"""What a remark on one item says of taste in general. The remarks were written by hand."""

from __future__ import annotations

import pytest

from recommender.core.dialogue import ShownItem
from recommender.core.remark_wishes import derive

ITEM = ShownItem(1, type="dress", colours=("navy", "white"), pattern="striped")


def told(text: str) -> tuple[list[str], list[str]]:
    found = derive(text, ITEM)
    return [w.sentence for w in found.kept], [w.sentence for w in found.proposed]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("I like this one's collar", ["you like collars"]),
        ("love the navy", ["you like navy"]),
        ("gorgeous linen!", ["you like linen"]),
        ("Love the colour", ["you like navy"]),
        ("what a great print", ["you like stripes"]),
        ("too much leather", ["no leather"]),
        ("way too many sequins for me", ["no sequins"]),
        ("nice dress, but I never wear wool", ["no wool"]),
        ("I'm not a fan of stripes", ["no stripes"]),
        ("lovely collar, too much lace", ["you like collars", "no lace"]),
    ],
)
def test_what_is_clear_is_kept(text: str, kept: list[str]) -> None:
    assert told(text) == (kept, [])


@pytest.mark.parametrize(
    ("text", "proposed"),
    [
        ("I hate the stripes", ["no stripes"]),
        ("the collar is awful", ["no collars"]),
        ("the colour is ugly", ["no navy"]),
    ],
)
def test_what_is_blamed_on_this_one_is_only_proposed(text: str, proposed: list[str]) -> None:
    assert told(text) == ([], proposed)


@pytest.mark.parametrize(
    "text",
    [
        "lovely dress",
        "ugly dress",
        "so cute and elegant",
        "too short",
        "would be nicer in red",
        "is that silk?",
        "looks like wool",
        "the cover shows nice lace",
        "I love the lace and I hate lace",
        "works better in red",
        "meh",
        "I don't know about the stripes",
    ],
)
def test_what_says_nothing_of_taste_is_left_alone(text: str) -> None:
    assert told(text) == ([], [])
