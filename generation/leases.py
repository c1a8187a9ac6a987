"""One worker's hold on one job: claimed by one UPDATE, kept alive by a heartbeat, fenced.

Every write says `fence = mine`. A worker that was taken for dead and comes back matches no row,
learns so at its next step, and stops without leaving anything behind.
"""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from generation.models import Job
from generation.queueing import read_line

logger = logging.getLogger(__name__)

HEARTBEAT_S = Job.LEASE.total_seconds() / 5
# A step that follows the last written one sooner than this is not written: people cannot see it.
WRITE_EVERY_S = 0.15
LOOK_EVERY_S = 0.04
# How long after its time a job that neither reports nor asks is still held.
GRACE_S = 60.0


class LeaseLostError(Exception):
    """Another worker holds the job now."""


class TooLongError(Exception):
    """The job has used up the time that its kind may take."""


def claim_next() -> Job | None:
    """Take the job that is next in line for this process; None if nobody waits.

    Two workers that read the same line at once both try its head; the second one's UPDATE finds
    the row taken and goes on to the next.
    """
    for one in read_line().waiting:
        if job := claim_job(one.job_id):
            return job
    return None


def claim_job(job_id: int) -> Job | None:
    """Take the job for this process and return it; None if it is finished or somebody has it."""
    with transaction.atomic():
        claimed = (
            Job.objects.claimable()
            .filter(pk=job_id)
            .update(
                state=Job.State.RUNNING,
                stage=Job.Stage.LOADING,
                doing="",
                step=0,
                steps_total=0,
                fence=F("fence") + 1,
                attempts=F("attempts") + 1,
                leased_until=Now() + Job.LEASE,
                started_at=Now(),
            )
        )
        # The row is locked by our UPDATE until we commit, so the fence read here is ours.
        return Job.objects.select_related("user", "source").get(pk=job_id) if claimed else None


class Lease:
    """The hold on a claimed job. As a context it extends itself every few seconds.

    The thread also runs while weights load or a file is written, where no step reports. A job that
    is over its time is stopped where it next reports or asks; if it does neither, the thread stops
    extending, and another worker may have the job. The process that hangs is ended by the task's
    hard time limit.
    """

    def __init__(self, job: Job) -> None:
        self.job_id = job.pk
        self.fence = job.fence
        self._ends_at = time.monotonic() + job.terms.limit_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease-{job.pk}", daemon=True)
        self._written_at = 0.0
        self._looked_at = 0.0

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._stop.wait(HEARTBEAT_S):
            if time.monotonic() > self._ends_at + GRACE_S:
                logger.error("job %s hangs; its lease is left to run out", self.job_id)
                return
            try:
                self._write()
            except DatabaseError:
                # The next beat tries again; if none gets through, the lease runs out by itself.
                logger.warning("could not extend the lease of job %s", self.job_id, exc_info=True)
            finally:
                connection.close()

    def _write(self, **fields: Any) -> int:
        held = Job.objects.held_by(self.job_id, self.fence)
        return held.update(leased_until=Now() + Job.LEASE, **fields)

    def enter_stage(self, stage: Job.Stage, **fields: Any) -> None:
        """Write the stage the job has reached; raises LeaseLostError if it is no longer ours."""
        if not self._write(stage=stage, **fields):
            raise LeaseLostError(f"job {self.job_id} was taken over")

    def announce(self, doing: str) -> None:
        """Write what the operation does now, in words for the job's person."""
        self._check_time()
        self.enter_stage(Job.Stage.DRAWING, doing=doing[:60], step=0, steps_total=0)

    def report_step(self, done: int, total: int) -> None:
        """Write how far the operation is, unless that was written a moment ago.

        Raises TooLongError when the job has had its time.
        """
        self._check_time()
        now = time.monotonic()
        if done < total and now - self._written_at < WRITE_EVERY_S:
            return
        self._written_at = now
        self.enter_stage(Job.Stage.DRAWING, step=max(done, 0), steps_total=max(total, 0))

    def should_stop(self) -> bool:
        """Return whether the person cancelled; raises LeaseLostError if the job is not ours.

        Looks at the row at most every 40 ms, which is less than one step: an operation may ask for
        every frame of a video. Raises TooLongError when the job has had its time.
        """
        self._check_time()
        now = time.monotonic()
        if now - self._looked_at < LOOK_EVERY_S:
            return False
        self._looked_at = now
        wish = Job.objects.held_by(self.job_id, self.fence).values_list(
            "cancel_requested", flat=True
        )
        for cancelled in wish:
            return cancelled
        raise LeaseLostError(f"job {self.job_id} was taken over")

    def _check_time(self) -> None:
        if time.monotonic() > self._ends_at:
            raise TooLongError(f"job {self.job_id} has had its time")

    def lock(self) -> Job:
        """Return the job with its row locked, inside a transaction, if it is still ours."""
        held = Job.objects.held_by(self.job_id, self.fence).select_for_update().first()
        if held is None:
            raise LeaseLostError(f"job {self.job_id} was taken over")
        return held

    def close(self, state: Job.State, *, problem: str = "") -> bool:
        """End the job in `state` with a sentence for its person; False if it is not ours."""
        held = Job.objects.held_by(self.job_id, self.fence)
        return bool(held.update(state=state, problem=problem, leased_until=None, finished_at=Now()))

    def give_back(self) -> bool:
        """Put the job back in the queue, so that a retry can claim it."""
        held = Job.objects.held_by(self.job_id, self.fence)
        return bool(held.update(state=Job.State.QUEUED, stage=Job.Stage.WAITING, leased_until=None))
