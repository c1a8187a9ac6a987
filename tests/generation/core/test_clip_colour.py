"""A clip in another colour: the garment changes, the rest stays, and nothing flickers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from generation.core.retouch.clips import recolour_clip
from generation.core.retouch.colour import hue_share, lab_of, to_lab

SKIN, ORANGE = (196, 148, 122), (214, 120, 20)


@pytest.fixture(scope="module")
def wearer() -> np.ndarray:
    """Eight frames: an orange jumper with folds, and hands, that move before a pale wall."""
    frames = []
    for step in range(8):
        frame = np.full((160, 160, 3), (188, 192, 190), np.uint8)
        left = 40 + 2 * step
        cv2.rectangle(frame, (left, 40), (left + 70, 150), ORANGE, -1)
        for fold in range(3):
            x = left + 15 + 20 * fold
            cv2.line(frame, (x, 50), (x, 145), (150, 84, 14), 3)
        cv2.circle(frame, (left + 35, 90), 9, SKIN, -1)
        frames.append(frame)
    return np.stack(frames)


def named(frame: np.ndarray, colour: str) -> np.ndarray:
    return np.linalg.norm((to_lab(frame) - lab_of(colour))[..., 1:], axis=2) < 25


def test_the_garment_takes_the_colour_and_keeps_its_folds(wearer):
    made = recolour_clip(wearer, "navy")
    for step, frame in enumerate(made.frames):
        jumper = frame[60:140, 44 + 2 * step : 50 + 2 * step]
        assert named(jumper, "navy").mean() > 0.9
    lightness = to_lab(made.frames[4])[120, 50:110, 0]
    assert np.ptp(lightness) > 5
    assert made.share == pytest.approx(0.3, abs=0.08)


def test_wall_and_hands_stay_as_they_were(wearer):
    made = recolour_clip(wearer, "green").frames
    assert np.abs(made[:, :30].astype(int) - wearer[:, :30]).max() <= 1
    for step in range(8):
        x = 40 + 2 * step + 35
        hand = slice(86, 95), slice(x - 4, x + 5)
        assert np.abs(made[step][hand].astype(int) - wearer[step][hand]).mean() < 3


def test_a_still_scene_with_noise_does_not_flicker(wearer):
    rng = np.random.default_rng(1)
    noisy = wearer[:1] + rng.normal(0, 3, (8, *wearer.shape[1:]))
    noisy = np.clip(noisy, 0, 255).astype(np.uint8)
    made = recolour_clip(noisy, "blue").frames.astype(float)
    before = np.abs(np.diff(noisy.astype(float), axis=0)).mean()
    assert np.abs(np.diff(made, axis=0)).mean() < 1.3 * before


def test_a_painted_mask_says_where(wearer):
    mask = np.zeros(wearer.shape[1:3], np.float32)
    mask[:90] = 1.0
    made = recolour_clip(wearer, "navy", mask=mask).frames
    assert (made[:, 100:] == wearer[:, 100:]).all()
    assert not (made[:, 50:80] == wearer[:, 50:80]).all()


def test_skin_of_the_same_hue_is_not_cloth():
    cloth = to_lab(np.array([[ORANGE]], np.uint8))[0, 0]
    shade = tuple(round(0.6 * value) for value in ORANGE)
    pixels = to_lab(np.array([[ORANGE, shade]], np.uint8))
    assert hue_share(pixels, cloth).min() > 0.8
    assert hue_share(to_lab(np.array([[SKIN]], np.uint8)), cloth).max() < 0.1


def test_stopping_ends_it(wearer):
    class StopError(Exception):
        pass

    def stop() -> None:
        raise StopError

    with pytest.raises(StopError):
        recolour_clip(wearer, "navy", check=stop)
