"""Who sees what: ages, what rests on one person's likes, and canaries that must not come back."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from django.test import Client

from accounts.models import Consent, Profile, User
from catalog.models import Item
from catalog.selectors import can_view, search_items
from common.guidance import Guidance
from moderation.models import CheckResult
from moderation.services import screen_item
from moderation.services.gathering import gather
from tests.factories import ItemFactory, UserFactory
from tests.moderation.conftest import MakeItem, draw, guidance_of

pytestmark = pytest.mark.django_db


def person(band: str) -> User:
    user = UserFactory()
    Profile.objects.update_or_create(user=user, defaults={"age_band": band})
    return User.objects.get(pk=user.pk)


def fresh(item: Item) -> Item:
    return Item.objects.get(pk=item.pk)


def liked_by(user: User) -> dict[str, object]:
    """Guidance that rests on something this person likes."""
    liked = ItemFactory(published=True)
    plain = Guidance.from_dict(guidance_of(user))
    return dataclasses.replace(plain, liked_item_ids=(liked.pk,)).as_dict()


@pytest.mark.parametrize(
    ("band", "seen"),
    [
        ("unknown", ["all"]),
        ("under_13", ["all"]),
        ("13_15", ["all", "13"]),
        ("16_17", ["all", "13", "16"]),
        ("adult", ["all", "13", "16", "adult"]),
    ],
)
def test_each_age_sees_its_ratings_and_no_other(band: str, seen: list[str]) -> None:
    viewer = person(band)
    items = {rating: ItemFactory(published=True, age_rating=rating) for rating in Item.AgeRating}
    found = set(search_items(user=viewer))
    for rating, item in items.items():
        assert (item in found) is (rating in seen)
        assert can_view(viewer, item) is (rating in seen)


def test_a_visitor_and_a_person_without_a_profile_see_only_what_suits_all() -> None:
    rated = ItemFactory(published=True, age_rating="13")
    nobody_asked = UserFactory()
    Profile.objects.filter(user=nobody_asked).delete()
    for viewer in (None, User.objects.get(pk=nobody_asked.pk)):
        assert not can_view(viewer, rated)
        assert rated not in set(search_items(user=viewer))


def test_words_raise_an_items_age_and_its_files_are_refused_too(pending_item: MakeItem) -> None:
    item = pending_item(title="A zombie shirt")
    screen_item(item_id=item.pk)
    item = fresh(item)
    assert (item.state, item.age_rating) == (Item.State.PUBLISHED, "13")
    client = Client()
    client.force_login(person("under_13"))
    assert client.get(item.get_absolute_url()).status_code == 404
    assert client.get(item.master_url).status_code == 404


def test_an_uploaders_stricter_rating_is_never_lowered(pending_item: MakeItem) -> None:
    item = pending_item(title="A red shirt", age_rating="adult")
    screen_item(item_id=item.pk)
    assert fresh(item).age_rating == "adult"


def test_what_rests_on_one_persons_likes_is_theirs_alone(pending_ai_item: MakeItem) -> None:
    asker, stranger = UserFactory(), UserFactory()
    item = pending_ai_item(asker=asker, guidance=liked_by(asker))
    screen_item(item_id=item.pk)
    item = fresh(item)
    assert item.state == Item.State.PUBLISHED
    assert item.is_personal
    assert can_view(asker, item)
    assert item in set(Item.objects.for_audience(asker))
    for other in (stranger, None):
        assert not can_view(other, item)
        assert item not in set(Item.objects.for_audience(other))
    assert item not in set(Item.objects.visible())


def test_whoever_lets_others_see_it_shares_it(pending_ai_item: MakeItem) -> None:
    asker = UserFactory()
    Consent.objects.create(user=asker, kind=Consent.Kind.SHARING, granted=True)
    item = pending_ai_item(asker=asker, guidance=liked_by(asker))
    screen_item(item_id=item.pk)
    assert not fresh(item).is_personal


def test_words_alone_make_nothing_personal(pending_ai_item: MakeItem) -> None:
    item = pending_ai_item()
    screen_item(item_id=item.pk)
    assert not fresh(item).is_personal


def test_a_picture_of_ones_own_conversation_is_not_shared_by_that_leave(
    pending_ai_item: MakeItem,
) -> None:
    asker = UserFactory()
    Consent.objects.create(user=asker, kind=Consent.Kind.SHARING, granted=True)
    attached = ItemFactory(owner=asker, is_attachment=True)
    plain = Guidance.from_dict(guidance_of(asker))
    guidance = dataclasses.replace(plain, reference_item_ids=(attached.pk,)).as_dict()
    item = pending_ai_item(asker=asker, guidance=guidance)
    screen_item(item_id=item.pk)
    assert fresh(item).is_personal


def test_somebody_elses_private_picture_as_ingredient_waits_for_a_person(
    pending_ai_item: MakeItem,
) -> None:
    asker = UserFactory()
    foreign = ItemFactory(is_attachment=True)
    plain = Guidance.from_dict(guidance_of(asker))
    guidance = dataclasses.replace(plain, reference_item_ids=(foreign.pk,)).as_dict()
    item = pending_ai_item(asker=asker, guidance=guidance)
    screen_item(item_id=item.pk)
    assert fresh(item).state == Item.State.IN_REVIEW
    result = CheckResult.objects.get(screening__item=item, check_name="conditioning")
    assert result.evidence["private_items"] == [foreign.pk]


def test_a_planted_private_picture_that_comes_back_is_caught(
    pending_item: MakeItem, pending_ai_item: MakeItem
) -> None:
    """The canary is a draft: never screened, never hashed, known to nobody but its owner."""
    canary = pending_item(draw(9, type="dress"), title="KANARIE-7731")
    Item.objects.filter(pk=canary.pk).update(state=Item.State.DRAFT)
    made = pending_ai_item(draw(9, type="dress"))
    _give_vectors(canary, made)
    screen_item(item_id=made.pk)
    assert fresh(made).state == Item.State.IN_REVIEW
    result = CheckResult.objects.get(screening__item=made, check_name="memorisation")
    assert result.verdict == "flag"
    assert result.evidence["neighbours"][0]["item_id"] == canary.pk
    assert "KANARIE" not in str(result.evidence) + result.summary


def test_ones_own_source_is_no_memory(pending_item: MakeItem, pending_ai_item: MakeItem) -> None:
    source = pending_item(draw(9, type="dress"))
    made = pending_ai_item(draw(9, type="dress"), parent=source)
    _give_vectors(source, made)
    assert gather(made).remembered == ()


def _give_vectors(*items: Item) -> None:
    from catalog.models import Embedding

    vector = np.ones(8, np.float32) / np.sqrt(8)
    for item in items:
        Embedding.objects.update_or_create(item=item, model="test", defaults={"vector": vector})
        Embedding.objects.filter(item=item).exclude(model="test").delete()
