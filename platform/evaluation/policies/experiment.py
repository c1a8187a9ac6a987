"""Retrieval alone, the rules, and a policy learnt from the rules' log, on the same people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from common.errors import InvalidInputError
from evaluation.policies.people import draw_corpus
from evaluation.policies.playing import RETRIEVE_ONLY, WISHES_A_SESSION, Diary, Player, play
from evaluation.policies.rankers import compare_rankers
from evaluation.report import Result, Table, Verdict
from evaluation.statistics import Interval, mean_interval, paired_test
from recommender.core.offpolicy import Log
from recommender.core.policy import ARMS, MAX_EXPLORATION, fit_policy
from recommender.services.policies import HELD_OUT, evaluate_log

RULES, LEARNED, GATED = "rules", "learned", "learned if safe"
ORDER = (RETRIEVE_ONLY, RULES, LEARNED, GATED)
# Apart from every other seed.
STREAM = 5_107_733
COLUMN, BEST = "cumulative", "best alone"


@dataclass(frozen=True)
class Setting:
    """One run of the command. log_people: who make the log that the policy is learnt from."""

    people: int = 200
    sessions: int = 10
    runs: int = 5
    log_people: int = 1000
    ranker_people: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.people, self.sessions, self.runs, self.log_people) < 1 or self.people < 2:
            raise InvalidInputError("People must be at least 2; sessions and runs at least 1.")


def evaluate(setting: Setting, report: Callable[[str], None]) -> Result:
    """Return the table of the three policies, the orderings, and both kinds of off-line checks.

    Each run has a corpus of its own, people who make the log, and other people who are measured.
    """
    totals: dict[str, list[np.ndarray]] = {name: [] for name in ORDER}
    runs = []
    for run in range(setting.runs):
        found, facts = _run(setting, run)
        for name in ORDER:
            totals[name].append(found[name])
        runs.append(facts)
        means = ", ".join(f"{n} {found[n][..., 0].sum(axis=1).mean():.3f}" for n in ORDER)
        report(f"run {run + 1} of {setting.runs}: {means}")
    both = {name: np.concatenate(rows) for name, rows in totals.items()}  # (R·P, S, 2)
    stacked = {name: values[..., 0] for name, values in both.items()}  # (R·P, S)
    best = {name: values[..., 1] for name, values in both.items()}
    return Result(
        "policies",
        _table(stacked, best, setting),
        [
            _verdict(stacked, RULES, RETRIEVE_ONLY),
            _verdict(stacked, LEARNED, RULES),
            _verdict(stacked, GATED, RULES, required=False),
            _verdict(best, RULES, RETRIEVE_ONLY, BEST),
            _verdict(best, LEARNED, RULES, BEST),
        ],
        [_arms_table(runs), compare_rankers(setting.seed, setting.ranker_people)],
        _facts(setting, stacked, runs),
    )


def _run(setting: Setting, run: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return each policy's (P, S, 2) satisfaction in one run, and what the log said beforehand."""
    corpus = draw_corpus(np.random.default_rng([STREAM, setting.seed, run]))
    diary = Diary()
    logging = Player(RULES, exploration=MAX_EXPLORATION)
    play(
        corpus,
        logging,
        people=setting.log_people,
        sessions=setting.sessions,
        seed=(STREAM, setting.seed, run, 1),
        diary=diary,
    )
    log = diary.as_log()
    cut = round((1 - HELD_OUT) * len(log))
    older, newer = log.subset(np.arange(cut)), log.subset(np.arange(cut, len(log)))
    policy = fit_policy(older.contexts, older.arms, older.rewards)
    offline = evaluate_log(newer, policy)
    players = {
        RETRIEVE_ONLY: Player(RETRIEVE_ONLY),
        RULES: Player(RULES),
        LEARNED: Player(LEARNED, policy, MAX_EXPLORATION),
    }
    found, kept = {}, {}
    for name, player in players.items():
        kept[name] = Diary()
        found[name] = play(
            corpus,
            player,
            people=setting.people,
            sessions=setting.sessions,
            seed=(STREAM, setting.seed, run, 2),
            diary=kept[name],
        )
    safe = offline["gain"]["low"] >= 0
    found[GATED] = found[LEARNED] if safe else found[RULES]
    online = {name: _reward(kept[name].as_log()) for name in (RULES, LEARNED)}
    facts = {
        "open_decisions_logged": len(log),
        "offline": offline,
        "would_serve": safe,
        "online_reward_per_open_decision": {n: one.as_dict() for n, one in online.items()},
        "arms": _arms(newer, kept[LEARNED].as_log()),
    }
    return found, facts


