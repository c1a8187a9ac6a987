"""The people of the demo world talk to the instructor and meet what AI made, by their own taste."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.utils import timezone

from catalog.models import Item
from dashboard.people_figures import measure_people
from dashboard.policy_figures import get_policy_figures
from demo.history import Times, draw_residents, make_history
from demo.seeding import SEED, let_ask
from demo.world import plan_items
from feed.rewards import reward_for
from generation.models import Job
from recommender.models import Interaction, PolicyDecision, Turn
from tests.factories import ItemFactory, UserFactory

PEOPLE, CREATIONS = 24, 12


class Hands:
    """A crew that makes at once, and exactly, what was asked for; every fourth is held back."""

    def carry_out(self, jobs: Sequence[Job]) -> list[Item]:
        made = []
        for number, job in enumerate(jobs):
            wanted = job.guidance["wanted"]
            held = number % 4 == 3
            item = ItemFactory(
                published=not held,
                ai=job.source is None,
                garment_type=wanted["type"],
                colours=wanted["colours"] or ["black"],
                pattern=wanted["pattern"] or "plain",
            )
            if job.source is not None:
                item.origin = Item.Origin.AI_ASSISTED
                item.save()
            Job.objects.filter(pk=job.pk).update(result=item, state=Job.State.DONE)
            made.append(item)
        return made


@pytest.fixture
def world(db):
    plans = plan_items(240, 8, 5)
    owner = UserFactory(uploader=True)
    items = [
        ItemFactory(
            published=True,
            owner=owner,
            kind=plan.kind,
            garment_type=plan.spec.type,
            colours=[plan.spec.colour],
            pattern=plan.spec.pattern,
        )
        for plan in plans
    ]
    residents = draw_residents([UserFactory(username=f"v{n}") for n in range(PEOPLE)], SEED)
    times = Times.until_now()
    make_history(residents, items, times, SEED)
    let_ask(residents, items, CREATIONS, Hands(), times)
    return residents


def test_an_operator_finds_both_pages_filled_with_intervals(world):
    figures = {row.key: row for row in measure_people(until=timezone.now(), days=30).figures}
    for origin in (Item.Origin.AI, Item.Origin.HUMAN):
        assert figures["ctr"].by_origin[origin].low is not None
        assert figures["dwell"].by_origin[origin].value is not None
    assert figures["ctr"].by_origin[Item.Origin.AI_ASSISTED].value is not None
    policy = get_policy_figures()
    rows = {row.arm: row for row in policy.arms}
    assert policy.open_decisions > 100
    assert rows["retrieve"].reward.low is not None
    assert rows["create"].settled > 0
    assert 0 < policy.explored < 0.1 * policy.open_decisions


def test_propensities_are_those_of_the_draw_and_rewards_those_of_the_site(world):
    now = timezone.now()
    same = []
    for decision in PolicyDecision.objects.select_related("turn", "user"):
        assert sum(decision.probabilities.values()) == pytest.approx(1.0)
        assert decision.propensity == decision.probabilities[decision.arm]
        if decision.turn.action == Turn.Action.RETRIEVE and decision.arm == "retrieve":
            settled = reward_for(decision, now)
            same.append(settled == pytest.approx(decision.reward, abs=0.02))
    # Now and then somebody met one of the shown items in their feed at the same time.
    assert len(same) > 50
    assert sum(same) / len(same) > 0.9


def test_no_more_is_made_than_there_is_to_make_and_nothing_before_it_was_asked_for(world):
    assert Job.objects.filter(source=None).count() <= 8
    assert (
        PolicyDecision.objects.filter(arm="create").count()
        == Job.objects.filter(source=None).count()
    )
    for job in Job.objects.exclude(result=None):
        assert job.created_at < job.finished_at < timezone.now()
        seen = Interaction.objects.filter(item=job.result)
        assert all(act.created_at > job.finished_at for act in seen)


def test_who_wants_no_ai_meets_none_and_what_was_held_back_nobody_does(world):
    without = {one.user.pk for one in world if one.ai_share == 0}
    assert without
    met = Interaction.objects.filter(item__origin=Item.Origin.AI)
    assert met.exists()
    assert not without & set(met.values_list("user_id", flat=True))
    assert not Interaction.objects.exclude(item__state=Item.State.PUBLISHED).exists()
