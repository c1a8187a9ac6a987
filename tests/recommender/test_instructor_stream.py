"""`manage.py instruct`: what a program on the other end of the pipe would notice."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
import uuid
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from common.errors import InvalidInputError
from feed.instructor_services import take_turn
from generation.models import Job
from knowledge.services import load_starter
from recommender.core.instructor import EmbeddedEngine
from recommender.core.talk import Talk, read_turn
from recommender.models import Conversation, StatedWish, Turn
from recommender.services import words
from tests.factories import ItemFactory, UserFactory

SHOWN = [
    {"id": 7, "kind": "image", "type": "dress", "colors": ["red"], "pattern": "plain"},
    {"id": "b-2", "type": "jacket", "colors": ["brown"], "title": "Leather biker jacket"},
    {"id": 2**80, "kind": "video", "type": "skirt", "colors": ["navy"], "pattern": "striped"},
]


def new_talk() -> Talk:
    return Talk(EmbeddedEngine(), lambda state: (0, 0))


def say(talk: Talk, text: str, **more: Any) -> dict[str, Any]:
    return talk.say(read_turn(json.dumps({"text": text, **more})))


class Pipe:
    """The command in a thread, between two pipes, as another program would hold it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, username: str, *options: str) -> None:
        to_read, to_write = os.pipe()
        from_read, from_write = os.pipe()
        self.ask, self.answers = os.fdopen(to_write, "w"), os.fdopen(from_read)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(os.fdopen(to_read, "rb")))
        self.out = os.fdopen(from_write, "w")
        self.username, self.options = username, options

    def run(self, lines: list[str]) -> list[dict[str, Any]]:
        """Send each line only after the answer to the one before has come."""
        answers: list[dict[str, Any]] = []

        def other_side() -> None:
            for line in lines:
                self.ask.write(line + "\n")
                self.ask.flush()
                if line.strip():
                    answers.append(json.loads(self.answers.readline()))
            self.ask.close()

        asking = threading.Thread(target=other_side, daemon=True)
        asking.start()
        # The command runs here, so that it sees the test's database.
        call_command("instruct", "--user", self.username, "--json", *self.options, stdout=self.out)
        self.out.close()
        asking.join(timeout=30)
        assert not asking.is_alive()
        return answers


@pytest.fixture
def pipe(db, monkeypatch: pytest.MonkeyPatch) -> Pipe:
    return Pipe(monkeypatch, UserFactory(username="ines").username)


def test_each_answer_comes_before_the_next_question(pipe: Pipe) -> None:
    turns = [
        json.dumps({"text": "make the second one green", "shown": SHOWN}),
        json.dumps({"text": "and shorter"}),
        json.dumps({"text": "no dots"}),
        "",
        json.dumps({"text": "skirts"}),
    ]
    first, second, third, fresh = pipe.run(turns)
    assert (first["action"], first["reference"], first["exposure"]) == ("edit", ["b-2"], "direct")
    assert first["attributes"]["type"] == "outwear"
    assert first["attributes"]["colors"] == ["green"]
    assert second["reference"] == ["b-2"]
    assert second["attributes"]["details"][:1] == ["short"]
    assert third["unwanted"]["pattern"] == "dotted"
    assert (fresh["action"], fresh["unwanted"]["pattern"]) == ("retrieve", None)


def test_broken_lines_are_answered_and_the_stream_goes_on(pipe: Pipe) -> None:
    broken = ["{", "[1]", '{"text": 5}', '{"text": "hat", "shown": 3}', '{"text": ""}', "\x00\xff"]
    broken += ["[" * 5000, json.dumps({"text": "x" * 5000})]
    *errors, last = pipe.run([*broken, json.dumps({"text": "red hats"})])
    assert all(set(answer) == {"error"} and answer["error"] for answer in errors)
    assert last["action"] == "retrieve"


def test_no_turn_is_stored_and_nothing_is_made(pipe: Pipe) -> None:
    ItemFactory(published=True, garment_type="dress", colours=["red"])
    lines = [json.dumps({"text": text}) for text in ("red dresses", "make me one", "I hate dots")]
    found, made, _ = pipe.run(lines)
    assert (found["action"], made["action"]) == ("retrieve", "create")
    assert not Job.objects.exists()
    assert not Turn.objects.exists()
    assert not Conversation.objects.exists()


