"""Pages, live events and API of jobs, for their person and for nobody else."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.test import AsyncClient
from django.urls import reverse
from django.utils import timezone

from catalog.models import Asset, Item
from catalog.services import hold_item, reject_item
from common.guidance import Guidance
from generation import events
from generation.models import Job
from generation.operations import read_picture
from generation.runner import run_job
from generation.services import submit_variants
from tests.factories import ItemFactory, UserFactory

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
    assert f'data-job="{job.pk}"' in html
    assert reverse("generation:events-of-many") in html
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
    assert item.poster_url not in html
    Item.objects.update(state="published", published_at=timezone.now())
    assert item.poster_url in mine.get(_url("job", job)).text


def test_a_failure_is_told_on_the_card(mine, job):
    Job.objects.update(state=Job.State.FAILED, problem="The paint ran out.")
    assert "The paint ran out." in mine.get(_url("job", job), headers=HTMX).text


def test_place_in_the_queue_and_time_left(mine, ask, viewer):
    done, running, waiting = ask(), ask(), ask()
    Job.objects.filter(pk=done.pk).update(
        state=Job.State.DONE, timings_ms={"wait": 60000, "load": 500, "draw": 3500}
    )
    soon = timezone.now() + timedelta(seconds=30)
    Job.objects.filter(pk=running.pk).update(
        state=Job.State.RUNNING, stage="drawing", leased_until=soon
    )
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
    monkeypatch.setattr(events, "LONGEST_S", 1.5)

    async def collect() -> list[str]:
        return [chunk async for chunk in events.stream_progress([job.pk])]

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


# --- variants ------------------------------------------------------------------------------------
@pytest.fixture
def four(viewer) -> list[Job]:
    guidance = Guidance(user_id=viewer.pk, instruction="a black skirt")
    return submit_variants(user=viewer, guidance=guidance, request_key="four", count=4)


def _group(name: str, jobs: list[Job]) -> str:
    return reverse(f"generation:{name}", args=[jobs[0].batch])


def test_variants_are_one_page_with_a_card_each(mine, four):
    html = mine.get(_group("group", four)).text
    assert all(f'data-job="{job.pk}"' in html for job in four)
    assert "4 of 4 still to come" in html
    assert "Cancel all 4" in html


def test_the_head_alone_comes_to_htmx(mine, four):
    html = mine.get(_group("group", four), headers=HTMX).text
    assert "still to come" in html
    assert "<html" not in html
    assert "data-job=" not in html


def test_all_variants_are_cancelled_together_and_the_made_one_stays(mine, four, generator):
    run_job(job_id=four[0].pk)
    assert mine.post(_group("group-cancel", four))["Location"] == _group("group", four)
    states = [job.state for job in Job.objects.order_by("pk")]
    assert states == ["done", "cancelled", "cancelled", "cancelled"]
    assert mine.post(_group("group-cancel", four)).status_code == 302, "twice is harmless"


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        (["done"] * 4, "4 variants: the same wish"),
        (["done", "failed", "done", "cancelled"], "2 of 4 came out"),
        (["failed"] * 4, "Nothing came out this time"),
        (["done", "queued", "done", "done"], "1 of 4 still to come"),
    ],
)
def test_a_group_says_how_it_went(mine, four, states, sentence):
    for job, state in zip(four, states, strict=True):
        Job.objects.filter(pk=job.pk).update(state=state)
    assert sentence in mine.get(_group("group", four)).text


def test_another_set_is_another_group_and_one_only(mine, four):
    Job.objects.update(state="done")
    key = {"request_key": "7b1de9a0-0e5a-4f7e-9a4e-6a1d2a0f3c11"}
    first, second = (mine.post(_group("group-retry", four), key)["Location"] for _ in range(2))
    assert first == second != _group("group", four)
    assert Job.objects.count() == 8


def test_make_another_joins_its_variants(mine, four):
    Job.objects.update(state="done")
    mine.post(_url("retry", four[1]))
    assert Job.objects.filter(batch=four[0].batch).count() == 5


@pytest.mark.parametrize("name", ["group", "group-cancel", "group-retry"])
def test_variants_of_others_do_not_exist(theirs, four, name):
    method = theirs.get if name == "group" else theirs.post
    assert method(_group(name, four)).status_code == 404
    assert not Job.objects.exclude(state="queued").exists()


def test_what_waits_is_cancelled_and_what_runs_goes_on(mine, four):
    soon = timezone.now() + timedelta(seconds=30)
    Job.objects.filter(pk=four[0].pk).update(state="running", leased_until=soon)
    html = mine.post(reverse("generation:cancel-all"), {"which": "waiting"}, follow=True).text
    assert "3 creations cancelled." in html
    assert Job.objects.get(pk=four[0].pk).cancel_requested is False
    mine.post(reverse("generation:cancel-all"), {"which": "all"})
    assert Job.objects.get(pk=four[0].pk).cancel_requested is True


def test_cancel_all_leaves_others_alone(theirs, four):
    theirs.post(reverse("generation:cancel-all"))
    assert Job.objects.filter(state="queued").count() == 4


def test_exactly_the_same_again_keeps_seed_and_model(mine, job, generator):
    run_job(job_id=job.pk)
    again = Job.objects.get(pk=int(mine.post(_url("rerun", job))["Location"].split("/")[-2]))
    assert (again.guidance["seed"], again.revision) == (job.guidance["seed"], "1")
    run_job(job_id=again.pk)
    first, second = (read_picture(one.result) for one in Job.objects.order_by("pk"))
    assert (first == second).all()
    assert generator.runs == 1, "it need not even be drawn again"


def test_exactly_the_same_by_a_model_that_is_gone_is_told(mine, job, generator):
    run_job(job_id=job.pk)
    mine.post(_url("rerun", job))
    again = Job.objects.order_by("-pk").first()
    Job.objects.filter(pk=again.pk).update(revision="long gone")
    run_job(job_id=again.pk)
    again.refresh_from_db()
    assert (again.state, "has been replaced since" in again.problem) == ("failed", True)


def test_a_page_follows_all_its_jobs_in_one_stream(viewer, four):
    Job.objects.filter(pk__in=[four[0].pk, four[2].pk]).update(state="cancelled")
    Job.objects.filter(pk__in=[four[1].pk, four[3].pk]).update(state="failed", problem="Oh.")
    client = AsyncClient()
    client.force_login(viewer)
    ids = ",".join(str(job.pk) for job in four)

    async def listen() -> list[int]:
        response = await client.get(reverse("generation:events-of-many"), {"jobs": ids})
        chunks = [chunk.decode() async for chunk in response.streaming_content]
        told = [chunk.split("data: ")[1] for chunk in chunks if "event: progress" in chunk]
        return [json.loads(one)["job_id"] for one in told]

    assert async_to_sync(listen)() == [job.pk for job in four]


@pytest.mark.parametrize("ids", ["", "1;2", "x", "987654", "9" * 40])
def test_a_stream_of_nothing_does_not_exist(viewer, ids):
    client = AsyncClient()
    client.force_login(viewer)
    answer = async_to_sync(client.get)(reverse("generation:events-of-many"), {"jobs": ids})
    assert answer.status_code == 404


def test_a_clip_is_shown_moving_with_its_poster(mine, job):
    item = ItemFactory(ai=True, published=True, kind="video", made_for=job.user)
    Asset.objects.create(item=item, role="master", mime="video/mp4", file="assets/x/clip.mp4")
    Asset.objects.create(item=item, role="poster", mime="image/jpeg", file="assets/x/still.jpg")
    Asset.objects.create(item=item, role="thumb", mime="image/jpeg", file="assets/x/thumb.jpg")
    Job.objects.update(state="done", result=item)
    html = mine.get(_url("job", job)).text
    assert f'<video src="{item.master_url}" poster="{item.poster_url}" muted autoplay loop' in html


def test_what_the_maker_noted_and_judged_is_told(mine, job, generator):
    run_job(job_id=job.pk)
    measures = [
        {"name": "clarity", "score": 2.0, "threshold": 1.0, "ok": True},
        {"name": "kinship", "score": 0.1, "threshold": 0.3, "ok": False},
        {"name": "motion", "score": None, "threshold": 0.3, "ok": None},
    ]
    attempts = [{"measures": [], "good": False}, {"measures": measures, "good": False}]
    manifest = {"warnings": ["Made at 480x640."], "quality": {"attempts": attempts, "kept": 1}}
    Item.objects.update(manifest=manifest, state="published", published_at=timezone.now())
    html = mine.get(_url("job", job)).text
    assert "Made at 480x640." in html
    assert "Made twice" in html
    assert "Sharp, with contrast" in html
    assert "Suits what the person likes" in html


@pytest.mark.parametrize(
    ("mode", "kind", "doing", "text"),
    [
        ("create", "image", "", "Drawing, step 3 of 12"),
        ("create", "image", "Giving it the neon style", "Giving it the neon style, 25 %"),
        ("clip", "video", "", "Cutting the clip, 25 %"),
        ("create", "video", "", "Drawing the frames, step 3 of 12"),
    ],
)
def test_progress_says_what_is_done_now(mine, job, mode, kind, doing, text):
    guidance = job.guidance | {"mode": mode, "kind": kind}
    Job.objects.update(
        state="running", stage="drawing", step=3, steps_total=12, doing=doing, guidance=guidance
    )
    progress = mine.get(reverse("api:job", args=[job.pk])).json()["progress"]
    assert progress["stage_text"] == text


def test_the_time_left_goes_by_the_kind_of_job(mine, ask):
    picture, clip, mine_next = ask(), ask(), ask()
    as_clip = clip.guidance | {"mode": "clip", "kind": "video"}
    Job.objects.filter(pk=picture.pk).update(state="done", timings_ms={"draw": 2000})
    Job.objects.filter(pk=clip.pk).update(
        state="done", timings_ms={"draw": 90_000}, guidance=as_clip
    )
    progress = mine.get(reverse("api:job", args=[mine_next.pk])).json()["progress"]
    assert progress["estimate_s"] == 2.0


# --- API of variants -----------------------------------------------------------------------------
def test_api_hands_in_variants_and_cancels_them(mine):
    made = _post(mine, reverse("api:job-groups"), ASKED | {"variants": 3})
    assert made.status_code == 201
    batch = made.json()["batch"]
    assert len(made.json()["jobs"]) == 3
    again = _post(mine, reverse("api:job-groups"), ASKED | {"variants": 3})
    assert again.json()["batch"] == batch
    assert mine.get(reverse("api:jobs-allowance")).json()["active"] == 3
    url = reverse("api:job-group-cancel", args=[batch])
    assert _post(mine, url, {}).json() == {"cancelled": 3}
    shown = mine.get(reverse("api:job-group", args=[batch])).json()
    assert {job["progress"]["state"] for job in shown["jobs"]} == {"cancelled"}
    assert len(_post(mine, reverse("api:job-group-retry", args=[batch]), {}).json()["jobs"]) == 3
    assert _post(mine, reverse("api:jobs-cancel"), {"waiting_only": True}).json()["cancelled"] == 3


@pytest.mark.parametrize("wrong", [{"variants": 5}, {"variants": 0}, {"literalness": 99}])
def test_api_refuses_variants_it_cannot_make(mine, wrong):
    assert _post(mine, reverse("api:job-groups"), ASKED | wrong).status_code == 400
    assert not Job.objects.exists()


@pytest.mark.parametrize("name", ["job-group", "job-group-cancel", "job-group-retry"])
def test_api_knows_no_variants_of_others(theirs, four, name):
    method = theirs.get if name == "job-group" else theirs.post
    assert method(reverse(f"api:{name}", args=[four[0].batch])).status_code == 404


def test_api_begins_only_from_pictures_one_may_edit(mine, photo):
    Item.objects.update(state="published", published_at=timezone.now())
    answer = _post(mine, reverse("api:jobs"), ASKED | {"reference_id": photo.pk})
    assert (answer.status_code, "somebody else's" in answer.json()["detail"]) == (403, True)
    Item.objects.update(allows_edits=True)
    answer = _post(mine, reverse("api:jobs"), ASKED | {"reference_id": photo.pk})
    assert answer.json()["guidance"]["reference_item_ids"] == [photo.pk]
