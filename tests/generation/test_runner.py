"""Running a job: what becomes of it whatever happens on the way."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from catalog.models import Embedding, Item
from catalog.signals import item_submitted
from common.guidance import Attributes
from generation import leases
from generation.core.quality import Judgement
from generation.models import Job
from generation.operations import read_picture
from generation.runner import run_job
from generation.services import cancel_job
from generation.tasks import run_job_task
from tests.factories import ItemFactory

pytestmark = pytest.mark.django_db
RED = Attributes(type="skirt", colours=("red",))


@pytest.fixture(autouse=True)
def every_step_is_written(monkeypatch):
    monkeypatch.setattr(leases, "WRITE_EVERY_S", 0)
    monkeypatch.setattr(leases, "LOOK_EVERY_S", 0)


def _fresh(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def test_a_picture_is_made_and_handed_to_screening(
    ask, viewer, generator, django_capture_on_commit_callbacks
):
    submitted: list[int] = []

    def note(item_id: int, **kwargs) -> None:
        submitted.append(item_id)

    item_submitted.connect(note)
    job = ask()
    with django_capture_on_commit_callbacks(execute=True):
        assert run_job(job_id=job.pk) is True
    item_submitted.disconnect(note)
    job = _fresh(job)
    assert (job.state, job.backend, job.leased_until) == (Job.State.DONE, "stripes@1", None)
    assert set(job.timings_ms) == {"wait", "load", "draw", "finish"}
    item = job.result
    assert (item.state, item.origin, item.authorship) == ("pending", "ai", "platform")
    assert (item.owner, item.made_for, item.title) == (None, viewer, "Black striped skirt")
    assert (item.garment_type, item.colours, item.pattern) == ("skirt", ["black"], "striped")
    assert item.guidance == job.guidance
    assert item.manifest["seed"] == job.guidance["seed"]
    assert item.asset("master")
    assert submitted == [item.pk]


def test_a_second_delivery_does_nothing(ask, generator):
    job = ask()
    assert run_job(job_id=job.pk) is True
    assert [run_job(job_id=job.pk) for _ in range(9)] == [False] * 9
    assert (generator.runs, Item.objects.filter(origin="ai").count()) == (1, 1)


def test_a_delivery_while_another_worker_draws_does_nothing(ask, generator):
    job = ask()
    answers = []
    generator.before_step = lambda step: answers.append(run_job(job_id=job.pk))
    assert run_job(job_id=job.pk) is True
    assert set(answers) == {False}
    assert generator.runs == 1


def test_a_job_that_is_gone_is_nobodys(generator, db):
    assert run_job(job_id=987654) is False


def test_steps_are_written_while_it_draws(ask, generator):
    job = ask()
    seen = []
    generator.before_step = lambda step: seen.append((_fresh(job).stage, _fresh(job).step))
    run_job(job_id=job.pk)
    assert seen[0] == ("drawing", 0)
    assert [step for _, step in seen] == list(range(12))


def test_cancelling_stops_within_one_step(ask, viewer, generator):
    job = ask()
    steps = []

    def cancel_at_three(step: int) -> None:
        steps.append(step)
        if step == 3:
            cancel_job(job=_fresh(job), user=viewer)

    generator.before_step = cancel_at_three
    assert run_job(job_id=job.pk) is True
    assert steps == [1, 2, 3]
    assert _fresh(job).state == Job.State.CANCELLED
    assert not Item.objects.exists()


def test_cancelling_at_the_very_last_moment_leaves_no_item(ask, viewer, generator, monkeypatch):
    job = ask()
    enter = leases.Lease.enter_stage

    def cancel_then_enter(self, stage, **fields):
        if stage == Job.Stage.FINISHING:
            cancel_job(job=_fresh(job), user=viewer)
        return enter(self, stage, **fields)

    monkeypatch.setattr(leases.Lease, "enter_stage", cancel_then_enter)
    run_job(job_id=job.pk)
    assert _fresh(job).state == Job.State.CANCELLED
    assert not Item.objects.exists()


def test_a_zombie_is_fenced_out(ask, generator):
    """A worker taken for dead comes back after another has finished: it changes nothing."""
    job = ask()

    def be_taken_over(step: int) -> None:
        if step == 5 and generator.runs == 1:
            Job.objects.filter(pk=job.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
            assert run_job(job_id=job.pk) is True

    generator.before_step = be_taken_over
    assert run_job(job_id=job.pk) is False
    assert generator.runs == 2
    assert Item.objects.count() == 1
    assert (_fresh(job).state, _fresh(job).attempts, _fresh(job).fence) == (Job.State.DONE, 2, 2)


def test_a_zombie_that_wakes_up_to_store_its_picture_stores_nothing(ask, generator):
    job = ask()

    def lose_it(step: int) -> None:
        if step == 12:
            Job.objects.filter(pk=job.pk).update(fence=7)

    generator.before_step = lose_it
    assert run_job(job_id=job.pk) is False
    assert not Item.objects.exists()
    assert _fresh(job).state == Job.State.RUNNING


def test_three_dead_workers_are_enough(ask, generator):
    job = ask()
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.RUNNING, attempts=3, leased_until=timezone.now() - timedelta(seconds=1)
    )
    assert run_job(job_id=job.pk) is True
    assert _fresh(job).state == Job.State.FAILED
    assert "stopped several times" in _fresh(job).problem
    assert generator.runs == 0


def test_cancelled_while_its_worker_was_dead(ask, viewer, generator):
    job = ask()
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.RUNNING, leased_until=timezone.now() - timedelta(seconds=1)
    )
    cancel_job(job=_fresh(job), user=viewer)
    run_job(job_id=job.pk)
    assert (_fresh(job).state, generator.runs) == (Job.State.CANCELLED, 0)


def test_taking_too_long_is_told_in_a_sentence(ask, generator):
    job = ask()

    def too_long(step: int) -> None:
        raise SoftTimeLimitExceeded

    generator.before_step = too_long
    run_job(job_id=job.pk)
    assert _fresh(job).state == Job.State.FAILED
    assert _fresh(job).problem == (
        "This took longer than 4 minutes and was stopped. Please try again in a while."
    )


def test_a_job_over_its_time_is_stopped_at_its_next_step(ask, generator, monkeypatch):
    """Each kind has its own limit; the task's is only for one that hangs."""
    job = ask()
    clock = [0.0]
    monkeypatch.setattr(leases.time, "monotonic", lambda: clock[0])
    steps = []

    def slow(step: int) -> None:
        steps.append(step)
        clock[0] += 70.0

    generator.before_step = slow
    assert run_job(job_id=job.pk) is True
    assert steps == [1, 2, 3, 4], "four minutes for a picture"
    assert _fresh(job).problem.startswith("This took longer than 4 minutes")
    assert not Item.objects.exists()


