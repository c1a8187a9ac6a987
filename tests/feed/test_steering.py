"""The policy at work on the site: its record, its limits, and what a decision was worth."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import Consent, User
from catalog.models import Item
from common.errors import InvalidInputError
from feed.instructor_services import take_turn
from feed.rewards import WINDOW, settle_rewards
from feed.tasks import settle_rewards_task
from generation.models import Job
from recommender.core import candidates
from recommender.core.policy import ARMS, FEATURES, fit_policy
from recommender.models import Interaction, PolicyDecision, PolicyVersion, Turn
from recommender.services import policies, react
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer() -> User:
    person = UserFactory()
    Consent.objects.create(user=person, kind=Consent.Kind.PERSONALISATION, granted=True)
    return person


@pytest.fixture
def skirts() -> list[Item]:
    """Blue skirts: none of them answers a wish for a red one."""
    return [ItemFactory(published=True, colours=["blue"]) for _ in range(3)]


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch, settings) -> dict[str, float]:
    """Exploration is on; the lot is set by the test."""
    settings.POLICY_EXPLORATION = 0.05
    lot = {"value": 0.0}

    class Lots:
        def random(self) -> float:
            return lot["value"]

    monkeypatch.setattr(policies, "_lots", Lots())
    return lot


def say(user: User, text: str, **more: object) -> Turn:
    return take_turn(user=user, text=text, request_key=uuid.uuid4(), **more)


def later(minutes: float = 31) -> int:
    return settle_rewards(now=timezone.now() + timedelta(minutes=minutes))


# ---- the record ----------------------------------------------------------------------------------


def test_a_choice_is_logged_with_context_probabilities_and_propensity(
    viewer: User, skirts: list[Item], draws
) -> None:
    turn = say(viewer, "I want a red skirt")
    row = PolicyDecision.objects.get()
    assert (row.turn, row.user, row.arm, row.policy) == (turn, viewer, "retrieve", "rules")
    assert set(row.probabilities) == {"retrieve", "ask", "create"}
    assert sum(row.probabilities.values()) == pytest.approx(1.0)
    assert row.propensity == pytest.approx(1 - 0.05 * 2 / 3)
    assert set(FEATURES) <= set(row.context)
    assert row.context["no_match"] == 1.0
    assert row.reward is None


def test_exploration_may_make_the_thing_which_is_then_ranked(
    viewer: User, skirts: list[Item], draws
) -> None:
    draws["value"] = 0.999
    turn = say(viewer, "I want a red skirt")
    assert turn.action == Turn.Action.CREATE
    assert Job.objects.get(pk=turn.job_id).guidance["exposure"] == "ranked"
    row = PolicyDecision.objects.get()
    assert (row.arm, row.exposure, row.reason) == ("create", "ranked", "policy")
    assert row.propensity == pytest.approx(0.05 / 3)


def test_an_explicit_request_is_certain_and_shown_directly(
    viewer: User, skirts: list[Item], draws
) -> None:
    draws["value"] = 0.999
    turn = say(viewer, "make me a red skirt")
    row = PolicyDecision.objects.get()
    assert (turn.action, row.arm, row.propensity) == ("create", "create", 1.0)
    assert (row.exposure, row.reason) == ("direct", "explicit")
    assert row.probabilities == {"create": 1.0}


def test_someone_who_wants_no_ai_gets_none_by_exploration(
    viewer: User, skirts: list[Item], draws
) -> None:
    viewer.profile.ai_share = 0
    viewer.profile.save()
    draws["value"] = 0.999
    assert say(viewer, "I want a red skirt").action != Turn.Action.CREATE
    assert "create" not in PolicyDecision.objects.get().probabilities


def test_asked_to_find_it_never_makes(viewer: User, skirts: list[Item], draws) -> None:
    draws["value"] = 0.999
    assert say(viewer, "show me a red skirt").action in {"retrieve", "ask"}
    assert not Job.objects.exists()


def test_who_refused_to_be_learned_from_leaves_no_record(skirts: list[Item], draws) -> None:
    person = UserFactory()
    Consent.objects.create(user=person, kind=Consent.Kind.PERSONALISATION, granted=False)
    draws["value"] = 0.999
    assert say(person, "I want a red skirt").action == Turn.Action.RETRIEVE
    assert not PolicyDecision.objects.exists()


def test_who_was_never_asked_is_served_by_the_rules(skirts: list[Item], draws) -> None:
    draws["value"] = 0.999
    assert say(UserFactory(), "I want a red skirt").action == Turn.Action.RETRIEVE
    assert PolicyDecision.objects.get().propensity == 1.0


def test_small_talk_is_no_decision(viewer: User, draws) -> None:
    say(viewer, "hello")
    assert not PolicyDecision.objects.exists()


def test_the_same_message_twice_is_one_decision(viewer: User, skirts: list[Item], draws) -> None:
    key = uuid.uuid4()
    for _ in range(2):
        take_turn(user=viewer, text="I want a red skirt", request_key=key)
    assert PolicyDecision.objects.count() == 1


def test_a_full_quota_stops_exploration_politely(
    viewer: User, skirts: list[Item], draws, settings
) -> None:
    settings.GENERATION_DAILY_QUOTA = 0
    draws["value"] = 0.999
    turn = say(viewer, "I want a red skirt")
    assert turn.action == Turn.Action.ANSWER
    assert PolicyDecision.objects.get().reason == "refused_job"


def test_an_own_picture_that_comes_near_may_be_changed(viewer: User, draws) -> None:
    ItemFactory(published=True, colours=["blue"], owner=viewer)
    draws["value"] = 0.97
    say(viewer, "I want a red skirt")
    assert "edit" in PolicyDecision.objects.get().probabilities


# ---- rewards -------------------------------------------------------------------------------------


def test_a_like_of_what_was_shown_is_the_reward_once_the_window_is_over(
    viewer: User, skirts: list[Item], draws
) -> None:
    turn = say(viewer, "I want a red skirt")
    react(user=viewer, item=Item.objects.get(pk=turn.item_ids[0]), kind="like")
    assert settle_rewards() == 0
    assert later() == 1
    assert PolicyDecision.objects.get().reward == 1.0
    assert later() == 0


def test_a_like_taken_back_and_a_like_of_something_else_do_not_count(
    viewer: User, skirts: list[Item], draws
) -> None:
    turn = say(viewer, "I want a red skirt")
    shown = Item.objects.get(pk=turn.item_ids[0])
    react(user=viewer, item=shown, kind="like")
    react(user=viewer, item=shown, kind="undo")
    react(user=viewer, item=ItemFactory(published=True, garment_type="hat"), kind="like")
    later()
    assert PolicyDecision.objects.get().reward == 0.0


def test_somebody_elses_like_and_a_late_like_do_not_count(
    viewer: User, skirts: list[Item], draws
) -> None:
    turn = say(viewer, "I want a red skirt")
    shown = Item.objects.get(pk=turn.item_ids[0])
    other = UserFactory()
    react(user=other, item=shown, kind="like")
    late = timezone.now() + WINDOW + timedelta(minutes=1)
    Interaction.objects.create(user=viewer, item=shown, kind="like", created_at=late)
    later(40)
    assert PolicyDecision.objects.get(user=viewer).reward == 0.0


def test_what_is_being_made_is_waited_for_and_a_refusal_costs(
    viewer: User, skirts: list[Item], draws
) -> None:
    turn = say(viewer, "make me a red skirt")
    assert later() == 0
    job = Job.objects.get(pk=turn.job_id)
    job.state, job.finished_at = Job.State.FAILED, timezone.now()
    job.save()
    assert later() == 1
    assert PolicyDecision.objects.get().reward == pytest.approx(-0.1, abs=0.02)


def test_a_made_item_earns_its_like_less_the_cost(viewer: User, skirts: list[Item], draws) -> None:
    turn = say(viewer, "make me a red skirt")
    made = ItemFactory(published=True, ai=True, made_for=viewer)
    job = Job.objects.get(pk=turn.job_id)
    job.state, job.finished_at, job.result = Job.State.DONE, timezone.now(), made
    job.save()
    react(user=viewer, item=made, kind="like")
    later()
    assert PolicyDecision.objects.get().reward == pytest.approx(0.9, abs=0.02)


def test_a_question_is_worth_what_its_answer_brought(
    viewer: User, skirts: list[Item], draws
) -> None:
    draws["value"] = 0.975
    assert say(viewer, "I want a red skirt").action == Turn.Action.ASK
    draws["value"] = 0.0
    answer = say(viewer, "plain")
    react(user=viewer, item=Item.objects.get(pk=answer.item_ids[0]), kind="like")
    later()
    asked = PolicyDecision.objects.order_by("pk").first()
    assert asked.arm == "ask"
    assert asked.reward == pytest.approx(0.9)


def test_a_decision_whose_conversation_was_cleared_settles_at_nothing(
    viewer: User, skirts: list[Item], draws
) -> None:
    say(viewer, "I want a red skirt")
    Turn.objects.all().delete()
    later()
    assert PolicyDecision.objects.get().reward == 0.0


def test_the_task_may_run_at_any_time() -> None:
    settle_rewards_task()
    assert not PolicyDecision.objects.exists()


# ---- learning ------------------------------------------------------------------------------------


def fill_log(worth: dict[str, float], count: int = 1200, people: int = 30) -> None:
    """Write a settled log of rules with exploration, in which each arm is worth what is said."""
    rng = np.random.default_rng(0)
    users = [UserFactory() for _ in range(people)]
    chances = {"retrieve": 0.9, "ask": 0.05, "create": 0.05}
    rows = []
    for n in range(count):
        arm = str(rng.choice(list(chances), p=list(chances.values())))
        near = float(rng.integers(6)) / 6
        rows.append(
            PolicyDecision(
                user=users[n % people],
                policy="rules",
                context={"bias": 1.0, "near": near, "no_match": 1.0, "rule": "retrieve"},
                arm=arm,
                probabilities=chances,
                propensity=chances[arm],
                reward=worth[arm] + rng.normal(0, 0.1),
                rewarded_at=timezone.now(),
            )
        )
    PolicyDecision.objects.bulk_create(rows)


def test_too_small_a_log_teaches_nothing() -> None:
    with pytest.raises(InvalidInputError):
        policies.train_policy()


def test_a_better_policy_is_learnt_serves_and_is_rolled_back() -> None:
    fill_log({"retrieve": 0.0, "ask": 0.1, "create": 0.8})
    version = policies.train_policy()
    assert version.is_serving
    assert version.metrics["gain"]["low"] > 0
    allowed = ("retrieve", "ask", "create")
    context = {"bias": 1.0, "near": 0.5, "no_match": 1.0}
    choice = policies.choose(allowed=allowed, context=context)
    assert (choice.arm, choice.policy) == ("create", f"linear-{version.pk}")
    policies.roll_back()
    assert policies.choose(allowed=allowed, context=context).arm == "retrieve"
    again = policies.train_policy()
    assert not again.is_serving
    policies.switch_to_learned()
    assert policies.choose(allowed=allowed, context=context).arm == "create"


def test_a_policy_that_may_be_worse_is_stored_but_does_not_serve(monkeypatch) -> None:
    fill_log({"retrieve": 0.5, "ask": 0.4, "create": -0.5})
    bad = fit_policy(np.eye(len(FEATURES))[:1], np.array([ARMS.index("create")]), np.ones(1))
    reckless = np.zeros_like(bad.response)
    reckless[ARMS.index("create"), 0] = 50.0
    monkeypatch.setattr(
        candidates, "fit_policy", lambda *a, **k: type(bad)(bad.precision, reckless, 0.0, 0.05)
    )
    version = policies.train_policy()
    assert not version.is_serving
    assert policies.version_on_trial() is None
    assert "worse than the rules" in version.metrics["held_back"]


def begin_trial(share: float = 0.5) -> PolicyVersion:
    """Store a candidate on trial that would always create."""
    bold = fit_policy(np.eye(len(FEATURES))[:1], np.array([ARMS.index("create")]), np.ones(1))
    response = np.zeros_like(bold.response)
    response[ARMS.index("create"), 0] = 50.0
    policy = type(bold)(bold.precision, response, 0.0, 0.05)
    return PolicyVersion.objects.create(
        kind=policies.LEARNED,
        parameters=policy.as_dict(),
        metrics={"trial": {"state": policies.ON_TRIAL, "share": share, "looks": []}},
    )


def fill_trial(version: PolicyVersion, worth: dict[str, float], count: int = 2100) -> None:
    """Write settled decisions of its trial, in which each arm is worth what is said."""
    rng = np.random.default_rng(1)
    users = [UserFactory() for _ in range(20)]
    chances = {"retrieve": 0.5, "create": 0.5}
    PolicyDecision.objects.bulk_create(
        PolicyDecision(
            user=users[n % 20],
            policy="rules",
            context={"bias": 1.0, "rule": "retrieve", "trial": version.pk},
            arm=arm,
            probabilities=chances,
            propensity=0.5,
            reward=worth[arm] + rng.normal(0, 0.3),
            rewarded_at=timezone.now(),
        )
        for n, arm in enumerate(rng.choice(list(chances), size=count))
    )


def test_what_is_not_yet_sure_is_tried_where_it_departs_and_nowhere_else(settings) -> None:
    settings.POLICY_EXPLORATION = 0.05
    version = begin_trial(share=0.5)
    choice = policies.choose(allowed=("retrieve", "ask", "create"), context={"bias": 1.0})
    assert choice.policy == "rules"
    assert choice.trial == version.pk
    assert 0.45 < choice.probabilities["create"] < 0.52
    assert sum(choice.probabilities.values()) == pytest.approx(1.0)
    assert policies.choose(allowed=("retrieve",), context={"bias": 1.0}).trial is None
    careful = policies.choose(allowed=("retrieve", "create"), context={"bias": 1.0}, explores=False)
    assert careful.probabilities == {"retrieve": 1.0, "create": 0.0}


def test_nothing_is_tried_while_a_person_chose_what_serves(settings) -> None:
    settings.POLICY_EXPLORATION = 0.05
    begin_trial()
    policies.switch_to_rules()
    choice = policies.choose(allowed=("retrieve", "create"), context={"bias": 1.0})
    assert choice.trial is None
    assert choice.probabilities["retrieve"] > 0.9


@pytest.mark.parametrize(
    ("worth", "serves", "goes_on"),
    [
        ({"retrieve": 0.2, "create": 0.6}, True, False),
        ({"retrieve": 0.6, "create": 0.2}, False, False),
        ({"retrieve": 0.4, "create": 0.4}, False, True),
    ],
)
def test_a_trial_ends_with_the_better_policy_in_service(
    worth: dict[str, float], serves: bool, goes_on: bool
) -> None:
    version = begin_trial()
    assert policies.train_policy().metrics["trial"]["looks"] == []  # too early to say
    fill_trial(version, worth)
    judged = policies.train_policy()
    assert judged == version
    assert judged.is_serving is serves
    assert (policies.version_on_trial() is not None) is goes_on
    assert judged.metrics["trial"]["looks"][0]["n"] == 2100
    if goes_on:
        # Not looked at again before the trial has doubled.
        assert len(policies.train_policy().metrics["trial"]["looks"]) == 1


def test_a_version_of_other_features_leaves_the_rules_in_charge() -> None:
    policies.serve(PolicyVersion.objects.create(kind=policies.LEARNED, parameters={"features": []}))
    assert policies.choose(allowed=("retrieve", "create"), context={}).policy == "rules"


def test_the_commands_print_and_write_their_figures(tmp_path, capsys) -> None:
    with pytest.raises(CommandError):
        call_command("evaluate_policy")
    fill_log({"retrieve": 0.0, "ask": 0.1, "create": 0.8})
    call_command("train_policy", "--json", str(tmp_path / "t.json"))
    call_command("evaluate_policy", "--json", str(tmp_path / "e.json"))
    found = json.loads((tmp_path / "e.json").read_text())
    for name in ("ips", "snips", "dr"):
        assert found["learned"][name]["value"] > found["rules"][name]["value"]
    assert found["rules"]["dr"]["effective_n"] > 500
    call_command("train_policy", "--rules-only")
    assert policies.serving_version().kind == policies.RULES
    call_command("train_policy", "--automatic")
    assert policies.serving_version().kind == policies.LEARNED
    assert capsys.readouterr().out


def test_an_offer_that_was_taken_up_is_worth_what_was_made(
    viewer: User, skirts: list[Item], draws
) -> None:
    say(viewer, "I want a red skirt")
    turn = say(viewer, "Yes, make it")
    made = ItemFactory(published=True, ai=True, made_for=viewer)
    job = Job.objects.get(pk=turn.job_id)
    job.state, job.finished_at, job.result = Job.State.DONE, timezone.now(), made
    job.save()
    react(user=viewer, item=made, kind="like")
    later()
    offered = PolicyDecision.objects.order_by("pk").first()
    assert offered.arm == "retrieve"
    assert offered.reward == pytest.approx(0.8, abs=0.02)
