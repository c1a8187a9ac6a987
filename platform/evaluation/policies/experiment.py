"""Retrieval alone, the rules, and a policy learnt from the rules' log, on the same people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from common.errors import InvalidInputError
from demo.wishing.people import draw_corpus
from demo.wishing.sitting import RETRIEVE_ONLY, Diary, Player
from evaluation.policies.playing import (
    ACCEPTED,
    BEST,
    OF_OFFERS,
    OFFERED,
    SATISFACTION,
    WISHES_A_SESSION,
    play,
)
from evaluation.policies.rankers import compare_rankers
from evaluation.report import Result, Table, Verdict
from evaluation.statistics import NOT_MEASURED, Interval, mean_interval, paired_test
from recommender.core.candidates import LOOKS, Candidate, judge_trial, learn, verdict
from recommender.core.offpolicy import Log
from recommender.core.policy import ARMS, MAX_EXPLORATION, TRIAL_PART, share_of_trial

RULES, LEARNED, GATED = "rules", "learned", "learned if safe"
ORDER = (RETRIEVE_ONLY, RULES, LEARNED, GATED)
# Apart from every other seed.
STREAM = 5_107_733
COLUMN, BEST_ALONE, WISHES_ALONE = "cumulative", "best alone", "without offers"


@dataclass(frozen=True)
class Setting:
    """One run of the command.

    log_people: who make the log that the policy is learnt from; as many others make its trial.
    """

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
        means = ", ".join(
            f"{n} {found[n][..., SATISFACTION].sum(axis=1).mean():.3f}" for n in ORDER
        )
        report(f"run {run + 1} of {setting.runs}: {means}")
    both = {name: np.concatenate(rows) for name, rows in totals.items()}  # (R·P, S, 5)
    stacked = {name: values[..., SATISFACTION] for name, values in both.items()}  # (R·P, S)
    best = {name: values[..., BEST] for name, values in both.items()}
    wishes = {name: stacked[name] - both[name][..., OF_OFFERS] for name in both}
    return Result(
        "policies",
        _table(stacked, best, wishes, setting),
        [
            _verdict(stacked, RULES, RETRIEVE_ONLY),
            _verdict(stacked, LEARNED, RULES),
            _verdict(stacked, GATED, RULES, required=False),
            _verdict(best, RULES, RETRIEVE_ONLY, BEST_ALONE),
            _verdict(best, LEARNED, RULES, BEST_ALONE),
            _verdict(wishes, RULES, RETRIEVE_ONLY, WISHES_ALONE),
            _verdict(wishes, LEARNED, RULES, WISHES_ALONE),
        ],
        [
            _arms_table(runs),
            _shares_table(both, runs),
            compare_rankers(setting.seed, setting.ranker_people),
        ],
        _facts(setting, stacked, runs),
    )


def _run(setting: Setting, run: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return each policy's (P, S, 5) of `play` in one run, and what the log said beforehand."""
    corpus = draw_corpus(np.random.default_rng([STREAM, setting.seed, run]))
    log = _log(setting, run, 1, Player(RULES, exploration=MAX_EXPLORATION))
    candidate = learn(log)
    players = {
        RETRIEVE_ONLY: Player(RETRIEVE_ONLY),
        RULES: Player(RULES),
        LEARNED: Player(LEARNED, candidate.policy, MAX_EXPLORATION),
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
    serves, looks = _trial(setting, run, candidate)
    found[GATED] = found[LEARNED] if serves else found[RULES]
    online = {name: _reward(kept[name].as_log()) for name in (RULES, LEARNED)}
    facts = {
        "open_decisions_logged": len(log),
        "foretold": candidate.gain.as_dict(),
        "departs": round(candidate.departs, 4),
        "trial": looks,
        "would_serve": serves,
        "online_reward_per_open_decision": {n: one.as_dict() for n, one in online.items()},
        "arms": {name: _arms(kept[name].as_log()) for name in (RULES, LEARNED)},
    }
    return found, facts


def _log(setting: Setting, run: int, part: int, player: Player) -> Log:
    """Return what the site logs of other people than those who are measured."""
    diary = Diary()
    play(
        draw_corpus(np.random.default_rng([STREAM, setting.seed, run])),
        player,
        people=setting.log_people,
        sessions=setting.sessions,
        seed=(STREAM, setting.seed, run, part),
        diary=diary,
    )
    return diary.as_log()


def _trial(setting: Setting, run: int, candidate: Candidate) -> tuple[bool, list[dict[str, Any]]]:
    """Return whether the candidate comes to serve, and what each look at its trial said."""
    if verdict(candidate.gain) == "serves":
        return True, []
    if not candidate.is_promising:
        return False, []
    share = share_of_trial(candidate.departs, MAX_EXPLORATION)
    exploration = MAX_EXPLORATION * (1 - TRIAL_PART)
    log = _log(setting, run, 3, Player(RULES, None, exploration, candidate.policy, share))
    looks: list[dict[str, Any]] = []
    for look in [*(n for n in LOOKS if n < len(log)), len(log)]:
        gain = judge_trial(log.subset(np.arange(look)), candidate.policy)
        looks.append(gain.as_dict())
        if (found := verdict(gain)) != "on trial":
            return found == "serves", looks
    return False, looks


def _reward(log: Log) -> Interval:
    """Return the mean reward over people, of decisions that had a choice."""
    _, who = np.unique(log.people, return_inverse=True)
    return mean_interval(np.bincount(who, log.rewards) / np.bincount(who))


def _arms(log: Log) -> dict[str, float]:
    """Return the shares of arms taken where there was a choice."""
    return {arm: round(float((log.arms == k).mean()), 4) for k, arm in enumerate(ARMS)}


def _table(
    found: dict[str, np.ndarray],
    best: dict[str, np.ndarray],
    wished: dict[str, np.ndarray],
    setting: Setting,
) -> Table:
    wishes = setting.sessions * WISHES_A_SESSION
    rows = {
        name: {
            COLUMN: mean_interval(values.sum(axis=1)),
            BEST_ALONE: mean_interval(best[name].sum(axis=1)),
            WISHES_ALONE: mean_interval(wished[name].sum(axis=1)),
            "per wish": mean_interval(values.sum(axis=1) / wishes),
            "first session": mean_interval(values[:, 0]),
            "last session": mean_interval(values[:, -1]),
        }
        for name, values in found.items()
    }
    return Table(
        f"True satisfaction of simulated people over {setting.sessions} sessions of "
        f"{WISHES_A_SESSION} wishes",
        [COLUMN, BEST_ALONE, WISHES_ALONE, "per wish", "first session", "last session"],
        rows,
        digits=3,
        notes=[
            "Cumulative: the mean over what a person looked at, less costs; best alone: as if only "
            "the best of it counted; without offers: of the wishes alone.",
            f"The learned policy was learnt from a log of {setting.log_people} other people served "
            f"by the rules with {MAX_EXPLORATION:.0%} exploration, and explores as much itself; "
            "the rules it is compared with do not explore. Learned if safe: as the site does it, "
            "the rules unless a trial on as many other people shows that it is better.",
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
        gain, online = one["foretold"], one["online_reward_per_open_decision"]
        seen = online[LEARNED]["value"] - online[RULES]["value"]
        tried = one["trial"][-1] if one["trial"] else None
        rows[f"run {number}"] = {
            "foretold": _as_interval(gain),
            "trial": _as_interval(tried) if tried else NOT_MEASURED,
            "on-line": Interval(seen, seen, seen, online[RULES]["n"]),
        }
    return Table(
        "Gain in reward per open decision: foretold by the log, found by the trial, and seen",
        ["foretold", "trial", "on-line"],
        rows,
        digits=4,
        notes=[
            "Doubly robust estimates, cross-fitted by person; the trial's interval is 98 %. The "
            "on-line column includes what 5 % exploration costs; the estimates do not."
        ],
    )


def _as_interval(gain: dict[str, Any]) -> Interval:
    return Interval(gain["value"], gain["low"], gain["high"], gain["n"])


def _shares_table(found: dict[str, np.ndarray], runs: list[dict[str, Any]]) -> Table:
    """Return what each policy did: arms where it had a choice, and the feed's offers a person."""
    rows: dict[str, dict[str, Interval]] = {}
    for name in (RULES, LEARNED):
        shares: dict[str, Interval] = {
            arm: mean_interval(np.array([one["arms"][name][arm] for one in runs])) for arm in ARMS
        }
        offers = found[name].sum(axis=1)
        rows[name] = {
            **shares,
            "offers": mean_interval(offers[:, OFFERED]),
            "accepted": mean_interval(offers[:, ACCEPTED]),
            "worth": mean_interval(offers[:, OF_OFFERS]),
        }
    return Table(
        "Shares of arms in open decisions; offers of the feed, and what they brought, per person",
        [*ARMS, "offers", "accepted", "worth"],
        rows,
        digits=3,
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
