"""The queue of files: what a worker finds there is a whole message, or nothing."""

from __future__ import annotations

import threading

import pytest
from kombu import Connection

from config.celery import app


@pytest.fixture
def broker(tmp_path):
    for name in ("messages", "control"):
        (tmp_path / name).mkdir()
    folder = str(tmp_path / "messages")
    options = {
        "data_folder_in": folder,
        "data_folder_out": folder,
        "control_folder": str(tmp_path / "control"),
        "polling_interval": 0.001,
    }
    assert app.main == "weft"
    with Connection("filesystem://localhost//", transport_options=options) as connection:
        yield connection


def test_a_reader_beside_a_busy_writer_never_finds_half_a_message(broker):
    sent = 300
    sender = broker.clone()

    def send() -> None:
        queue = sender.SimpleQueue("work")
        for number in range(sent):
            queue.put({"number": number, "text": "x" * 2000})

    thread = threading.Thread(target=send)
    thread.start()
    queue = broker.SimpleQueue("work")
    found = []
    while len(found) < sent:
        message = queue.get(timeout=20)
        found.append(message.payload["number"])
        message.ack()
    thread.join()
    sender.release()
    assert sorted(found) == list(range(sent))
    assert type(broker.transport).__module__ == "config.file_queue"


def test_many_processes_that_start_at_once_all_find_their_queue_bound(broker):
    """Web, worker, generator and beat declare their queues in the same moment on a first start."""
    starters = 8
    together = threading.Barrier(starters)
    failures: list[BaseException] = []

    def start(number: int) -> None:
        with broker.clone() as connection:
            channel = connection.channel()
            together.wait()
            try:
                for turn in range(20):
                    channel._queue_bind("tasks", f"{number}-{turn}", "", f"queue-{number}-{turn}")
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=start, args=(number,)) for number in range(starters)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bound = {entry.queue for entry in broker.channel().get_table("tasks")}
    assert failures == []
    assert len(bound) == starters * 20


def test_threads_that_publish_first_in_the_same_moment_lose_no_message(broker):
    """A web process with several threads binds and publishes at once."""
    for turn in range(30):
        name = f"first-{turn}"
        together = threading.Barrier(2)
        failures: list[BaseException] = []

        def publish(name: str = name, together=together, failures=failures) -> None:
            with broker.clone() as connection:
                together.wait()
                try:
                    connection.SimpleQueue(name).put({"text": "hello"})
                except Warning as warning:
                    failures.append(warning)

        threads = [threading.Thread(target=publish) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        queue = broker.SimpleQueue(name)
        assert [queue.get(timeout=5).payload for _ in range(2)] == [{"text": "hello"}] * 2
