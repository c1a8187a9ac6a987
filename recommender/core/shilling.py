"""Finds profiles that were made to push an item up or down.

An attack needs many profiles that agree on its target, and a program makes them alike. So the
people who hold one opinion (who like item t, or dislike it) are compared with those who hold an
opinion on similarly popular items, in several signals of their profiles (`shilling_signals`):
each is cut into classes, and a person's evidence is

    llr(u, t) = sum over signals of log( share of the group in u's class / share elsewhere )

with u left out of the group. Expectation-maximisation separates a group into its odd members and
the rest. What all odd members add up to is the group's evidence E(t), in nats; an honest group's
members differ from others in some way too, but less, and not all in the same way. So a group is
judged against two references of the same data, and nothing has to be learnt from labels: what
groups of its size reach by chance, when profiles are dealt out at random to items of the same
popularity, and what the strongest groups reach by taste. With the larger of the two,

    score(u) = max over t of P(u is odd | t) E(t) / (E(t) + tolerance * reference(t))

A group with E(t) above tolerance * reference(t) is beyond doubt. Such groups are settled one by
one, the purest first: who is likelier odd than not belongs to it and is taken out of the feedback
before the next is judged. So an attack is not missed in its less typical profiles, and the honest
fans of what it hides behind are not taken for a part of it.

Timing (bursts, new accounts) only strengthens what profiles show: the likes of a good video come
in bursts too, from people who otherwise have nothing in common but it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from recommender.core import shilling_signals as signals
from recommender.core.shilling_signals import row_of_entries

LENGTH = "length"
TIMING = ("burst", "new_account")
# Evidence of one signal for one person, in nats: no single one decides.
LEAST, MOST = -2.0, 2.5
CLASSES = 8
# Groups are compared with those whose item is about as popular.
POPULARITY_CLASSES = 8
# Pseudo-counts: a group's shares start from those elsewhere, a class's from all opinions'.
GROUP_PRIOR, CLASS_PRIOR = 5.0, 50.0
ROUNDS, STEPS = 3, 4
# The reference is the evidence of the group at this rank, or share of all groups.
REFERENCE_RANK, REFERENCE_SHARE = 20, 0.01
# What chance reaches: profiles are dealt out this often; this quantile of so many groups of a size.
DEALS, CHANCE_QUANTILE, CHANCE_GROUPS = 3, 0.95, 64
# Chosen on benchmarks/shilling.py's tuning attacks for at most .5 % of honest people.
TOLERANCE = 3.0
THRESHOLD = 0.5
SMALLEST_GROUP = 8
# An odd member among more who are not has this part of the median one's evidence. Chosen with it.
LEAST_LIKENESS = 0.5
# Below this an opinion is a guess from a short look, not something that a person said.
WEAKEST = 0.3


@dataclass(frozen=True)
class Feedback:
    """Opinions to look through."""

    matrix: sparse.csr_matrix  # (U, I) signed: above 0 for, below 0 against
    at: np.ndarray | None = None  # seconds, aligned with `matrix.data`
    joined: np.ndarray | None = None  # (U,) seconds, when the account was made


@dataclass(frozen=True)
class Group:
    """People who hold one opinion of one item and look alike."""

    item: int
    is_push: bool
    evidence: float  # nats
    people: np.ndarray  # rows of its flagged members
    size: int  # everybody who holds this opinion


@dataclass(frozen=True)
class Detection:
    """What was found. Rows are those of the feedback."""

    score: np.ndarray  # (U,) in [0, 1]
    target: np.ndarray  # (U,) item that weighed most; -1 for who has no opinion
    is_push: np.ndarray  # (U,) bool
    evidence: Mapping[str, np.ndarray]  # signal -> (U,) nats at the target
    groups: tuple[Group, ...]  # strongest first, flagged members only

    def flagged(self, threshold: float = THRESHOLD) -> np.ndarray:
        """Return the rows at or above the threshold."""
        return np.flatnonzero(self.score >= threshold)


@dataclass(frozen=True)
class _Entries:
    """One row for each opinion: who, on which column, and the class of each signal (-1: none)."""

    rows: np.ndarray
    columns: np.ndarray
    popularity: np.ndarray  # class of the column's popularity
    classes: Mapping[str, np.ndarray]
    people: int
    width: int

    def only(self, which: np.ndarray) -> _Entries:
        """Return these opinions alone, of the same people and columns."""
        return replace(
            self,
            rows=self.rows[which],
            columns=self.columns[which],
            popularity=self.popularity[which],
            classes={name: values[which] for name, values in self.classes.items()},
        )


@dataclass(frozen=True)
class _Settled:
    score: np.ndarray  # (n,)
    per_signal: Mapping[str, np.ndarray]
    groups: np.ndarray  # (C,) nats


@dataclass(frozen=True)
class _Evidence:
    per_signal: Mapping[str, np.ndarray]
    llr: np.ndarray  # (n,)
    odd: np.ndarray  # (n,) probability that the entry's person is one of the odd ones
    groups: np.ndarray  # (C,) nats


def detect(feedback: Feedback, tolerance: float = TOLERANCE) -> Detection:
    """Return how suspicious each profile is, and the groups behind it.

    A higher `tolerance` lets stronger groups pass. Costs a few seconds for 10,000 people.
    """
    given, at = _stacked(feedback)
    items = feedback.matrix.shape[1]
    if not given.nnz:
        return _nothing(feedback.matrix.shape[0])
    entries = _entries(given, at, feedback.joined)
    settled = _settle(entries, *_judge(entries, tolerance))
    return _detection(entries, settled, items)


def _judge(entries: _Entries, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """Return each person's score (U,) and what each column's evidence is held against (C,)."""
    trust = np.ones(entries.people)
    for step in range(ROUNDS):
        found = _weigh(entries, trust)
        bars = tolerance * np.maximum(_by_taste(found), _by_chance(entries, trust))
        score = np.zeros(entries.people)
        np.maximum.at(score, entries.rows, _entry_scores(entries, found, bars))
        if step < ROUNDS - 1:
            # What is suspected does not count among those it is compared with.
            trust = 1.0 - score
    return score, bars


def _settle(entries: _Entries, suspicion: np.ndarray, bars: np.ndarray) -> _Settled:
    """Return every opinion's score after groups beyond doubt were taken out, purest first."""
    count = len(entries.rows)
    score, evidence = np.zeros(count), np.zeros(entries.width)
    per_signal = {name: np.zeros(count) for name in entries.classes}
    trust, here = 1.0 - suspicion, np.arange(count)
    below = np.nextafter(THRESHOLD, 0.0)
    while True:
        rest = entries.only(here)
        found = _weigh(rest, trust)
        column = _purest(rest, found, bars)
        if column is not None:
            # Its members no longer count among those it is compared with.
            members = rest.rows[(rest.columns == column) & (found.odd >= THRESHOLD)]
            trust[members] = 0.0
            found = _weigh(rest, trust)
            caught = _odd_members(np.flatnonzero(rest.columns == column), found)
        if column is None or not len(caught):
            break
        scores = _entry_scores(rest, found, bars)
        # Beyond doubt: from the threshold up, by how odd they are and how strong the group is.
        # Who is in the group and not one of them stays below, and keeps what suspicion there is.
        score[here] = np.where(rest.columns == column, np.minimum(scores, below), score[here])
        score[here[caught]] = THRESHOLD + (1 - THRESHOLD) * scores[caught]
        for name, values in found.per_signal.items():
            per_signal[name][here[caught]] = values[caught]
        evidence[column] = found.groups[column]
        trust[rest.rows[caught]] = 0.0
        here = here[~np.isin(rest.rows, rest.rows[caught])]
    # What is left has no group beyond doubt, or is not one of its odd members.
    left = np.minimum(_entry_scores(rest, found, bars), below)
    score[here] = np.maximum(score[here], left)
    for name, values in found.per_signal.items():
        per_signal[name][here] = values
    return _Settled(score, per_signal, np.maximum(evidence, found.groups))


