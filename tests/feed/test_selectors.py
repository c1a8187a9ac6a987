"""Pages of a browse: shares, repeats, cursors, and what may be shown."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.utils import timezone

from accounts.models import Consent
from common.errors import InvalidInputError
from feed.cursor import SALT, Cursor
from feed.reasons import get_why
from feed.selectors import get_feed_page
from recommender.models import Impression
from recommender.services import train
from tests.factories import ItemFactory, UserFactory


def browse(user, limit=8, pages=20, **more):
    """Read pages until the end; return all of them."""
    read = [get_feed_page(user=user, limit=limit, **more)]
    while read[-1].next_cursor and len(read) < pages:
        read.append(get_feed_page(user=user, limit=limit, after=read[-1].next_cursor, **more))
    return read


def ids(pages):
    return [card.item.pk for page in pages for card in page.cards]


def set_share(user, share):
    user.profile.ai_share = share
    user.profile.save()


@pytest.mark.parametrize("share", [0, 25, 50, 75, 100])
def test_the_share_of_ai_is_exact_on_every_page(adult, share):
    for _ in range(16):
        ItemFactory(published=True)
        ItemFactory(published=True, ai=True)
    set_share(adult, share)
    for page in browse(adult, pages=2):
        shown = [card.item.origin for card in page.cards]
        assert shown.count("ai") == 8 * share // 100
        assert len(shown) == 8


def test_none_shows_only_what_people_made(adult, items):
    assisted = ItemFactory(published=True, origin="ai_assisted")
    made_for_them = ItemFactory(published=True, ai=True, made_for=adult, exposure="direct")
    set_share(adult, 0)
    pages = browse(adult)
    assert {card.item.origin for page in pages for card in page.cards} == {"human"}
    assert not {assisted.pk, made_for_them.pk} & set(ids(pages))


def test_a_browse_shows_everything_once_and_ends(adult, items):
    pages = browse(adult)
    assert sorted(ids(pages)) == sorted(item.pk for item in items)
    assert pages[-1].ended
    positions = [card.position for page in pages for card in page.cards]
    assert positions == list(range(1, 31))


def test_the_same_cursor_gives_the_same_page(adult, items):
    first = get_feed_page(user=adult, limit=8)
    second = get_feed_page(user=adult, limit=8, after=first.next_cursor)
    assert ids([get_feed_page(user=adult, limit=8, after=first.next_cursor)]) == ids([second])
    assert ids([get_feed_page(user=adult, limit=8, after=first.cursor)]) == ids([first])
    assert Impression.objects.filter(user=adult).count() == 16


def test_a_new_browse_does_not_repeat_recent_days(adult, items):
    first = get_feed_page(user=adult, limit=8)
    assert not set(ids([first])) & set(ids([get_feed_page(user=adult, limit=8)]))
    Impression.objects.update(created_at=timezone.now() - timedelta(days=9))
    assert len(ids(browse(adult))) == 30


def test_when_all_was_seen_a_new_browse_repeats_rather_than_being_empty(adult, items):
    browse(adult)
    page = get_feed_page(user=adult, limit=8)
    assert page.repeats
    assert len(page.cards) == 8
    assert len(set(ids(browse(adult, again=True)))) == 30


def test_impressions_record_place_policy_source_and_reason(adult, items, fans):
    version = train()
    page = get_feed_page(user=adult, limit=8)
    rows = list(Impression.objects.filter(user=adult).order_by("position"))
    assert [row.item_id for row in rows] == ids([page])
    assert {row.policy for row in rows} == {f"ease-{version.pk}/mix-25"}
    assert all(row.reason["kind"] and row.source and 0 < row.propensity <= 1 for row in rows)
    assert len({row.feed_id for row in rows}) == 1


def test_items_made_for_a_person_come_first_for_them_alone(adult, items):
    made = ItemFactory(published=True, ai=True, made_for=adult, exposure="direct")
    page = get_feed_page(user=adult, limit=8)
    assert page.cards[0].item == made
    assert page.cards[0].reason == "Made for you by Weft"
    assert [card.item.origin for card in page.cards].count("ai") == 2
    other = get_feed_page(user=UserFactory(), limit=8)
    assert "direct" not in {card.source for card in other.cards}


@pytest.mark.parametrize("state", ["draft", "pending", "in_review", "rejected", "removed"])
def test_what_is_not_published_is_never_shown(adult, items, state):
    held = ItemFactory(state=state, made_for=adult, exposure="direct")
    assert held.pk not in ids(browse(adult))


def test_an_item_taken_down_between_pages_is_gone_from_old_pages_too(adult, items):
    first = get_feed_page(user=adult, limit=8)
    gone = first.cards[2].item
    type(gone).objects.filter(pk=gone.pk).update(state="removed")
    again = get_feed_page(user=adult, limit=8, after=first.cursor)
    assert gone.pk not in ids([again])
    assert len(again.cards) == 7


def test_minors_never_see_what_is_for_adults(items):
    grown_up_only = ItemFactory(published=True, age_rating="adult")
    for person in (UserFactory(), AnonymousUser()):
        assert grown_up_only.pk not in ids(browse(person, session={}))


def test_visitors_browse_without_repeats_and_leave_no_rows(items):
    session: dict = {}
    pages = browse(AnonymousUser(), session=session)
    assert len(ids(pages)) == len(set(ids(pages))) == 30
    assert not Impression.objects.exists()
    assert get_feed_page(user=AnonymousUser(), limit=8, session=session).repeats


def test_who_refused_is_not_recorded_and_still_gets_no_repeats(adult, items):
    Consent.objects.create(user=adult, kind="personalisation", granted=False)
    pages = browse(adult, session={})
    assert len(ids(pages)) == len(set(ids(pages))) == 30
    assert not Impression.objects.filter(user=adult).exists()


@pytest.mark.parametrize(
    "token",
    ["nonsense", "x" * 5000, Cursor.first().dump() + "x", "\x00", "a:b:c"],
)
def test_a_broken_cursor_is_a_sentence(adult, token):
    with pytest.raises(InvalidInputError, match="start again"):
        get_feed_page(user=adult, limit=8, after=token)


def test_a_token_signed_for_something_else_is_refused(adult):
    other = signing.dumps([uuid.uuid4().hex, 0, 0], salt="somewhere.else")
    with pytest.raises(InvalidInputError):
        Cursor.load(other)
    for value in ("text", [1], ["not-hex", 0, 0], [uuid.uuid4().hex, "x", 0]):
        with pytest.raises(InvalidInputError):
            Cursor.load(signing.dumps(value, salt=SALT))


def test_another_persons_cursor_shows_ones_own_feed(adult, items):
    theirs = get_feed_page(user=UserFactory(), limit=8)
    mine = get_feed_page(user=adult, limit=8, after=theirs.next_cursor)
    assert len(mine.cards) == 8
    assert Impression.objects.filter(user=adult).count() == 8


def test_why_names_the_liked_items_that_counted(adult, items, fans, like):
    train()
    hat = next(item for item in items if item.garment_type == "hat")
    like(adult, hat)
    set_share(adult, 0)
    for page in browse(adult):
        for card in page.cards:
            why = get_why(user=adult, item=card.item)
            assert why.sentence == card.reason
            assert {named.pk for named in why.named} <= {hat.pk}
            if card.source == "collective":
                assert why.named == [hat]
                assert hat.title in card.reason
    assert Impression.objects.filter(user=adult, source="collective").exists()


def test_why_tells_the_person_it_was_made_for_what_guided_it_and_nobody_else(adult):
    made = ItemFactory(
        published=True,
        ai=True,
        made_for=adult,
        guidance={"instruction": "a red hat", "liked_item_ids": [1, 2]},
    )
    assert get_why(user=adult, item=made).made_from == (
        "Made from your words “a red hat” and 2 items you liked"
    )
    assert get_why(user=UserFactory(), item=made).made_from == ""
