"""Make and screen many items at once, in as many processes as there are cores."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from types import TracebackType

from django.utils import timezone

from catalog.models import Item
from demo.parallel import make, screen, set_up
from generation.models import Job


class Crew:
    """Processes that screen items and carry out jobs; as a context they end with it.

    They are kept from one use to the next, since each of them loads its models only once.
    """

    def __init__(self, processes: int | None = None) -> None:
        context = multiprocessing.get_context("spawn")
        self.pool = ProcessPoolExecutor(processes or os.cpu_count(), context, initializer=set_up)

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pool.shutdown(cancel_futures=error is not None)

    def screen(self, items: Sequence[Item], *, chunk: int = 8) -> int:
        """Hand the drafts in and screen them by the ordinary service; return how many came out.

        With one process in the order given. No signal is sent on handing in: it would queue a
        message for each item that is screened here anyway.
        """
        keys = [item.pk for item in items]
        Item.objects.filter(pk__in=keys, state=Item.State.DRAFT).update(
            state=Item.State.PENDING, submitted_at=timezone.now()
        )
        list(self.pool.map(screen, keys, chunksize=chunk))
        for item in items:
            item.refresh_from_db()
        return sum(item.is_public for item in items)

    def carry_out(self, jobs: Sequence[Job]) -> list[Item]:
        """Run these jobs and screen what they made; return it, published or not."""
        list(self.pool.map(make, [job.pk for job in jobs]))
        done = Job.objects.filter(pk__in=[job.pk for job in jobs]).select_related("result")
        made = [job.result for job in done.order_by("pk") if job.result is not None]
        self.screen(made, chunk=1)
        return made


def screen_all(items: Sequence[Item], processes: int | None = None) -> int:
    """Hand the drafts in and screen them; return how many came out."""
    with Crew(processes) as crew:
        return crew.screen(items)
