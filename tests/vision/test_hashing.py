"""PDQ: near for the same picture, far for another."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from demo.drawing import draw_garment
from demo.garments import sample_spec
from vision import hashing


@pytest.fixture(scope="module")
def drawn() -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    return [
        np.ascontiguousarray(draw_garment(sample_spec(rng, type=kind), 480, 640))
        for kind in ("t-shirt", "shoes")
    ]


def compressed(image: np.ndarray) -> np.ndarray:
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 40])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


def test_a_compressed_copy_is_the_same_picture(drawn: list[np.ndarray]) -> None:
    first, quality = hashing.pdq(drawn[0])
    assert quality >= hashing.MIN_QUALITY
    assert hashing.distance(first, hashing.pdq(compressed(drawn[0]))[0]) <= hashing.SAME_PICTURE


def test_another_garment_is_another_picture(drawn: list[np.ndarray]) -> None:
    first, second = hashing.pdq(drawn[0])[0], hashing.pdq(drawn[1])[0]
    assert hashing.distance(first, second) > hashing.SAME_PICTURE


def test_distance_counts_bits() -> None:
    assert hashing.distance("0" * 64, "0" * 63 + "7") == 3


def test_a_hash_of_the_wrong_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="64 hex"):
        hashing.distance("ab", "cd")
