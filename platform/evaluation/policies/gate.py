"""How often does the gate let a better policy serve, and a worse one?

A table is drawn once: the open decisions of simulated people under the rules, each with every
allowed arm's reward, drawn several times. Any policy's true gain is then known exactly, and a log,
a trial and both gates cost next to nothing, so that they can be run a hundred times over. Decisions
are taken as they come: that a policy changes later wishes is left out here (`experiment` has it).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.intervals import wilson
from demo.wishing.people import SimPerson, Wish, draw_corpus, draw_person, draw_wish
from demo.wishing.sitting import Diary, Player, Sitting
from evaluation.policies.playing import WISHES_A_SESSION
from recommender.core.candidates import LOOKS, departures, judge_trial, learn, verdict
from recommender.core.offpolicy import Log, gain_over, target_of
from recommender.core.policy import (
    ARMS,
    MAX_EXPLORATION,
    TRIAL_PART,
    Arm,
    LinearPolicy,
    fit_policy,
    share_of_trial,
)

STREAM = 5_107_737
DRAWS = 6
# Gains in reward per open decision that count as better or worse; between them nothing much is won
# or lost whichever serves.
MATTERS = 0.003
HELD_OUT = 0.3
BETTER, WORSE, NEITHER = "better", "worse", "neither"
LEARNED, TAUGHT, CONTRARY, RECKLESS = "learned", "taught", "contrary", "reckless"
# So many times the log of the others: what a candidate learns once the site has been busy for long.
LONGER = 20


@dataclass(frozen=True)
class Decisions:
    """N open decisions: contexts (N, D), allowed (N, K), rules (N,), people (N,).

    rewards: (N, K, DRAWS), NaN where an arm is not allowed.
    """

    contexts: np.ndarray
    allowed: np.ndarray
    rules: np.ndarray
    people: np.ndarray
    rewards: np.ndarray

    def true_gain(self, policy: LinearPolicy) -> float:
        """Return how much more reward a policy earns per decision than the rules."""
        rows = np.arange(len(self.rules))
        worth = self.rewards.mean(axis=2)
        taken = policy.best_of(self.contexts, self.allowed, self.rules)
        return float((worth[rows, taken] - worth[rows, self.rules]).mean())

    def log(
        self,
        rng: np.random.Generator,
        decisions: int,
        exploration: float,
        tried: LinearPolicy | None = None,
        share: float = 0.0,
    ) -> Log:
        """Return what the site would log of so many decisions under the rules, people by lot."""
        own = [np.flatnonzero(self.people == one) for one in np.unique(self.people)]
        rows: list[np.ndarray] = []
        who: list[np.ndarray] = []
        drawn = 0
        while drawn < decisions:
            rows.append(own[int(rng.integers(len(own)))])
            who.append(np.full(len(rows[-1]), len(who)))
            drawn += len(rows[-1])
        at = np.concatenate(rows)[:decisions]
        chances = self._chances(at, exploration, tried, share)
        arms = (chances.cumsum(axis=1) > rng.random((len(at), 1))).argmax(axis=1)
        rewards = self.rewards[at, arms, rng.integers(DRAWS, size=len(at))]
        people = np.concatenate(who)[:decisions]
        return Log(self.contexts[at], arms, chances, rewards, people, self.rules[at])

    def _chances(
        self, at: np.ndarray, exploration: float, tried: LinearPolicy | None, share: float
    ) -> np.ndarray:
        """Return (n, K) what `policy.mix` gives for each of these decisions."""
        n, allowed, rules = np.arange(len(at)), self.allowed[at], self.rules[at]
        chances: np.ndarray = allowed * (exploration / allowed.sum(axis=1, keepdims=True))
        rest = np.full(len(at), 1.0 - exploration)
        chances[n, rules] += rest
        if tried is not None:
            other = tried.best_of(self.contexts[at], allowed, rules)
            moved = np.where(other != rules, rest * share, 0.0)
            chances[n, rules] -= moved
            chances[n, other] += moved
        return chances


class _Tasting(Sitting):
    """A sitting that is told its first arm."""

    force: Arm = "retrieve"

    def _choose(
        self, allowed: tuple[Arm, ...], seen: np.ndarray, lot: float
    ) -> tuple[Arm, dict[Arm, float]]:
        if self.force not in allowed:
            return super()._choose(allowed, seen, lot)
        arm, self.force = self.force, allowed[0]
        return arm, {arm: 1.0}


def draw_decisions(seed: int, people: int, sessions: int) -> Decisions:
    """Return every open decision of these people under the rules, and what each arm brings."""
    corpus = draw_corpus(np.random.default_rng([STREAM, seed]))
    player = Player("rules", exploration=MAX_EXPLORATION)
    diary = Diary()
    rewards: list[np.ndarray | None] = []
    for number in range(people):
        person = draw_person(np.random.default_rng([STREAM, seed, number]), corpus)
        for turn in range(sessions * WISHES_A_SESSION):
            key = [STREAM, seed, number, turn]
            wish = draw_wish(person, np.random.default_rng(key))
            before = copy.deepcopy(person)
            Sitting(person, corpus, player, number, diary).answer(
                wish, np.random.default_rng([*key, 1])
            )
            while len(rewards) < len(diary.rows):
                # A question's answer is a decision of its own, which is not tasted.
                allowed = diary.rows[len(rewards)][2] > 0
                first = len(rewards) == len(diary.rows) - 1
                rewards.append(_taste(before, corpus, wish, allowed, key, first))
    log = diary.as_log()
    known = np.array([row is not None for row in rewards])
    kept = log.subset(known)
    table = np.stack([row for row in rewards if row is not None])
    return Decisions(kept.contexts, kept.allowed, kept.rules, kept.people, table)


def _taste(
    person: SimPerson, corpus: Any, wish: Wish, allowed: np.ndarray, key: list[int], last: bool
) -> np.ndarray | None:
    """Return (K, DRAWS) rewards of each arm from here; None for the answer to a question.

    An answer is logged before the question that led to it, so the wish's own decision is the last.
    """
    if not last:
        return None
    found = np.full((len(ARMS), DRAWS), np.nan)
    for k in np.flatnonzero(allowed):
        for draw in range(DRAWS):
            tasting = _Tasting(copy.deepcopy(person), corpus, Player("rules"), 0, None)
            tasting.force = ARMS[k]
            rng = np.random.default_rng([*key, 2, draw])
            found[k, draw] = tasting.answer(wish, rng).reward
    return found


# ---- runs ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """One candidate in one run: its true gain, whether either gate let it serve, and how soon."""

    kind: str
    gain: float
    old: bool
    new: bool
    decisions: int
    departs: float

    @property
    def group(self) -> str:
        if abs(self.gain) < MATTERS:
            return NEITHER
        return BETTER if self.gain > 0 else WORSE


def run_gates(table: Decisions, seed: int, logged: int) -> list[Run]:
    """Learn from one log, and put what was learnt and two bad policies through both gates."""
    rng = np.random.default_rng([STREAM, 1, seed])
    log = table.log(rng, logged, MAX_EXPLORATION)
    found = learn(log)
    tried = {
        LEARNED: (found.policy, found.is_promising),
        TAUGHT: (_taught(table, rng, logged), True),
        # Learnt from rewards with their signs turned round: as bad as a log can teach.
        CONTRARY: (fit_policy(log.contexts, log.arms, -log.rewards), True),
        # Learnt from a twentieth of the log, without caution: what luck looks like.
        RECKLESS: (_reckless(log, rng), True),
    }
    return [_put_through(kind, *one, table, log, rng) for kind, one in tried.items()]


def _taught(table: Decisions, rng: np.random.Generator, logged: int) -> LinearPolicy:
    log = table.log(rng, LONGER * logged, MAX_EXPLORATION)
    return fit_policy(log.contexts, log.arms, log.rewards)


def _reckless(log: Log, rng: np.random.Generator) -> LinearPolicy:
    some = log.subset(rng.random(len(log)) < 0.05)
    return fit_policy(some.contexts, some.arms, some.rewards, caution=0.0)


def _put_through(
    kind: str,
    policy: LinearPolicy,
    promising: bool,
    table: Decisions,
    log: Log,
    rng: np.random.Generator,
) -> Run:
    departs = float(departures(log, policy, None).mean())
    passes, decisions = False, 0
    if promising and departs:
        passes, decisions = _trial(policy, departs, table, rng)
    old = _old_gate(log, policy, kind)
    return Run(kind, table.true_gain(policy), old, passes, decisions, departs)


def _trial(
    policy: LinearPolicy, departs: float, table: Decisions, rng: np.random.Generator
) -> tuple[bool, int]:
    """Return whether the candidate came to serve, and after how many decisions that was settled."""
    share = share_of_trial(departs, MAX_EXPLORATION)
    log = table.log(rng, LOOKS[-1], MAX_EXPLORATION * (1 - TRIAL_PART), policy, share)
    for look in LOOKS:
        found = verdict(judge_trial(log.subset(np.arange(look)), policy))
        if found != "on trial":
            return found == "serves", look
    return False, LOOKS[-1]


def _old_gate(log: Log, policy: LinearPolicy, kind: str) -> bool:
    """Return what the gate before this one said: learnt on 70 % of the log, judged on the rest."""
    cut = round((1 - HELD_OUT) * len(log))
    older, newer = log.subset(np.arange(cut)), log.subset(np.arange(cut, len(log)))
    if kind == LEARNED:
        policy = fit_policy(older.contexts, older.arms, older.rewards)
    rules = target_of(newer, None)
    gain = gain_over(newer, target_of(newer, policy), rules)
    return gain.low >= 0 and bool(departures(newer, policy, None).any())


def summary(runs: list[Run]) -> dict[str, Any]:
    """Return the rates at which better and worse candidates serve, with Wilson intervals."""
    found: dict[str, Any] = {}
    for group in (BETTER, NEITHER, WORSE):
        some = [run for run in runs if run.group == group]
        found[group] = {
            "candidates": len(some),
            "mean_gain": round(float(np.mean([r.gain for r in some])), 5) if some else None,
            "served_by_trial": wilson(sum(run.new for run in some), len(some)).as_dict(),
            "served_by_old_gate": wilson(sum(run.old for run in some), len(some)).as_dict(),
            "median_decisions": float(np.median([r.decisions for r in some])) if some else None,
        }
    return found
