"""The policy of activation in service: which one it is, its choices, its log, its training."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from common.errors import InvalidInputError
from recommender.core.candidates import is_due, judge_trial, learn, verdict
from recommender.core.offpolicy import ESTIMATORS, Estimate, Log, gain_over, target_of
from recommender.core.policy import (
    ARMS,
    MAX_EXPLORATION,
    TRIAL_PART,
    Arm,
    LinearPolicy,
    as_arm,
    as_vector,
    mix,
    pick,
    share_of_trial,
)
from recommender.models import PolicyDecision, PolicyVersion, Turn

RULES, LEARNED = "rules", "linear"
# Decisions with a choice, and people who made them, below which nothing is learnt.
FEWEST_DECISIONS, FEWEST_PEOPLE = 200, 10
# States of `metrics["trial"]`; the first is looked for when a choice is to be made.
ON_TRIAL, ENDED = "on trial", "ended"
# The newest decisions that are read: some months of a busy site, bounded for memory.
MOST_DECISIONS = 200_000
_lots = random.SystemRandom()


@dataclass(frozen=True)
class Choice:
    """What was drawn, with everything that an off-line evaluation needs to know of it."""

    arm: Arm
    rule: Arm
    policy: str
    probabilities: dict[Arm, float]
    context: dict[str, float]
    # The version whose trial this choice is part of.
    trial: int | None = None

    @property
    def propensity(self) -> float:
        return self.probabilities[self.arm]


def serving_version() -> PolicyVersion | None:
    """Return the version in service; None while the rules have never been replaced."""
    return PolicyVersion.objects.filter(is_serving=True).first()


def version_on_trial() -> PolicyVersion | None:
    """Return the candidate whose trial is under way."""
    return PolicyVersion.objects.filter(metrics__trial__state=ON_TRIAL).order_by("-pk").first()


def is_pinned() -> bool:
    """Return whether a person put the version in service there: then training changes nothing."""
    version = serving_version()
    return version is not None and bool(version.metrics.get("pinned"))


def exploration_share() -> float:
    """Return the share of exploration, at most 5 %."""
    return min(MAX_EXPLORATION, max(0.0, float(settings.POLICY_EXPLORATION)))


def choose(
    *, allowed: Sequence[Arm], context: Mapping[str, float], explores: bool = True
) -> Choice:
    """Return the arm to take among those allowed, the rules' own first. One query at most.

    Where one alone is allowed it is taken with certainty, and the log says "rules".
    """
    rule, exploration = allowed[0], exploration_share() if explores else 0.0
    if len(allowed) == 1:
        return Choice(rule, rule, RULES, {rule: 1.0}, dict(context))
    name, best, tried, share, trial = RULES, rule, None, 0.0, None
    vector = as_vector(context)
    served, candidate = _policies_in_use()
    if served and (policy := _read(served)):
        name, best = f"{served.kind}-{served.pk}", policy.best(vector, allowed, rule)
    if exploration and candidate and (other := _read(candidate)):
        trial, tried = candidate.pk, other.best(vector, allowed, rule)
        share = float(candidate.metrics["trial"]["share"])
        exploration *= 1 - TRIAL_PART
    probabilities = mix(best, allowed, exploration, tried, share)
    arm = pick(probabilities, _lots.random())
    return Choice(arm, rule, name, probabilities, dict(context), trial)


def _policies_in_use() -> tuple[PolicyVersion | None, PolicyVersion | None]:
    """Return the version in service and the candidate on trial; nothing is tried while pinned."""
    used = list(
        PolicyVersion.objects.filter(
            Q(is_serving=True) | Q(metrics__trial__state=ON_TRIAL)
        ).order_by("-pk")
    )
    served = next((version for version in used if version.is_serving), None)
    candidate = next((version for version in used if not version.is_serving), None)
    pinned = served is not None and bool(served.metrics.get("pinned"))
    return served, None if pinned else candidate


def _read(version: PolicyVersion) -> LinearPolicy | None:
    """Return a learned policy; None for the rules."""
    if version.kind != LEARNED:
        return None
    try:
        return LinearPolicy.from_dict(version.parameters)
    except (KeyError, ValueError):
        # Learnt from features that are no longer these: the rules stand in until the next night.
        return None


def log_choice(
    *,
    user: User,
    choice: Choice,
    turn: Turn | None = None,
    exposure: str = "",
    reason: str = "",
    **more: Any,
) -> PolicyDecision:
    """Store a choice. `more` joins the context: what a reward or an offer is about."""
    if choice.trial is not None:
        more["trial"] = choice.trial
    decision = PolicyDecision(
        user=user,
        turn=turn,
        policy=choice.policy,
        context={**choice.context, "rule": choice.rule, **more},
        arm=choice.arm,
        probabilities=choice.probabilities,
        propensity=choice.propensity,
        exposure=exposure,
        reason=reason,
    )
    decision.full_clean(exclude=["turn"])
    decision.save()
    return decision


# ---- the log as arrays ---------------------------------------------------------------------------


def read_log(decisions: Iterable[PolicyDecision] | None = None) -> Log:
    """Return the settled decisions that had a choice, oldest first; possibly none."""
    rows = list(_open_decisions() if decisions is None else decisions)
    probabilities = np.zeros((len(rows), len(ARMS)))
    for n, row in enumerate(rows):
        for arm, chance in row.probabilities.items():
            probabilities[n, ARMS.index(as_arm(arm))] = chance
    rules = [str(row.context.get("rule", row.arm)) for row in rows]
    return Log(
        contexts=np.array([as_vector(row.context) for row in rows]),
        arms=np.array([ARMS.index(as_arm(row.arm)) for row in rows], dtype=int),
        probabilities=probabilities,
        rewards=np.array([float(row.reward or 0.0) for row in rows]),
        people=np.array([row.user_id for row in rows], dtype=int),
        rules=np.array([ARMS.index(as_arm(rule)) for rule in rules], dtype=int),
    )


def read_trial(version: PolicyVersion) -> Log:
    """Return the settled decisions of a candidate's trial, oldest first; possibly none."""
    return read_log(_open_decisions(context__trial=version.pk))


