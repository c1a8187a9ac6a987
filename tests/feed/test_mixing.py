"""The mix keeps to the share exactly, keeps order, and avoids neighbours of one kind."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest

from feed.mixing import ai_count, blend, spread


@dataclass(frozen=True)
class Piece:
    item_id: int
    origin: str
    owner_id: int = 0
    garment_type: str = ""


def pieces(ai: int, human: int) -> list[Piece]:
    made = [Piece(1000 + n, "ai") for n in range(ai)]
    return made + [Piece(n, "human", owner_id=n + 1) for n in range(human)]


@pytest.mark.parametrize("share", [0, 25, 50, 75, 100])
@pytest.mark.parametrize("size", [4, 8, 20])
def test_share_is_exact_over_every_page(share, size):
    page = blend(pieces(50, 50), ai_share=share, start=3 * size, limit=size).items
    assert len(page) == size
    assert sum(piece.origin == "ai" for piece in page) == size * share // 100


@pytest.mark.parametrize("share", [25, 50, 75])
def test_share_is_exact_over_a_browse_of_odd_pages(share):
    start, seen, supply = 0, [], pieces(100, 100)
    for size in (3, 5, 7, 5):
        page = blend(supply, ai_share=share, start=start, limit=size).items
        supply = [piece for piece in supply if piece not in page]
        seen += page
        start += size
    assert sum(piece.origin == "ai" for piece in seen) == 20 * share // 100


def test_each_group_keeps_its_order():
    page = blend(pieces(8, 8), ai_share=50, start=0, limit=10).items
    for origin in ("ai", "human"):
        ids = [piece.item_id for piece in page if piece.origin == origin]
        assert ids == sorted(ids)


def test_none_hides_what_ai_touched_at_all():
    mixed = [Piece(1, "ai"), Piece(2, "ai_assisted"), Piece(3, "human")]
    assert [p.item_id for p in blend(mixed, ai_share=0, start=0, limit=3).items] == [3]
    made = blend(mixed, ai_share=0, start=0, limit=3, direct=[Piece(9, "ai")]).items
    assert [piece.item_id for piece in made] == [3]


def test_assisted_work_counts_as_a_persons():
    mixed = [Piece(n, "ai_assisted", n + 1) for n in range(4)] + pieces(4, 0)
    page = blend(mixed, ai_share=50, start=0, limit=4).items
    assert [piece.origin for piece in page].count("ai_assisted") == 2


@pytest.mark.parametrize(("share", "ai", "human"), [(25, 0, 9), (75, 1, 9), (100, 0, 5)])
def test_places_of_an_empty_group_go_to_the_other(share, ai, human):
    page = blend(pieces(ai, human), ai_share=share, start=0, limit=8).items
    assert len(page) == min(8, ai + human)
    assert sum(piece.origin == "ai" for piece in page) == ai


def test_items_made_for_the_person_come_first_and_count():
    page = blend(
        pieces(9, 9), ai_share=50, start=0, limit=8, direct=[Piece(77, "ai"), Piece(78, "ai")]
    ).items
    assert [piece.item_id for piece in page[:2]] == [77, 78]
    assert sum(piece.origin == "ai" for piece in page) == 4


def test_an_item_is_placed_once_even_when_it_is_also_direct():
    page = blend(pieces(2, 0), ai_share=100, start=0, limit=8, direct=[Piece(1000, "ai")]).items
    assert [piece.item_id for piece in page] == [1000, 1001]


def test_no_two_of_one_owner_in_a_row_when_avoidable():
    mine = [Piece(n, "human", owner_id=1) for n in range(4)]
    theirs = [Piece(10 + n, "human", owner_id=2) for n in range(4)]
    page = blend(mine + theirs, ai_share=0, start=0, limit=8).items
    assert all(a.owner_id != b.owner_id for a, b in pairwise(page))
    after = blend(mine + theirs, ai_share=0, start=8, limit=1, before=mine[0]).items
    assert after[0].owner_id == 2


def test_not_three_of_one_type_in_a_row_when_avoidable():
    skirts = [Piece(n, "human", n + 1, "skirt") for n in range(6)]
    hats = [Piece(20 + n, "human", 20 + n, "hat") for n in range(2)]
    page = blend(skirts[:5] + hats, ai_share=0, start=0, limit=6).items
    types = [piece.garment_type for piece in page]
    assert types == ["skirt", "skirt", "hat", "skirt", "skirt", "hat"]


def test_spread_and_count():
    assert spread(8, 2) == [False, False, False, True, False, False, False, True]
    assert [ai_count(25, start, 1) for start in range(4)] == [0, 0, 0, 1]
    with pytest.raises(ValueError, match="between 0 and 100"):
        ai_count(101, 0, 1)
