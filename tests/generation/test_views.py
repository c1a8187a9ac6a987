"""Pages, live events and API of jobs, for their person and for nobody else."""

from __future__ import annotations

import json

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.test import AsyncClient
from django.urls import reverse
from django.utils import timezone

from catalog.models import Item
from catalog.services import hold_item, reject_item
from generation import events
from generation.models import Job
from generation.runner import run_job
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def job(ask) -> Job:
    return ask()


@pytest.fixture
def mine(client, viewer):
    client.force_login(viewer)
    return client


@pytest.fixture
def theirs(client):
    client.force_login(UserFactory())
    return client


def _url(name: str, job: Job) -> str:
    return reverse(f"generation:{name}", args=[job.pk])


def test_my_creations_are_listed_with_their_words(mine, job):
    html = mine.get(reverse("generation:jobs")).text
    assert "make me a black skirt with stripes" in html
    assert "Next in line" in html


def test_an_empty_list_says_how_to_begin(mine):
    assert "Ask for something" in mine.get(reverse("generation:jobs")).text


def test_the_page_of_a_job_shows_what_it_is_made_from(mine, job):
    html = mine.get(_url("job", job)).text
    assert "black striped skirt" in html
    assert _url("events", job) in html
    assert "Refresh" in html, "a page without scripts can be brought up to date"


def test_htmx_gets_the_card_alone(mine, job):
    html = mine.get(_url("job", job), headers=HTMX).text
    assert "data-job-url" in html
    assert "<html" not in html


@pytest.mark.parametrize("name", ["job", "events"])
def test_another_persons_job_does_not_exist(theirs, job, name):
    assert theirs.get(_url(name, job)).status_code == 404


@pytest.mark.parametrize("name", ["cancel", "retry"])
def test_another_persons_job_cannot_be_touched(theirs, job, name):
    assert theirs.post(_url(name, job)).status_code == 404
    job.refresh_from_db()
    assert job.state == Job.State.QUEUED


@pytest.mark.parametrize("name", ["job", "cancel", "retry"])
def test_strangers_are_asked_to_sign_in(client, job, name):
    method = client.get if name == "job" else client.post
    assert reverse("account_login") in method(_url(name, job))["Location"]


def test_events_are_for_people_who_signed_in(client, job):
    assert client.get(_url("events", job)).status_code == 404


@pytest.mark.parametrize("name", ["cancel", "retry"])
def test_looking_changes_nothing(mine, job, name):
    assert mine.get(_url(name, job)).status_code == 405


def test_cancel_answers_with_the_card(mine, job):
    html = mine.post(_url("cancel", job), headers=HTMX).text
    assert "Cancelled. Nothing was made." in html
    assert "Try again" in html


def test_cancel_works_without_scripts(mine, job):
    assert mine.post(_url("cancel", job))["Location"] == _url("job", job)


def test_cancelling_what_is_done_says_so(mine, job):
    Job.objects.update(state=Job.State.DONE)
    answer = mine.post(_url("cancel", job), headers=HTMX)
    assert (answer.status_code, "already finished" in answer.text) == (409, True)


def test_the_same_button_twice_makes_one_job(mine, job):
    Job.objects.update(state=Job.State.FAILED)
    key = {"request_key": "7b1de9a0-0e5a-4f7e-9a4e-6a1d2a0f3c11"}
    first, second = (mine.post(_url("retry", job), key)["Location"] for _ in range(2))
    assert first == second != _url("job", job)


def test_the_picture_is_shown_only_when_it_is_published(mine, job, generator):
    run_job(job_id=job.pk)
    item = Item.objects.get()
    html = mine.get(_url("job", job)).text
    assert "being screened" in html
    assert item.thumb_url not in html
    Item.objects.update(state="published", published_at=timezone.now())
    assert item.thumb_url in mine.get(_url("job", job)).text


def test_a_failure_is_told_on_the_card(mine, job):
    Job.objects.update(state=Job.State.FAILED, problem="The paint ran out.")
    assert "The paint ran out." in mine.get(_url("job", job), headers=HTMX).text


def test_place_in_the_queue_and_time_left(mine, ask, viewer):
    done, running, waiting = ask(), ask(), ask()
    Job.objects.filter(pk=done.pk).update(
        state=Job.State.DONE, timings_ms={"wait": 60000, "load": 500, "draw": 3500}
    )
    Job.objects.filter(pk=running.pk).update(state=Job.State.RUNNING, stage="drawing")
    progress = mine.get(reverse("api:job", args=[waiting.pk])).json()["progress"]
    assert (progress["position"], progress["estimate_s"]) == (1, 8.0)
    assert progress["stage_text"] == "Waiting behind 1 other creation"


# --- server-sent events --------------------------------------------------------------------------
def _listen(user, job, on_event=lambda progress: None) -> list[dict]:
    client = AsyncClient()
    client.force_login(user)

    async def listen() -> list[dict]:
        response = await client.get(_url("events", job))
        assert response["Content-Type"] == "text/event-stream"
        assert response["X-Accel-Buffering"] == "no"
        told = []
        async for chunk in response.streaming_content:
            kind, _, rest = chunk.decode().partition("\n")
            if kind == "event: progress":
                told.append(json.loads(rest.removeprefix("data: ")))
                await sync_to_async(on_event)(told[-1])
        return told

    return async_to_sync(listen)()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(events, "POLL_S", 0.01)
    monkeypatch.setattr(events, "POLL_SCREENING_S", 0.01)


