"""What is borrowed from another picture in sight, and what only looks like it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recommender.core.instructor import EmbeddedEngine
from recommender.core.talk import Talk, read_turn

SHOWN = [
    {"id": 1, "type": "dress", "colors": ["green"], "pattern": "floral", "title": "Meadow dress"},
    {"id": 2, "type": "shirt", "colors": ["white"], "pattern": "plain", "title": "Oxford shirt"},
    {"id": 3, "type": "skirt", "colors": ["navy", "white"], "pattern": "striped"},
    {"id": 4, "type": "outwear", "colors": ["brown"], "title": "Duffle coat"},
]


def say(text: str, *before: str) -> dict[str, Any]:
    talk = Talk(EmbeddedEngine(), lambda state: (0, 0))
    for line in (*before, text):
        answer = talk.say(read_turn(json.dumps({"text": line, "shown": SHOWN})))
    return answer


@pytest.mark.parametrize(
    ("text", "reference", "garment", "colours", "pattern"),
    [
        ("the second one in the colour of the first", [2], "shirt", ["green"], "plain"),
        ("like the first but in the pattern of the third", [1], "dress", ["green"], "striped"),
        ("make the oxford shirt the same color as the coat", [2], "shirt", ["brown"], "plain"),
        ("give the shirt the dress's colour", [2], "shirt", ["green"], "plain"),
        ("give the shirt the colour of the dress", [2], "shirt", ["green"], "plain"),
        ("copy the print of the first onto the second", [2], "shirt", ["white"], "floral"),
        (
            "the first in the colours and pattern of the third",
            [1],
            "dress",
            ["navy", "white"],
            "striped",
        ),
        ("put the stripes of the skirt on the dress", [1], "dress", ["green"], "striped"),
        ("make number 2 match the last one's colour", [2], "shirt", ["brown"], "plain"),
    ],
)
def test_a_picture_borrows_from_another(
    text: str, reference: list[int], garment: str, colours: list[str], pattern: str
) -> None:
    got = say(text)
    assert got["action"] == "edit"
    assert got["reference"] == reference
    found = got["attributes"]
    assert (found["type"], found["colors"], found["pattern"]) == (garment, colours, pattern)


def test_something_new_borrows_too() -> None:
    hat = say("a hat in the same colour as the last one")
    assert (hat["action"], hat["attributes"]["type"]) == ("retrieve", "hat")
    assert hat["attributes"]["colors"] == ["brown"]
    made = say("make me trousers with the print of the first and the colours of the third one")
    assert made["action"] == "create"
    assert made["attributes"]["pattern"] == "floral"
    assert made["attributes"]["colors"] == ["navy", "white"]


def test_the_answer_says_what_was_borrowed() -> None:
    assert (
        "“in the colour of the first” is green"
        in say("the second one in the colour of the first")["reply"]
    )


def test_what_is_changed_borrows_nothing() -> None:
    changed = say("change the colour of the first one to red")
    assert (changed["reference"], changed["attributes"]["colors"]) == ([1], ["red"])
    assert say("change the skirt's colour to red")["reference"] == [3]
    assert say("I like the colour of the first one")["attributes"]["colors"] == []
    assert say("what is the colour of the third?")["action"] == "answer"


def test_a_picture_that_is_not_there_is_asked_for() -> None:
    assert say("the second one in the colour of the ninth one")["action"] == "ask"


def test_what_is_unknown_is_said() -> None:
    assert "I can't tell what" in say("red hats with the pattern of the last one")["reply"]
