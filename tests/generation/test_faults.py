"""Jobs under a real worker that is killed, frozen, starved of messages and swamped with them."""

from __future__ import annotations

import pytest

from catalog.models import Item
from generation.models import Job
from generation.services import cancel_job
from generation.tasks import run_job_task
from tests.worker import Worker, wait_for, worker  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.worker, pytest.mark.slow]


@pytest.fixture
def job(worker: Worker, ask) -> Job:  # noqa: F811
    """A job whose message is in the queue; no worker runs yet."""
    return ask()


def _fresh(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def _is_done(job: Job) -> bool:
    return _fresh(job).state == Job.State.DONE


def _is_drawing(job: Job) -> bool:
    return _fresh(job).step >= 2


def _is_one_item(job: Job) -> None:
    item = Item.objects.get()
    assert _fresh(job).result == item
    assert item.asset("master").file.size > 0
    assert item.state == Item.State.PENDING


def test_killed_half_way_it_is_finished_once_by_the_next_worker(worker, job):  # noqa: F811
    worker.start(WEFT_TEST_STEP_S="0.5")
    wait_for(lambda: _is_drawing(job), "the first steps")
    worker.kill()
    assert not Item.objects.exists()
    worker.start(queues="generate,default,celery", beat=True)
    wait_for(lambda: _is_done(job), "the job under the second worker")
    _is_one_item(job)
    assert (_fresh(job).attempts, worker.runs) == (2, 2)


def test_ten_messages_make_one_picture_and_a_lost_one_is_sent_again(worker, ask):  # noqa: F811
    swamped = ask(request_key="ten times")
    for _ in range(9):
        run_job_task.delay_on_commit(swamped.pk)
    worker.start(queues="generate,default,celery", beat=True, WEFT_TEST_STEP_S="0.05")
    wait_for(lambda: _is_done(swamped), "the picture")
    wait_for(lambda: not list((worker.queue / "messages").glob("*generate*")), "an empty queue")
    assert (worker.runs, Item.objects.count(), _fresh(swamped).attempts) == (1, 1, 1)

    worker.stop()
    lost = ask(request_key="lost")
    assert worker.lose_messages() >= 1
    worker.start(queues="generate,default,celery", beat=True)
    wait_for(lambda: _is_done(lost), "the job whose message was lost")
    assert (worker.runs, Item.objects.count()) == (2, 2)


def test_a_frozen_worker_that_thaws_changes_nothing(worker, job, tmp_path):  # noqa: F811
    worker.start(WEFT_TEST_STEP_S="0.5")
    wait_for(lambda: _is_drawing(job), "the first steps")
    worker.freeze()
    (tmp_path / "second").mkdir()
    rescue = Worker(tmp_path / "second")
    rescue.environment |= {"WEFT_TEST_QUEUE": str(worker.queue), "WEFT_TEST_LOG": str(worker.log)}
    rescue.start(queues="generate,default,celery", beat=True)
    try:
        wait_for(lambda: _is_done(job), "the job under the second worker")
        worker.thaw()
        wait_for(lambda: "taken over" in worker.output.read_text(), "the first worker to notice")
    finally:
        rescue.kill()
    _is_one_item(job)
    assert (_fresh(job).fence, worker.runs) == (2, 2)


def test_cancelling_stops_a_real_worker_within_a_step(worker, job, viewer):  # noqa: F811
    worker.start(WEFT_TEST_STEP_S="0.4")
    wait_for(lambda: _is_drawing(job), "the first steps")
    step = _fresh(job).step
    cancel_job(job=_fresh(job), user=viewer)
    wait_for(lambda: _fresh(job).state == Job.State.CANCELLED, "the end", 20)
    assert _fresh(job).step <= step + 2
    assert not Item.objects.exists()
