"""What is asked of the image creator's training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Plan:
    """One training: where it works and writes, for how long, and how it was asked for.

    device: "cpu" or "cuda", with `workers` processes that draw what is learnt next; batches are
    `scale` times as large as on a processor. photographs: folder of the wardrobe. start: folder of
    a finished pipeline whose weights the denoiser and the polishing go on from; its autoencoder
    stays, so the first two stages are not needed.
    """

    work: Path
    out: Path
    minutes: float
    seed: int = 1
    photographs: Path | None = None
    start: Path | None = None
    command: str = ""
    device: str = "cpu"
    workers: int = 0
    scale: int = 1
