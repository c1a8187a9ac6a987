"""Evidence made visible, however odd it is."""

from __future__ import annotations

from typing import Any

import pytest

from moderation.evidence import boxes_of, mark_texts


def test_boxes_are_drawn_where_the_check_saw_something() -> None:
    box = boxes_of([("Faces", {"boxes": [{"x": 0.5, "y": 0.1, "w": 0.25, "h": 0.5}]})])[0]
    assert (box.x, box.y, box.width, box.height) == (500, 100, 250, 500)
    assert box.label == "Faces"


@pytest.mark.parametrize(
    "evidence",
    [
        None,
        ["odd"],
        {"boxes": "odd"},
        {"boxes": [1, None, {}]},
        {"boxes": [{"x": 2, "y": 0, "w": 1, "h": 1}]},
        {"boxes": [{"x": "0", "y": 0, "w": 1, "h": 1}]},
        {"boxes": [{"x": float("nan"), "y": 0, "w": 1, "h": 1}]},
        {"boxes": [{"x": 0, "y": 0, "w": 0, "h": 1}]},
    ],
)
def test_odd_boxes_are_left_out(evidence: Any) -> None:
    assert boxes_of([("Faces", evidence)]) == []


def test_spans_are_marked_with_what_was_found() -> None:
    evidence = {"spans": [{"field": "title", "start": 6, "end": 11, "label": "name"}]}
    text = mark_texts({"title": "Dress Linda red"}, [("Names", evidence)])[0]
    assert [(one.text, one.label) for one in text.pieces] == [
        ("Dress ", ""),
        ("Linda", "name"),
        (" red", ""),
    ]


def test_words_that_an_older_check_found_are_looked_up() -> None:
    evidence = {"found": [{"field": "description", "text": "call me", "term": "call me"}]}
    text = mark_texts({"description": "Nice. CALL ME now"}, [("Spam", evidence)])[0]
    assert text.is_marked
    assert text.pieces[1].text == "CALL ME"


@pytest.mark.parametrize(
    "evidence",
    [
        {"spans": [{"field": "title", "start": -1, "end": 3}]},
        {"spans": [{"field": "title", "start": 3, "end": 300}]},
        {"spans": [{"field": "other", "start": 0, "end": 3}]},
        {"found": [{"field": "title", "text": ""}]},
        {"found": [{"field": "title", "text": ["odd"]}]},
    ],
)
def test_odd_spans_leave_the_text_whole(evidence: Any) -> None:
    text = mark_texts({"title": "A red dress"}, [("Names", evidence)])[0]
    assert [piece.text for piece in text.pieces] == ["A red dress"]


def test_overlapping_marks_lose_no_letter() -> None:
    spans = [{"field": "t", "start": 0, "end": 5}, {"field": "t", "start": 3, "end": 8}]
    text = mark_texts({"t": "abcdefgh"}, [("X", {"spans": spans})])[0]
    assert "".join(piece.text for piece in text.pieces) == "abcdefgh"