def test_a_video_may_take_half_an_hour(ask):
    job = ask()
    job.guidance |= {"mode": "style", "kind": "video"}
    assert (job.terms.limit_s, job.terms.cost) == (1800, 4)
    assert run_job_task.soft_time_limit > 1800
    assert run_job_task.time_limit > run_job_task.soft_time_limit


def test_what_hangs_is_left_to_another_worker(ask, monkeypatch):
    """A process that neither steps nor asks may not hold its job for ever."""
    job = ask()
    monkeypatch.setattr(leases, "HEARTBEAT_S", 0.001)
    monkeypatch.setattr(leases, "GRACE_S", -1e9)
    claimed = leases.claim_job(job.pk)
    with leases.Lease(claimed) as lease:
        lease._thread.join(5)
        assert not lease._thread.is_alive()


def test_an_operation_says_what_it_does_and_its_steps_begin_anew(ask):
    lease = leases.Lease(leases.claim_job(ask().pk))
    lease.report_step(9, 12)
    lease.announce("Reading the frames")
    job = Job.objects.get(pk=lease.job_id)
    assert (job.doing, job.step, job.steps_total) == ("Reading the frames", 0, 0)
    lease.report_step(70_000, 90_000)
    assert Job.objects.get(pk=lease.job_id).step == 70_000, "an hour of video has many frames"