def test_nobody_is_told_so(db) -> None:
    with pytest.raises(CommandError, match="nobody called"):
        call_command("instruct", "--user", "nobody", "--json")


def test_what_is_there_is_shown_and_what_is_not_is_offered(pipe: Pipe) -> None:
    for _ in range(4):
        ItemFactory(published=True, garment_type="dress", colours=["red"])
    covered, bare = pipe.run([json.dumps({"text": f"{c} dresses"}) for c in ("red", "green")])
    assert "Shall I make one?" not in covered["reply"]
    assert bare["action"] == "retrieve"
    assert "Shall I make one?" in bare["reply"]


def test_ids_come_back_as_they_went_in() -> None:
    talk = new_talk()
    assert say(talk, "more like the last one", shown=SHOWN)["reference"] == [2**80]
    assert say(talk, "the leather one in red")["reference"] == ["b-2"]
    assert say(talk, "make the first one blue", shown=SHOWN[:1])["reference"] == [7]


def test_what_was_shown_stays_until_replaced() -> None:
    talk = new_talk()
    say(talk, "hello", shown=SHOWN)
    assert say(talk, "the second one in white")["reference"] == ["b-2"]
    say(talk, "hello", shown=[])
    assert say(talk, "make the second one white")["action"] == "ask"


def test_an_attachment_is_what_this_means() -> None:
    image = [{"kind": "image", "id": "up-1"}]
    found = say(new_talk(), "find this in green", attachments=image)
    assert (found["action"], found["attributes"]["colors"]) == ("retrieve", ["green"])
    edited = say(new_talk(), "edit this photo: make the shirt red", attachments=image)
    assert (edited["action"], edited["kind"], edited["reference"]) == ("edit", "image", ["up-1"])
    assert say(new_talk(), "", attachments=[{"kind": "image"}])["action"] == "ask"


def test_what_only_goes_with_a_picture_takes_nothing_from_it() -> None:
    found = say(new_talk(), "trousers that go with the first one", shown=SHOWN)
    assert (found["attributes"]["type"], found["attributes"]["colors"]) == ("pants", [])
    assert found["reference"] == [7]


def test_repeated_rejection_starts_the_generator() -> None:
    talk = new_talk()
    say(talk, "dresses", shown=SHOWN)
    assert say(talk, "I hate the first one")["action"] == "ask"
    assert say(talk, "and the second one is ugly")["action"] == "ask"
    made = say(talk, "the last one is ugly too")
    assert (made["action"], made["exposure"]) == ("create", "direct")


def test_undo_goes_back_to_what_was_looked_for() -> None:
    talk = new_talk()
    say(talk, "black skirts")
    say(talk, "with dots")
    back = say(talk, "undo")
    assert (back["action"], back["attributes"]["pattern"]) == ("retrieve", None)
    assert back["attributes"]["colors"] == ["black"]


@pytest.mark.parametrize(
    "turn",
    [
        {"text": "hi", "shown": [{"id": None}, {}, {"id": {"a": 1}}, {"colors": [1, None, "red"]}]},
        {"text": "the first one in red", "shown": [{"type": 4, "colors": "red", "kind": []}]},
        {"text": "hat", "attachments": [{"kind": "hologram"}] * 50},
        {"text": "hat", "shown": [{"id": n} for n in range(5000)]},
    ],
)
def test_odd_items_do_no_harm(turn: dict[str, Any]) -> None:
    assert "action" in new_talk().say(read_turn(json.dumps(turn)))


@pytest.mark.parametrize("line", ["", "null", '"text"', '{"text": [], "shown": {}}'])
def test_what_is_no_turn_is_refused(line: str) -> None:
    with pytest.raises(InvalidInputError):
        read_turn(line)


