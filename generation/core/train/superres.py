"""Training of the super-resolution step on pairs of small and large pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
import torch

from generation.core.superres import SuperResolver, images_to_tensor
from generation.core.train.autoencoder import picture_loss
from generation.core.train.cache import ZOOM
from generation.core.train.run import TrainingRun
from vision.feeding import draws

SIDE = 40
PHOTO_SHARE = 0.15

# A (small crop, large crop) pair, uint8.
Pair = tuple[np.ndarray, np.ndarray]
Pairs = Callable[[np.random.Generator], Pair]


def train_superres(
    model: SuperResolver,
    pairs: Pairs,
    *,
    folder: Path,
    minutes: float,
    seed: int = 0,
    batch: int = 16,
    rate: float = 1e-3,
    max_steps: int | None = None,
    device: str = "cpu",
    workers: int = 0,
) -> TrainingRun[SuperResolver]:
    """Train on crops drawn by `pairs(rng)`; return the run with its averaged weights."""
    torch.manual_seed(seed)
    run = TrainingRun(
        model, folder=folder, minutes=minutes, peak_rate=rate, max_steps=max_steps, device=device
    )
    drawn = draws(lambda rng: stacked(pairs(rng) for _ in range(batch)), (seed, run.step), workers)
    for _ in run.steps():
        small, large = (images_to_tensor(one).to(run.device) for one in next(drawn))
        with run.autocast():
            made = model(small)
        run.apply(picture_loss(made, large))
    return run


def stacked(rows: Iterable[tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
    """Return rows of arrays as arrays of rows."""
    return tuple(np.stack(column) for column in zip(*rows, strict=True))


class DrawnPairs:
    """Crops of decoded drawings beside the same drawn large, now and then of photographs."""

    def __init__(
        self, small: np.ndarray, large: np.ndarray, photographs: list[Path] | None = None
    ) -> None:
        """small: (M, H, W, 3), as the autoencoder gives them back; large: (M, 4 H, 4 W, 3)."""
        self._small = small
        self._large = large
        self._photographs = photographs or []

    def __call__(self, rng: np.random.Generator) -> Pair:
        """Return one pair of crops."""
        if self._photographs and rng.random() < PHOTO_SHARE:
            return photo_pair(self._photographs, rng)
        pick = rng.integers(len(self._small))
        height, width = self._small.shape[1:3]
        top, left = rng.integers(height - SIDE + 1), rng.integers(width - SIDE + 1)
        small = self._small[pick, top : top + SIDE, left : left + SIDE]
        rows, columns = _zoomed(top), _zoomed(left)
        return small, self._large[pick, rows, columns]


def photo_pair(files: list[Path], rng: np.random.Generator) -> Pair:
    """Return a crop of one of the photographs, and the same made small and a little noisy."""
    large = _photo_crop(files, rng)
    small = cv2.resize(large, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    noisy = small + rng.normal(0, rng.uniform(0, 4), small.shape)
    return noisy.clip(0, 255).astype(np.uint8), large


def _photo_crop(files: list[Path], rng: np.random.Generator) -> np.ndarray:
    side = ZOOM * SIDE
    for _ in range(10):
        bgr = cv2.imread(str(files[rng.integers(len(files))]))
        if bgr is None or min(bgr.shape[:2]) < side:
            continue
        top = rng.integers(bgr.shape[0] - side + 1)
        left = rng.integers(bgr.shape[1] - side + 1)
        return np.ascontiguousarray(bgr[top : top + side, left : left + side, ::-1])
    raise ValueError("no photograph of a usable size was found")


def _zoomed(start: int) -> slice:
    """Return where a crop that starts here lies in the large picture."""
    return slice(ZOOM * start, ZOOM * (start + SIDE))
