"""Photographs as training pictures: captions that are true, backgrounds that say nothing."""

from __future__ import annotations

import random
from pathlib import Path

import cv2
import numpy as np
import pytest

from common.errors import InvalidInputError
from common.vocabulary import TYPES
from generation.core.train.photographs import (
    PhotographSampler,
    lay_out,
    learnt_files,
    outline,
    pattern_mask,
    recoloured,
)
from generation.core.train.wording import drawn_phrase, photo_captions, rename, without_photo
from vision.colours import measure_colours
from vision.phrases import COLOUR_NAMES, PLAIN, UNKNOWN, Attributes

RED, FLOOR = (196, 40, 48), (150, 120, 90)


def photograph(rgb: tuple[int, int, int] = RED) -> np.ndarray:
    """A garment-like shape on a wooden-looking floor, 320 x 426."""
    rng = np.random.default_rng(0)
    picture = np.full((426, 320, 3), FLOOR, np.uint8)
    picture[::16] = (120, 95, 70)
    picture[110:330, 100:220] = rgb
    picture[110:180, 60:260] = rgb
    return (picture + rng.normal(0, 3, picture.shape)).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def wardrobe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty senders with two photographs each."""
    folder = tmp_path_factory.mktemp("wardrobe")
    (folder / "images").mkdir()
    rows = ["image,sender_id,label,kids"]
    for index in range(80):
        name, label = f"p{index:02d}", ("T-Shirt", "Skirt", "Not sure", "Hat")[index % 4]
        cv2.imwrite(str(folder / "images" / f"{name}.jpg"), photograph()[:, :, ::-1])
        rows.append(f"{name},{index // 2},{label},False")
    (folder / "images.csv").write_text("\n".join(rows))
    return folder


def test_the_outline_of_a_garment_on_a_floor_is_found():
    mask = outline(photograph())
    assert mask is not None
    middle = mask[mask.shape[0] // 2, mask.shape[1] // 2]
    assert middle
    assert not mask[0].any()
    assert not mask[-1].any()


def test_a_picture_without_a_garment_has_no_outline():
    assert outline(np.full((426, 320, 3), 180, np.uint8)) is None


@pytest.mark.parametrize("seed", range(4))
def test_a_laid_out_garment_has_left_its_floor_behind(seed):
    picture = photograph()
    rng = np.random.default_rng(seed)
    shown, _ = lay_out(picture, outline(picture), 2, rng)
    assert shown.shape == (320, 240, 3)
    rim = np.concatenate([shown[0], shown[-1], shown[:, 0], shown[:, -1]]).astype(float)
    # Soft and even, unlike boards.
    assert rim.std(axis=0).max() < 12
    assert np.abs(rim.mean(axis=0) - FLOOR).max() > 20


def test_the_caption_names_the_colour_after_the_change():
    picture = photograph()
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    blue = cv2.cvtColor(np.array([[(58, 122, 212)]], np.float32) / 255, cv2.COLOR_RGB2LAB)[0, 0]
    cloth = outline(picture)
    big = cv2.resize(cloth.astype(np.uint8), (320, 426), interpolation=cv2.INTER_NEAREST) > 0
    moved = lab.copy()
    moved[big] = recoloured(lab[big], np.median(lab[big], axis=0), blue)
    shown = (cv2.cvtColor(moved, cv2.COLOR_LAB2RGB).clip(0, 1) * 255).astype(np.uint8)
    assert measure_colours(picture)[0][0] == "red"
    assert measure_colours(shown)[0][0] == "blue"


@pytest.mark.parametrize("pattern", ["striped", "checked", "dotted", "floral"])
def test_a_pattern_covers_a_part_of_the_cloth(pattern):
    most, least = pattern_mask(pattern, 320, 240, np.random.default_rng(1))
    assert most.shape == least.shape == (320, 240)
    assert 0.1 < most.mean() < 0.6
    assert 0 <= least.mean() < 0.1


def test_samples_repeat_and_say_photo_in_every_caption(wardrobe):
    sampler, again = PhotographSampler(wardrobe, 5), PhotographSampler(wardrobe, 5)
    for index in range(6):
        one, two = sampler(index, index == 0), again(index, index == 0)
        assert np.array_equal(one.image, two.image)
        assert one.facts == two.facts
        assert all("photo" in text for text in one.facts.captions)
        assert (one.large is not None) == (index == 0)
        assert one.facts.photo


def test_a_colour_in_the_caption_is_the_measured_one(wardrobe):
    sampler = PhotographSampler(wardrobe, 1)
    for index in range(8):
        sample = sampler(index, False)
        if sample.facts.taste:
            assert sample.facts.taste["colour"] in sample.facts.captions[0]


def test_held_out_senders_are_never_learnt_from(wardrobe):
    def files(held):
        by_type = PhotographSampler(wardrobe, 1, held=held).by_type
        return {one.file for photographs in by_type.values() for one in photographs}

    assert files(True)
    assert not files(True) & files(False)
    assert not files(True) & set(learnt_files(wardrobe))


def test_unlabelled_photographs_are_left_out_and_an_empty_folder_is_refused(wardrobe, tmp_path):
    kinds = {TYPES[kind] for kind in PhotographSampler(wardrobe, 1).by_type}
    assert kinds == {"t-shirt", "skirt", "hat"}
    (tmp_path / "images.csv").write_text("image,sender_id,label,kids\nx,1,Other,False\n")
    with pytest.raises(InvalidInputError):
        PhotographSampler(tmp_path, 1)


def test_captions_of_a_photograph_name_what_is_known():
    known = Attributes(type=TYPES.index("skirt"), colour=COLOUR_NAMES.index("black"), pattern=PLAIN)
    captions = photo_captions(random.Random(1), known)
    assert captions[:2] == ("photo of a black skirt", "black skirt, photo")
    unknown = photo_captions(random.Random(1), Attributes(type=UNKNOWN, colour=2))
    assert unknown[0].endswith("garment")


def test_a_phrase_for_a_drawing_never_says_photo():
    rng = random.Random(3)
    known = Attributes(type=0, colour=0, pattern=PLAIN)
    assert not any("photo" in drawn_phrase(rng, known) for _ in range(200))
    assert without_photo("a photo of a red dress") == "red dress"
    assert without_photo("photo of blue shoes") == "blue shoes"


def test_wrong_names_of_a_type_are_replaced_and_others_left():
    text = rename("white heels with trainers", "shoes", ("boots",), random.Random(0))
    assert text == "white boots with boots"
    assert rename("a red frock", "shoes", ("boots",), random.Random(0)) == "a red frock"
