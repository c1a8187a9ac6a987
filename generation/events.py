"""Server-sent events of one job: its row is polled, changes are sent, silence is filled."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.db import connection

from generation.models import Job
from generation.selectors import Progress, get_progress

POLL_S = 0.25
# While only screening is awaited, looking less often is enough.
POLL_SCREENING_S = 0.5
KEEP_ALIVE_S = 10.0
LONGEST_S = 600.0


def read_progress(job_id: int) -> Progress | None:
    """Return where the job stands; None if it was deleted.

    The connection is given back after each look: a stream lasts minutes, and a pool of
    connections must not be used up by people who watch.
    """
    try:
        job = Job.objects.select_related("user", "result").filter(pk=job_id).first()
        return get_progress(job) if job else None
    finally:
        if not connection.in_atomic_block:
            connection.close()


async def stream_progress(job_id: int) -> AsyncIterator[str]:
    """Yield `progress` events until the job and its item's screening have settled.

    Ends after ten minutes at the latest; the browser then opens a new stream.
    """
    read = sync_to_async(read_progress)
    opened = spoke = time.monotonic()
    sent = ""
    yield "retry: 2000\n\n"
    while time.monotonic() - opened < LONGEST_S:
        progress = await read(job_id)
        if progress is None:
            return
        data = json.dumps(progress.as_dict())
        now = time.monotonic()
        if data != sent:
            sent, spoke = data, now
            yield f"event: progress\ndata: {data}\n\n"
        elif now - spoke > KEEP_ALIVE_S:
            spoke = now
            yield ": still here\n\n"
        if progress.settled:
            return
        await asyncio.sleep(POLL_SCREENING_S if progress.item_id else POLL_S)
