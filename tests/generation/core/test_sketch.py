"""A picture moved as a camera would see it."""

from __future__ import annotations

import numpy as np
import pytest

from generation.core.video.sketch import sketch_clip


@pytest.fixture(scope="module")
def still() -> np.ndarray:
    picture = np.full((160, 120, 3), 220, np.uint8)
    picture[30:130, 40:80] = (200, 30, 40)
    return picture


@pytest.mark.parametrize("camera", ["turntable", "runway", "close-up", ""])
def test_every_move_moves_and_keeps_the_garment_in_sight(still, camera):
    clip = sketch_clip(still, camera, 12)
    assert clip.shape == (12, *still.shape)
    steps = np.abs(np.diff(clip.astype(int), axis=0)).mean(axis=(1, 2, 3))
    assert (steps > 0).all()
    red = (clip[..., 0].astype(int) - clip[..., 1] > 100).mean(axis=(1, 2))
    assert (red > 0.1).all()


def test_a_turn_begins_with_the_picture_and_comes_back(still):
    clip = sketch_clip(still, "turntable", 12)
    assert np.abs(clip[0].astype(int) - still).mean() < 2
    last, middle = (np.abs(clip[k].astype(int) - still).mean() for k in (11, 3))
    assert last < middle


def test_a_walk_comes_nearer(still):
    clip = sketch_clip(still, "runway", 12)
    red = (clip[..., 0].astype(int) - clip[..., 1] > 100).mean(axis=(1, 2))
    assert red[-1] > 1.2 * red[0]
