"""Two rankings judged by one person at once: team-draft interleaving.

Radlinski, Kurup and Joachims 2008. Both rankers pick in turns, who begins a round is drawn by lot,
and a like counts for the ranker that picked the item.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Interleaved:
    """A merged list, and which ranker (0 or 1) picked each place."""

    items: tuple[int, ...]
    teams: tuple[int, ...]

    def credit(self, liked: Collection[int]) -> int:
        """Return the likes of ranker 0's picks less those of ranker 1's."""
        signs = (
            1 - 2 * team for item, team in zip(self.items, self.teams, strict=True) if item in liked
        )
        return sum(signs)


def team_draft(
    first: Sequence[int], second: Sequence[int], length: int, rng: np.random.Generator
) -> Interleaved:
    """Return up to `length` items of two rankings (best first), merged without repeats."""
    rankings = (first, second)
    places = [0, 0]
    items: list[int] = []
    teams: list[int] = []
    taken: set[int] = set()
    while len(items) < length:
        before = len(items)
        begins = int(rng.integers(2))
        for team in (begins, 1 - begins):
            ranking = rankings[team]
            while places[team] < len(ranking) and ranking[places[team]] in taken:
                places[team] += 1
            if places[team] < len(ranking) and len(items) < length:
                items.append(ranking[places[team]])
                teams.append(team)
                taken.add(items[-1])
        if len(items) == before:
            break
    return Interleaved(tuple(items), tuple(teams))
