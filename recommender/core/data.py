"""From what people did to matrices: one net weight per person and item, split by time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

LONG_DWELL_S = 6.0
QUICK_SKIP_S = 1.2
REACTION_WEIGHT = {"like": 1.0, "dislike": -1.0, "not_interested": -0.7}
SHARE_WEIGHT = 0.8
LONG_DWELL_WEIGHT = 0.4
QUICK_SKIP_WEIGHT = -0.1


class Event(NamedTuple):
    """One thing that one person did with one item, as the log holds it."""

    user: int
    item: int
    kind: str
    value: float
    at: float  # seconds since the epoch


@dataclass(frozen=True)
class Opinion:
    """What one person's events on one item add up to."""

    weight: float
    reaction: str  # "like", "dislike", "not_interested" or "" when none is in force
    at: float  # of the newest event that counted


def opinions(events: Iterable[Event]) -> dict[tuple[int, int], Opinion]:
    """Return the opinion of each (user, item) pair; `events` may come in any order.

    A reaction replaces the one before it and `undo` takes it back. A share and the longest dwell
    add to it; a look shorter than `QUICK_SKIP_S` counts against the item only when nothing else
    is known. Pairs that were merely seen have no opinion.
    """
    reaction: dict[tuple[int, int], str] = {}
    shared: set[tuple[int, int]] = set()
    dwell: dict[tuple[int, int], float] = {}
    newest: dict[tuple[int, int], float] = {}
    for event in sorted(events, key=lambda row: row.at):
        pair = (event.user, event.item)
        if event.kind in REACTION_WEIGHT:
            reaction[pair] = event.kind
        elif event.kind == "undo":
            reaction.pop(pair, None)
        elif event.kind == "share":
            shared.add(pair)
        elif event.kind == "dwell":
            dwell[pair] = max(event.value, dwell.get(pair, 0.0))
        else:
            continue
        newest[pair] = event.at
    result = {}
    for pair, at in newest.items():
        weight = _weight(reaction.get(pair, ""), pair in shared, dwell.get(pair))
        if weight:
            result[pair] = Opinion(weight, reaction.get(pair, ""), at)
    return result


def _weight(reaction: str, shared: bool, dwell_s: float | None) -> float:
    weight = REACTION_WEIGHT.get(reaction, 0.0)
    if weight < 0:
        return weight
    weight += SHARE_WEIGHT if shared else 0.0
    if dwell_s is not None and dwell_s >= LONG_DWELL_S:
        weight += LONG_DWELL_WEIGHT
    if not weight and dwell_s is not None and dwell_s < QUICK_SKIP_S:
        return QUICK_SKIP_WEIGHT
    return weight


@dataclass(frozen=True)
class Interactions:
    """Opinions as a matrix, with the ids that its rows and columns stand for."""

    matrix: sparse.csr_matrix  # (U, I) float32, signed
    user_ids: np.ndarray  # (U,)
    item_ids: np.ndarray  # (I,)

    @property
    def liked(self) -> sparse.csr_matrix:
        """Return the positive part: what the closed-form models are fitted to."""
        positive = self.matrix.copy()
        positive.data = np.maximum(positive.data, 0.0)
        positive.eliminate_zeros()
        return positive


def to_matrix(
    held: dict[tuple[int, int], Opinion],
    item_ids: np.ndarray,
    user_ids: np.ndarray | None = None,
) -> Interactions:
    """Return opinions as a (U, I) matrix over `item_ids`; items outside are left out."""
    column = {int(item): index for index, item in enumerate(item_ids)}
    kept = [(user, column[item], o.weight) for (user, item), o in held.items() if item in column]
    if user_ids is None:
        user_ids = np.array(sorted({user for user, _, _ in kept}), dtype=np.int64)
    row = {int(user): index for index, user in enumerate(user_ids)}
    kept = [entry for entry in kept if entry[0] in row]
    matrix = sparse.csr_matrix(
        (
            np.array([weight for _, _, weight in kept], dtype=np.float32),
            ([row[user] for user, _, _ in kept], [col for _, col, _ in kept]),
        ),
        shape=(len(user_ids), len(item_ids)),
    )
    return Interactions(matrix, user_ids, item_ids)


def split_by_time(
    held: dict[tuple[int, int], Opinion], test_share: float = 0.2
) -> tuple[dict[tuple[int, int], Opinion], dict[tuple[int, int], Opinion]]:
    """Return (train, test): the newest `test_share` of all opinions is the test.

    One moment for everybody, as in life: a split per person would let the model see the future.
    """
    if not 0 < test_share < 1:
        raise ValueError(f"test_share must lie between 0 and 1, got {test_share}")
    if not held:
        return {}, {}
    moment = np.quantile([opinion.at for opinion in held.values()], 1 - test_share)
    train = {pair: opinion for pair, opinion in held.items() if opinion.at <= moment}
    test = {pair: opinion for pair, opinion in held.items() if opinion.at > moment}
    return train, test
