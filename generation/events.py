"""The progress of jobs as server-sent events: the rows are polled, the browser is not."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence

from asgiref.sync import sync_to_async
from django.db import connection

from generation.models import Job
from generation.queueing import read_line
from generation.selectors import Progress, get_progress

POLL_S = 0.25
# While only screening is awaited, looking less often is enough.
POLL_SCREENING_S = 0.5
KEEP_ALIVE_S = 10.0
LONGEST_S = 600.0
# A page shows no more cards than this.
MAX_JOBS = 60


def read_progress(job_ids: Sequence[int]) -> list[Progress]:
    """Return where these jobs stand; those that were deleted are left out.

    The connection is given back after each look: a stream lasts minutes, and a pool of
    connections must not be used up by people who watch.
    """
    try:
        jobs = Job.objects.select_related("user", "result").filter(pk__in=job_ids)
        found = list(jobs.prefetch_related("result__assets").order_by("pk"))
        line = read_line() if any(job.state == Job.State.QUEUED for job in found) else None
        return [get_progress(job, line) for job in found]
    finally:
        if not connection.in_atomic_block:
            connection.close()


async def stream_progress(job_ids: Sequence[int]) -> AsyncIterator[str]:
    """Yield `progress` events until all these jobs and their items' screening have settled.

    One stream serves a whole page: browsers open only six connections to a site. Ends after ten
    minutes at the latest; the browser then opens a new stream.
    """
    read = sync_to_async(read_progress)
    opened = spoke = time.monotonic()
    sent: dict[int, str] = {}
    following = list(job_ids)
    yield "retry: 2000\n\n"
    while following and time.monotonic() - opened < LONGEST_S:
        found = await read(following)
        for progress in found:
            data = json.dumps(progress.as_dict())
            if sent.get(progress.job_id) != data:
                sent[progress.job_id] = data
                spoke = time.monotonic()
                yield f"event: progress\ndata: {data}\n\n"
        following = [progress.job_id for progress in found if not progress.settled]
        if following and time.monotonic() - spoke > KEEP_ALIVE_S:
            spoke = time.monotonic()
            yield ": still here\n\n"
        is_drawn = all(one.item_id for one in found if not one.settled)
        if following:
            await asyncio.sleep(POLL_SCREENING_S if is_drawn else POLL_S)
