"""The worlds in which shilling.py lets attacks loose: a public split and simulated people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from common.vocabulary import COLOURS, PATTERNS, TYPES
from demo.people import Traits, browse, sample_taste
from recommender.core import shilling_signals as signals
from recommender.core.data import Event, opinions
from recommender.core.folder import read_folder
from recommender.core.shilling import Feedback
from recommender.core.shilling_attacks import Attacked

DAY = 86400.0
DEMO_PEOPLE, DEMO_ITEMS, DEMO_SEEN = 400, 400, 90


@dataclass(frozen=True)
class World:
    """Genuine opinions, and how an attack's profiles get their times, where there are times."""

    name: str
    matrix: sparse.csr_matrix
    timed: Callable[[Attacked, np.random.Generator, bool], Feedback]


def tiktok(folder: Path) -> World:
    """Return the training part; it has no times, so that only the profiles themselves can speak."""
    matrix = (read_folder(folder).train > 0).astype(np.float32).tocsr()
    return World("tiktok", matrix, lambda attacked, rng, burst: Feedback(attacked.matrix))


def demo_world(seed: int) -> World:
    """Return simulated people of the demo world with the times of what they did."""
    rng = np.random.default_rng([seed, 7])
    rows = [
        (
            TYPES[rng.integers(len(TYPES))],
            list(COLOURS)[rng.integers(len(COLOURS))],
            PATTERNS[rng.integers(len(PATTERNS))],
            "video" if rng.random() < 0.3 else "image",
        )
        for _ in range(DEMO_ITEMS)
    ]
    traits = Traits.of(rows)
    events = []
    for person in range(DEMO_PEOPLE):
        for act in browse(sample_taste(rng), traits, rng, DEMO_SEEN):
            events.append(Event(person, act.item, act.kind, act.value, act.minute * 60.0))
    held = opinions(events)
    users, items = np.array(list(held)).T
    weights = np.array([opinion.weight for opinion in held.values()], dtype=np.float32)
    shape = (DEMO_PEOPLE, DEMO_ITEMS)
    matrix = sparse.csr_matrix((weights, (users, items)), shape=shape)
    moments = sparse.csr_matrix(
        (np.array([opinion.at for opinion in held.values()]) + 1.0, (users, items)), shape=shape
    )
    ages = rng.uniform(0, 300 * DAY, size=DEMO_PEOPLE)

    def timed(attacked: Attacked, rng: np.random.Generator, burst: bool) -> Feedback:
        """Give the profiles one day and new accounts, or three weeks and accounts of any age."""
        matrix = attacked.matrix.tocsr()
        matrix.sort_indices()
        count = matrix.shape[0] - DEMO_PEOPLE
        begin, length = (rng.uniform(14, 20) * DAY, DAY) if burst else (0.0, 21 * DAY)
        at = rng.uniform(begin, begin + length, size=matrix.nnz)
        rows = signals.row_of_entries(matrix)
        genuine = rows < DEMO_PEOPLE
        known = np.asarray(moments[rows[genuine], matrix.indices[genuine]]).ravel()
        at[genuine] = known
        old = rng.uniform(0, 300 * DAY, size=count)
        fresh = begin - rng.uniform(0, 2 * DAY, size=count)
        joined = np.concatenate([-ages, fresh if burst else -old])
        return Feedback(matrix, at, joined)

    return World("demo", matrix, timed)
