"""The policy of activation in service: which one it is, its choices, its log, its training."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from common.errors import InvalidInputError
from recommender.core.offpolicy import ESTIMATORS, Estimate, Log, gain_over, target_of
from recommender.core.policy import (
    ARMS,
    MAX_EXPLORATION,
    Arm,
    LinearPolicy,
    as_arm,
    as_vector,
    fit_policy,
    mix,
    pick,
)
from recommender.models import PolicyDecision, PolicyVersion, Turn

RULES, LEARNED = "rules", "linear"
# Decisions with a choice, and people who made them, below which nothing is learnt.
FEWEST_DECISIONS, FEWEST_PEOPLE = 200, 10
# The newest share of the log judges what the rest taught.
HELD_OUT = 0.3
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

    @property
    def propensity(self) -> float:
        return self.probabilities[self.arm]


def serving_version() -> PolicyVersion | None:
    """Return the version in service; None while the rules have never been replaced."""
    return PolicyVersion.objects.filter(is_serving=True).first()


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
    rule = allowed[0]
    name, best = RULES, rule
    if len(allowed) > 1 and (served := _served_policy()):
        name, policy = served
        best = policy.best(as_vector(context), allowed, rule)
    probabilities = mix(best, allowed, exploration_share() if explores else 0.0)
    return Choice(pick(probabilities, _lots.random()), rule, name, probabilities, dict(context))


def _served_policy() -> tuple[str, LinearPolicy] | None:
    version = serving_version()
    if version is None or version.kind != LEARNED:
        return None
    try:
        return f"{version.kind}-{version.pk}", LinearPolicy.from_dict(version.parameters)
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


def _open_decisions() -> list[PolicyDecision]:
    """Return the newest settled decisions whose outcome was left to chance, oldest first."""
    settled = PolicyDecision.objects.filter(reward__isnull=False, propensity__lt=1.0)
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
    """Learn from the older part of the log, judge on the newer, store, and serve if safe.

    What was judged is what serves: it is not fitted again on the rest. Raises InvalidInputError
    while the log is too small.
    """
    log = read_log()
    people = len(set(log.people.tolist()))
    if len(log) < FEWEST_DECISIONS or people < FEWEST_PEOPLE:
        raise InvalidInputError(
            f"There are {len(log)} settled decisions with a choice by {people} people; learning "
            f"needs {FEWEST_DECISIONS} by {FEWEST_PEOPLE}."
        )
    cut = round((1 - HELD_OUT) * len(log))
    older, newer = log.subset(np.arange(cut)), log.subset(np.arange(cut, len(log)))
    policy = fit_policy(older.contexts, older.arms, older.rewards)
    metrics = {
        "trained_on": len(older),
        "judged_on": len(newer),
        "people": people,
        **evaluate_log(newer, policy, seed),
    }
    version = PolicyVersion(kind=LEARNED, parameters=policy.as_dict(), metrics=metrics)
    version.full_clean()
    problem = why_not_serve(metrics)
    with transaction.atomic():
        if is_pinned():
            problem = problem or "a person put another version into service"
        if problem:
            version.metrics = {**metrics, "held_back": problem}
        version.save()
        if not problem:
            serve(version)
    return version


def why_not_serve(metrics: Mapping[str, Any]) -> str:
    """Return why a new policy may not serve; "" when it is not worse than the rules.

    The lower bound of its gain over the rules must not lie below 0.
    """
    low = metrics["gain"]["low"]
    if low < 0:
        return f"it may be worse than the rules: the gain's lower bound is {low:+.4f}"
    return ""


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
