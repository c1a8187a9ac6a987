"""What an operator sees of the policy of activation: arms, rewards, exploration, versions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from django.db.models import Avg, Count, Q, Sum
from django.db.models.fields.json import KeyTextTransform
from django.utils import timezone

from dashboard.intervals import Bootstrap, Estimate, estimate
from recommender.core.policy import ARMS, MAX_EXPLORATION
from recommender.models import PolicyDecision, PolicyVersion
from recommender.services.policies import (
    LEARNED,
    ON_TRIAL,
    RULES,
    exploration_share,
    serving_version,
)

DEFAULT_DAYS = 28
SHOWN_VERSIONS = 8
# What the best arm keeps while a candidate is on trial where it departs is less than this.
MOST_KEPT = 0.9
RULE_ARM = KeyTextTransform("rule", "context")
ESTIMATORS = (("ips", "IPS"), ("snips", "SNIPS"), ("dr", "Doubly robust"))


@dataclass(frozen=True)
class ArmRow:
    """One arm over the period. forced: taken because the rules left no choice."""

    arm: str
    decisions: int
    forced: int
    direct: int
    settled: int
    reward: Estimate


@dataclass(frozen=True)
class OfflineRow:
    """One estimator's figures for the rules and the learned policy."""

    name: str
    rules: dict[str, Any] | None
    learned: dict[str, Any] | None

    @property
    def pair(self) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """Both policies' figures, the rules' first."""
        return self.rules, self.learned


@dataclass(frozen=True)
class PolicyFigures:
    """Everything on the page."""

    days: int
    serving: PolicyVersion | None
    is_pinned: bool
    exploration_limit: float
    explored: int
    open_decisions: int
    decisions: int
    mean_reward: float | None
    arms: list[ArmRow]
    offline: list[OfflineRow]
    judged: PolicyVersion | None
    versions: list[PolicyVersion]

    @property
    def serves_rules(self) -> bool:
        """Whether the rules decide alone."""
        return self.serving is None or self.serving.kind == RULES

    @property
    def exploration_percent(self) -> int:
        """The limit of exploration in hundredths."""
        return round(100 * self.exploration_limit)

    @property
    def explored_share(self) -> float:
        """Share of the open decisions in which another arm than the best was drawn."""
        return self.explored / self.open_decisions if self.open_decisions else 0.0

    @property
    def trial(self) -> dict[str, Any]:
        """What is known of the judged version's trial; empty if it had none."""
        return self.judged.metrics.get("trial", {}) if self.judged else {}

    @property
    def on_trial(self) -> bool:
        """Whether the judged version's trial is under way."""
        return self.trial.get("state") == ON_TRIAL

    @property
    def trial_percent(self) -> int:
        """How often its arm is taken where it departs, in hundredths."""
        return round(100 * self.trial.get("share", 0.0))

    @property
    def last_look(self) -> dict[str, Any] | None:
        """The newest estimate of the trial."""
        return (self.trial.get("looks") or [None])[-1]

    @property
    def gain(self) -> dict[str, Any] | None:
        """The judged version's gain over the rules, if one was judged."""
        return self.judged.metrics.get("gain") if self.judged else None

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data for the API."""
        return {
            "days": self.days,
            "serving": "rules" if self.serves_rules else str(self.serving),
            "is_pinned": self.is_pinned,
            "exploration_limit": self.exploration_limit,
            "explored_share": self.explored_share,
            "decisions": self.decisions,
            "open_decisions": self.open_decisions,
            "mean_reward": self.mean_reward,
            "arms": [{**asdict(row), "reward": row.reward.as_dict()} for row in self.arms],
            "offline": [asdict(row) for row in self.offline],
            "gain": self.gain,
            "trial": self.trial,
            "versions": [
                {
                    "version": v.pk,
                    "kind": v.kind,
                    "serves": v.is_serving,
                    "held_back": v.metrics.get("held_back", ""),
                    "created_at": v.created_at,
                }
                for v in self.versions
            ],
        }


def get_policy_figures(days: int = DEFAULT_DAYS) -> PolicyFigures:
    """Return the figures of the last `days`. A handful of queries."""
    rows = PolicyDecision.objects.filter(created_at__gt=timezone.now() - timedelta(days=days))
    totals = rows.aggregate(
        decisions=Count("pk"),
        open=Count("pk", filter=Q(propensity__lt=1)),
        # The best arm keeps at least 95 %, or what a trial leaves of that; the others were drawn to
        # learn from. On trial both may have the same: then it is the rules' arm that was not.
        explored=Count(
            "pk",
            filter=Q(propensity__lt=MAX_EXPLORATION)
            | (Q(context__has_key="trial") & Q(propensity__lt=MOST_KEPT) & ~Q(arm=RULE_ARM)),
        ),
        reward=Avg("reward"),
    )
    serving = serving_version()
    versions = list(PolicyVersion.objects.order_by("-pk")[:SHOWN_VERSIONS])
    judged = next((v for v in versions if v.kind == LEARNED), None)
    return PolicyFigures(
        days=days,
        serving=serving,
        is_pinned=bool(serving and serving.metrics.get("pinned")),
        exploration_limit=exploration_share(),
        explored=totals["explored"],
        open_decisions=totals["open"],
        decisions=totals["decisions"],
        mean_reward=totals["reward"],
        arms=_arms(rows),
        offline=_offline(judged),
        judged=judged,
        versions=versions,
    )


def _arms(rows: Any) -> list[ArmRow]:
    """Return a row for each arm; rewards are means over decisions, intervals over people."""
    counts = {
        one["arm"]: one
        for one in rows.values("arm").annotate(
            n=Count("pk"),
            forced=Count("pk", filter=Q(propensity__gte=1)),
            direct=Count("pk", filter=Q(exposure="direct")),
        )
    }
    settled = rows.filter(reward__isnull=False).values("user_id", "arm")
    sums = list(settled.annotate(n=Count("pk"), total=Sum("reward")))
    people = sorted({one["user_id"] for one in sums})
    place = {user: index for index, user in enumerate(people)}
    top, bottom = np.zeros((len(people), len(ARMS))), np.zeros((len(people), len(ARMS)))
    for one in sums:
        where = place[one["user_id"]], ARMS.index(one["arm"])
        top[where], bottom[where] = one["total"], one["n"]
    drawn = Bootstrap(len(people)).ratios(top, bottom)
    found = []
    for k, arm in enumerate(ARMS):
        count = counts.get(arm, {"n": 0, "forced": 0, "direct": 0})
        reward = estimate(drawn[:, k], int((bottom[:, k] > 0).sum()))
        found.append(
            ArmRow(
                arm, count["n"], count["forced"], count["direct"], int(bottom[:, k].sum()), reward
            )
        )
    return found


def _offline(version: PolicyVersion | None) -> list[OfflineRow]:
    if version is None:
        return []
    metrics = version.metrics
    rules, learned = metrics.get("rules", {}), metrics.get("learned", {})
    return [OfflineRow(label, rules.get(key), learned.get(key)) for key, label in ESTIMATORS]