def _open_decisions(**terms: Any) -> list[PolicyDecision]:
    """Return the newest settled decisions whose outcome was left to chance, oldest first."""
    settled = PolicyDecision.objects.filter(reward__isnull=False, propensity__lt=1.0, **terms)
    return list(settled.order_by("-created_at", "-pk")[:MOST_DECISIONS])[::-1]


def evaluate_log(log: Log, policy: LinearPolicy | None, seed: int = 0) -> dict[str, Any]:
    """Return the off-line figures of the rules and of a learned policy, both without exploration.

    gain: the learned policy's advantage over the rules, paired decision by decision.
    """
    rules = target_of(log, None)
    found: dict[str, Any] = {"rules": _figures(log, rules, seed)}
    if policy is not None:
        learned = target_of(log, policy)
        found["learned"] = _figures(log, learned, seed)
        found["gain"] = gain_over(log, learned, rules, seed).as_dict()
        changed = (learned != rules).any(axis=1)
        found["departs_from_rules"] = round(float(changed.mean()), 4)
    return found


def _figures(log: Log, target: np.ndarray, seed: int) -> dict[str, Any]:
    found: dict[str, Estimate] = {n: run(log, target, seed) for n, run in ESTIMATORS.items()}
    return {name: estimate.as_dict() for name, estimate in found.items()}


# ---- versions ------------------------------------------------------------------------------------


def train_policy(seed: int = 0) -> PolicyVersion:
    """Judge the candidate on trial, or learn a new one from the log; return that version.

    What a trial finds better serves, and so does at once what the log alone shows to be better. A
    candidate that is not surely worse begins its trial. Raises InvalidInputError while the log is
    too small to learn from.
    """
    running = version_on_trial()
    if running is not None and not is_pinned():
        return _judge(running, seed)
    return _learn(seed)


def _learn(seed: int) -> PolicyVersion:
    log = read_log()
    people = len(set(log.people.tolist()))
    if len(log) < FEWEST_DECISIONS or people < FEWEST_PEOPLE:
        raise InvalidInputError(
            f"There are {len(log)} settled decisions with a choice by {people} people; learning "
            f"needs {FEWEST_DECISIONS} by {FEWEST_PEOPLE}."
        )
    found = learn(log, _served_policy(), seed)
    metrics: dict[str, Any] = {
        "trained_on": len(log),
        "judged_on": len(log),
        "people": people,
        **evaluate_log(log, found.policy, seed),
        # By policies that had not seen the person judged; the other figures look a little too good.
        "gain": found.gain.as_dict(),
    }
    version = PolicyVersion(kind=LEARNED, parameters=found.policy.as_dict(), metrics=metrics)
    version.full_clean()
    version.save()
    if is_pinned():
        return _hold_back(version, "a person put another version into service")
    if verdict(found.gain) == "serves":
        serve(version)
    elif found.is_promising:
        _begin_trial(version, found.departs)
    else:
        _hold_back(version, why_not_serve(metrics))
    return version


