"""What is kept of a request once its result was deleted for good: that there was one."""

from __future__ import annotations

from catalog.models import Item
from common.guidance import Guidance
from generation.models import Job


def forget_words(*, item_id: int) -> int:
    """Empty the words, likes and pictures of the job behind a deleted item; return how many."""
    gone = (Item.State.EXPIRED, Item.State.REMOVED)
    jobs = Job.objects.filter(result_id=item_id, result__state__in=gone)
    for job in jobs:
        kept = Guidance.from_dict(job.guidance)
        job.guidance = Guidance(
            user_id=kept.user_id,
            instruction="",
            kind=kept.kind,
            mode=kept.mode,
            delete_after_view=kept.delete_after_view,
        ).as_dict()
        job.source = None
        job.save(update_fields=["guidance", "source"])
    return len(jobs)
