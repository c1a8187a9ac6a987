"""Enlarged pictures are nearer to the original than plain enlargement, and drift from nothing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from demo.drawing import draw_garment
from demo.garments import sample_spec
from generation.core import upscaling
from generation.core.upscaling import back_project, upscale


def psnr(first: np.ndarray, second: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((first.astype(float) - second) ** 2)))


def shrunk(image: np.ndarray, factor: int) -> np.ndarray:
    height, width = image.shape[:2]
    return cv2.resize(image, (width // factor, height // factor), interpolation=cv2.INTER_AREA)


def lanczos(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.resize(image, size, interpolation=cv2.INTER_LANCZOS4)


def test_a_drawing_comes_out_nearer_to_the_original_than_by_lanczos():
    spec = sample_spec(np.random.default_rng(4), type="dress", pattern="striped")
    original = np.ascontiguousarray(draw_garment(spec, 240, 320))
    small = shrunk(original, 4)
    large, done = upscale(small, 4, drawn=True)
    assert large.shape == original.shape
    assert done == {"asked": 4, "done": 4.0, "method": "superres"}
    assert psnr(large, original) > psnr(lanczos(small, (240, 320)), original) + 1.0


@pytest.mark.data
def test_a_photograph_does_too(shared_data: Path):
    file = sorted((shared_data / "wardrobe" / "images").glob("*.jpg"))[40]
    original = cv2.imread(str(file))[..., ::-1]
    original = np.ascontiguousarray(original[: 320 // 4 * 4, : 320 // 4 * 4])
    small = shrunk(original, 4)
    large, done = upscale(small, 4)
    assert done["method"] == "superres+lanczos"
    assert psnr(large, original) > psnr(lanczos(small, large.shape[1::-1]), original)


def test_tiles_leave_no_seams(monkeypatch):
    image = shrunk(
        np.ascontiguousarray(draw_garment(sample_spec(np.random.default_rng(1)), 240, 320)), 2
    )
    whole, _ = upscale(image, 2, drawn=True)
    monkeypatch.setattr(upscaling, "TILE", 48)
    tiled, _ = upscale(image, 2, drawn=True)
    assert np.abs(whole.astype(int) - tiled).max() <= 2


def test_shrunk_again_it_is_the_picture_it_came_from():
    small = np.random.default_rng(0).integers(40, 216, (24, 18, 3)).astype(np.uint8)
    small = cv2.GaussianBlur(small, (0, 0), 1)
    large = back_project(np.full((96, 72, 3), 128, np.uint8), small)
    assert np.abs(shrunk(large, 4).astype(int) - small).mean() < 1.0


def test_what_is_large_already_grows_no_further_than_the_site_shows():
    image = np.full((1200, 900, 3), 99, np.uint8)
    large, done = upscale(image, 4)
    assert max(large.shape) == 1600
    assert (done["method"], done["done"]) == ("lanczos", 1.333)
    assert upscale(np.full((1600, 20, 3), 9, np.uint8), 2)[1]["done"] == 1.0


def test_it_stops_between_tiles():
    calls = []

    def check() -> None:
        calls.append(1)
        if len(calls) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        upscale(np.full((300, 300, 3), 99, np.uint8), 2, check=check)


@pytest.mark.parametrize("factor", [0, 3, 8])
def test_other_factors_are_errors(factor):
    with pytest.raises(ValueError, match="1, 2 or 4"):
        upscale(np.zeros((9, 9, 3), np.uint8), factor)