def _odd_members(group: np.ndarray, found: _Evidence) -> np.ndarray:
    """Return those of a group's opinions (n,) that are likelier odd than not and look alike.

    Signals agree with one another, so that probabilities are surer than they should be. Where
    most of a group are not odd, one of them may share some signals with the odd ones: to be one
    takes at least half of what their like has.
    """
    llr, odd = found.llr[group], found.odd[group] >= THRESHOLD
    if odd.any() and odd.mean() < 0.5:
        odd &= llr >= LEAST_LIKENESS * np.median(llr[odd])
    return group[odd]


def _purest(entries: _Entries, found: _Evidence, bars: np.ndarray) -> int | None:
    """Return the column beyond doubt with the largest share of odd members, None without one."""
    odd = found.odd >= THRESHOLD
    members = np.bincount(entries.columns, odd, minlength=entries.width)
    sizes = np.bincount(entries.columns, minlength=entries.width)
    beyond = (found.groups > bars) & (members > 0)
    if not beyond.any():
        return None
    return int(np.argmax(np.where(beyond, members / np.maximum(sizes, 1), -1.0)))


def _stacked(feedback: Feedback) -> tuple[sparse.csr_matrix, np.ndarray | None]:
    """Return ones (U, 2 I), likes then dislikes, and the moments in the order of its entries."""
    matrix = feedback.matrix.tocoo()
    there = np.abs(matrix.data) >= WEAKEST
    users, items = matrix.row[there], matrix.col[there]
    columns = np.where(matrix.data[there] > 0, items, items + matrix.shape[1])
    order = np.lexsort((columns, users))
    shape = (matrix.shape[0], 2 * matrix.shape[1])
    ones = np.ones(len(users), dtype=np.float32)
    given = sparse.csr_matrix((ones, (users[order], columns[order])), shape=shape)
    given.sort_indices()
    return given, None if feedback.at is None else feedback.at[there][order]


