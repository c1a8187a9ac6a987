"""What people of the demo world have made: real jobs, by the site's own creator and editor.

A few are carried out while the world is made, so that there are AI and AI-assisted items from the
start; the others wait for the workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from accounts.models import User
from catalog.models import Item
from common.guidance import Attributes, Guidance
from common.vocabulary import COLOURS
from demo.asking import Step
from demo.garments import attributes, caption, sample_spec
from demo.talks import words_of
from demo.wishing.people import DRAWING_S, MAKE
from demo.wishing.sitting import slots_of
from generation.models import Job
from generation.services import submit_job
from recommender.services import user_history

OPENINGS = ("Make me a {}", "I'd love a {}", "Create a {} for me", "Design a {}")


def submit_wishes(*, viewers: Sequence[User], count: int) -> None:
    """Queue `count` creations, spread over viewers, each asked in words and with their likes."""
    rng = np.random.default_rng(77)
    for index in range(count):
        viewer = viewers[index % len(viewers)]
        spec = sample_spec(rng)
        words = caption(spec).replace(" plain ", " ")
        guidance = Guidance(
            user_id=viewer.pk,
            instruction=OPENINGS[index % len(OPENINGS)].format(words),
            wanted=attributes(spec),
            liked_item_ids=tuple(user_history(user=viewer, k=12)),
            seed=int(rng.integers(2**31)),
            exposure="ranked",
        )
        submit_job(
            user=viewer,
            guidance=guidance,
            request_key=f"demo-wish-{index}",
            priority=Job.Priority.BACKGROUND,
        )


def submit_asked(step: Step, seed: int) -> Job:
    """Hand in what a person was told they would get, with their likes of that time."""
    user = step.resident.user
    guidance = Guidance(
        user_id=user.pk,
        instruction=words_of(step),
        wanted=slots_of(step.wish).as_attributes(),
        liked_item_ids=step.liked,
        seed=seed,
        exposure="direct" if step.wish.mode == MAKE else "ranked",
    )
    key = f"demo-asked-{user.pk}-{step.minute:.3f}"
    # A draft, which the seeding hands in itself.
    return submit_job(user=user, guidance=guidance, request_key=key, auto_submit=False)


def submit_edits(items: Sequence[Item], count: int, rng: np.random.Generator) -> list[Job]:
    """Hand in edits of published pictures by their own uploaders: the same in another colour."""
    pictures = [item for item in items if item.kind == Item.Kind.IMAGE and item.is_public]
    chosen = rng.choice(len(pictures), size=min(count, len(pictures)), replace=False)
    return [_recolour(pictures[int(n)], rng) for n in chosen]


def _recolour(item: Item, rng: np.random.Generator) -> Job:
    assert item.owner is not None
    colour = str(rng.choice([name for name in COLOURS if name not in item.colours]))
    wanted = Attributes(type=item.garment_type, colours=(colour,), pattern=item.pattern or None)
    guidance = Guidance(
        user_id=item.owner.pk,
        instruction=f"Make it {colour}",
        mode="edit",
        wanted=wanted,
        reference_item_ids=(item.pk,),
        seed=int(rng.integers(1, 2**31 - 1)),
    )
    key = f"demo-edit-{item.pk}"
    return submit_job(user=item.owner, guidance=guidance, source=item, request_key=key)


def date_back(jobs: Sequence[Job], moments: Sequence[datetime], waits: Sequence[float]) -> None:
    """Let jobs and what they made be as old as the wishes behind them."""
    for job, at, wait_s in zip(jobs, moments, waits, strict=True):
        job.created_at, job.started_at = at, at + timedelta(seconds=wait_s)
        job.finished_at = at + timedelta(seconds=wait_s + DRAWING_S)
        if job.result is not None and job.result.published_at is not None:
            job.result.published_at = job.finished_at
    Job.objects.bulk_update(jobs, ["created_at", "started_at", "finished_at"])
    made = [job.result for job in jobs if job.result is not None]
    Item.objects.bulk_update(made, ["published_at"])
