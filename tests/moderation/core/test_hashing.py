"""PDQ: near for the same picture, far for another."""

from __future__ import annotations

import numpy as np
import pytest

from moderation.core import hashing
from tests.moderation.core.conftest import jpeg


def test_a_compressed_copy_is_the_same_picture(drawn: list[np.ndarray]) -> None:
    first, quality = hashing.pdq(drawn[0])
    assert quality >= hashing.MIN_QUALITY
    assert hashing.distance(first, hashing.pdq(jpeg(drawn[0], 40))[0]) <= hashing.SAME_PICTURE


def test_another_garment_is_another_picture(drawn: list[np.ndarray]) -> None:
    first, second = hashing.pdq(drawn[0])[0], hashing.pdq(drawn[1])[0]
    assert hashing.distance(first, second) > hashing.SAME_PICTURE


def test_distance_counts_bits() -> None:
    assert hashing.distance("0" * 64, "0" * 63 + "7") == 3


def test_a_hash_of_the_wrong_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="64 hex"):
        hashing.distance("ab", "cd")
