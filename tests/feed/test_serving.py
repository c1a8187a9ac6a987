"""Pages as log and database see them: probabilities, caps, queries, how soon a like counts."""

from __future__ import annotations

import uuid
from collections import Counter

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.follows import follow
from catalog.models import HiddenItem, Item
from feed import selectors
from feed.cursor import Cursor
from feed.reasons import get_why
from feed.selectors import get_feed_page
from feed.viewer import Viewer
from recommender.models import Impression
from recommender.services import pool, react, train
from tests.factories import ItemFactory, UserFactory


@pytest.fixture(params=["whole", "sources"])
def either_way(request, settings):
    settings.FEED_EXACT_ITEMS = 20_000 if request.param == "whole" else 0


def test_logged_probabilities_are_the_frequencies_of_item_and_place(adult, items, monkeypatch):
    """Everything after ranking is real: mixing, caps, chance. Only the ranking is kept from one."""
    monkeypatch.setattr(selectors.explore, "__kwdefaults__", {"fixed": 0, "epsilon": 0.3})
    viewer = Viewer(adult, None)
    cursor = Cursor(uuid.UUID(int=1))
    seen: Counter[tuple[int, int]] = Counter()
    stated: dict[tuple[int, int], float] = {}
    pages = 250
    for seed in range(pages):
        page = selectors._choose(viewer, cursor, 4, np.random.default_rng(seed))
        for at, shown in enumerate(page):
            seen[at, shown.item_id] += 1
            known = stated.setdefault((at, shown.item_id), shown.propensity)
            assert known == pytest.approx(shown.propensity)
    for key, probability in stated.items():
        error = 5 * np.sqrt(probability * (1 - probability) / pages)
        assert abs(seen[key] / pages - probability) <= error, key
    kept = [probability for probability in stated.values() if probability > 0.5]
    assert kept == [pytest.approx(0.7)] * 4


def test_an_explored_place_keeps_the_share_of_ai_and_says_so(adult, items, monkeypatch):
    monkeypatch.setattr(selectors.explore, "__kwdefaults__", {"fixed": 0, "epsilon": 1.0})
    page = get_feed_page(user=adult, limit=8)
    assert [card.item.origin for card in page.cards].count("ai") == 2
    rows = Impression.objects.filter(user=adult)
    assert {row.source for row in rows} == {"explore"}
    assert all(row.propensity < 0.15 for row in rows)


def test_one_like_changes_the_next_page(adult, items, fans, either_way):
    train()
    adult.profile.ai_share = 0
    adult.profile.save()
    hat = next(item for item in items if item.garment_type == "hat" and item.origin == "human")
    react(user=adult, item=hat, kind="like")
    page = selectors._choose(Viewer(adult, None), Cursor.first(), 4, np.random.default_rng(1))
    ranked = [shown for shown in page if shown.source != "explore"]
    kinds = {item.pk: item.garment_type for item in items}
    assert sum(kinds[shown.item_id] == "hat" for shown in ranked) >= len(ranked) - 1


def test_a_page_holds_at_most_a_quarter_of_one_uploader(adult, items, either_way):
    busy = UserFactory(uploader=True)
    for _ in range(6):
        ItemFactory(owner=busy, published=True)
    viewer = Viewer(adult, None)
    page = selectors._choose(viewer, Cursor.first(), 8, np.random.default_rng(0))
    theirs = set(busy.items.values_list("pk", flat=True))
    chosen = [shown.item_id for shown in page if shown.source != "explore"]
    assert len(page) == 8
    assert len(theirs & set(chosen)) <= 2


def test_following_is_a_reason_and_shown_on_the_card(adult, items, either_way):
    uploader = UserFactory(uploader=True)
    theirs = ItemFactory(owner=uploader, published=True)
    follow(follower=adult, username=uploader.username)
    page = get_feed_page(user=adult, limit=40)
    card = next(card for card in page.cards if card.item == theirs)
    assert card.owner_followed
    why = get_why(user=adult, item=theirs)
    if card.source != "explore":
        assert why.sentence == "From somebody you follow"
        assert "whom you follow" in dict(why.counted)


def test_a_page_of_many_takes_as_many_queries_as_a_page_of_few(adult, items, fans, either_way):
    train()
    react(user=adult, item=items[0], kind="like")
    get_feed_page(user=adult, limit=2)

    def asked(limit):
        Impression.objects.all().delete()
        with CaptureQueriesContext(connection) as captured:
            page = get_feed_page(user=adult, limit=limit)
        assert len(page.cards) == limit
        return len(captured)

    assert asked(12) <= asked(3) + 1  # the titles that reasons name, where they name any


def test_what_a_person_hid_does_not_count_among_what_chance_may_draw(
    adult, items, either_way, monkeypatch
):
    monkeypatch.setattr(selectors.explore, "__kwdefaults__", {"fixed": 0, "epsilon": 1.0})
    adult.profile.ai_share = 0
    adult.profile.save()
    people = [item for item in items if item.origin == "human"]
    for item in people[:6]:
        HiddenItem.objects.create(user=adult, item=item)
    get_feed_page(user=adult, limit=4)
    left = len(people) - 6 - 4  # the four that were ranked give their places up
    stated = Impression.objects.filter(user=adult).values_list("propensity", flat=True)
    assert list(stated) == [pytest.approx(1 / left)] * 4


@pytest.mark.parametrize(("way", "most"), [("whole", 20), ("sources", 22)])
def test_a_page_never_takes_more_queries_than_now(
    adult, items, fans, client, settings, monkeypatch, way, most
):
    """Session, person, ranking, impressions, cards with own posters, and the instructor's panel."""
    settings.FEED_EXACT_ITEMS = 20_000 if way == "whole" else 0
    # What is looked up once a second counts as well.
    monkeypatch.setattr(pool, "LOOK_SECONDS", -1.0)
    train()
    for item in items[:3]:
        react(user=adult, item=item, kind="like")
    Item.objects.filter(pk__gt=items[5].pk).update(kind="video")
    client.force_login(adult)
    client.get("/")
    with CaptureQueriesContext(connection) as captured:
        response = client.get("/")
    assert response.status_code == 200
    assert response.content.count(b'class="feed-card"') == settings.FEED_PAGE_SIZE
    assert len(captured) <= most, "\n".join(query["sql"][:120] for query in captured)