def test_the_row_is_not_asked_at_every_frame(ask, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(leases, "LOOK_EVERY_S", 30.0)
    lease = leases.Lease(leases.claim_job(ask().pk))
    with django_assert_max_num_queries(1):
        assert not any(lease.should_stop() for _ in range(1000))


def test_another_size_or_degree_of_style_does_not_draw_again(ask, generator):
    for said in ({}, {"style": "neon"}, {"style": "neon", "style_degree": 0.3}, {"upscale": 1}):
        run_job(job_id=ask(seed=5, **said).pk)
    assert generator.runs == 1
    run_job(job_id=ask(seed=6).pk)
    run_job(job_id=ask(seed=5, literalness=3.0).pk)
    assert generator.runs == 3


def test_a_cancelled_drawing_is_not_kept(ask, viewer, generator):
    job = ask(seed=5)
    generator.before_step = lambda step: cancel_job(job=_fresh(job), user=viewer)
    run_job(job_id=job.pk)
    generator.before_step = lambda step: None
    run_job(job_id=ask(seed=5).pk)
    assert generator.runs == 2


def test_whatever_a_model_raises_the_person_gets_a_sentence(ask, generator):
    job = ask()

    def out_of_memory(step: int) -> None:
        raise RuntimeError("CUDA out of memory")

    generator.before_step = out_of_memory
    run_job(job_id=job.pk)
    assert _fresh(job).state == Job.State.FAILED
    assert "CUDA" not in _fresh(job).problem
    assert "try again" in _fresh(job).problem


def test_missing_weights_are_told_as_they_are(ask, generator):
    from generation.core.backends import ModelUnavailableError

    def missing() -> None:
        raise ModelUnavailableError("The weights of this model are not there.")

    generator.loading = missing
    job = ask()
    run_job(job_id=job.pk)
    assert _fresh(job).problem == "The weights of this model are not there."


def test_a_bad_moment_of_the_disk_gives_the_job_back(ask, generator):
    job = ask()

    def full(step: int) -> None:
        raise OSError("no space left")

    generator.before_step = full
    with pytest.raises(OSError, match="no space"):
        run_job(job_id=job.pk)
    assert _fresh(job).state == Job.State.QUEUED
    generator.before_step = lambda step: None
    assert run_job(job_id=job.pk) is True
    assert _fresh(job).state == Job.State.DONE


def test_an_edit_is_the_next_version_and_stays_a_draft(ask, uploader, photo, generator):
    job = ask(
        user=uploader,
        source=photo,
        instruction="make it a navy dress",
        wanted=Attributes(type="dress", colours=("navy",)),
        strength=0.4,
    )
    run_job(job_id=job.pk)
    item = _fresh(job).result
    assert (item.parent, item.version, item.state) == (photo, 2, Item.State.DRAFT)
    assert (item.owner, item.origin, item.authorship) == (uploader, "ai_assisted", "uploader")
    assert (item.title, item.garment_type, item.pattern) == ("Navy dress", "dress", "plain")
    [request] = generator.requests
    assert (request.prompt, request.strength) == ("navy plain dress", 0.4)
    assert request.init_image.shape == (240, 180, 3)
    assert tuple(request.init_image[100, 100]) == pytest.approx((200, 36, 46), abs=8)


def test_an_edit_of_an_item_for_adults_is_for_adults(ask, uploader, photo, generator):
    photo.age_rating = Item.AgeRating.ADULT
    photo.save()
    job = ask(user=uploader, source=photo, wanted=Attributes(colours=("navy",)))
    run_job(job_id=job.pk)
    assert _fresh(job).result.age_rating == Item.AgeRating.ADULT


def test_what_is_not_wanted_goes_to_the_negative_and_out_of_the_prompt(
    ask, uploader, photo, generator
):
    unwanted = Attributes(colours=("red",), pattern="plain")
    run_job(job_id=ask(user=uploader, source=photo, wanted=Attributes(), unwanted=unwanted).pk)
    [request] = generator.requests
    assert (request.prompt, request.negative) == ("skirt", "red plain")


def test_an_edit_whose_source_was_deleted_fails_with_a_sentence(ask, uploader, photo, generator):
    job = ask(user=uploader, source=photo)
    photo.delete()
    run_job(job_id=job.pk)
    assert "no longer exists" in _fresh(job).problem


def test_a_style_is_laid_over_the_picture_and_named(ask, generator):
    plain, styled = ask(seed=5, wanted=RED), ask(seed=5, wanted=RED, style="pencil")
    run_job(job_id=plain.pk)
    run_job(job_id=styled.pk)
    assert generator.runs == 1, "another style does not draw the picture again"
    item = _fresh(styled).result
    assert (item.look, item.title) == ("pencil", "Red skirt in pencil style")
    assert item.manifest["style"]["name"] == "pencil"
    assert item.manifest["from_cache"] is True
    assert _saturation(item) < 0.5 * _saturation(_fresh(plain).result)


def test_a_style_is_judged_by_the_picture_beneath_it(ask, generator, settings, monkeypatch):
    """Neon takes the colours away that were asked for; that is no reason to refuse it."""
    settings.GENERATION_JUDGES_RESULTS = True
    seen = []
    monkeypatch.setattr(
        "generation.postprocess.judge",
        lambda work, product: (seen.append(product), Judgement(()))[1],
    )
    run_job(job_id=ask(wanted=RED, style="neon").pk)
    [product] = seen
    assert product.drawn[60, 50].tolist() == pytest.approx([184, 36, 45], abs=10)
    assert not np.allclose(product.drawn, product.still, atol=30)


def _saturation(item: Item) -> float:
    pixels = read_picture(item).astype(int)
    return float((pixels.max(axis=2) - pixels.min(axis=2)).mean())


def test_liked_items_guide_newest_first_and_fade(ask, generator, monkeypatch):
    monkeypatch.setattr("generation.conditions.encoder_name", lambda: "small")
    newest, older, other_model = ItemFactory.create_batch(3, published=True)
    Embedding.objects.create(item=older, model="small", vector=[0.0, 1.0])
    Embedding.objects.create(item=newest, model="small", vector=[1.0, 0.0])
    Embedding.objects.create(item=other_model, model="large", vector=[1.0, 0.0, 0.0])
    job = ask(liked_item_ids=(other_model.pk, newest.pk, older.pk))
    run_job(job_id=job.pk)
    [request] = generator.requests
    np.testing.assert_array_equal(request.history, [[1, 0], [0, 1]])
    assert request.history_weights[0] > request.history_weights[1]
    assert request.history_weights.sum() == pytest.approx(1)


class SmallEncoder:
    """Tells shirts from everything else along one axis."""

    name = "small"

    def encode_texts(self, texts):
        return np.array([[1.0, 0.0] if text.endswith(" shirt") else [0.0, 1.0] for text in texts])


@pytest.mark.parametrize(
    ("vector", "prompt"),
    [([0.9, 0.1], "navy plain shirt"), ([0.5, 0.49], "navy plain garment")],
)
def test_an_upload_of_unsaid_type_is_looked_at(
    ask, uploader, photo, generator, monkeypatch, vector, prompt
):
    monkeypatch.setattr("generation.conditions.load_current_encoder", SmallEncoder)
    photo.garment_type = ""
    photo.save()
    Embedding.objects.create(item=photo, model="small", vector=vector)
    wanted = Attributes(colours=("navy",))
    run_job(job_id=ask(user=uploader, source=photo, wanted=wanted, strength=0.9).pk)
    assert generator.requests[0].prompt == prompt


def test_without_attributes_the_persons_words_are_prompt_and_title(ask, generator):
    job = ask(instruction="something for a rainy day", wanted=Attributes())
    run_job(job_id=job.pk)
    assert generator.requests[0].prompt == "something for a rainy day"
    assert _fresh(job).result.title == "Something for a rainy day"
