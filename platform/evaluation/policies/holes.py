"""The corpus hole: does activation fire where a wish is not covered, and only there?

Each person wishes for one garment in one colour, once before a corpus that has several of it and
once before the same corpus after all of them were taken out.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from common.vocabulary import PATTERNS
from demo.wishing.people import (
    DESIRE,
    Corpus,
    SimPerson,
    Wish,
    draw_corpus,
    draw_person,
)
from demo.wishing.sitting import Outcome, Player, Sitting
from evaluation.statistics import mean_interval
from recommender.core.decision import Decision
from recommender.core.policy import ARMS, FEATURES, Arm, LinearPolicy

# Items of the wished kind in the covered corpus.
CLUSTER = 8
DRAWS = 12
STREAM = 5_107_735


class _Probe(Sitting):
    """A sitting that may be told its first arm, and notes what it did first."""

    def __init__(
        self, person: SimPerson, corpus: Corpus, player: Player, force: Arm | None = None
    ) -> None:
        super().__init__(person, corpus, player, 0, None)
        self.force = force
        self.first: tuple[tuple[Arm, ...], np.ndarray] | None = None
        self.taken: Arm | None = None
        self.offered = False
        self._depth = 0

    def _choose(
        self, allowed: tuple[Arm, ...], seen: np.ndarray, lot: float
    ) -> tuple[Arm, dict[Arm, float]]:
        self._depth += 1
        if self._depth > 1:
            return super()._choose(allowed, seen, lot)
        self.first = (allowed, seen)
        arm = self.force or super()._choose(allowed, seen, lot)[0]
        self.taken = arm
        return arm, {arm: 1.0}

    def _carry_out(self, arm: Arm, decision: Decision, *rest: Any) -> Outcome:
        if self._depth == 1:
            self.offered = decision.pending.get("slot") == "make"
        return super()._carry_out(arm, decision, *rest)


@dataclass(frozen=True)
class Case:
    """One wish before one corpus."""

    hidden: bool
    score: float
    created: bool
    offered: bool
    # True satisfaction of what was chosen, and of the best allowed arm, as means over draws.
    got: float
    best: float


def run_holes(
    players: dict[str, Player], people: int = 300, seed: int = 0, *, says_colour: bool = True
) -> dict[str, dict[str, Any]]:
    """Return per player: AUC, false activation rate and regret against an oracle.

    says_colour: whether the wish names the colour that is missing. Unsaid, the number of fitting
    items tells nothing, and only what is known of the person's taste can.
    """
    corpus = draw_corpus(np.random.default_rng([STREAM, seed]), holes=0.0)
    found: dict[str, list[Case]] = {name: [] for name in players}
    for number in range(people):
        rng = np.random.default_rng([STREAM, seed, number])
        person = draw_person(rng, corpus)
        wish = _wish(person, rng, says_colour)
        without = corpus.without(int(wish.target[0]), int(wish.target[1]))
        covered = _with_cluster(without, wish, rng)
        for hidden, shelf in ((False, covered), (True, without)):
            for name, player in players.items():
                found[name].append(_case(person, shelf, wish, player, hidden, (seed, number)))
    return {name: summary(cases) for name, cases in found.items()}


def _wish(person: SimPerson, rng: np.random.Generator, says_colour: bool) -> Wish:
    """Return a wish for the kind and colour the person loves most, pattern unsaid."""
    taste = person.taste
    target = np.array(
        [taste.types.argmax(), taste.colours.argmax(), rng.integers(len(PATTERNS))], dtype=int
    )
    return Wish(target, np.array([True, says_colour, False]), DESIRE)


def _with_cluster(corpus: Corpus, wish: Wish, rng: np.random.Generator) -> Corpus:
    """Return the corpus with `CLUSTER` items of the wished kind and colour."""
    patterns = rng.integers(len(PATTERNS), size=CLUSTER)
    kind = np.tile(wish.target, (CLUSTER, 1))
    kind[:, 2] = patterns
    return Corpus(
        np.concatenate([corpus.attributes, kind]),
        np.concatenate([corpus.videos, np.zeros(CLUSTER)]),
    )


def _case(
    person: SimPerson,
    corpus: Corpus,
    wish: Wish,
    player: Player,
    hidden: bool,
    key: tuple[int, int],
) -> Case:
    chosen = _probe(person, corpus, wish, player, key, 0)[0]
    assert chosen.first is not None
    assert chosen.taken is not None
    allowed, seen = chosen.first
    worth = {
        arm: float(
            np.mean([_probe(person, corpus, wish, player, key, n, arm)[1] for n in range(DRAWS)])
        )
        for arm in allowed
    }
    return Case(
        hidden=hidden,
        score=need_of(player.policy, seen),
        created=chosen.taken == "create",
        offered=chosen.offered,
        got=worth[chosen.taken],
        best=max(worth.values()),
    )


def _probe(
    person: SimPerson,
    corpus: Corpus,
    wish: Wish,
    player: Player,
    key: tuple[int, int],
    draw: int,
    force: Arm | None = None,
) -> tuple[_Probe, float]:
    probe = _Probe(copy.deepcopy(person), corpus, player, force)
    outcome = probe.answer(wish, np.random.default_rng([STREAM, *key, 7, draw]))
    return probe, outcome.satisfaction


def need_of(policy: LinearPolicy | None, seen: np.ndarray) -> float:
    """Return how much need there is to make something: how little is expected of retrieval.

    Of a learned policy its estimate; of the rules the lack of fitting items. What making would earn
    is left out: where the corpus answers well it is never logged, so nothing is known of it.
    """
    if policy is None:
        return -float(seen[FEATURES.index("matches")])
    return -float(policy.estimates(seen[None])[0][0, ARMS.index("retrieve")])


def summary(cases: list[Case]) -> dict[str, Any]:
    """Return the figures of one player; intervals over people."""
    holes = [case for case in cases if case.hidden]
    covered = [case for case in cases if not case.hidden]

    def share(some: list[Case], *names: str) -> dict[str, Any]:
        fired = [float(any(getattr(case, name) for name in names)) for case in some]
        return mean_interval(np.array(fired)).as_dict()

    return {
        "auc_of_need": round(auc([c.score for c in holes], [c.score for c in covered]), 4),
        "activates_in_holes": share(holes, "created", "offered"),
        "false_activation": share(covered, "created", "offered"),
        "creates_unasked_in_holes": share(holes, "created"),
        "creates_unasked_when_covered": share(covered, "created"),
        "regret_in_holes": mean_interval(np.array([c.best - c.got for c in holes])).as_dict(),
        "regret_when_covered": mean_interval(np.array([c.best - c.got for c in covered])).as_dict(),
    }


def auc(positive: list[float], negative: list[float]) -> float:
    """Return the chance that a positive scores above a negative; ties count half."""
    above = np.subtract.outer(np.array(positive), np.array(negative))
    return float(((above > 0) + 0.5 * (above == 0)).mean())
