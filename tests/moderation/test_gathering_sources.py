"""Claims, licences and sets as they reach the checks from the site's own rows."""

from __future__ import annotations

import pytest

from catalog.models import Item
from knowledge.services import load_starter
from moderation.models import CheckResult
from moderation.services import screen_item
from moderation.services.gathering_sources import find_sources, ingredients_of, named_type
from tests.factories import ItemFactory, UserFactory
from tests.moderation.conftest import MakeItem

pytestmark = pytest.mark.django_db


def result_of(item: Item, check: str) -> CheckResult:
    return CheckResult.objects.get(screening__item=item, check_name=check)


def test_a_false_fact_waits_for_a_person_with_the_source_beside_it(pending_item: MakeItem) -> None:
    load_starter()
    item = pending_item(
        description="Denim is a hard-wearing silk twill with a blue warp and a white weft."
    )
    screen_item(item_id=item.pk)
    item.refresh_from_db()
    assert item.state == Item.State.IN_REVIEW
    found = result_of(item, "claims")
    assert found.verdict == "flag"
    (claim,) = found.evidence["claims"]
    assert claim["verdict"] == "refuted"
    assert "cotton twill" in claim["quote"]
    assert claim["passage_id"]


def test_a_true_fact_passes(pending_item: MakeItem) -> None:
    load_starter()
    item = pending_item(
        description="Denim is a hard-wearing cotton twill with a blue warp and a white weft."
    )
    screen_item(item_id=item.pk)
    assert result_of(item, "claims").evidence["claims"][0]["verdict"] == "supported"


def test_a_caption_without_claims_asks_the_store_nothing(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert find_sources({"title": "Black skirt", "description": "I love it."}) == ()


def test_an_upload_of_which_nobody_said_whose_it_is_waits(pending_item: MakeItem) -> None:
    item = pending_item(licence="")
    screen_item(item_id=item.pk)
    item.refresh_from_db()
    assert item.state == Item.State.IN_REVIEW
    assert result_of(item, "licences").verdict == "cannot_tell"


def test_a_non_commercial_picture_waits_on_a_commercial_site(
    pending_item: MakeItem, settings: pytest.FixtureRequest
) -> None:
    settings.COMMERCIAL_USE = False  # type: ignore[attr-defined]
    allowed = pending_item(licence="cc_by_nc")
    screen_item(item_id=allowed.pk)
    assert result_of(allowed, "licences").verdict == "pass"
    settings.COMMERCIAL_USE = True  # type: ignore[attr-defined]
    refused = pending_item(licence="cc_by_nc")
    screen_item(item_id=refused.pk)
    assert result_of(refused, "licences").verdict == "flag"


def test_ingredients_are_the_whole_line_of_ancestors() -> None:
    owner = UserFactory(uploader=True)
    first = ItemFactory(published=True, licence="cc_by", allows_edits=False)
    second = ItemFactory(published=True, owner=owner, parent=first)
    third = ItemFactory(owner=owner, parent=second, licence="")
    line = ingredients_of(third)
    assert [one.item_id for one in line] == [second.pk, first.pk]
    assert [one.same_owner for one in line] == [True, False]
    assert line[1].licence == "cc_by"


def test_ancestors_in_a_circle_end() -> None:
    first = ItemFactory()
    second = ItemFactory(parent=first)
    Item.objects.filter(pk=first.pk).update(parent=second)
    first.refresh_from_db()
    assert len(ingredients_of(first)) <= 20


@pytest.mark.parametrize(
    ("title", "type_"),
    [
        ("Black skirt", "skirt"),
        ("Two frocks", "dress"),
        ("Skirt and hat", ""),
        ("", ""),
        ("Nice", ""),
    ],
)
def test_the_garment_that_a_title_names(title: str, type_: str) -> None:
    assert named_type(title) == type_
