"""The learned policy of activation: exact probabilities, caution, and what it may not do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recommender.core.decision import Context
from recommender.core.dialogue import ShownItem, Slots, State, Understanding
from recommender.core.instructor import decide
from recommender.core.policy import (
    ARMS,
    FEATURES,
    LinearPolicy,
    as_vector,
    features,
    fit_policy,
    mix,
    pick,
    shrunk_mean,
)
from recommender.core.rewards import Response, reward_of
from recommender.core.steering import allowed_arms, arm_of, carry

RETRIEVE, ASK, EDIT, CREATE = range(4)


def context(**more: float) -> dict[str, float]:
    usual = {
        "rejections": 0,
        "matches": 0,
        "near": 3,
        "similarity": 0.2,
        "said": 2,
        "ai_satisfaction": 0.0,
        "ai_share": 25,
        "wait_s": 6.0,
        "desires": True,
    }
    return features(**{**usual, **more})


def trained(worth: dict[int, float], count: int = 200) -> LinearPolicy:
    rng = np.random.default_rng(0)
    arms = np.repeat(list(worth), count)
    contexts = np.stack([as_vector(context(near=int(rng.integers(6)))) for _ in arms])
    rewards = np.array([worth[arm] for arm in arms]) + rng.normal(0, 0.3, len(arms))
    return fit_policy(contexts, arms, rewards)


def test_probabilities_sum_to_one_and_are_those_drawn_with() -> None:
    chances = mix("create", ("retrieve", "ask", "create"), 0.05)
    assert sum(chances.values()) == pytest.approx(1.0)
    assert chances["create"] == pytest.approx(1 - 0.05 * 2 / 3)
    lots = (np.arange(6000) + 0.5) / 6000
    drawn = [pick(chances, lot) for lot in lots]
    for arm, chance in chances.items():
        assert drawn.count(arm) / 6000 == pytest.approx(chance, abs=2e-4)


def test_exploration_is_bounded_and_never_where_one_arm_is_left() -> None:
    assert mix("create", ("create",), 0.05) == {"create": 1.0}
    with pytest.raises(ValueError):
        mix("create", ("create", "ask"), 0.06)
    with pytest.raises(ValueError):
        mix("edit", ("create", "ask"), 0.01)


def test_it_learns_which_arm_pays() -> None:
    policy = trained({RETRIEVE: -0.2, CREATE: 0.6})
    assert policy.best(as_vector(context()), ("retrieve", "create"), "retrieve") == "create"


def test_an_arm_tried_once_with_luck_does_not_replace_the_rules() -> None:
    rng = np.random.default_rng(1)
    contexts = np.stack([as_vector(context())] * 301)
    arms = np.array([RETRIEVE] * 300 + [CREATE])
    rewards = np.append(0.3 + rng.normal(0, 0.5, 300), 0.7)
    policy = fit_policy(contexts, arms, rewards)
    assert policy.best(as_vector(context()), ("retrieve", "create"), "retrieve") == "retrieve"


def test_a_stored_policy_chooses_as_before_and_a_foreign_one_is_refused() -> None:
    policy = trained({RETRIEVE: 0.1, ASK: 0.3, CREATE: 0.2})
    again = LinearPolicy.from_dict(policy.as_dict())
    xs = np.stack([as_vector(context(near=n)) for n in range(6)])
    np.testing.assert_allclose(again.estimates(xs)[0], policy.estimates(xs)[0], atol=1e-5)
    with pytest.raises(ValueError):
        LinearPolicy.from_dict({**policy.as_dict(), "features": ["bias"]})


def test_features_are_bounded_whatever_comes_in() -> None:
    wild = features(
        rejections=99,
        matches=999,
        near=999,
        similarity=1.0,
        said=99,
        ai_satisfaction=shrunk_mean([1.0] * 500),
        ai_share=100,
        wait_s=1e9,
        desires=True,
    )
    assert tuple(wild) == FEATURES
    assert all(-1.0 <= value <= 1.0 for value in wild.values())


def test_rewards_by_hand() -> None:
    like, no = Response(frozenset({"like"})), Response(frozenset({"dislike"}))
    assert reward_of("retrieve", [Response(), Response(), like]) == 1.0
    assert reward_of("retrieve", [no, Response(), like]) == 0.0
    assert reward_of("retrieve", [no, Response()]) == -1.0
    assert reward_of("retrieve", [Response(looked_s=7.0)]) == 0.3
    assert reward_of("create", [like], wait_s=20.0) == pytest.approx(0.8)
    assert reward_of("create", []) == pytest.approx(-0.1)
    assert reward_of("retrieve", []) == 0.0


# ---- where the rules leave a choice --------------------------------------------------------------

WISH = State(wanted=Slots(types=("skirt",), colours=("red",)))
HEARD = Understanding(text="a red skirt", wanted=WISH.wanted, is_desire=True)


def arms_for(heard: Understanding, state: State, given: Context, own: ShownItem | None = None):
    return allowed_arms(heard, state, given, decide(heard, state, given), own)


@pytest.mark.parametrize(
    ("heard", "given"),
    [
        (replace(HEARD, is_make=True), Context(near=3)),
        (replace(HEARD, refusal="sexual"), Context(near=3)),
        (replace(HEARD, topic="help"), Context(near=3)),
        (HEARD, Context(near=3, rejections=3)),
        (replace(HEARD, is_more=True, is_find=True), Context(near=3)),
    ],
)
def test_the_rules_leave_no_choice(heard: Understanding, given: Context) -> None:
    assert len(arms_for(heard, WISH, given)) <= 1


@pytest.mark.parametrize(
    ("heard", "given"),
    [
        (replace(HEARD, is_find=True), Context(near=3)),
        (replace(HEARD, no_make=True), Context(near=3)),
        (HEARD, Context(near=3, ai_share=0)),
        (HEARD, Context(near=3, problem="You have used your 120 creations.")),
        (HEARD, Context(matches=5, near=3)),
        (replace(HEARD, kind="video"), Context(near=3, kinds=("image",))),
    ],
)
def test_nothing_is_made_unasked_against_a_refusal_a_quota_or_a_covered_wish(
    heard: Understanding, given: Context
) -> None:
    state = replace(WISH, kind=heard.kind)
    assert not {"create", "edit"} & set(arms_for(heard, state, given))


def test_an_uncovered_wish_may_be_made_and_is_then_ranked_not_direct() -> None:
    given = Context(near=3)
    arms = arms_for(HEARD, WISH, given)
    assert arms == ("retrieve", "ask", "create")
    made = carry("create", decide(HEARD, WISH, given), HEARD, WISH, given)
    assert (made.action, made.exposure, made.reason) == ("create", "ranked", "policy")
    assert made.attributes.colours == ("red",)


def test_asking_names_what_is_missing_and_is_not_repeated() -> None:
    given = Context(near=3)
    asked = carry("ask", decide(HEARD, WISH, given), HEARD, WISH, given)
    assert asked.action == "ask"
    assert "pattern" in asked.reply
    assert "ask" not in arms_for(HEARD, replace(WISH, last_action="ask"), given)
    full = replace(WISH, wanted=replace(WISH.wanted, patterns=("plain",)))
    assert "ask" not in arms_for(HEARD, full, given)


def test_an_own_item_that_comes_near_may_be_changed_into_the_wish() -> None:
    own = ShownItem(7, type="skirt", colours=("blue",), pattern="plain", editable=True)
    given = Context(near=3)
    assert "edit" in arms_for(HEARD, WISH, given, own)
    edit = carry("edit", decide(HEARD, WISH, given), HEARD, WISH, given, own)
    assert (edit.action, edit.source_id, edit.exposure) == ("edit", 7, "ranked")
    assert edit.attributes.colours == ("red",)
    assert edit.attributes.type == "skirt"


def test_the_rules_arm_leaves_their_decision_untouched() -> None:
    given = Context(near=3)
    decision = decide(HEARD, WISH, given)
    assert carry("retrieve", decision, HEARD, WISH, given) is decision
    assert arm_of(decision) == "retrieve"
    assert ARMS[RETRIEVE] == "retrieve"
