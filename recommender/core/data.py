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
# A video that was seen (almost) whole says what a long look says; one seen twice says more.
WATCHED_WHOLE, WATCHED_TWICE = 0.95, 2.0
WATCHED_WHOLE_WEIGHT, WATCHED_TWICE_WEIGHT = 0.4, 0.6
# Stars for an item as a whole. Five are worth a press of the button; four are praise with a
# reservation; three say nothing. Stars for one side of it (its cover, its length) are no opinion
# of the item and do not come here.
RATING_WEIGHT = {5: 1.0, 4: 0.6, 2: -0.7, 1: -1.0}
# A judgement in words costs more than a press, but a machine has read it and may have misread.
REMARK_WEIGHT = 0.8
# Which kind of event speaks by which means.
MEANS = {
    "like": "button",
    "dislike": "button",
    "not_interested": "button",
    "undo": "button",
    "rating": "stars",
    "remark": "words",
}


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
    # "like", "dislike", "not_interested", or "" when the person said nothing in so many words.
    # Stars and words count as a like or a dislike here.
    reaction: str
    at: float  # of the newest event that counted


class _Said(NamedTuple):
    """What a person said of an item by one means: the button, the stars, or words."""

    reaction: str
    weight: float
    at: float


def opinions(events: Iterable[Event]) -> dict[tuple[int, int], Opinion]:
    """Return the opinion of each (user, item) pair; `events` may come in any order.

    Of each means (button, stars, words) the newest counts, `undo` takes the button back. Where they
    disagree the newest has the last word; where they agree the strongest counts. A share and the
    longest look or watch add to what is positive; a look shorter than `QUICK_SKIP_S` counts against
    the item only when nothing else is known. Pairs that were merely seen have no opinion.

    Events of kind "rating" carry stars (1 to 5) for the item as a whole, those of kind "remark" a
    value above 0 for praise, below for blame, 0 for neither.
    """
    said: dict[tuple[int, int], dict[str, _Said]] = {}
    shared: set[tuple[int, int]] = set()
    dwell: dict[tuple[int, int], float] = {}
    watched: dict[tuple[int, int], float] = {}
    newest: dict[tuple[int, int], float] = {}
    for event in sorted(events, key=lambda row: row.at):
        pair = (event.user, event.item)
        if event.kind in MEANS:
            said.setdefault(pair, {})[MEANS[event.kind]] = _said(event)
        elif event.kind == "share":
            shared.add(pair)
        elif event.kind == "dwell":
            dwell[pair] = max(event.value, dwell.get(pair, 0.0))
        elif event.kind == "complete":
            watched[pair] = max(event.value, watched.get(pair, 0.0))
        else:
            continue
        newest[pair] = event.at
    result = {}
    for pair, at in newest.items():
        word = _last_word(said.get(pair, {}).values())
        weight = _weight(word.weight, pair in shared, dwell.get(pair), watched.get(pair, 0.0))
        if weight:
            result[pair] = Opinion(weight, word.reaction, at)
    return result


def _said(event: Event) -> _Said:
    """Return what this event says, "" and 0 where it says nothing or takes something back."""
    if event.kind == "rating":
        weight = RATING_WEIGHT.get(round(event.value), 0.0)
    elif event.kind == "remark":
        weight = REMARK_WEIGHT * ((event.value > 0) - (event.value < 0))
    else:
        weight = REACTION_WEIGHT.get(event.kind, 0.0)
        return _Said(event.kind if weight else "", weight, event.at)
    return _Said("like" if weight > 0 else "dislike" if weight < 0 else "", weight, event.at)


def _last_word(means: Iterable[_Said]) -> _Said:
    """Return what is in force: the newest decides for or against, then the strongest counts."""
    spoken = [one for one in means if one.weight]
    if not spoken:
        return _Said("", 0.0, 0.0)
    last = max(spoken, key=lambda one: one.at)
    agreeing = [one for one in spoken if (one.weight > 0) == (last.weight > 0)]
    return max(agreeing, key=lambda one: (abs(one.weight), one.reaction == last.reaction))


def _weight(said: float, shared: bool, dwell_s: float | None, watched: float) -> float:
    if said < 0:
        return said
    weight = said + (SHARE_WEIGHT if shared else 0.0)
    stayed = LONG_DWELL_WEIGHT if dwell_s is not None and dwell_s >= LONG_DWELL_S else 0.0
    if watched >= WATCHED_TWICE:
        stayed = max(stayed, WATCHED_TWICE_WEIGHT)
    elif watched >= WATCHED_WHOLE:
        stayed = max(stayed, WATCHED_WHOLE_WEIGHT)
    weight += stayed
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
