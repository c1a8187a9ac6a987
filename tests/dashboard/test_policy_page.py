"""The operator's page of the policy: what it shows, who may see it, what the switch does."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from dashboard.policy_figures import get_policy_figures
from recommender.models import PolicyDecision, PolicyVersion
from recommender.services import policies
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> User:
    return UserFactory(operator=True)


def decide(arm: str, reward: float | None, propensity: float = 1.0, **more: object) -> None:
    PolicyDecision.objects.create(
        user=UserFactory(),
        policy="rules",
        arm=arm,
        probabilities={arm: propensity},
        propensity=propensity,
        reward=reward,
        rewarded_at=timezone.now(),
        **more,
    )


def test_arms_are_counted_with_rewards_and_intervals() -> None:
    for reward in (1.0, 0.0, 0.5, 1.0, 0.5):
        decide("retrieve", reward, 0.97)
    decide("create", None, exposure="direct")
    decide("ask", -0.1, 0.017)
    figures = get_policy_figures()
    rows = {row.arm: row for row in figures.arms}
    assert (rows["retrieve"].decisions, rows["retrieve"].forced) == (5, 0)
    assert rows["retrieve"].reward.value == pytest.approx(0.6)
    assert rows["retrieve"].reward.low <= 0.6 <= rows["retrieve"].reward.high
    assert (rows["create"].forced, rows["create"].direct, rows["create"].settled) == (1, 1, 0)
    assert rows["create"].reward.value is None
    assert (figures.explored, figures.open_decisions, figures.decisions) == (1, 6, 7)


def test_the_page_and_the_switch(operator: User, client) -> None:
    client.force_login(operator)
    decide("retrieve", 1.0, 0.97)
    judged = {"value": 0.1, "low": -0.2, "high": 0.4, "effective_n": 50.0, "largest_weight": 9.0}
    PolicyVersion.objects.create(
        kind=policies.LEARNED,
        metrics={
            "trained_on": 700,
            "judged_on": 300,
            "held_back": "it may be worse than the rules",
            "gain": judged,
            "rules": {"ips": judged, "snips": judged, "dr": judged},
            "learned": {"ips": judged, "snips": judged, "dr": judged},
        },
    )
    page = client.get(reverse("dashboard:policy")).content.decode()
    assert "it may be worse than the rules" in page
    assert "Doubly robust" in page
    assert client.post(reverse("dashboard:policy-switch"), {"mode": "rules"}).status_code == 302
    assert policies.is_pinned()
    assert "put there by a person" in client.get(reverse("dashboard:policy")).content.decode()
    client.post(reverse("dashboard:policy-switch"), {"mode": "learned"})
    assert not policies.is_pinned()
    assert client.post(reverse("dashboard:policy-switch"), {"mode": "x"}).status_code == 400
    assert client.get(reverse("dashboard:policy-switch")).status_code == 405


def test_an_empty_site_has_a_page_too(operator: User, client) -> None:
    client.force_login(operator)
    assert "Nothing was learnt yet" in client.get(reverse("dashboard:policy")).content.decode()


def test_others_are_kept_out(client) -> None:
    url = reverse("dashboard:policy")
    assert client.get(url).status_code == 302
    client.force_login(UserFactory())
    assert client.get(url).status_code == 403
    assert client.post(reverse("dashboard:policy-switch"), {"mode": "rules"}).status_code == 403
    assert client.get("/api/v1/dashboard/policy/").status_code == 403
    assert not PolicyVersion.objects.exists()


def test_the_api_shows_and_switches(operator: User, client) -> None:
    client.force_login(operator)
    assert client.get("/api/v1/dashboard/policy/").json()["serving"] == "rules"
    answer = client.post("/api/v1/dashboard/policy/", {"mode": "rules"})
    assert answer.json()["is_pinned"] is True
    assert client.post("/api/v1/dashboard/policy/", {"mode": "none"}).status_code == 400