def _entries(
    given: sparse.csr_matrix, at: np.ndarray | None, joined: np.ndarray | None
) -> _Entries:
    rows, columns = row_of_entries(given), given.indices
    shares, lift = signals.agreement(given)
    values = {
        "popularity": signals.popularity_of_rest(given),
        "rarity": signals.rarity_of_rest(given),
        "agreement": shares,
        "overlap": lift,
        "similarity": signals.degree_similarity(given)[rows],
        "coherence": signals.coherence(given)[rows],
    }
    # A person with one opinion has no rest of a profile that could look like anything.
    alone = (np.diff(given.indptr) < 2)[rows]
    for name in values:
        values[name] = np.where(alone, np.nan, values[name])
    if at is not None:
        values["burst"] = signals.burst(given, at)
        if joined is not None:
            values["new_account"] = signals.account_age(given, at, joined)
    popularity = np.asarray(given.sum(axis=0)).ravel()[columns]
    classes = {name: _cut(value, CLASSES) for name, value in values.items()}
    classes[LENGTH] = signals.length_classes(given)[rows]
    by_popularity = _cut(popularity, POPULARITY_CLASSES)
    return _Entries(rows, columns, by_popularity, classes, *given.shape)


def _cut(values: np.ndarray, count: int) -> np.ndarray:
    """Return the quantile class of each value, -1 for NaN."""
    known = values[~np.isnan(values)]
    if not len(known):
        return np.full(len(values), -1)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, count + 1)[1:-1]))
    return np.where(np.isnan(values), -1, np.searchsorted(edges, values, side="left"))


def _weigh(entries: _Entries, trust: np.ndarray) -> _Evidence:
    """Return the evidence of every opinion, after a few steps of expectation-maximisation.

    trust: (U,) how much each person counts among those that groups are compared with.
    """
    odd = np.full(len(entries.rows), 0.9)
    sizes = np.bincount(entries.columns, minlength=entries.width)
    for _ in range(STEPS):
        per_signal = {
            name: _log_ratios(entries, classes, odd, trust[entries.rows])
            for name, classes in entries.classes.items()
        }
        llr = _total(per_signal)
        # The group's share of odd members, leaving the person out; a group is honest at first.
        total = np.bincount(entries.columns, odd, minlength=entries.width)
        prior = (total[entries.columns] - odd + 1.0) / (sizes[entries.columns] + 3.0)
        odd = 1.0 / (1.0 + np.exp(-np.clip(llr - 2.0 + np.log(prior / (1 - prior)), -30, 30)))
    groups = np.bincount(entries.columns, odd * llr, minlength=entries.width)
    groups[sizes < SMALLEST_GROUP] = 0.0
    return _Evidence(per_signal, llr, odd, np.maximum(groups, 0.0))


def _log_ratios(
    entries: _Entries, classes: np.ndarray, odd: np.ndarray, trust: np.ndarray
) -> np.ndarray:
    """Return log(share of the group / share elsewhere) of each entry's class, 0 where unknown."""
    known = classes >= 0
    cell, count = np.where(known, classes, 0), int(classes.max(initial=0)) + 1
    base: np.ndarray = np.bincount(
        entries.popularity * count + cell,
        trust * known,
        minlength=count * (int(entries.popularity.max()) + 1),
    ).reshape(-1, count)
    everywhere = base.sum(axis=0) + 0.5
    base += CLASS_PRIOR * everywhere / everywhere.sum()
    base /= base.sum(axis=1, keepdims=True)
    elsewhere = base[entries.popularity, cell]
    weight = odd * known
    group = np.bincount(entries.columns * count + cell, weight, minlength=entries.width * count)
    group = group.reshape(-1, count)
    own = group[entries.columns, cell] - weight + GROUP_PRIOR * elsewhere
    own /= group.sum(axis=1)[entries.columns] - weight + GROUP_PRIOR
    return np.where(known, np.clip(np.log(np.maximum(own, 1e-9) / elsewhere), LEAST, MOST), 0.0)


