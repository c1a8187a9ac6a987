"""Who is served next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from common.guidance import Guidance
from generation.leases import claim_next
from generation.models import Job
from generation.queueing import PATIENCE, Served, Waiting, read_line, serving_order
from generation.runner import run_next_job
from generation.services import submit_job
from tests.factories import UserFactory

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _ask(job_id: int, user_id: int, ago_s: float = 0, background: bool = False) -> Waiting:
    return Waiting(job_id, user_id, NOON - timedelta(seconds=ago_s), background)


def _order(waiting: list[Waiting], served: dict[int, Served] | None = None) -> list[int]:
    return [one.job_id for one in serving_order(waiting, served or {}, now=NOON)]


def test_whoever_asked_first_is_served_first():
    assert _order([_ask(1, 10, 5), _ask(2, 11, 9), _ask(3, 12, 1)]) == [2, 1, 3]


def test_people_are_served_in_turn():
    """Four of one person's do not hold up the one that another asked for after them."""
    greedy = [_ask(job, 10, 60 - job) for job in (1, 2, 3, 4)]
    assert _order([*greedy, _ask(5, 11, 2), _ask(6, 12, 1)]) == [1, 5, 6, 2, 3, 4]


def test_whoever_has_a_job_at_work_lets_others_go_first():
    assert _order([_ask(1, 10, 9), _ask(2, 11, 1)], {10: Served(running=1)}) == [2, 1]


def test_whoever_was_served_a_moment_ago_lets_others_go_first():
    served = {10: Served(last=NOON.timestamp() - 5), 11: Served(last=NOON.timestamp() - 90)}
    assert _order([_ask(1, 10, 9), _ask(2, 11, 1), _ask(3, 12, 0)], served) == [3, 2, 1]


def test_background_work_waits_for_people_but_not_for_ever():
    prepared = _ask(1, 10, 60, background=True)
    assert _order([prepared, _ask(2, 11, 1), _ask(3, 11, 0)]) == [2, 3, 1]
    patient = _ask(1, 10, PATIENCE.total_seconds(), background=True)
    assert _order([patient, _ask(2, 11, 1), _ask(3, 11, 0)]) == [1, 2, 3]


def test_nobody_is_left_out_and_a_persons_own_jobs_keep_their_order():
    waiting = [_ask(job, job % 7, 1000 - job, job % 3 == 0) for job in range(200)]
    order = _order(waiting)
    assert sorted(order) == list(range(200))
    for user in range(7):
        mine = [job for job in order if job % 7 == user and job % 3]
        assert mine == sorted(mine)


def test_a_person_waits_for_at_most_one_job_of_each_other_person():
    crowd = [_ask(job, job % 5, 1000 - job) for job in range(100)]
    assert _order([*crowd, _ask(999, 77)]).index(999) <= 5


# --- on rows -------------------------------------------------------------------------------------
@pytest.fixture
def hand_in(db):
    counter = iter(range(100))

    def _hand_in(user, **terms) -> Job:
        guidance = Guidance(user_id=user.pk, instruction="a black skirt")
        key = f"key {next(counter)}"
        return submit_job(user=user, guidance=guidance, request_key=key, **terms)

    return _hand_in


def test_a_message_brings_on_whatever_is_first_in_line(hand_in, generator):
    """The broker knows no priorities: the message of the early job serves the urgent one."""
    one, other = UserFactory(), UserFactory()
    prepared = hand_in(one, priority=Job.Priority.BACKGROUND)
    urgent = hand_in(other)
    assert run_next_job() is True
    assert [job.state for job in Job.objects.order_by("pk")] == ["queued", "done"]
    assert run_next_job() is True
    assert run_next_job() is False
    assert {Job.objects.get(pk=job.pk).state for job in (prepared, urgent)} == {"done"}


def test_workers_take_people_in_turn(hand_in):
    greedy, other = UserFactory(), UserFactory()
    jobs = [hand_in(greedy), hand_in(greedy), hand_in(greedy), hand_in(other)]
    taken = [claim_next() for _ in range(4)]
    assert [job.pk for job in taken if job] == [jobs[i].pk for i in (0, 3, 1, 2)]
    assert claim_next() is None


def test_cancelled_jobs_are_not_in_line(hand_in):
    kept, gone = hand_in(UserFactory()), hand_in(UserFactory())
    Job.objects.filter(pk=gone.pk).update(state=Job.State.CANCELLED)
    assert [one.job_id for one in read_line().waiting] == [kept.pk]


def test_what_a_dead_worker_held_is_in_line_again(hand_in):
    job = hand_in(UserFactory())
    past = timezone.now() - timedelta(seconds=1)
    Job.objects.update(state=Job.State.RUNNING, leased_until=past, started_at=past)
    line = read_line()
    assert ([one.job_id for one in line.waiting], line.running) == ([job.pk], [])


def test_the_line_is_read_in_three_queries(hand_in, django_assert_num_queries, settings):
    settings.GENERATION_MAX_ACTIVE = 50
    people = [UserFactory() for _ in range(3)]
    for number in range(12):
        hand_in(people[number % 3])
    with django_assert_num_queries(3):
        assert len(read_line().waiting) == 12
