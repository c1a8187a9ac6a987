"""Candidates: what is proposed, to whom, why, and how soon a like counts."""

from __future__ import annotations

import pytest

from accounts.models import Consent
from catalog.services import remove_item
from recommender.services import rank_candidates, train
from tests.factories import ItemFactory, UserFactory
from tests.recommender.conftest import with_vector


@pytest.fixture(autouse=True, params=["whole", "sources"])
def _either_way(request, settings):
    """A small catalogue is ranked whole, a large one through its sources; both must hold."""
    settings.FEED_EXACT_ITEMS = 20_000 if request.param == "whole" else 0


def ranked(user, **more):
    return rank_candidates(user=user, limit=40, **more)


def first_types(user, count=5, **more):
    human = [c for c in ranked(user, **more) if c.origin != "ai"]
    return [candidate.garment_type for candidate in human[:count]]


@pytest.mark.parametrize("trained", [True, False])
def test_one_like_changes_the_next_page(adult, items, fans, like, trained):
    if trained:
        train()
    before = [candidate.item_id for candidate in ranked(adult)]
    hat = next(item for item in items if item.garment_type == "hat")
    like(adult, hat)
    after = [candidate.item_id for candidate in ranked(adult, exclude_ids=[hat.pk])]
    assert after != before
    assert first_types(adult, 3, exclude_ids=[hat.pk]) == ["hat"] * 3


def test_reasons_name_liked_items_that_truly_counted(adult, items, fans, like):
    train()
    hats = [item for item in items if item.garment_type == "hat"]
    like(adult, hats[0])
    like(adult, next(item for item in items if item.garment_type == "shoes"))
    for candidate in ranked(adult, exclude_ids=[hats[0].pk]):
        if candidate.garment_type == "hat" and candidate.source == "collective":
            assert candidate.reason["kind"] == "because_you_liked"
            assert candidate.reason["item_ids"] == [hats[0].pk]
            break
    else:
        pytest.fail("no hat was proposed because of the hat")


def test_no_item_is_its_own_reason(adult, items, fans, like):
    train()
    for item in items[:9]:
        like(adult, item)
    for candidate in ranked(adult):
        assert candidate.item_id not in candidate.reason.get("item_ids", [])


def test_without_a_like_nothing_claims_one(adult, items, fans, like):
    train()
    like(adult, items[0], "dislike")
    kinds = {candidate.reason["kind"] for candidate in ranked(adult)}
    assert kinds <= {"popular", "fresh"}


def test_rejected_items_never_come_back(adult, items, like):
    like(adult, items[0], "not_interested")
    like(adult, items[3], "dislike")
    proposed = {candidate.item_id for candidate in ranked(adult)}
    assert not proposed & {items[0].pk, items[3].pk}


def test_a_removed_item_vanishes_at_once_even_from_other_processes(adult, items):
    ranked(adult)
    # As another process does it: no signal reaches this one's memory.
    type(items[0]).objects.filter(pk=items[0].pk).update(state="removed")
    assert items[0].pk not in {candidate.item_id for candidate in ranked(adult)}
    remove_item(item=items[1], problem="It was reported.")
    assert items[1].pk not in {candidate.item_id for candidate in ranked(adult)}


def test_an_item_published_a_moment_ago_is_proposed_and_ranked_by_its_looks(
    adult, items, fans, like
):
    train()
    like(adult, next(item for item in items if item.garment_type == "hat"))
    ranked(adult)
    new = with_vector(ItemFactory(published=True, garment_type="hat"), "hat", 99)
    found = next(c for c in ranked(adult) if c.item_id == new.pk)
    assert found.reason["kind"] == "looks_like"


def test_minors_and_visitors_get_nothing_for_adults_only(adult, items):
    grown_up_only = ItemFactory(published=True, age_rating="adult")
    for person in (None, UserFactory()):
        assert grown_up_only.pk not in {c.item_id for c in ranked(person)}
    assert grown_up_only.pk in {c.item_id for c in ranked(adult)}


def test_newcomers_get_their_interests(items):
    person = UserFactory()
    person.profile.interests = {"types": ["shoes"], "colours": []}
    person.profile.save()
    assert first_types(person, 4) == ["shoes"] * 4
    top = ranked(person)[0]
    assert top.reason["kind"] == "your_interests"
    assert top.reason["words"] == ["shoes"]


def test_who_refused_is_ranked_as_a_stranger(adult, items, like):
    like(adult, next(item for item in items if item.garment_type == "hat"))
    Consent.objects.create(user=adult, kind="personalisation", granted=False)
    assert {candidate.reason["kind"] for candidate in ranked(adult)} <= {"popular", "fresh"}


def test_origins_can_be_limited_and_both_groups_are_supplied(adult, items):
    assert {c.origin for c in ranked(adult, origins=("human",))} == {"human"}
    both = rank_candidates(user=adult, limit=5)
    assert [c.origin == "ai" for c in both].count(True) == 5
    assert len(both) == 10


def test_an_empty_catalogue_gives_no_candidates(db):
    assert rank_candidates(user=None, limit=5) == []
