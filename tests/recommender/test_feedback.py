"""Events are kept once, only the person's own, only on what they may see, only with their leave."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Consent
from common.errors import InvalidInputError
from recommender.models import Interaction
from recommender.services import (
    current_reactions,
    disliked_item_ids,
    liked_items,
    react,
    record_events,
    user_history,
    user_vector,
)
from tests.factories import ItemFactory, UserFactory


def event(item, kind="like", **more):
    return {"event_id": str(uuid.uuid4()), "item_id": item.pk, "kind": kind, **more}


def test_the_same_batch_twice_is_stored_once(adult, items):
    batch = [event(items[0]), event(items[1], "dwell", value=7.5)]
    assert record_events(user=adult, events=batch).stored == 2
    again = record_events(user=adult, events=batch)
    assert (again.stored, again.problems) == (0, [])
    assert Interaction.objects.filter(user=adult).count() == 2


def test_one_event_twice_in_a_batch_is_stored_once(adult, items):
    one = event(items[0])
    assert record_events(user=adult, events=[one, one]).stored == 1


def test_another_persons_event_id_neither_blocks_nor_changes_theirs(adult, items):
    batch = [event(items[0])]
    other = UserFactory()
    record_events(user=adult, events=batch)
    assert record_events(user=other, events=batch).stored == 1
    assert Interaction.objects.filter(user=adult).count() == 1


@pytest.mark.parametrize(
    "bad",
    [
        "text",
        None,
        {},
        {"event_id": "x", "item_id": 1, "kind": "like"},
        {"event_id": str(uuid.uuid4()), "item_id": "1; drop", "kind": "like"},
        {"event_id": str(uuid.uuid4()), "item_id": True, "kind": "like"},
        {"event_id": str(uuid.uuid4()), "item_id": 10**30, "kind": "like"},
        {"event_id": str(uuid.uuid4()), "item_id": 999999, "kind": "like"},
        {"event_id": str(uuid.uuid4()), "item_id": 1, "kind": "adore"},
        {"event_id": str(uuid.uuid4()), "item_id": 1, "kind": ["like"]},
        {"event_id": str(uuid.uuid4()), "item_id": 1, "kind": "dwell", "value": float("nan")},
        {"event_id": str(uuid.uuid4()), "item_id": 1, "kind": "dwell", "value": -1},
    ],
)
def test_a_bad_row_gets_a_sentence_and_the_rest_is_kept(adult, items, bad):
    result = record_events(user=adult, events=[bad, event(items[0])])
    assert result.stored == 1
    assert [problem["index"] for problem in result.problems] == [0]
    assert result.problems[0]["detail"].endswith(".")


def test_too_many_at_once_are_refused(adult, items):
    with pytest.raises(InvalidInputError, match="at most"):
        record_events(user=adult, events=[event(items[0])] * 201)


def test_events_on_what_the_person_may_not_see_are_not_kept(adult):
    held = ItemFactory(state="in_review")
    minor, grown_up_only = UserFactory(), ItemFactory(published=True, age_rating="adult")
    assert record_events(user=adult, events=[event(held)]).stored == 0
    assert record_events(user=minor, events=[event(grown_up_only)]).stored == 0
    assert record_events(user=adult, events=[event(grown_up_only)]).stored == 1


def test_who_refused_is_answered_and_nothing_is_kept(adult, items):
    Consent.objects.create(user=adult, kind="personalisation", granted=False)
    result = record_events(user=adult, events=[event(items[0]), event(items[1], "dwell")])
    assert (result.stored, result.problems) == (0, [])
    assert not Interaction.objects.filter(user=adult).exists()
    with pytest.raises(InvalidInputError, match="asked us not to learn"):
        react(user=adult, item=items[0], kind="like")


def test_who_was_never_asked_keeps_what_they_did_on_purpose(items):
    person = UserFactory()
    batch = [event(items[0]), event(items[1], "dwell", value=9), event(items[2], "view")]
    assert record_events(user=person, events=batch).stored == 1
    assert user_history(person, 10) == [items[0].pk]


def test_a_believable_clock_is_believed_and_a_wrong_one_is_not(adult, items):
    hour_ago = timezone.now() - timedelta(hours=1)
    batch = [
        event(items[0], at=hour_ago.isoformat()),
        event(items[1], at="2099-01-01T00:00:00Z"),
        event(items[2], at="0000-99-99"),
    ]
    assert record_events(user=adult, events=batch).stored == 3
    assert Interaction.objects.get(item=items[0]).created_at == hour_ago
    assert Interaction.objects.get(item=items[1]).created_at <= timezone.now()


def test_reactions_replace_each_other_and_can_be_taken_back(adult, items):
    item = items[0]
    assert react(user=adult, item=item, kind="like") == "like"
    assert react(user=adult, item=item, kind="like") == "like"
    assert Interaction.objects.count() == 1
    assert react(user=adult, item=item, kind="dislike") == "dislike"
    assert disliked_item_ids(adult) == {item.pk}
    assert user_history(adult, 5) == []
    assert react(user=adult, item=item, kind="undo") == ""
    assert current_reactions(user=adult, item_ids=[item.pk]) == {}
    assert disliked_item_ids(adult) == set()


def test_history_is_newest_first_and_lists_only_what_is_still_visible(adult, items):
    for item in items[:3]:
        react(user=adult, item=item, kind="like")
    assert user_history(adult, 2) == [items[2].pk, items[1].pk]
    items[2].state = "removed"
    items[2].save()
    assert [item.pk for item in liked_items(adult, 5)] == [items[1].pk, items[0].pk]


def test_user_vector_points_at_what_was_liked(adult, items):
    assert user_vector(adult) is None
    react(user=adult, item=items[0], kind="like")
    vector = user_vector(adult)
    assert vector.argmax() == 0
    assert abs(float((vector**2).sum()) - 1) < 1e-5
