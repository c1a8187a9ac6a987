"""What each style does to a picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from common.errors import InvalidInputError
from common.vocabulary import STYLES
from generation.core.styles import RENDERED, Recipe, restyle_picture
from generation.core.styles.colour import ColourTable, to_lab
from generation.core.styles.exemplar import band_quantiles, study
from generation.core.styles.textures import Sheet, paper_relief, stroke_noise
from generation.core.styles.transport import sinkhorn, sliced_transport

BLUES = (((20, 40, 120), 1.0), ((190, 210, 240), 1.0), ((60, 110, 200), 1.0))


def recipe(style: str, picture: np.ndarray, **said) -> Recipe:
    return Recipe(style, palette=BLUES, exemplar=picture[::-1].copy(), seed=3, **said)


def saturation(picture: np.ndarray) -> float:
    return float(cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)[..., 1].mean())


@pytest.mark.parametrize("style", RENDERED)
def test_a_style_changes_the_picture_and_repeats_itself(style, picture):
    made = restyle_picture(picture, recipe(style, picture))
    assert made.shape == picture.shape
    assert made.dtype == np.uint8
    assert np.abs(made.astype(int) - picture).mean() > 3
    assert np.array_equal(made, restyle_picture(picture, recipe(style, picture)))


@pytest.mark.parametrize("style", RENDERED)
def test_degree_goes_from_the_source_to_the_style(style, picture):
    full = restyle_picture(picture, recipe(style, picture)).astype(float)
    half = restyle_picture(picture, recipe(style, picture), degree=0.5).astype(float)
    none = restyle_picture(picture, recipe(style, picture), degree=0.0)
    assert np.array_equal(none, picture)
    assert np.abs(half - (full + picture) / 2).max() <= 1.0


@pytest.mark.parametrize("style", RENDERED)
@pytest.mark.parametrize("size", [(16, 16), (33, 47), (90, 700)])
def test_small_and_narrow_pictures_are_restyled_too(style, size, picture):
    small = cv2.resize(picture, size[::-1])
    assert restyle_picture(small, recipe(style, picture)).shape == small.shape


@pytest.mark.parametrize("style", RENDERED)
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_of_one_colour_is_no_trouble(style, level, picture):
    plain = np.full((64, 48, 3), level, np.uint8)
    assert restyle_picture(plain, recipe(style, picture)).shape == plain.shape


def test_all_styles_of_the_vocabulary_are_rendered():
    assert set(STYLES) < set(RENDERED)


def test_pencil_draws_in_grey_on_light_paper(picture):
    drawn = restyle_picture(picture, recipe("pencil", picture))
    assert saturation(drawn) < 20
    # The wall becomes paper, the coat's outline graphite.
    assert np.median(drawn[5:25, 5:25]) > 200
    assert drawn[40:120, 30:40].min() < 110


def test_neon_is_dark_with_bright_edges(picture):
    lit = restyle_picture(picture, recipe("neon", picture))
    grey = cv2.cvtColor(lit, cv2.COLOR_RGB2GRAY)
    assert np.median(grey) < 90
    assert grey[40:120, 30:42].max() > 170
    assert saturation(lit) > saturation(picture)


def test_cartoon_has_few_colours_and_dark_lines(picture):
    noisy = picture + np.random.default_rng(0).integers(0, 8, picture.shape, np.uint8)
    made = restyle_picture(noisy, recipe("cartoon", picture))
    colours = [len(np.unique(p.reshape(-1, 3) // 8, axis=0)) for p in (noisy[2:25], made[2:25])]
    assert colours[1] < colours[0]
    assert made[60:110, 57:64].min() < 60


def test_vintage_lifts_black_warms_white_and_darkens_corners():
    halves = np.zeros((120, 160, 3), np.uint8)
    halves[:, 80:] = 235
    made = restyle_picture(halves, Recipe("vintage", seed=1)).astype(float)
    assert made[50:70, 20:60].mean() > 20
    middle = made[50:70, 90:110].mean(axis=(0, 1))
    assert middle[0] > middle[2] + 15
    assert made[:12, -12:].mean() < made[50:70, 90:110].mean() - 30


def test_watercolour_is_lighter_than_the_picture(picture):
    made = restyle_picture(picture, recipe("watercolour", picture))
    assert made.mean() > picture.mean() + 10


def test_a_palette_moves_colours_towards_itself_and_keeps_light_and_dark(picture):
    made = restyle_picture(picture, recipe("palette", picture))
    before, after = (to_lab(p.reshape(-1, 3) / np.float32(255)) for p in (picture, made))
    blues = to_lab(np.array([rgb for rgb, _ in BLUES], np.float32) / 255)

    def apart(lab):
        return np.sqrt(((lab[:, None, 1:] - blues[None, :, 1:]) ** 2).sum(2)).min(1).mean()

    assert apart(after) < 0.4 * apart(before)
    assert np.corrcoef(before[:, 0], after[:, 0])[0, 1] > 0.8


def test_an_exemplar_gives_its_colours_and_its_sharpness(picture):
    rng = np.random.default_rng(4)
    rough = np.clip(picture + rng.normal(0, 14, picture.shape), 0, 255).astype(np.uint8)
    blurred = cv2.GaussianBlur(picture[..., ::-1], (0, 0), 3)
    made = restyle_picture(rough, Recipe("exemplar", exemplar=blurred, seed=1))
    # The exemplar is blue where the picture is red.
    coat = made[40:120, 40:55].mean(axis=(0, 1))
    assert coat[2] > coat[0]
    fine = [band_quantiles(p)[1, 1] for p in (rough, made)]
    assert fine[1] < 0.85 * fine[0]


def test_paper_of_an_exemplar_is_taken_over(picture):
    rough = np.random.default_rng(2).normal(0, 12, picture.shape[:2])[..., None]
    on_paper = np.clip(picture + rough, 0, 255).astype(np.uint8)
    smooth, grainy = (study(p).surface.std() for p in (picture, on_paper))
    assert grainy > 5 * smooth


@pytest.mark.parametrize(
    ("style", "said"), [("impressionism", {}), ("palette", {}), ("exemplar", {})]
)
def test_what_a_style_lacks_is_said(style, said):
    with pytest.raises(InvalidInputError):
        Recipe(style, **said)


def test_tables_reproduce_what_they_are_made_from(picture):
    assert np.abs(ColourTable(lambda rgb: rgb)(picture).astype(int) - picture).max() <= 1
    darker = ColourTable(lambda rgb: rgb * 0.5)(picture).astype(float)
    assert np.abs(darker - picture / 2).max() <= 1.5


def test_tiles_have_no_seam_and_move_with_the_camera():
    tile = paper_relief(1, 2.0)
    inner = np.abs(np.diff(tile, axis=1)).mean()
    assert np.abs(tile[:, 0] - tile[:, -1]).mean() < 1.5 * inner
    still, panned = (Sheet(shift=s).lay(tile, (40, 60)) for s in ((0.0, 0.0), (7.0, 3.0)))
    assert np.allclose(panned[3:, 7:], still[:-3, :-7], atol=1e-5)


def test_strokes_run_in_their_direction():
    strokes = stroke_noise(1, 0.0, 60.0, 5.0)
    assert np.abs(np.diff(strokes, axis=1)).mean() < 0.3 * np.abs(np.diff(strokes, axis=0)).mean()


def test_transport_plans_keep_the_weights():
    rng = np.random.default_rng(0)
    source, target = rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(4))
    plan = sinkhorn(rng.random((5, 4)), source, target, blur=0.05)
    assert np.allclose(plan.sum(axis=1), source, atol=1e-6)
    assert np.allclose(plan.sum(axis=0), target, atol=1e-3)


def test_sliced_transport_takes_one_cloud_to_the_other():
    rng = np.random.default_rng(0)
    source = rng.normal(0, 1, (2000, 3)).astype(np.float32)
    target = (rng.normal(0, 1, (2000, 3)) * (3, 1, 0.5) + (5, -2, 0)).astype(np.float32)
    moved = sliced_transport(source, target, rounds=20, seed=1)
    assert np.allclose(moved.mean(axis=0), target.mean(axis=0), atol=0.05)
    assert np.allclose(moved.std(axis=0), target.std(axis=0), rtol=0.05)
