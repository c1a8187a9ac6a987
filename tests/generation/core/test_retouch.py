"""Edits that keep what nobody asked to change, on a garment whose every pixel is known."""

from __future__ import annotations

import base64
import io

import cv2
import numpy as np
import pytest
from PIL import Image

from common.errors import InvalidInputError
from common.vocabulary import COLOURS
from generation.core.retouch.colour import lay_pattern, recolour
from generation.core.retouch.masks import garment_alpha, read_mask
from generation.core.retouch.scenes import fill_region, name_backdrop, replace_background
from vision.colours import measure_colours, name_colour

BODY = (slice(60, 340), slice(70, 230))


@pytest.fixture(scope="module")
def shirt() -> np.ndarray:
    """A red garment with folds before a beige wall, (400, 300, 3)."""
    picture = np.full((400, 300, 3), (222, 214, 200), np.float32)
    picture[BODY] = COLOURS["red"]
    folds = 1 + 0.12 * np.sin(np.arange(160) / 9.0)
    picture[BODY] *= folds[None, :, None]
    picture += np.random.default_rng(1).normal(0, 2, picture.shape)
    return picture.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def alpha(shirt: np.ndarray) -> np.ndarray:
    return garment_alpha(shirt)


def mask_png(mask: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray((mask * 255).astype(np.uint8)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_the_mask_is_the_garment(alpha):
    assert alpha[BODY].mean() > 0.97
    outside = alpha.copy()
    outside[BODY] = 0
    assert outside.mean() < 0.02


@pytest.mark.parametrize("colour", ["black", "navy", "yellow", "white", "green"])
def test_another_colour_is_measured_and_the_wall_stays(shirt, alpha, colour):
    changed = recolour(shirt, alpha, colour)
    middle = changed[100:300, 100:200].reshape(-1, 3).mean(axis=0)
    assert name_colour(tuple(int(c) for c in middle)) == colour
    np.testing.assert_array_equal(changed[:40], shirt[:40])


def test_folds_stay_after_a_change_of_colour(shirt, alpha):
    def light(picture: np.ndarray) -> np.ndarray:
        return cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)[150:250, 80:220, 0].mean(axis=0)

    before, after = light(shirt), light(recolour(shirt, alpha, "blue"))
    assert np.corrcoef(before, after)[0, 1] > 0.9


def test_white_stripes_stay_white_when_the_rest_is_dyed(shirt, alpha):
    striped = shirt.copy()
    striped[100:300:40, 70:230] = 240
    changed = recolour(striped, np.ones_like(alpha) * (alpha > 0), "green")
    assert changed[100, 150].min() > 200
    assert name_colour(tuple(int(c) for c in changed[120, 150])) == "green"


@pytest.mark.parametrize("pattern", ["plain", "striped", "checked", "dotted", "floral", "printed"])
def test_a_pattern_shows_both_colours(shirt, alpha, pattern):
    changed = lay_pattern(shirt, alpha, pattern, "navy", "white")
    named = dict(measure_colours(changed))
    assert "navy" in named
    light = (changed[BODY].min(axis=2) > 150).mean()
    if pattern == "plain":
        assert light < 0.01
    else:
        assert 0.02 < light < 0.7
    np.testing.assert_array_equal(changed[:40], shirt[:40])


def test_a_new_backdrop_leaves_the_garment(shirt, alpha):
    changed = replace_background(shirt, alpha, "blue")
    inside = changed[100:300, 100:200].astype(int) - shirt[100:300, 100:200]
    assert np.abs(inside).max() <= 1
    assert name_colour(tuple(int(c) for c in changed[20, 20])) == "blue"


@pytest.mark.parametrize(
    ("words", "backdrop"),
    [
        ("put it on a beach at noon", "beach"),
        ("a burgundy wall", "red"),
        ("blurred background please", "blur"),
        ("clean white studio", "studio"),
    ],
)
def test_backdrops_are_named_by_words(words, backdrop):
    assert name_backdrop(words) == backdrop


def test_an_unknown_backdrop_says_which_there_are():
    with pytest.raises(InvalidInputError, match="studio, sunset, sky"):
        name_backdrop("on the moon")


def test_a_removed_spot_is_filled_like_its_surroundings(shirt):
    spotted = shirt.copy()
    cv2.circle(spotted, (150, 200), 14, (20, 20, 20), -1)
    mask = np.zeros(shirt.shape[:2], np.float32)
    cv2.circle(mask, (150, 200), 20, 1.0, -1)
    filled = fill_region(spotted, mask)
    off = np.abs(filled[185:215, 135:165].astype(float) - shirt[185:215, 135:165])
    assert off.mean() < 12
    np.testing.assert_array_equal(filled[:100], spotted[:100])


def test_a_painted_mask_comes_back_at_the_picture_s_size(shirt):
    painted = np.zeros((100, 75), np.float32)
    painted[20:40] = 1
    mask = read_mask("data:image/png;base64," + mask_png(painted), shirt)
    assert mask.shape == shirt.shape[:2]
    assert mask[120, 100] == pytest.approx(1)
    assert mask[300, 100] == pytest.approx(0)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("not base64 at all!", "could not be read"),
        (base64.b64encode(b"\x89PNG broken").decode(), "could not be read"),
        (mask_png(np.ones((10, 200), np.float32)), "shape"),
        (mask_png(np.zeros((100, 75), np.float32)), "Nothing is painted"),
    ],
)
def test_a_bad_mask_is_refused_with_a_sentence(shirt, text, sentence):
    with pytest.raises(InvalidInputError, match=sentence):
        read_mask(text, shirt)


def test_a_picture_all_of_one_colour_does_not_break_it():
    grey = np.full((64, 48, 3), 128, np.uint8)
    assert recolour(grey, garment_alpha(grey), "red").shape == grey.shape
    assert fill_region(grey, np.ones((64, 48), np.float32)).shape == grey.shape
