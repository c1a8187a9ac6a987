"""The cycle of tiles: what averaging finds, what older versions left, what a wrong tile says."""

from __future__ import annotations

import contextlib
import hashlib

import cv2
import numpy as np
import pytest

from moderation.core import coding, reading, spread, watermark, writing
from moderation.core.spread import Place
from tests.moderation.core.conftest import KEY, PAYLOAD, jpeg

STRENGTH = watermark.STRENGTHS[0]


def texture(seed: int, side: int = 256) -> np.ndarray:
    """A picture of clouds and grain."""
    rng = np.random.default_rng(seed)
    clouds = cv2.resize(rng.normal(0, 50, (8, 8, 3)), (side, side), interpolation=cv2.INTER_CUBIC)
    return np.clip(128 + clouds + rng.normal(0, 6, (side, side, 3)), 0, 255).astype(np.uint8)


def test_averaging_two_hundred_pictures_does_not_lay_the_mark_bare(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # One round: this is about where tiles lie, not about how well each was fitted.
    monkeypatch.setattr(writing, "ROUNDS", 1)
    payloads = [7_000_000_007 * number for number in range(1, 201)]
    marked = [
        watermark.embed_at(texture(number), payload, KEY, STRENGTH)
        for number, payload in enumerate(payloads)
    ]
    high = [
        one.astype(np.float32) - cv2.GaussianBlur(one.astype(np.float32), (0, 0), 4)
        for one in marked
    ]
    estimate = np.mean(high, axis=0)
    # As it is, and raised to the strength that a mark has.
    full = estimate * np.sqrt(STRENGTH.error / float((estimate**2).mean()))
    for guess in (estimate, full):
        for payload, one in list(zip(payloads, marked, strict=True))[:8]:
            attacked = np.clip(one - guess, 0, 255).astype(np.uint8)
            assert watermark.detect(attacked, KEY, search=False).payload == payload


def test_payloads_spread_over_all_tiles_and_places() -> None:
    places = [spread.place_of(KEY, payload) for payload in range(400)]
    assert {place.number for place in places} == set(range(spread.CYCLE))
    assert len({(place.dy, place.dx) for place in places}) > 350


def test_another_key_puts_a_payload_elsewhere() -> None:
    other = watermark.derive_key("a secret of the tests", "2")
    same = [spread.place_of(KEY, one) == spread.place_of(other, one) for one in range(50)]
    assert sum(same) <= 1


def drawn_on(image: np.ndarray, code: spread.TileCode, place: Place) -> np.ndarray:
    luma, coded = reading.luma_of(image), coding.encode(PAYLOAD)
    gains, mask = writing.informed_gains(luma, code, place, coded, STRENGTH)
    pattern = writing.pattern_for(luma.shape, code, place, coded, gains, mask)
    change = writing.amplitude(luma, pattern, STRENGTH) * pattern
    return np.clip(image + change[..., None], 0, 255).astype(np.uint8)


def test_marks_of_the_first_version_stay_readable() -> None:
    first = spread.codes_of(KEY)[-1]
    read = watermark.detect(drawn_on(texture(1, 400), first, Place(-1, 0, 0)), KEY, search=False)
    assert (read.payload, read.version) == (PAYLOAD, "weft-tile-1")


def test_the_pattern_of_this_version_never_changes() -> None:
    # Pictures marked by any release of this version must stay readable: a change of what is
    # hashed here needs a new version beside it.
    tile = spread.synthesise(
        spread.codes_of(KEY)[0], coding.encode(PAYLOAD), np.ones(len(spread.codes_of(KEY)[0].signs))
    )
    seen = np.rint(tile * 1000).astype("<i4").tobytes()
    place = spread.place_of(KEY, PAYLOAD)
    assert hashlib.sha256(seen).hexdigest()[:16] == "a5a911e0060cf813"
    assert (place.number, place.dy, place.dx) == (4, 48, 18)


def test_a_payload_on_a_tile_where_it_does_not_belong_is_not_believed() -> None:
    right = spread.place_of(KEY, PAYLOAD).number
    wrong = (right + 1) % spread.CYCLE
    image = drawn_on(texture(1, 400), spread.codes_of(KEY)[wrong], Place(wrong, 5, 9))
    assert not watermark.detect(image, KEY, search=False).found


def test_a_mark_keeps_within_both_bounds() -> None:
    image = texture(4, 320)
    luma = reading.luma_of(image)
    marked = watermark.embed_at(image, PAYLOAD, KEY, STRENGTH)
    assert watermark.psnr(image, marked) >= 42.0
    noise = np.random.default_rng(0).normal(0, 1, luma.shape).astype(np.float32)
    gentle = watermark.Strength(42.0, 0.995)
    assert writing.amplitude(luma, noise, gentle) < writing.amplitude(luma, noise, STRENGTH)


def text_card() -> np.ndarray:
    """White, with three lines of black letters: most of it is flat."""
    card = np.full((480, 640, 3), 255, np.uint8)
    for line, words in enumerate(("New in autumn", "wool and linen", "from Monday")):
        cv2.putText(card, words, (40, 140 + 90 * line), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (0,) * 3, 3)
    return card


def test_a_text_card_is_refused_or_can_be_read() -> None:
    marked = None
    with contextlib.suppress(watermark.WatermarkError):
        marked = watermark.embed(text_card(), PAYLOAD, KEY)
    assert marked is None or watermark.detect(jpeg(marked, 60), KEY).payload == PAYLOAD
