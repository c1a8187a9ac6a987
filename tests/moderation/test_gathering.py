"""Which neighbours a screening compares with."""

from __future__ import annotations

from moderation.core.checks.contract import Neighbour
from moderation.services.gathering import _unlikeness


def test_an_exact_copy_is_the_first_neighbour_not_the_last():
    copy = Neighbour(1, "copy", 0, 1.0)
    alike = Neighbour(2, "alike", 12, 0.98)
    by_vector_only = Neighbour(3, "no hash", None, 0.99)
    assert sorted([by_vector_only, alike, copy], key=_unlikeness) == [copy, alike, by_vector_only]
