"""Measured colours: on made pictures, on drawn garments, on photographs."""

import csv

import numpy as np
import pytest
from PIL import Image

from common.errors import InvalidInputError
from common.vocabulary import COLOURS, TYPES
from vision.colours import garment_mask, measure_colours, name_colour


def patch(colour, background=(235, 232, 228), size=(120, 160)):
    """A rectangle of one colour before a plain wall."""
    width, height = size
    picture = np.full((height, width, 3), background, dtype=np.uint8)
    picture[height // 5 : -height // 5, width // 5 : -width // 5] = colour
    return picture


@pytest.mark.parametrize("name", list(COLOURS))
def test_a_reference_colour_keeps_its_name(name):
    assert name_colour(COLOURS[name]) == name


@pytest.mark.parametrize("name", [name for name in COLOURS if name != "white"])
def test_the_patch_is_measured_and_not_the_wall(name):
    assert measure_colours(patch(COLOURS[name]))[0] == (name, 1.0)


def test_white_on_white_is_still_white():
    assert measure_colours(patch(COLOURS["white"], (250, 250, 250)))[0][0] == "white"


def test_two_colours_come_largest_first_and_sum_to_one():
    picture = patch(COLOURS["red"])
    picture[90:120, 24:-24] = COLOURS["navy"]
    measured = measure_colours(picture)
    assert [name for name, _ in measured] == ["red", "navy"]
    assert sum(share for _, share in measured) == pytest.approx(1)


def test_the_same_picture_measures_the_same_in_any_form():
    picture = patch(COLOURS["green"])
    image = Image.fromarray(picture)
    assert measure_colours(picture) == measure_colours(image) == measure_colours(image.copy())
    assert measure_colours(image.convert("RGBA")) == measure_colours(picture)


def test_the_mask_covers_the_garment():
    mask = garment_mask(patch(COLOURS["blue"]))
    height, width = mask.shape
    assert mask[height // 2, width // 2]
    assert not mask[2, 2]


@pytest.mark.parametrize(
    ("shape", "kind"), [((40, 40), np.uint8), ((40, 40, 3), np.float32), ((2, 300, 3), np.uint8)]
)
def test_what_is_no_picture_is_refused_with_a_sentence(shape, kind):
    with pytest.raises(InvalidInputError, match="picture"):
        measure_colours(np.zeros(shape, kind))


def test_main_colour_of_drawn_garments():
    from demo.drawing import draw_garment
    from demo.garments import sample_spec

    rng = np.random.default_rng(11)
    specs = [
        sample_spec(rng, type=kind, colour=colour, pattern="plain")
        for kind, colour in zip(TYPES * 3, list(COLOURS) * 4, strict=False)
    ]
    right = [measure_colours(draw_garment(s, 180, 240))[0][0] == s.colour for s in specs]
    assert np.mean(right) >= 0.85


@pytest.mark.data
def test_photographs_measure_to_names_of_the_vocabulary(shared_data):
    wardrobe = shared_data / "wardrobe"
    rows = list(csv.DictReader((wardrobe / "images.csv").open()))[:20]
    for row in rows:
        measured = measure_colours(Image.open(wardrobe / "images" / f"{row['image']}.jpg"))
        assert {name for name, _ in measured} <= set(COLOURS)
        assert sum(share for _, share in measured) == pytest.approx(1)
