"""The invisible mark: unseen, read after what pictures live through, never seen where it is not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from moderation.core import watermark
from tests.moderation.core.conftest import KEY, PAYLOAD, jpeg

Image = np.ndarray


def resized(factor: float) -> Callable[[Image], Image]:
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return lambda image: cv2.resize(image, None, fx=factor, fy=factor, interpolation=way)


def cropped(share: float) -> Callable[[Image], Image]:
    def attack(image: Image) -> Image:
        height, width = image.shape[:2]
        rows, cols = int(height * share), int(width * share)
        top, left = int((height - rows) * 0.37), int((width - cols) * 0.61)
        return image[top : top + rows, left : left + cols]

    return attack


def brightened(factor: float) -> Callable[[Image], Image]:
    return lambda image: np.clip(image * factor, 0, 255).astype(np.uint8)


def grey(image: Image) -> Image:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def screenshot(image: Image) -> Image:
    return jpeg(resized(0.8)(cropped(0.92)(image)), 70)


def turned(image: Image) -> Image:
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 3.0, 1.0)
    return cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REFLECT)


ATTACKS: dict[str, Callable[[Image], Image]] = {
    "as it is": lambda image: image,
    "JPEG 70": lambda image: jpeg(image, 70),
    "JPEG 50": lambda image: jpeg(image, 50),
    "resized to 50 %": resized(0.5),
    "resized to 200 %": resized(2.0),
    "cropped to 90 %": cropped(0.9),
    "cropped to 70 %": cropped(0.7),
    "30 % brighter": brightened(1.3),
    "30 % darker": brightened(0.7),
    "greyscale": grey,
    "screenshot": screenshot,
    "mirrored": lambda image: image[:, ::-1],
    "turned by 3 degrees": turned,
}


@pytest.fixture(scope="session")
def marked(drawn: list[Image]) -> list[Image]:
    return [jpeg(watermark.embed(image, PAYLOAD, KEY), 92) for image in drawn]


@pytest.fixture(scope="session")
def marked_photos(photos: list[Image]) -> list[Image]:
    return [jpeg(watermark.embed(image, PAYLOAD, KEY), 92) for image in photos]


def reads(image: Image) -> bool:
    return watermark.detect(np.ascontiguousarray(image), KEY).payload == PAYLOAD


def test_the_mark_cannot_be_seen(drawn: list[Image]) -> None:
    for image in drawn:
        assert watermark.psnr(image, watermark.embed(image, PAYLOAD, KEY)) > 41.9


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_drawn_garments_keep_their_mark(
    marked: list[Image], attack: Callable[[Image], Image]
) -> None:
    assert all(reads(attack(image)) for image in marked)


@pytest.mark.data
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_photographs_keep_their_mark(
    marked_photos: list[Image], attack: Callable[[Image], Image]
) -> None:
    # Photographs of 320 pixels are the hard case; one of eight may be lost.
    assert sum(reads(attack(image)) for image in marked_photos) >= len(marked_photos) - 1


@pytest.mark.slow
def test_unmarked_crops_are_never_taken_for_marked(drawn: list[Image]) -> None:
    rng = np.random.default_rng(3)
    for image in drawn:
        for _ in range(17):
            top, left = rng.integers(0, 200), rng.integers(0, 150)
            part = image[top : top + 400, left : left + 300]
            assert not watermark.detect(np.ascontiguousarray(part), KEY).found


@pytest.mark.slow
@pytest.mark.data
def test_unmarked_photographs_are_never_taken_for_marked(photos: list[Image]) -> None:
    for image in photos:
        for share in np.linspace(0.6, 1.0, 12):
            assert not watermark.detect(np.ascontiguousarray(cropped(share)(image)), KEY).found


def test_another_key_reads_nothing(marked: list[Image]) -> None:
    other = watermark.derive_key("a secret of the tests", "2")
    assert not watermark.detect(marked[0], other, search=False).found


def test_a_mirrored_picture_is_reported_as_such(marked: list[Image]) -> None:
    assert watermark.detect(np.ascontiguousarray(marked[0][:, ::-1]), KEY).flipped


def test_small_pictures_are_refused_with_a_reason() -> None:
    tiny = np.zeros((100, 100, 3), dtype=np.uint8)
    with pytest.raises(watermark.WatermarkError, match="too small"):
        watermark.embed(tiny, PAYLOAD, KEY)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_flat_pictures_carry_a_mark_that_reads_or_are_refused(value: int) -> None:
    flat = np.full((400, 300, 3), value, dtype=np.uint8)
    marked = None
    with contextlib.suppress(watermark.WatermarkError):
        marked = watermark.embed(flat, PAYLOAD, KEY)
    assert marked is None or reads(jpeg(marked, 60))


def test_only_rgb_of_eight_bits_is_taken() -> None:
    with pytest.raises(ValueError, match="RGB"):
        watermark.embed(np.zeros((200, 200)), PAYLOAD, KEY)
