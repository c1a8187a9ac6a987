"""What the creator learns from: pictures with what is known of each, kept on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from common.processes import in_order

HEIGHT, WIDTH = 160, 120
ZOOM = 4


Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Facts:
    """What is known of one picture.

    captions: phrases that describe it. taste: what somebody who likes it may like it for (colour,
    pattern, background, ...), by which liked items are matched with it.
    """

    captions: tuple[str, ...]
    taste: dict[str, str] = field(default_factory=dict)
    photo: bool = False


@dataclass(frozen=True)
class Sample:
    """A picture (HEIGHT, WIDTH, 3) uint8 with its facts; `large` is it, ZOOM times the size."""

    image: np.ndarray
    facts: Facts
    large: np.ndarray | None = None


@dataclass(frozen=True)
class ClipSample:
    """Frames (T, H, W, 3) uint8 of one clip, its camera move, its poster and its facts."""

    frames: np.ndarray
    poster: np.ndarray
    camera: str
    facts: Facts


# (index, whether a large picture is wanted) -> the sample; None leaves the index out.
Sampler = Callable[[int, bool], Sample | None]


@dataclass
class PictureCache:
    """N pictures aligned with their facts, and M <= N large ones: `large[j]` shows `images[j]`."""

    folder: Path
    images: np.ndarray  # (N, HEIGHT, WIDTH, 3) uint8
    facts: list[Facts]
    large: np.ndarray  # (M, ZOOM * HEIGHT, ZOOM * WIDTH, 3) uint8

    def __len__(self) -> int:
        return len(self.facts)

    @classmethod
    def load(cls, folder: Path) -> PictureCache:
        """Read a cache; the pictures stay on disk until they are used."""
        rows = json.loads((folder / "facts.json").read_text())
        facts = [Facts(tuple(row["captions"]), row["taste"], row["photo"]) for row in rows]
        return cls(
            folder=folder,
            images=np.load(folder / "images.npy", mmap_mode="r")[: len(facts)],
            facts=facts,
            large=np.load(folder / "large.npy", mmap_mode="r"),
        )


def build_cache(
    folder: Path,
    sampler: Sampler,
    *,
    count: int,
    large: int,
    progress: Progress | None = None,
    processes: int = 1,
) -> PictureCache:
    """Draw `count` samples, the first `large` of them also large, into `folder`; return the cache.

    A finished cache of that size is kept as it is.
    """
    if (folder / "facts.json").exists():
        cache = PictureCache.load(folder)
        if len(cache) >= min(count, len(cache.images)) and len(cache.large) >= large:
            return cache
    folder.mkdir(parents=True, exist_ok=True)
    small_file = np.lib.format.open_memmap(
        folder / "images.npy", mode="w+", dtype=np.uint8, shape=(count, HEIGHT, WIDTH, 3)
    )
    shape = (large, ZOOM * HEIGHT, ZOOM * WIDTH, 3)
    large_file = np.lib.format.open_memmap(
        folder / "large.npy", mode="w+", dtype=np.uint8, shape=shape
    )
    facts: list[Facts] = []
    # A few more than asked for are drawn large, for those that cannot be had.
    wanted = [(index, index < large + large // 10) for index in range(count)]
    for index, sample in enumerate(in_order(sampler, wanted, processes)):
        if sample is None:
            continue
        small_file[len(facts)] = sample.image
        if sample.large is not None and len(facts) < large:
            large_file[len(facts)] = sample.large
        facts.append(sample.facts)
        if progress:
            progress(index + 1, count)
    small_file.flush()
    large_file.flush()
    # Written last: its presence says that the cache is complete.
    (folder / "facts.json").write_text(json.dumps([asdict(one) for one in facts]))
    return PictureCache.load(folder)
