"""What browsers send: late, twice, with a wrong clock, or collected for somebody else."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from recommender.models import Interaction
from recommender.services import react, record_events, user_history
from tests.factories import ItemFactory, UserFactory


def event(item, kind="like", **more):
    return {"event_id": str(uuid.uuid4()), "item_id": item.pk, "kind": kind, **more}


def send(client, events, **more):
    body = json.dumps({"events": events, **more})
    return client.post("/feed/events/", body, content_type="application/json")


def test_events_of_another_person_on_this_browser_are_refused(client, adult, items):
    newcomer = UserFactory()
    client.force_login(newcomer)
    collected = [event(items[0])]
    assert send(client, collected, user=adult.pk).status_code == 409
    beacon = json.dumps({"events": collected, "user": adult.pk})
    assert client.post("/feed/events/", {"events": beacon}).status_code == 409
    api = {"events": collected, "user": adult.pk}
    answer = client.post("/api/v1/feed/events/", api, content_type="application/json")
    assert answer.status_code == 409
    assert not Interaction.objects.exists()
    client.force_login(adult)
    assert send(client, collected, user=adult.pk).json()["stored"] == 1


def test_who_signed_out_is_told_so_and_keeps_the_events(client, adult, items):
    assert send(client, [event(items[0])], user=adult.pk).status_code == 401


def test_days_without_a_connection_keep_their_times(adult, items):
    then = timezone.now() - timedelta(days=12)
    sent = timezone.now().isoformat()
    record_events(user=adult, events=[event(items[0], at=then.isoformat())], sent_at=sent)
    assert abs(Interaction.objects.get().created_at - then) < timedelta(seconds=5)


def test_a_clock_that_is_wrong_is_corrected_by_the_time_of_sending(adult, items):
    """The browser lives two days ahead: a like an hour ago, taken back half an hour ago."""
    ahead = timedelta(days=2)
    now = timezone.now()
    like, undo = (now + ahead - timedelta(minutes=minutes) for minutes in (60, 30))
    batch = [
        event(items[0], "undo", at=undo.isoformat()),
        event(items[0], "like", at=like.isoformat()),
    ]
    record_events(user=adult, events=batch, sent_at=(now + ahead).isoformat())
    stored = Interaction.objects.get(kind="like").created_at
    assert abs(stored - (now - timedelta(hours=1))) < timedelta(minutes=1)
    assert user_history(adult) == []


@pytest.mark.parametrize(
    "at", ["2999-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 7, ""]
)
@pytest.mark.parametrize("sent_at", [None, "2999-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", {}])
def test_no_time_is_later_than_now_or_older_than_a_month(adult, items, at, sent_at):
    record_events(user=adult, events=[event(items[0], at=at)], sent_at=sent_at)
    stored = Interaction.objects.get().created_at
    assert timezone.now() - timedelta(days=31) < stored <= timezone.now()


def test_only_videos_are_watched_to_their_end(adult, items):
    video = ItemFactory(published=True, kind="video")
    batch = [event(items[0], "complete", value=1), event(video, "complete", value=900)]
    result = record_events(user=adult, events=batch)
    assert result.stored == 1
    assert result.problems == [{"index": 0, "detail": "Only a video can be watched to its end."}]
    assert Interaction.objects.get().value == 20


def test_a_reaction_whose_answer_was_lost_counts_once(client, adult, items):
    """The press reached the server, the answer did not: the browser queues it under its id."""
    client.force_login(adult)
    key = str(uuid.uuid4())
    form = {"kind": "like", "event_id": key}
    client.post(f"/feed/{items[0].pk}/react/", form)
    send(client, [{**event(items[0]), "event_id": key}], user=adult.pk)
    client.post(f"/api/v1/items/{items[0].pk}/reactions/", form)
    assert Interaction.objects.count() == 1


def test_an_old_press_sent_again_does_not_undo_what_came_after(adult, items):
    key = uuid.uuid4()
    react(user=adult, item=items[0], kind="like", event_id=key)
    react(user=adult, item=items[0], kind="dislike")
    assert react(user=adult, item=items[0], kind="like", event_id=key) == "dislike"
    assert Interaction.objects.count() == 2
