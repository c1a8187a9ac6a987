"""What counts as movement: things that move, not light that changes on a wall."""

from __future__ import annotations

import cv2
import numpy as np

from generation.core.styles.motion import MotionEstimator
from generation.core.styles.temporal import TemporalFilter

SIZE = (240, 320)


def wall(drift: float) -> np.ndarray:
    """A wall that is a little lighter on one side, with a light that drifts over it."""
    x, y = np.meshgrid(np.linspace(0, 1, SIZE[1]), np.linspace(0, 1, SIZE[0]))
    light = 120 + 40 * x + drift * np.sin(6 * x + 3 * y)
    return np.repeat(np.round(light)[..., None], 3, axis=2).astype(np.uint8)


def leaves(shift: int) -> np.ndarray:
    noise = np.random.default_rng(4).integers(0, 255, (SIZE[0] + 40, SIZE[1] + 40), np.uint8)
    page = cv2.GaussianBlur(noise, (0, 0), 2.5)
    page = cv2.normalize(page, None, 0, 255, cv2.NORM_MINMAX)
    part = page[20 : 20 + SIZE[0], 20 - shift : 20 - shift + SIZE[1]]
    return np.repeat(part[..., None], 3, axis=2)


def test_light_that_drifts_over_a_flat_wall_is_no_movement():
    motion = MotionEstimator(SIZE).between(wall(0.0), wall(2.0))
    # The search itself finds plenty.
    assert (np.abs(motion.estimated).max(axis=2) > 0.5).mean() > 0.9
    assert (motion.flow != 0).any(axis=2).mean() < 0.002


def test_leaves_in_the_wind_move_as_far_as_they_do():
    motion = MotionEstimator(SIZE).between(leaves(0), leaves(3))
    inner = motion.flow[30:-30, 30:-30]
    assert np.median(inner[..., 0]) < -2.7
    assert np.median(np.abs(inner[..., 1])) < 0.2


def test_grain_rests_where_the_source_rests_and_moves_where_it_is_restless():
    rng = np.random.default_rng(2)
    ticks = []
    for noise in (0.0, 8.0):
        steady = TemporalFilter(SIZE)
        for _ in range(6):
            frame = np.clip(leaves(0) + rng.normal(0, noise, (*SIZE, 3)), 0, 255).astype(np.uint8)
            steady.blend(frame, frame.astype(np.float32) / 255)
        ticks.append(steady.sheet().tick)
    assert ticks[0] == 0.0
    assert ticks[1] > 3.0