def _begin_trial(version: PolicyVersion, departs: float) -> None:
    trial = {
        "state": ON_TRIAL,
        "began_at": timezone.now().isoformat(),
        "share": round(share_of_trial(departs, exploration_share()), 4),
        "looks": [],
    }
    version.metrics = {**version.metrics, "trial": trial}
    _hold_back(version, "on trial: its choices are taken now and then where it departs")


def _judge(version: PolicyVersion, seed: int) -> PolicyVersion:
    """Look at a trial if it is due, and do what follows from that."""
    trial, policy = dict(version.metrics["trial"]), _read(version)
    if policy is None:
        version.metrics = {**version.metrics, "trial": {**trial, "state": ENDED}}
        return _hold_back(version, "the features it was learnt from are no longer these")
    log = read_trial(version)
    looks = trial["looks"]
    if not is_due(len(log), looks[-1]["n"] if looks else 0):
        return version
    gain = judge_trial(log, policy, _served_policy(), seed)
    found = verdict(gain)
    state = ON_TRIAL if found == "on trial" else ENDED
    trial = {**trial, "looks": [*looks, gain.as_dict()], "state": state}
    version.metrics = {**version.metrics, "trial": trial}
    if found == "serves":
        version.metrics.pop("held_back", None)
        serve(version)
    elif found == "dropped":
        _hold_back(version, "its trial did not show it to be better")
    else:
        version.save()
    return version


def _hold_back(version: PolicyVersion, reason: str) -> PolicyVersion:
    version.metrics = {**version.metrics, "held_back": reason}
    version.save()
    return version


def _served_policy() -> LinearPolicy | None:
    served = serving_version()
    return _read(served) if served is not None else None


def why_not_serve(metrics: Mapping[str, Any]) -> str:
    """Return why a candidate that was judged on the log does not serve."""
    low, high = metrics["gain"]["low"], metrics["gain"]["high"]
    if not metrics["departs_from_rules"]:
        return "it does what the rules do"
    return f"it may be worse than the rules: the gain lies between {low:+.4f} and {high:+.4f}"


def serve(version: PolicyVersion, *, pin: bool = False) -> None:
    """Put this version into service and note when; with `pin`, training leaves it there."""
    now = timezone.now().isoformat()
    with transaction.atomic():
        PolicyVersion.objects.filter(is_serving=True).update(is_serving=False)
        version.is_serving = True
        version.metrics = {**version.metrics, "served_at": now, "pinned": pin}
        version.save()


def switch_to_rules() -> PolicyVersion:
    """Serve the rules alone, with their exploration, until somebody switches back."""
    serving = serving_version()
    if serving is not None and serving.kind == RULES:
        return serving
    version = PolicyVersion(kind=RULES)
    serve(version, pin=True)
    return version


def roll_back() -> PolicyVersion:
    """Serve the learned policy that served before, or else the rules, and pin it there."""
    before = _served_before(serving_version())
    if before is None:
        return switch_to_rules()
    serve(before, pin=True)
    return before


def switch_to_learned() -> PolicyVersion | None:
    """Leave it to training again: the policy last found safe serves, or the rules until then."""
    serving = serving_version()
    keeps = serving is not None and serving.kind == LEARNED
    before = serving if keeps else _served_before(serving)
    if before is not None:
        serve(before)
    else:
        PolicyVersion.objects.filter(is_serving=True).update(is_serving=False)
    return before


def set_mode(mode: str) -> None:
    """Do what an operator chose: "rules", "learned" or "rollback"."""
    acts = {"rules": switch_to_rules, "learned": switch_to_learned, "rollback": roll_back}
    if mode not in acts:
        raise InvalidInputError("There is no such mode.")
    acts[mode]()


def _served_before(serving: PolicyVersion | None) -> PolicyVersion | None:
    """Return the learned version that served last before the one in service."""
    learned = PolicyVersion.objects.filter(kind=LEARNED, is_serving=False)
    served = [version for version in learned if version.metrics.get("served_at")]
    if serving is not None:
        until = serving.metrics.get("served_at", "")
        served = [version for version in served if version.metrics["served_at"] < until]
    return max(served, key=lambda version: version.metrics["served_at"], default=None)
