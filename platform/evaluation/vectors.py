"""What the two networks see of a world, computed once and kept on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evaluation.judging import Judge
from evaluation.metrics import unit
from evaluation.worlds import FRAMES, World
from vision.encoder import BATCH, Encoder

Report = Callable[[str], None]
# Measured on one core of a server CPU for one picture and one network, at 128 x 128.
SECONDS_PER_PICTURE = 0.004
# Of a stitched video with its thumbnail, at 96 x 128.
SECONDS_PER_VIDEO = 0.12


@dataclass(frozen=True)
class Vectors:
    """Unit vectors of N videos and Q pictures by the encoder, which conditions and selects, and by
    the judge, which measures.
    """

    frames: np.ndarray  # (N, T, D) encoder
    frames_judged: np.ndarray  # (N, T, D) judge
    thumbnails: np.ndarray  # (N, D) encoder
    thumbnails_judged: np.ndarray  # (N, D) judge
    pictures: np.ndarray  # (Q, D) encoder
    pictures_raw: np.ndarray  # (Q, D) encoder, of the length it gave them
    pictures_judged: np.ndarray  # (Q, D) judge


def estimate_seconds(videos: int, pictures: int) -> float:
    """Return about how long `compute_vectors` takes when nothing is kept from before."""
    seen = videos * (FRAMES + 1) + pictures
    return videos * SECONDS_PER_VIDEO + 2 * seen * SECONDS_PER_PICTURE


def compute_vectors(
    world: World, encoder: Encoder, judge: Judge, cache: Path, report: Report
) -> Vectors:
    """Return the vectors of a world; kept under `cache`, by world and network."""
    path = cached_file(cache, "vectors", [world.key, str(FRAMES), encoder.name, judge.name])
    if not path.is_file():
        _write(path, vars(_compute(world, encoder, judge, report)))
    with np.load(path) as arrays:
        return Vectors(**arrays)


def cached_file(cache: Path, kind: str, parts: Sequence[str]) -> Path:
    """Return the file under `cache` for what these words decide; its folder is made."""
    cache.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]
    return cache / f"{kind}-{digest}.npz"


def _write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    partial = path.with_suffix(".part.npz")
    np.savez(partial, **arrays)  # type: ignore[arg-type]
    partial.replace(path)


def _compute(world: World, encoder: Encoder, judge: Judge, report: Report) -> Vectors:
    frames, frames_judged = [], []
    for video in range(world.video_count):
        shown = list(world.frames(video))
        frames.append(encoder.encode_images(shown))
        frames_judged.append(judge.see(shown))
        if (video + 1) % 50 == 0:
            report(f"{video + 1} of {world.video_count} videos seen")
    thumbnails, pictures = world.thumbnails(), world.pictures()
    raw = raw_vectors(encoder, pictures)
    return Vectors(
        frames=np.stack(frames),
        frames_judged=np.stack(frames_judged),
        thumbnails=encoder.encode_images(thumbnails),
        thumbnails_judged=judge.see(thumbnails),
        pictures=unit(raw),
        pictures_raw=raw,
        pictures_judged=judge.see(pictures),
    )


def raw_vectors(encoder: Encoder, pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Return (N, D) vectors before they are scaled to length 1, as the authors' code averages."""
    import torch
    from PIL import Image

    rows = []
    with torch.inference_mode():
        for start in range(0, len(pictures), BATCH):
            chunk = pictures[start : start + BATCH]
            pixels = torch.stack([encoder.transform(Image.fromarray(one)) for one in chunk])
            rows.append(encoder.model.encode_image(pixels, normalize=False).float().numpy())
    return np.concatenate(rows)
