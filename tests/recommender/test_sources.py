"""Sources of candidates: full pages, followed people, true reasons, and even chance."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.follows import follow
from catalog.models import Item
from recommender.models import Interaction
from recommender.services import rank, rank_candidates, train
from recommender.services.field import AI, OTHERS
from tests.factories import ItemFactory, UserFactory
from tests.recommender.conftest import with_vector


@pytest.fixture(autouse=True, params=["whole", "sources"])
def _either_way(request, settings):
    """A small catalogue is ranked whole, a large one through its sources; both must hold."""
    settings.FEED_EXACT_ITEMS = 20_000 if request.param == "whole" else 0


def test_there_are_never_fewer_than_asked_for_while_there_are_some(adult, items, fans, like):
    train()
    like(adult, items[0])
    humans = [item.pk for item in items if item.origin != "ai"]
    others = [item.pk for item in items if item.origin == "ai"]
    for seen in range(0, len(humans), 3):
        found = rank_candidates(user=adult, exclude_ids=humans[:seen], limit=6)
        by_human = [c for c in found if c.origin != "ai"]
        assert len(by_human) == min(6, len(humans) - seen)
        assert len(found) - len(by_human) == min(6, len(others))
        assert len({c.item_id for c in found}) == len(found)


def test_places_of_items_taken_down_elsewhere_go_to_others(adult, items):
    rank_candidates(user=adult, limit=4)
    newest = Item.objects.exclude(origin="ai").order_by("-published_at")[:16]
    # As another process does it: no signal reaches this one's memory.
    Item.objects.filter(pk__in=[item.pk for item in newest]).update(state="removed")
    found = [c for c in rank_candidates(user=adult, limit=4) if c.origin != "ai"]
    assert len(found) == 4


def test_what_followed_people_publish_is_proposed_and_says_so(adult, items):
    uploader = UserFactory(uploader=True)
    theirs = ItemFactory(
        owner=uploader, published=True, published_at=timezone.now() - timedelta(days=40)
    )
    follow(follower=adult, username=uploader.username)
    found = {c.item_id: c for c in rank_candidates(user=adult, limit=40)}
    assert found[theirs.pk].source == "followed"
    assert found[theirs.pk].reason["kind"] == "followed"
    stranger = {c.item_id: c for c in rank_candidates(user=UserFactory(), limit=40)}
    assert stranger[theirs.pk].source != "followed"


def test_one_uploader_does_not_fill_the_candidates_while_there_are_others(adult, items, fans, like):
    train()
    like(adult, items[0])
    busy = UserFactory(uploader=True)
    for _ in range(20):
        ItemFactory(owner=busy, published=True)
    found = [c.owner_id for c in rank_candidates(user=adult, limit=12) if c.origin != "ai"]
    assert len(found) == 12
    assert found.count(busy.pk) <= 3


@pytest.mark.parametrize("kind", ["ease", "ials"])
def test_without_a_like_that_is_named_the_score_falls(adult, items, fans, like, kind):
    train(kind)
    liked = [items[1], items[2], items[5], items[6]]
    for item in liked:
        like(adult, item)
    ids = [item.pk for item in liked]
    before = {c.item_id: c for c in rank_candidates(user=adult, exclude_ids=ids, limit=40)}
    named = [(c, pk) for c in before.values() for pk in c.reason.get("item_ids", [])]
    assert {pk for _, pk in named} <= set(ids)
    assert any(c.source == "collective" for c, _ in named)
    checked = 0
    for candidate, pk in named[:12]:
        deed = Interaction.objects.get(user=adult, item_id=pk)
        deed.delete()
        after = {c.item_id: c for c in rank_candidates(user=adult, exclude_ids=ids, limit=40)}
        source = candidate.source
        assert _part(after[candidate.item_id], source) < _part(candidate, source) + 1e-9
        deed.save()
        checked += 1
    assert checked


def _part(candidate, source):
    """What this source gave to the score."""
    return candidate.score * candidate.reason["parts"].get(source, 0.0)


def test_a_reason_shows_how_much_each_source_gave(adult, items, fans, like):
    train()
    like(adult, items[0])
    for candidate in rank_candidates(user=adult, limit=20):
        parts = candidate.reason["parts"]
        assert set(parts) <= {"collective", "content", "popular", "fresh", "interests"}
        assert sum(parts.values()) == pytest.approx(1.0, abs=0.15)
        assert list(parts.values()) == sorted(parts.values(), reverse=True)


@pytest.mark.slow
def test_lots_are_even_over_everything_that_could_be_shown(adult, items):
    excluded = [item.pk for item in items[:9]]
    left = [item.pk for item in items[9:] if item.origin != "ai"]
    counts: Counter[int] = Counter()
    for seed in range(300):
        rng = np.random.default_rng(seed)
        lot = rank(user=adult, exclude_ids=excluded, limit=4, rng=rng).lots[OTHERS]
        assert lot.eligible == len(left)
        counts.update(item.item_id for item in lot.drawn)
        assert {item.source for item in lot.drawn} == {"explore"}
    assert set(counts) == set(left)
    expected = sum(counts.values()) / len(left)
    assert all(abs(count - expected) < 5 * np.sqrt(expected) for count in counts.values())


def test_the_order_does_not_depend_on_chance(adult, items, like):
    like(adult, items[0])
    orders = {
        tuple(
            c.item_id for c in rank(user=adult, limit=5, rng=np.random.default_rng(seed)).candidates
        )
        for seed in range(12)
    }
    assert len(orders) == 1


def test_lots_hold_nothing_that_may_not_be_shown(adult, items, like):
    hidden = ItemFactory(published=True, age_rating="adult")
    gone = items[12]
    rank(user=None, limit=20)
    Item.objects.filter(pk=gone.pk).update(state="removed")
    for seed in range(10):
        lots = rank(user=None, limit=20, rng=np.random.default_rng(seed)).lots
        drawn = {item.item_id for name in (AI, OTHERS) for item in lots[name].drawn}
        assert not drawn & {hidden.pk, gone.pk}


def test_the_number_of_queries_does_not_grow_with_the_catalogue(adult, items, like):
    like(adult, items[0])
    rank(user=adult, limit=8)

    def asked():
        with CaptureQueriesContext(connection) as captured:
            rank(user=adult, limit=8)
        return len(captured)

    before = asked()
    for number in range(30):
        with_vector(ItemFactory(published=True), "hat", 200 + number)
    rank(user=adult, limit=8)
    assert asked() == before


def test_a_created_item_is_found_by_its_looks_by_a_model_of_factors(adult, items, fans, like):
    train("ials")
    like(adult, next(item for item in items if item.garment_type == "hat"))
    rank_candidates(user=adult)
    made = ItemFactory(published=True, ai=True, garment_type="hat")
    new = with_vector(made, "hat", 77)
    away = ItemFactory(published=True, ai=True, garment_type="shoes")
    other = with_vector(away, "shoes", 78)
    found = {c.item_id: c for c in rank_candidates(user=adult, limit=40)}
    assert found[new.pk].score > found[other.pk].score
    assert "collective" in found[new.pk].reason["parts"]


@pytest.mark.parametrize(
    ("band", "admitted"),
    [
        ("unknown", ["all"]),
        ("13_15", ["all", "13"]),
        ("16_17", ["all", "13", "16"]),
        ("adult", ["all", "13", "16", "adult"]),
    ],
)
def test_everybody_is_shown_and_may_draw_what_their_age_admits(adult, band, admitted):
    adult.profile.age_band = band
    adult.profile.save()
    for rating in ("all", "13", "16", "adult"):
        for _ in range(2):
            ItemFactory(published=True, age_rating=rating)
    ranking = rank(user=adult, limit=20)
    ratings = dict(Item.objects.values_list("pk", "age_rating"))
    assert Counter(ratings[c.item_id] for c in ranking.candidates) == dict.fromkeys(admitted, 2)
    # What could be drawn is counted exactly, or the logged probabilities would be wrong.
    assert ranking.lots[OTHERS].eligible == 2 * len(admitted)
    assert {ratings[c.item_id] for c in ranking.lots[OTHERS].drawn} == set(admitted)
