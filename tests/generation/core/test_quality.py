"""What is blurred, grainy, unchanged, copied, frozen or flickering is told from what is not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from demo.drawing import draw_garment
from demo.garments import sample_spec
from generation.core import quality
from generation.core.memory import build_memory, load_memory
from generation.core.quality import Judgement, Measure


@pytest.fixture(scope="module")
def drawn() -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    kinds = ("dress", "hoodie", "hat")
    return [
        np.ascontiguousarray(draw_garment(sample_spec(rng, type=kind), 240, 320)) for kind in kinds
    ]


def test_a_drawing_is_clear_and_smooth(drawn):
    for image in drawn:
        assert not quality.clarity(image).falls_short
        assert not quality.smoothness(image).falls_short


def test_a_blurred_picture_falls_short_unless_its_source_was_as_blurred(drawn):
    blurred = cv2.GaussianBlur(drawn[0], (0, 0), 7)
    assert quality.clarity(blurred).falls_short
    assert not quality.clarity(blurred, source=blurred).falls_short


def test_a_blank_picture_is_called_empty_whatever_its_source():
    blank = np.full((240, 180, 3), 200, np.uint8)
    assert quality.clarity(blank, source=blank).complaint == "it came out empty"
    assert quality.clarity(blank, source=blank).falls_short


def test_grain_is_measured_in_grey_levels(drawn):
    noise = np.random.default_rng(0).normal(0, 10, drawn[0].shape)
    noisy = np.clip(drawn[0] + noise, 0, 255).astype(np.uint8)
    assert quality.smoothness(noisy).falls_short
    # Luma averages three independent channels.
    assert quality.grain(noisy) == pytest.approx(10 * np.hypot(np.hypot(0.3, 0.59), 0.11), rel=0.25)


def test_an_edit_that_changed_nothing_is_found_and_a_recolouring_is_not(drawn):
    _, data = cv2.imencode(".jpg", drawn[0], [cv2.IMWRITE_JPEG_QUALITY, 70])
    again = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert quality.change(drawn[0], again).falls_short
    assert not quality.change(drawn[0], drawn[0][..., ::-1].copy()).falls_short


def test_a_change_outside_the_mask_does_not_count(drawn):
    result = drawn[0].copy()
    result[:80] = 255 - result[:80]
    top, bottom = np.zeros((32, 24), np.uint8), np.zeros((32, 24), np.uint8)
    top[:8], bottom[20:] = 255, 255
    assert not quality.change(drawn[0], result, top).falls_short
    assert quality.change(drawn[0], result, bottom).falls_short


def test_a_copy_is_near_in_hash_and_colour_and_another_colour_is_no_copy(drawn):
    copy = cv2.resize(drawn[0], None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    assert quality.originality(*quality.likeness(drawn[0], copy), "x").falls_short
    other_colour = drawn[0][..., ::-1].copy()
    assert not quality.originality(*quality.likeness(drawn[0], other_colour), "x").falls_short
    assert not quality.originality(*quality.likeness(drawn[0], drawn[1]), "x").falls_short


def test_without_structure_nothing_is_said_of_copies():
    flat = np.full((64, 64, 3), 90, np.uint8)
    measure = quality.originality(*quality.likeness(flat, flat), "x")
    assert measure.score is None
    assert not measure.falls_short


def test_the_memory_finds_a_picture_it_holds_and_no_other(drawn):
    memory = build_memory(np.stack(drawn[:2]))
    assert quality.originality(*memory.nearest(drawn[1]), "x").falls_short
    assert not quality.originality(*memory.nearest(drawn[2]), "x").falls_short


def test_without_an_index_nothing_is_remembered(drawn, tmp_path):
    assert load_memory(tmp_path / "absent.npz").nearest(drawn[0]) == (None, None)


def test_an_edit_may_fit_its_words_less_than_what_is_made_from_nothing():
    assert quality.relevance(0.8).falls_short
    assert not quality.relevance(0.8, is_edit=True).falls_short
    assert quality.relevance(0.4, is_edit=True).falls_short
    assert not quality.relevance(None).falls_short


def test_kinship_is_the_share_of_strangers_that_are_further_away():
    likes = np.array([[1.0, 0.0]], np.float32)
    strangers = np.array([[0.0, 1.0], [-1.0, 0.0], [1.0, 0.0], [0.6, 0.8]], np.float32)
    near = quality.kinship(np.array([0.8, 0.6], np.float32), likes, strangers)
    assert near.score == 0.75
    assert quality.kinship(likes[0], likes[:0], strangers).score is None


def moving(frames: int = 24) -> np.ndarray:
    """A bright bar that moves over a ramp, (T, 48, 36) uint8."""
    luma = np.tile(np.linspace(60, 160, 36), (frames, 48, 1))
    for index in range(frames):
        luma[index, :, index : index + 6] = 220
    return luma.astype(np.uint8)


def test_motion_is_told_from_a_still():
    assert not quality.motion(moving()).falls_short
    assert quality.motion(np.repeat(moving()[:1], 24, axis=0)).falls_short


def test_flicker_is_told_from_motion_and_from_a_cut():
    video = moving().astype(int)
    assert not quality.steadiness(video.astype(np.uint8)).falls_short
    cut = np.concatenate([video[:12], 255 - video[12:]])
    assert not quality.steadiness(cut.astype(np.uint8)).falls_short
    swing = np.where(np.arange(24) % 2, 14, 0)[:, None, None]
    flickering = np.clip(video + swing, 0, 255).astype(np.uint8)
    assert quality.steadiness(flickering).falls_short
    # What the source does is not the result's fault.
    assert not quality.steadiness(flickering, source=flickering).falls_short


def test_black_frames_are_counted():
    video = moving()
    assert not quality.light(video).falls_short
    video[:14] = 3
    assert quality.light(video).falls_short


def test_a_refusal_says_what_is_wrong_and_what_to_change():
    judgement = Judgement(
        (
            Measure("clarity", 0.4, 1.0, "it came out blurred", "Try simpler words."),
            Measure("kinship", 0.1, 0.3, "it is unlike what you like", "", decides=False),
            Measure("relevance", None, 0.9, "it shows something else", "Try other words."),
        )
    )
    assert judgement.refusal() == (
        "I could not make this well: it came out blurred. Try simpler words."
    )
    assert (judgement.is_good, judgement.is_refused) == (False, True)


def test_taste_alone_is_a_shortfall_but_no_refusal():
    judgement = Judgement((Measure("kinship", 0.1, 0.3, decides=False),))
    assert (judgement.is_good, judgement.is_refused) == (False, False)


def test_the_better_of_two_is_the_one_that_is_refused_for_less():
    worse = Judgement((Measure("a", 0.1, 1.0), Measure("b", 0.1, 1.0)))
    better = Judgement((Measure("a", 0.9, 1.0), Measure("b", 2.0, 1.0)))
    good = Judgement((Measure("a", 1.0, 1.0), Measure("b", 1.0, 1.0)))
    assert sorted([good, worse, better], key=lambda one: one.rank) == [worse, better, good]