def _total(per_signal: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the sum; timing counts at most as much as what the profiles themselves show."""
    shape = sum((v for name, v in per_signal.items() if name not in TIMING), np.zeros(1))
    timing = sum((v for name, v in per_signal.items() if name in TIMING), np.zeros(1))
    total: np.ndarray = shape + np.minimum(timing, np.maximum(shape, 0.0))
    return total


def _by_taste(found: _Evidence) -> float:
    """Return the evidence of the group at the reference rank."""
    strongest = np.sort(found.groups)[::-1]
    rank = max(REFERENCE_RANK, int(REFERENCE_SHARE * np.count_nonzero(strongest)))
    return max(float(strongest[min(rank, len(strongest) - 1)]), 2.0 * SMALLEST_GROUP)


def _by_chance(entries: _Entries, trust: np.ndarray) -> np.ndarray:
    """Return the evidence that each column's group would reach by chance, (C,).

    Each opinion is given the classes of another of the same popularity, held by a person who is
    trusted. Groups of about one size are taken together.
    """
    rng = np.random.default_rng(0)
    sizes = np.bincount(entries.columns, minlength=entries.width)
    judged = np.flatnonzero(sizes >= SMALLEST_GROUP)
    if not len(judged):
        return np.zeros(entries.width)
    reached = [_weigh(_dealt(entries, trust, rng), trust).groups[judged] for _ in range(DEALS)]
    evidence, count = np.concatenate(reached), np.tile(sizes[judged], DEALS)
    order = np.argsort(count, kind="stable")
    bins = np.array_split(order, max(1, len(order) // CHANCE_GROUPS))
    middles = [np.log(count[one]).mean() for one in bins]
    heights = [np.quantile(evidence[one], CHANCE_QUANTILE) for one in bins]
    return np.interp(np.log(np.maximum(sizes, 1)), middles, heights)


def _dealt(entries: _Entries, trust: np.ndarray, rng: np.random.Generator) -> _Entries:
    """Return the entries with other people's classes."""
    given = np.arange(len(entries.rows))
    for one in np.unique(entries.popularity):
        places = np.flatnonzero(entries.popularity == one)
        chances = trust[entries.rows[places]] + 1e-9
        given[places] = rng.choice(places, size=len(places), p=chances / chances.sum())
    classes = {name: values[given] for name, values in entries.classes.items()}
    return replace(entries, rows=entries.rows[given], classes=classes)


def _entry_scores(entries: _Entries, found: _Evidence, bars: np.ndarray) -> np.ndarray:
    """Return the score of each opinion, (n,) in [0, 1]; bars: (C,) what scores one half."""
    without_own = np.maximum(found.groups[entries.columns] - found.odd * found.llr, 0.0)
    scores: np.ndarray = found.odd * without_own / (without_own + bars[entries.columns])
    return scores


def _detection(entries: _Entries, found: _Settled, items: int) -> Detection:
    """Return each person's strongest opinion and the groups of those above the threshold."""
    order = np.lexsort((-found.score, entries.rows))
    people, first = np.unique(entries.rows[order], return_index=True)
    best = order[first]
    score, column = np.zeros(entries.people), np.full(entries.people, -1)
    score[people], column[people] = found.score[best], entries.columns[best]
    evidence = {name: np.zeros(entries.people) for name in found.per_signal}
    for name, values in found.per_signal.items():
        evidence[name][people] = values[best]
    sizes = np.bincount(entries.columns, minlength=entries.width)
    groups = []
    suspects = np.flatnonzero(score >= THRESHOLD)
    for one in np.unique(column[suspects]):
        members = suspects[column[suspects] == one]
        nats = round(float(found.groups[one]), 1)
        groups.append(Group(int(one % items), bool(one < items), nats, members, int(sizes[one])))
    groups.sort(key=lambda group: -group.evidence)
    target = np.where(column >= 0, column % items, -1)
    return Detection(score, target, column < items, evidence, tuple(groups))


def _nothing(people: int) -> Detection:
    return Detection(np.zeros(people), np.full(people, -1), np.ones(people, dtype=bool), {}, ())