@pytest.mark.parametrize(
    ("text", "action", "garment", "colours"),
    [
        ("Zeig mir schwarze Röcke ohne Punkte", "retrieve", "skirt", ["black"]),
        ("fais-moi une jupe rouge", "create", "skirt", ["red"]),
        ("¿tienes vestidos rojos?", "retrieve", "dress", ["red"]),
        ("vorrei una gonna nera", "retrieve", "skirt", ["black"]),
        ("laat me rode jurken zien", "retrieve", "dress", ["red"]),
        ("trousers, no wait, a skirt", "retrieve", "skirt", []),
        ("terracotta blouse", "retrieve", "blouse", ["orange"]),
    ],
)
def test_other_languages_repairs_and_shades(
    text: str, action: str, garment: str, colours: list[str]
) -> None:
    found = say(new_talk(), text)
    assert (found["action"], found["attributes"]["type"]) == (action, garment)
    assert found["attributes"]["colors"] == colours


def test_which_one_is_asked_and_the_change_kept() -> None:
    talk = new_talk()
    assert say(talk, "make it red", shown=SHOWN)["action"] == "ask"
    changed = say(talk, "the second one")
    assert (changed["action"], changed["reference"]) == ("edit", ["b-2"])
    assert changed["attributes"]["colors"] == ["red"]
    other = say(talk, "no, the last one")
    assert (other["reference"], other["attributes"]["colors"]) == ([2**80], ["red"])


def test_a_cover_is_made_for_a_video_and_for_nothing_else() -> None:
    cover = say(new_talk(), "make a thumbnail for the last one", shown=SHOWN)
    assert (cover["action"], cover["kind"], cover["reference"]) == ("edit", "image", [2**80])
    assert say(new_talk(), "make a thumbnail for the first one", shown=SHOWN)["action"] == "answer"


def turns(*texts: str) -> list[str]:
    return [json.dumps({"text": text}) if text else "" for text in texts]


def test_lasting_wishes_hold_over_the_stream(pipe: Pipe) -> None:
    user = User.objects.get(username="ines")
    StatedWish.objects.create(user=user, polarity="unwanted", slot="details", value="leather")
    for title in ("Brown leather jacket", "Brown jacket"):
        ItemFactory(published=True, title=title, garment_type="outwear", colours=["brown"])
    found, aside = pipe.run(turns("brown jackets", "hello"))
    assert found["unwanted"]["details"] == ["leather"]
    assert "one brown" in found["reply"]
    assert aside["unwanted"]["details"] == ["leather"]


def test_what_is_stated_is_kept_and_undone_on_the_profile(pipe: Pipe) -> None:
    stated, undone, again, elsewhere = pipe.run(
        turns("I never wear wool", "undo", "I never wear stripes", "", "jumpers")
    )
    assert stated["reply"].startswith("I'll remember: no wool.")
    assert "on your profile as well" in undone["reply"]
    assert again["unwanted"]["pattern"] == "striped"
    # Another conversation of the stream is as if this one had not been.
    assert elsewhere["unwanted"]["pattern"] is None
    assert list(StatedWish.objects.values_list("value", flat=True)) == ["striped"]


def test_a_dry_run_keeps_nothing(db, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = Pipe(monkeypatch, UserFactory(username="ines").username, "--dry-run")
    stated, found = pipe.run(turns("I never wear wool", "jumpers"))
    assert stated["reply"].startswith("I'll remember")
    assert found["unwanted"]["details"] == ["wool"]
    assert not StatedWish.objects.exists()


def test_a_question_of_fact_is_answered_as_in_the_chat(pipe: Pipe) -> None:
    load_starter()
    question = "what is seersucker?"
    answer, found = pipe.run(turns(question, "show me shirts"))
    user = User.objects.get(username="ines")
    turn = take_turn(user=user, text=question, request_key=uuid.uuid4())
    assert (answer["action"], answer["reply"]) == ("answer", turn.text)
    assert answer["citations"] == turn.decision["citations"]
    assert "citations" not in found


def test_the_stream_knows_the_words_of_the_catalogue(pipe: Pipe) -> None:
    for garment, colour in (("skirt", "red"), ("shirt", "blue"), ("dress", "green")):
        ItemFactory(
            published=True, title=f"Zibeline {garment}", garment_type=garment, colours=[colour]
        )
    for number in range(6):
        ItemFactory(published=True, garment_type=("pants", "hat")[number % 2])
    words.forget()
    words.learn_words()
    (found,) = pipe.run(turns("anything zibeline?"))
    words.forget()
    assert (found["action"], found["attributes"]["details"]) == ("retrieve", ["zibeline"])
