"""The feed's offer after rejections: when it comes, to whom, and that it comes once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Consent, User
from common.errors import ConflictError, InvalidInputError
from feed.offers import accept_offer, dismiss_offer, find_offer
from feed.rewards import settle_rewards
from generation.models import Job
from recommender.models import Interaction, PolicyDecision, StatedWish
from recommender.services import react
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer() -> User:
    """Somebody who likes navy skirts and lets us learn."""
    person = UserFactory()
    Consent.objects.create(user=person, kind=Consent.Kind.PERSONALISATION, granted=True)
    for _ in range(2):
        skirt = ItemFactory(published=True, colours=["navy"])
        react(user=person, item=skirt, kind="like")
    Interaction.objects.update(created_at=timezone.now() - timedelta(hours=1))
    return person


def reject(user: User, count: int, **traits: object) -> None:
    for _ in range(count):
        item = ItemFactory(published=True, garment_type="hat", colours=["red"], **traits)
        react(user=user, item=item, kind="dislike")


def test_three_rejections_of_human_items_bring_an_offer_of_what_is_liked(viewer: User) -> None:
    reject(viewer, 2)
    assert find_offer(viewer) is None
    reject(viewer, 1)
    offer = find_offer(viewer)
    assert offer is not None
    assert offer.wish == "a navy skirt"
    assert find_offer(viewer) == offer
    row = PolicyDecision.objects.get()
    assert (row.arm, row.propensity, row.exposure, row.turn) == ("create", 1.0, "direct", None)


def test_rejected_ai_items_bring_none(viewer: User) -> None:
    reject(viewer, 3, ai=True)
    assert find_offer(viewer) is None


def test_no_offer_without_leave_without_ai_without_likes_or_quota(viewer: User, settings) -> None:
    reject(viewer, 3)
    viewer.profile.ai_share = 0
    viewer.profile.save()
    assert find_offer(viewer) is None
    viewer.profile.ai_share = 25
    viewer.profile.save()
    settings.GENERATION_DAILY_QUOTA = 0
    assert find_offer(viewer) is None
    settings.GENERATION_DAILY_QUOTA = 10
    Consent.objects.create(user=viewer, kind=Consent.Kind.PERSONALISATION, granted=False)
    assert find_offer(viewer) is None
    stranger = UserFactory()
    reject(stranger, 3)
    assert find_offer(stranger) is None
    Consent.objects.create(user=stranger, kind=Consent.Kind.PERSONALISATION, granted=True)
    assert find_offer(stranger) is None
    assert not PolicyDecision.objects.exists()


def test_a_dismissed_offer_stays_away_until_three_more_rejections(viewer: User) -> None:
    reject(viewer, 3)
    offer = find_offer(viewer)
    dismiss_offer(user=viewer, pk=offer.id)
    dismiss_offer(user=viewer, pk=offer.id)
    assert find_offer(viewer) is None
    reject(viewer, 2)
    assert find_offer(viewer) is None
    reject(viewer, 1)
    assert find_offer(viewer) is not None
    with pytest.raises(ConflictError):
        accept_offer(user=viewer, pk=offer.id)
    settle_rewards()
    assert PolicyDecision.objects.get(pk=offer.id).reward == -0.2


def test_an_accepted_offer_is_made_once_and_directly(viewer: User) -> None:
    reject(viewer, 3)
    offer = find_offer(viewer)
    first, again = (accept_offer(user=viewer, pk=offer.id) for _ in range(2))
    assert first == again
    job = Job.objects.get()
    assert job.guidance["exposure"] == "direct"
    assert job.guidance["wanted"]["colours"] == ["navy"]
    assert find_offer(viewer) is None
    assert PolicyDecision.objects.get(pk=offer.id).turn == first


def test_an_ignored_offer_goes_away_and_is_worth_nothing(viewer: User) -> None:
    reject(viewer, 3)
    offer = find_offer(viewer)
    PolicyDecision.objects.update(created_at=timezone.now() - timedelta(minutes=31))
    Interaction.objects.update(created_at=timezone.now() - timedelta(minutes=40))
    assert find_offer(viewer) is None
    settle_rewards()
    row = PolicyDecision.objects.get(pk=offer.id)
    assert row.reward == pytest.approx(0.0)


def test_what_a_person_told_us_not_to_show_is_not_offered(viewer: User) -> None:
    StatedWish.objects.create(
        user=viewer, polarity=StatedWish.Polarity.UNWANTED, slot="colours", value="navy"
    )
    reject(viewer, 3)
    assert find_offer(viewer).wish == "a skirt"


def test_somebody_elses_offer_is_none_of_mine(viewer: User) -> None:
    reject(viewer, 3)
    offer = find_offer(viewer)
    for act in (accept_offer, dismiss_offer):
        with pytest.raises(InvalidInputError):
            act(user=UserFactory(), pk=offer.id)


def test_the_offer_arrives_with_the_third_rejection_and_on_the_page(viewer: User, client) -> None:
    client.force_login(viewer)
    reject(viewer, 2)
    item = ItemFactory(published=True, garment_type="hat")
    answer = client.post(
        reverse("feed:react", args=[item.pk]), {"kind": "dislike"}, headers={"HX-Request": "true"}
    )
    assert "a navy skirt" in answer.content.decode()
    assert "hx-swap-oob" in answer.content.decode()
    page = client.get(reverse("feed:page")).content.decode()
    assert "I could make you a navy skirt" in page
    offer = PolicyDecision.objects.get()
    taken = client.post(
        reverse("feed:offer-accept", args=[offer.pk]), headers={"HX-Request": "true"}
    )
    assert f"job-{Job.objects.get().pk}" in taken.content.decode()
    assert "Shown directly, because you asked for it." in taken.content.decode()


def test_without_javascript_the_buttons_lead_back_to_the_feed(viewer: User, client) -> None:
    reject(viewer, 3)
    offer = find_offer(viewer)
    url = reverse("feed:offer-dismiss", args=[offer.id])
    assert client.post(url).status_code == 302
    assert PolicyDecision.objects.get().context["offer"] == "open"
    client.force_login(viewer)
    assert client.get(url).status_code == 405
    assert client.post(url).url == reverse("feed:page")
    assert PolicyDecision.objects.get().context["offer"] == "dismissed"


def test_the_api_offers_and_takes_answers(viewer: User, client) -> None:
    assert client.get("/api/v1/feed/offer/").status_code in {401, 403}
    client.force_login(viewer)
    assert client.get("/api/v1/feed/offer/").json() == {"offer": None}
    reject(viewer, 3)
    offer = client.get("/api/v1/feed/offer/").json()["offer"]
    url = f"/api/v1/feed/offer/{offer['id']}/"
    assert client.post(url, {"answer": "perhaps"}).status_code == 400
    made = client.post(url, {"answer": "accept"})
    assert made.status_code == 201
    assert made.json()["job_id"] == Job.objects.get().pk
