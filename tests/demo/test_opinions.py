"""The people of the demo world say something, watch videos, and not all of them stay."""

from __future__ import annotations

import numpy as np
import pytest

from accounts.models import User
from catalog.models import Asset
from dashboard.people_figures import measure_people
from demo.history import Times, draw_residents, make_history
from demo.opinions import SPAN, draw_stay
from demo.world import plan_items
from recommender.models import Interaction, Rating, Remark
from tests.factories import ItemFactory, UserFactory


@pytest.fixture
def world(db):
    plans = plan_items(60, 8, 5)
    items = []
    for plan in plans:
        item = ItemFactory(
            published=True,
            kind=plan.kind,
            garment_type=plan.spec.type,
            colours=[plan.spec.colour],
            pattern=plan.spec.pattern,
        )
        if plan.kind == "video":
            Asset.objects.create(
                item=item, role="master", file="x", mime="video/mp4", duration_s=4.0, sha256="0"
            )
        items.append(item)
    viewers = [UserFactory(username=name) for name in ("viewer", *"abcdefgh")]
    make_history(draw_residents(viewers, 5), items, Times.until_now(), 5)
    return viewers


def test_the_operators_page_is_not_empty(world):
    from django.utils import timezone

    found = {row.key: row for row in measure_people(until=timezone.now(), days=30).figures}
    for key in ("ctr", "likes", "dwell", "completion", "rating_overall"):
        assert found[key].by_origin["human"].value is not None
    assert Remark.objects.exclude(understood__opinion="").exists()
    assert not Rating.objects.filter(facet="length", item__kind="image").exists()
    assert not Interaction.objects.filter(kind="complete", item__kind="image").exists()


def test_nobody_acts_before_joining_or_in_the_future(world):
    from django.utils import timezone

    joined = dict(User.objects.values_list("pk", "date_joined"))
    for user, at in Interaction.objects.values_list("user_id", "created_at"):
        assert joined[user] <= at <= timezone.now()
    assert len(set(joined.values())) > 1


def test_stays_lie_within_the_span():
    rng = np.random.default_rng(0)
    stays = [draw_stay(rng) for _ in range(200)]
    assert all(0 <= stay.joined < stay.left <= SPAN for stay in stays)
    assert 30 < sum(stay.left < SPAN for stay in stays) < 110
    assert all(stay.moment(SPAN) == pytest.approx(stay.left) for stay in stays)
