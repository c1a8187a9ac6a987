"""The same job over Redis and RabbitMQ, where they run on their usual ports."""

from __future__ import annotations

import socket

import pytest

from catalog.models import Item
from generation.models import Job
from tests.worker import wait_for, worker_on

pytestmark = pytest.mark.slow
BROKERS = {
    "redis": ("redis://127.0.0.1:6379/9", 6379),
    "rabbitmq": ("amqp://guest:guest@127.0.0.1:5672//", 5672),
}


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("name", list(BROKERS))
def test_a_job_goes_through_a_broker_that_is_a_server(name, transactional_db, tmp_path, ask):
    url, port = BROKERS[name]
    if not _listens(port):
        pytest.skip(f"{name} does not run on its usual port")
    with worker_on(url, tmp_path) as worker:
        worker.start(WEFT_TEST_STEP_S="0.02")
        job = ask()
        wait_for(lambda: Job.objects.get(pk=job.pk).state == Job.State.DONE, "the picture")
        assert Item.objects.count() == 1
        assert worker.runs == 1
