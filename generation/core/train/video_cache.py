"""What the video creator learns from: clips as latents, with what is known of each, on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from common.processes import in_order
from generation.core.autoencoder import PatchAutoencoder
from generation.core.train.autoencoder import encode_images
from generation.core.train.cache import ClipSample, Facts, Progress
from generation.core.video.pipeline import encoder_hash

# Clips of one file: a crash costs at most the drawing of these.
SHARD = 100


# Index -> the clip; the same every time.
ClipSampler = Callable[[int], ClipSample]


class ClipCache:
    """N clips: latents (T, C, h, w) float16, a poster (H, W, 3), facts and camera move of each."""

    def __init__(self, folder: Path) -> None:
        """Read what is there; latents and posters stay on disk until they are used."""
        self.folder = folder
        self.facts: list[Facts] = []
        self.cameras: list[str] = []
        self._latents: list[np.ndarray] = []
        self._posters: list[np.ndarray] = []
        # Shards are finished in order, the facts of each last.
        for facts in sorted(folder.glob("facts-*.json")):
            rows = json.loads(facts.read_text())
            self.facts += [Facts(tuple(r["captions"]), r["taste"], r["photo"]) for r in rows]
            self.cameras += [row["camera"] for row in rows]
            number = facts.stem.removeprefix("facts-")
            self._latents.append(np.load(folder / f"latents-{number}.npy", mmap_mode="r"))
            self._posters.append(np.load(folder / f"posters-{number}.npy", mmap_mode="r"))

    def __len__(self) -> int:
        return len(self.facts)

    @property
    def frames(self) -> int:
        """Frames of one clip."""
        return int(self._latents[0].shape[1])

    def latents(self, clip: int, frames: slice | list[int]) -> np.ndarray:
        """Return the latents (F, C, h, w) of these frames of a clip, float16."""
        return self._latents[clip // SHARD][clip % SHARD, frames]

    def all_latents(self) -> np.ndarray:
        """Return the latents (N, T, C, h, w) of all clips in memory, float16."""
        return np.concatenate(self._latents)

    def poster(self, clip: int) -> np.ndarray:
        """Return the still that stands for the clip, (H, W, 3) uint8."""
        return self._posters[clip // SHARD][clip % SHARD]


def build_clips(
    folder: Path,
    sampler: ClipSampler,
    vae: PatchAutoencoder,
    *,
    count: int,
    progress: Progress | None = None,
    processes: int = 1,
) -> ClipCache:
    """Draw and encode clips up to `count`, rounded up to whole shards; return the cache.

    What is there already stays; a cache made by another encoder is refused with ValueError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _claim(folder, encoder_hash(vae))
    shards = range(-(-count // SHARD))
    missing = [one for one in shards if not (folder / f"facts-{one:04d}.json").exists()]
    numbers = [(shard * SHARD + index,) for shard in missing for index in range(SHARD)]
    clips = in_order(sampler, numbers, processes)
    for shard in missing:
        _write_shard(folder, shard, [next(clips) for _ in range(SHARD)], vae)
        if progress:
            progress((shard + 1) * SHARD, count)
    return ClipCache(folder)


def _claim(folder: Path, encoder: str) -> None:
    """Note on disk which encoder made the cache, or check that it is this one."""
    note = folder / "encoder.txt"
    if not note.exists():
        note.write_text(encoder)
    if note.read_text() != encoder:
        raise ValueError(f"the clips in {folder} were encoded by another autoencoder")


def _write_shard(folder: Path, shard: int, clips: list[ClipSample], vae: PatchAutoencoder) -> None:
    latents = np.stack([encode_images(vae, clip.frames) for clip in clips])
    _write(folder / f"latents-{shard:04d}.npy", latents)
    _write(folder / f"posters-{shard:04d}.npy", np.stack([clip.poster for clip in clips]))
    rows = [{**asdict(clip.facts), "camera": clip.camera} for clip in clips]
    facts = folder / f"facts-{shard:04d}.json"
    facts.with_suffix(".partial").write_text(json.dumps(rows))
    os.replace(facts.with_suffix(".partial"), facts)


def _write(file: Path, array: np.ndarray) -> None:
    partial = file.with_suffix(".partial")
    with partial.open("wb") as stream:
        np.save(stream, array)
    os.replace(partial, file)
