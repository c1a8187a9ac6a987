"""Who sees what, and finding it."""

from __future__ import annotations

import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404

from accounts.models import Profile
from catalog.models import Embedding, Item
from catalog.selectors import (
    can_edit,
    describe_making,
    get_item,
    list_lineage,
    list_own_items,
    list_similar,
    nearest_items,
    read_words,
    search_items,
)
from common.guidance import Attributes, Guidance
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db
# Of what expired nothing is left, for nobody: see test_expiring.
HIDDEN = [s for s in Item.State.values if s not in {"published", "expired"}]


def _adult(**more):
    user = UserFactory(**more)
    Profile.objects.update_or_create(user=user, defaults={"age_band": Profile.AgeBand.ADULT})
    return type(user).objects.get(pk=user.pk)


def _sees(user, item) -> bool:
    try:
        return get_item(user=user, pk=item.pk) == item
    except Http404:
        return False


@pytest.mark.parametrize("state", HIDDEN)
def test_what_is_not_published_is_seen_by_owner_and_moderators_alone(state):
    made_for = UserFactory()
    item = ItemFactory(published=True, made_for=made_for)
    Item.objects.filter(pk=item.pk).update(state=state)
    assert _sees(item.owner, item)
    assert _sees(UserFactory(moderator=True), item)
    assert _sees(UserFactory(operator=True), item)
    for other in (AnonymousUser(), None, UserFactory(), UserFactory(uploader=True), made_for):
        assert not _sees(other, item)


def test_everybody_sees_what_is_published():
    item = ItemFactory(published=True)
    assert all(_sees(user, item) for user in (None, AnonymousUser(), UserFactory(), item.owner))


def test_adult_items_are_hidden_from_minors_and_unknown_ages():
    item = ItemFactory(published=True, age_rating="adult")
    assert _sees(_adult(), item)
    assert _sees(item.owner, item)
    for minor in (AnonymousUser(), UserFactory()):
        assert not _sees(minor, item)
        assert not search_items(user=minor)
    assert list(search_items(user=_adult())) == [item]


def test_only_owners_edit():
    item = ItemFactory(published=True)
    assert can_edit(item.owner, item)
    assert not can_edit(UserFactory(operator=True), item)
    assert not can_edit(AnonymousUser(), item)
    assert not can_edit(AnonymousUser(), ItemFactory(published=True, ai=True))


def test_own_items_in_every_state_and_nobody_else_s():
    owner = UserFactory(uploader=True)
    mine = [ItemFactory(owner=owner), ItemFactory(owner=owner, published=True)]
    ItemFactory()
    assert list(list_own_items(owner)) == mine[::-1]


def test_search_by_attributes():
    black = ItemFactory(published=True, garment_type="skirt", colours=["black", "red"])
    red = ItemFactory(published=True, garment_type="skirt", colours=["red"], pattern="striped")
    ItemFactory(published=True, garment_type="dress", colours=["black"])
    ItemFactory(garment_type="skirt", colours=["black"])  # a draft

    def found(**asked):
        return list(search_items(user=None, **asked))

    assert found(garment_type="skirt", colours=["black"]) == [black]
    # Mainly red before a little red.
    assert found(garment_type="skirt", colours=["red"]) == [red, black]
    assert found(garment_type="skirt", unwanted=Attributes(colours=("black",))) == [red]
    assert found(garment_type="skirt", unwanted=Attributes(pattern="striped")) == [black]
    assert found(pattern="striped", kind="video") == []
    assert len(found(limit=2)) == 2
    assert len(found(limit=2, offset=2)) == 1


@pytest.mark.parametrize(
    "text",
    ["burgundy miniskirts", "Red skirts", "red skirt pleats", "pleated", '"box pleats"', "skirts,"],
)
def test_search_in_anybody_s_words(text):
    ItemFactory(published=True, garment_type="dress", colours=["green"], title="Party dress")
    skirt = ItemFactory(
        published=True,
        garment_type="skirt",
        colours=["red"],
        title="Something to dance in",
        description="With box pleats all around.",
    )
    text = text.replace("miniskirts", "miniskirt")
    assert list(search_items(user=None, text=text)) == [skirt]


@pytest.mark.parametrize(
    "text", ["a\x00b", "' OR 1=1 --", "& | ! <-> :*", "x" * 5000, "红色裙子", "<b>"]
)
def test_odd_words_find_nothing_and_break_nothing(text):
    ItemFactory(published=True)
    assert list(search_items(user=None, text=text)) == []


def test_reading_words():
    named, rest = read_words("Long burgundy tartan frock!")
    assert named == Attributes(type="dress", colours=("red",), pattern="checked")
    assert rest == "Long"


def test_nearest_items_are_exact_and_visible():
    items = [ItemFactory(published=True) for _ in range(4)]
    hidden, other_model = ItemFactory(), ItemFactory(published=True)
    angles = [0.0, 0.3, 0.6, 0.9]
    for item, angle in zip([*items, hidden], [*angles, 0.01], strict=True):
        vector = np.array([np.cos(angle), np.sin(angle)], np.float32)
        Embedding.objects.create(item=item, model="two", vector=vector)
    Embedding.objects.create(item=other_model, model="three", vector=[1.0, 0.0, 0.0])
    found = nearest_items(
        vector=np.array([1.0, 0.0]), model="two", limit=2, exclude_ids=[items[0].pk]
    )
    assert [pk for pk, _ in found] == [items[1].pk, items[2].pk]
    near = list_similar(user=None, item=items[0], limit=2)
    assert near == [items[1], items[2]]
    assert list_similar(user=None, item=ItemFactory()) == []
    assert [cosine for _, cosine in found] == pytest.approx([np.cos(0.3), np.cos(0.6)], abs=1e-5)


def test_lineage_shows_versions_that_one_may_see():
    first = ItemFactory(published=True)
    second = ItemFactory(published=True, parent=first, version=2, owner=first.owner)
    draft = ItemFactory(parent=second, version=3, owner=first.owner)
    assert list_lineage(user=None, item=second) == [first, second]
    assert list_lineage(user=first.owner, item=first) == [first, second, draft]


def test_what_it_was_made_from_quotes_words_only_to_those_concerned():
    asker = UserFactory()
    guidance = Guidance(asker.pk, "a skirt for my secret wedding", liked_item_ids=(1, 2, 3))
    item = ItemFactory(published=True, ai=True, made_for=asker, guidance=guidance.as_dict())
    own = describe_making(user=asker, item=item)
    assert own == ["your words: “a skirt for my secret wedding”", "3 items you liked"]
    others = describe_making(user=AnonymousUser(), item=item)
    assert others == ["somebody's words", "3 items they liked"]
    assert describe_making(user=asker, item=ItemFactory(published=True)) == []
