"""What is learnt next, drawn by lot ahead of time: numbers only, so that workers can send it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, default_convert

# Draws made by each worker before they are asked for.
AHEAD = 4


class _Draws(IterableDataset[Any]):
    """Draws without end; each worker has random numbers of its own."""

    def __init__(self, draw: Callable[[np.random.Generator], Any], seed: tuple[int, ...]) -> None:
        self.draw = draw
        self.seed = seed

    def __iter__(self) -> Iterator[Any]:
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((*self.seed, worker.id if worker else 0))
        while True:
            yield self.draw(rng)


def draws(
    draw: Callable[[np.random.Generator], Any], seed: tuple[int, ...], workers: int = 0
) -> Iterator[Any]:
    """Yield `draw(rng)` without end, its arrays as tensors, by that many worker processes.

    `draw` returns arrays in a (named) tuple. Without workers it runs here, when it is needed.
    """
    if workers == 0:
        return map(default_convert, iter(_Draws(draw, seed)))
    return iter(
        DataLoader(
            _Draws(draw, seed),
            batch_size=None,
            num_workers=workers,
            prefetch_factor=AHEAD,
            multiprocessing_context="fork",
        )
    )
