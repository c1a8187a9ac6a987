"""A real Celery worker for tests: its own process, the test's database, a queue in a folder.

`worker` is a fixture; tests that use it carry `@pytest.mark.worker` and need committed rows
(`transactional_db`). Messages that the test process sends go to the same queue.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from kombu import Queue

ROOT = Path(__file__).resolve().parent.parent
START_S = 120.0


class Worker:
    """Starts, kills and restarts worker processes over one queue."""

    def __init__(self, folder: Path, broker: str = "") -> None:
        self.queue = folder / "queue"
        self.log = folder / "runs"
        self.output = folder / "worker.log"
        for name in ("messages", "processed", "control"):
            (self.queue / name).mkdir(parents=True)
        self.environment = {
            "WEFT_TEST_DATABASE": str(connection.settings_dict["NAME"]),
            "WEFT_TEST_QUEUE": str(self.queue),
            "WEFT_TEST_LOG": str(self.log),
            "WEFT_TEST_BROKER": broker,
            "DJANGO_SETTINGS_MODULE": "tests.worker_settings",
            "PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}",
            "OMP_NUM_THREADS": "1",
        }
        self._process: subprocess.Popen | None = None

    def start(self, *, queues: str = "generate", beat: bool = False, **environment: str) -> None:
        """Start a worker and wait until it takes messages."""
        arguments = ["-m", "celery", "-A", "config", "worker", "-Q", queues, "-c", "1"]
        arguments += ["--loglevel", "INFO", "--without-gossip", "--without-mingle"]
        if beat:
            arguments += ["-B", "-s", str(self.queue.parent / "schedule")]
        before = self.output.stat().st_size if self.output.exists() else 0
        with self.output.open("ab") as output:
            # A session of its own: killing it kills its children, as when a machine dies.
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**os.environ, **self.environment, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_for(lambda: " ready." in self.output.read_text()[before:], "a worker", START_S)

    def kill(self) -> None:
        """SIGKILL the worker with all its processes."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Let the worker finish what it does and end."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def freeze(self) -> None:
        """Stop the clock of all its processes: to others it looks dead, but it is not."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.killpg(self._process.pid, signal.SIGCONT)

    def lose_messages(self) -> int:
        """Throw the waiting messages away, as a broker that is restarted empty does."""
        lost = list((self.queue / "messages").glob("*.msg"))
        for message in lost:
            message.unlink()
        return len(lost)

    @property
    def runs(self) -> int:
        """How often the generator was started, by any worker."""
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0


@pytest.fixture
def worker(transactional_db: None, tmp_path: Path) -> Iterator[Worker]:
    """A queue in a folder, and workers over it; none runs before `worker.start()`."""
    made = Worker(tmp_path)
    with _broker_in(made.queue):
        yield made
    made.kill()


@contextmanager
def worker_on(broker: str, folder: Path) -> Iterator[Worker]:
    """Workers over a broker that is a server, whose queues are emptied first."""
    made = Worker(folder, broker)
    with _broker_in(made.queue, broker):
        from config.celery import app

        with app.connection_for_write() as connection_to_broker:
            for name in ("generate", "default"):
                queue = Queue(name, channel=connection_to_broker.default_channel)
                queue.declare()
                queue.purge()
        yield made
        made.kill()


class _broker_in:  # noqa: N801  (used as a context, like contextlib's)
    """Let this process's messages go to the queue in a folder, or to a broker."""

    def __init__(self, queue: Path, broker: str = "") -> None:
        self.queue, self.broker = queue, broker

    def __enter__(self) -> None:
        from config.celery import app

        app.conf.broker_url = app.conf.broker_write_url = self.broker or "filesystem://"
        app.conf.broker_transport_options = (
            {}
            if self.broker
            else {
                "data_folder_in": str(self.queue / "messages"),
                "data_folder_out": str(self.queue / "messages"),
                "processed_folder": str(self.queue / "processed"),
                "control_folder": str(self.queue / "control"),
            }
        )
        _forget_connections()

    def __exit__(self, *error: object) -> None:
        from config.celery import app

        app.conf.broker_url = app.conf.broker_write_url = settings.CELERY_BROKER_URL
        app.conf.broker_transport_options = dict(settings.CELERY_BROKER_TRANSPORT_OPTIONS)
        _forget_connections()


def _forget_connections() -> None:
    """Close pooled connections to the broker that was configured before."""
    from kombu import pools

    from config.celery import app

    pools.reset()
    app._pool = None
    app.amqp._producer_pool = None


def wait_for(condition: Callable[[], object], what: str, seconds: float = 120.0) -> None:
    """Return once `condition()` holds; fail, naming what was awaited, after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds:.0f} s for {what} in vain")
