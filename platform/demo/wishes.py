"""What viewers of the demo world ask the creator for: real jobs, run by the workers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from accounts.models import User
from common.guidance import Guidance
from demo.garments import attributes, caption, sample_spec
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