def test_events_follow_the_job_until_screening_has_settled(job, viewer, generator):
    def act(progress: dict) -> None:
        if progress["state"] == "queued":
            Job.objects.update(state="running", stage="drawing", step=3, steps_total=12)
        elif progress["state"] == "running":
            Job.objects.update(state="queued")
            run_job(job_id=job.pk)
        elif progress["item_state"] == "pending":
            hold_item(item=Item.objects.get())

    told = _listen(viewer, job, act)
    assert [(one["state"], one["item_state"]) for one in told] == [
        ("queued", ""),
        ("running", ""),
        ("done", "pending"),
        ("done", "in_review"),
    ]
    assert told[1]["stage_text"] == "Drawing, step 3 of 12"
    assert told[1]["share"] == pytest.approx(0.26, abs=0.01)
    assert [one["settled"] for one in told] == [False, False, False, True]
    assert told[-1]["thumb_url"] == "", "what waits for a person is not shown"


def test_events_of_a_failed_job_end_with_its_sentence(job, viewer):
    Job.objects.update(state="failed", problem="The paint ran out.")
    [told] = _listen(viewer, job)
    assert (told["settled"], told["problem"]) == (True, "The paint ran out.")


def test_events_end_when_the_item_was_rejected(job, viewer, generator):
    run_job(job_id=job.pk)
    reject_item(item=Item.objects.get(), problem="Too blurred.")
    [told] = _listen(viewer, job)
    assert (told["item_state"], told["stage_text"]) == (
        "rejected",
        "Made, but it did not pass screening",
    )


def test_events_of_another_person_do_not_exist(job):
    client = AsyncClient()
    client.force_login(UserFactory())
    assert async_to_sync(client.get)(_url("events", job)).status_code == 404


def test_a_silent_stream_is_kept_alive_and_ends(job, viewer, monkeypatch):
    monkeypatch.setattr(events, "KEEP_ALIVE_S", 0.02)
    monkeypatch.setattr(events, "LONGEST_S", 0.2)

    async def collect() -> list[str]:
        return [chunk async for chunk in events.stream_progress(job.pk)]

    chunks = async_to_sync(collect)()
    assert ": still here\n\n" in chunks
    assert sum("event: progress" in chunk for chunk in chunks) == 1


# --- API -----------------------------------------------------------------------------------------
ASKED = {
    "request_key": "one",
    "instruction": "a black skirt with stripes",
    "wanted": {"type": "skirt", "colours": ["black"], "pattern": "striped"},
}


def _post(client, url: str, data: dict):
    return client.post(url, data, content_type="application/json")


def test_api_hands_in_lists_and_shows_a_job(mine):
    made = _post(mine, reverse("api:jobs"), ASKED)
    assert made.status_code == 201
    again = _post(mine, reverse("api:jobs"), ASKED)
    assert again.json()["id"] == made.json()["id"]
    assert made.json()["guidance"]["wanted"]["colours"] == ["black"]
    assert made.json()["progress"]["state"] == "queued"
    assert mine.get(reverse("api:jobs")).json()["count"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"instruction": "x" * 501},
        {"wanted": {"type": "spaceship"}},
        {"strength": 7},
        {"seed": -1},
        {"request_key": ""},
        {"liked_item_ids": ["one"]},
    ],
)
def test_api_refuses_what_it_does_not_know(mine, wrong):
    answer = _post(mine, reverse("api:jobs"), ASKED | wrong)
    assert answer.status_code == 400
    assert not Job.objects.exists()


def test_api_edits_only_what_one_may(mine, photo):
    hidden = _post(mine, reverse("api:jobs"), ASKED | {"source_id": photo.pk})
    assert hidden.status_code == 404, "a draft of somebody else's does not exist"
    Item.objects.update(state="published", published_at=timezone.now())
    seen = _post(mine, reverse("api:jobs"), ASKED | {"source_id": photo.pk})
    assert (seen.status_code, "somebody else's" in seen.json()["detail"]) == (403, True)


def test_api_cancels_and_retries(mine, job):
    cancelled = mine.post(reverse("api:job-cancel", args=[job.pk]))
    assert cancelled.json()["progress"]["state"] == "cancelled"
    again = mine.post(reverse("api:job-retry", args=[job.pk]))
    assert (again.status_code, again.json()["id"] != job.pk) == (201, True)


@pytest.mark.parametrize("name", ["job", "job-cancel", "job-retry"])
def test_api_knows_no_jobs_of_others(theirs, job, name):
    method = theirs.get if name == "job" else theirs.post
    assert method(reverse(f"api:{name}", args=[job.pk])).status_code == 404


def test_api_is_for_people_who_signed_in(client, job):
    assert client.get(reverse("api:jobs")).status_code in {401, 403}
