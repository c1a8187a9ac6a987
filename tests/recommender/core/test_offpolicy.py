"""Off-line estimates against logs of policies whose value is known."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.core.offpolicy import (
    CLIP,
    Log,
    doubly_robust,
    doubly_robust_terms,
    gain_over,
    ips,
    snips,
    target_of,
)

K = 4


def world(seed: int, people: int = 300, each: int = 10, exploration: float = 0.3):
    """Return (log, target, true value of the target, (N, K) true means) of a drawn world.

    Two arms are allowed; which of them pays depends on the context. The logging policy prefers the
    wrong one; the target always takes the right one.
    """
    rng = np.random.default_rng(seed)
    count = people * each
    x = rng.normal(size=count)
    contexts = np.stack([np.ones(count), x], axis=1)
    means = np.zeros((count, K))
    means[:, 0], means[:, 3] = 0.1 - 0.4 * x, 0.1 + 0.4 * x
    right = np.where(x > 0, 3, 0)
    wrong = 3 - right
    logged = np.zeros((count, K))
    logged[np.arange(count), wrong] = 1 - exploration / 2
    logged[np.arange(count), right] = exploration / 2
    arms = np.where(rng.random(count) < exploration / 2, right, wrong)
    rewards = means[np.arange(count), arms] + rng.normal(0, 0.5, count)
    log = Log(contexts, arms, logged, rewards, np.repeat(np.arange(people), each), wrong)
    target = np.zeros((count, K))
    target[np.arange(count), right] = 1.0
    return log, target, float(0.1 + 0.4 * np.sqrt(2 / np.pi)), means


@pytest.mark.parametrize("estimator", [ips, snips, doubly_robust])
def test_the_true_value_lies_within_the_interval(estimator) -> None:
    hits = []
    for seed in range(20):
        log, target, truth, _ = world(seed)
        found = estimator(log, target)
        hits.append(found.low <= truth <= found.high)
        assert found.value == pytest.approx(truth, abs=0.15)
    assert sum(hits) >= 17  # of 20 intervals of 95 %


def test_doubly_robust_spreads_less_than_inverse_propensities() -> None:
    found = {name: [] for name in ("ips", "dr")}
    for seed in range(20):
        log, target, truth, _ = world(seed)
        found["ips"].append(ips(log, target).value - truth)
        found["dr"].append(doubly_robust(log, target).value - truth)
    assert np.std(found["dr"]) < 0.8 * np.std(found["ips"])


def test_the_plain_mean_of_the_log_is_far_off() -> None:
    log, target, truth, _ = world(3)
    assert abs(log.rewards.mean() - truth) > 5 * abs(doubly_robust(log, target).value - truth)


def test_a_policy_evaluated_on_its_own_log_gets_the_logs_mean() -> None:
    log, _, _, _ = world(1)
    for estimator in (ips, snips):
        assert estimator(log, log.probabilities).value == pytest.approx(log.rewards.mean())


def test_estimates_by_hand() -> None:
    log = Log(
        contexts=np.ones((2, 1)),
        arms=np.array([0, 3]),
        probabilities=np.array([[0.5, 0, 0, 0.5], [0.75, 0, 0, 0.25]]),
        rewards=np.array([1.0, 0.5]),
        people=np.array([0, 0]),
        rules=np.array([0, 0]),
    )
    target = np.array([[0.0, 0, 0, 1.0], [0.0, 0, 0, 1.0]])
    assert ips(log, target).value == pytest.approx((0 + 4 * 0.5) / 2)
    assert snips(log, target).value == pytest.approx(0.5)
    assert ips(log, target).effective_n == pytest.approx(1.0)


def test_a_log_without_exploration_says_that_it_knows_nothing_of_other_arms() -> None:
    log, target, _, _ = world(1)
    rules_only = np.zeros_like(log.probabilities)
    rules_only[np.arange(len(log)), log.arms] = 1.0
    blind = Log(log.contexts, log.arms, rules_only, log.rewards, log.people, log.arms)
    found = ips(blind, target)
    assert found.covered < 0.2
    assert snips(blind, rules_only).covered == 1.0


def test_large_weights_are_clipped_and_counted() -> None:
    log, target, _, _ = world(1, exploration=0.01)
    found = ips(log, target)
    assert found.clipped > 0
    assert found.largest_weight == CLIP


def test_a_decision_without_propensity_is_an_error() -> None:
    log, target, _, _ = world(1)
    broken = log.probabilities.copy()
    broken[0] = 0
    bad = Log(log.contexts, log.arms, broken, log.rewards, log.people, log.rules)
    with pytest.raises(ValueError):
        ips(bad, target)


def test_the_gain_over_the_logging_policy_is_found() -> None:
    log, target, truth, means = world(5)
    base = target_of(log, None)
    gain = gain_over(log, target, base)
    wrong = means[np.arange(len(log)), log.rules].mean()
    assert gain.low <= truth - wrong <= gain.high
    assert gain.low > 0
    assert np.abs(gain_over(log, base, base).value) < 1e-12


def test_intervals_rest_on_people_not_on_decisions() -> None:
    log, target, _, _ = world(2, people=20, each=150)
    alone = Log(
        log.contexts, log.arms, log.probabilities, log.rewards, np.arange(len(log)), log.rules
    )
    shifted = log.rewards + np.repeat(np.random.default_rng(0).normal(0, 0.5, 20), 150)
    one = Log(log.contexts, log.arms, log.probabilities, shifted, log.people, log.rules)
    other = Log(alone.contexts, alone.arms, alone.probabilities, shifted, alone.people, alone.rules)
    wide, narrow = doubly_robust(one, target), doubly_robust(other, target)
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)
    assert len(doubly_robust_terms(log, target)) == len(log)