def _reward(log: Log) -> Interval:
    """Return the mean reward over people, of decisions that had a choice."""
    _, who = np.unique(log.people, return_inverse=True)
    return mean_interval(np.bincount(who, log.rewards) / np.bincount(who))


def _arms(rules: Log, learned: Log) -> dict[str, dict[str, float]]:
    """Return the shares of arms taken where there was a choice."""
    return {
        name: {arm: round(float((log.arms == k).mean()), 4) for k, arm in enumerate(ARMS)}
        for name, log in ((RULES, rules), (LEARNED, learned))
    }


def _table(found: dict[str, np.ndarray], best: dict[str, np.ndarray], setting: Setting) -> Table:
    wishes = setting.sessions * WISHES_A_SESSION
    rows = {
        name: {
            COLUMN: mean_interval(values.sum(axis=1)),
            BEST: mean_interval(best[name].sum(axis=1)),
            "per wish": mean_interval(values.sum(axis=1) / wishes),
            "first session": mean_interval(values[:, 0]),
            "last session": mean_interval(values[:, -1]),
        }
        for name, values in found.items()
    }
    return Table(
        f"True satisfaction of simulated people over {setting.sessions} sessions of "
        f"{WISHES_A_SESSION} wishes",
        [COLUMN, BEST, "per wish", "first session", "last session"],
        rows,
        digits=3,
        notes=[
            "Cumulative: the mean over what a person looked at, less costs; best alone: as if only "
            "the best of it counted.",
            f"The learned policy was learnt from a log of {setting.log_people} other people served "
            f"by the rules with {MAX_EXPLORATION:.0%} exploration, and explores as much itself; "
            "the rules it is compared with do not explore. Learned if safe: as the site does it, "
            "the rules unless the log shows that the learned policy is not worse.",
        ],
    )


def _verdict(
    found: dict[str, np.ndarray],
    better: str,
    worse: str,
    column: str = COLUMN,
    required: bool = True,
) -> Verdict:
    """Return whether one policy lies above another, person by person."""
    gaps = (found[better] - found[worse]).sum(axis=1)
    needed = required and column == COLUMN
    return Verdict(better, worse, column, paired_test(gaps), required=needed)


def _arms_table(runs: list[dict[str, Any]]) -> Table:
    """Return, per run, the gain foretold off-line and the one seen on-line, in reward."""
    rows = {}
    for number, one in enumerate(runs, start=1):
        gain, online = one["offline"]["gain"], one["online_reward_per_open_decision"]
        seen = online[LEARNED]["value"] - online[RULES]["value"]
        rows[f"run {number}"] = {
            "foretold": Interval(gain["value"], gain["low"], gain["high"], gain["n"]),
            "on-line": Interval(seen, seen, seen, online[RULES]["n"]),
        }
    return Table(
        "Gain in reward per open decision: doubly robust estimate, and seen",
        ["foretold", "on-line"],
        rows,
        notes=["The on-line column includes what 5 % exploration costs; the estimate does not."],
    )


def _facts(setting: Setting, found: dict[str, np.ndarray], runs: list[dict[str, Any]]) -> dict:
    return {
        "people": setting.people,
        "sessions": setting.sessions,
        "wishes_a_session": WISHES_A_SESSION,
        "runs": setting.runs,
        "log_people": setting.log_people,
        "seed": setting.seed,
        "curves": {
            name: [
                mean_interval(values[:, : n + 1].sum(axis=1)).as_dict()
                for n in range(setting.sessions)
            ]
            for name, values in found.items()
        },
        "each_run": runs,
    }
