"""What the embedded creator learnt from, as hashes: so that no training picture is handed out.

`python -m generation.core.memory CACHE ...` writes the index of training caches. It holds 80 bytes
a picture, from which no picture can be drawn again: a PDQ hash, and its colours at 4 x 4.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from vision import hashing

INDEX = Path(__file__).resolve().parents[1] / "weights" / "memory" / "embedded.npz"
SIDE = 4


@dataclass(frozen=True)
class Memory:
    """hashes: (N, 32) uint8. colours: (N, 4, 4, 3) int8, CIE Lab, L less 50."""

    hashes: np.ndarray
    colours: np.ndarray

    def nearest(self, image: np.ndarray) -> tuple[int | None, float | None]:
        """Return hash bits and mean Lab difference of the picture learnt from that is most like it.

        (None, None) without an index, or when the picture has too little structure to be hashed.
        """
        digest, sure = hashing.pdq(image)
        if not len(self.hashes) or sure < hashing.MIN_QUALITY:
            return None, None
        own = np.frombuffer(bytes.fromhex(digest), np.uint8)
        bits = np.bitwise_count(self.hashes ^ own).sum(1)  # (N,)
        apart = self.colours.astype(np.float32) - colour_grid(image).astype(np.float32)
        colours = np.linalg.norm(apart, axis=3).mean((1, 2))  # (N,)
        # The same weights as in `quality.originality`: near in both is what counts.
        best = int(np.argmin(np.maximum(bits / 32.0, colours / 6.0)))
        return int(bits[best]), float(colours[best])


def colour_grid(image: np.ndarray) -> np.ndarray:
    """Return the picture's colours at 4 x 4 as (4, 4, 3) int8: CIE Lab, L less 50."""
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    small = cv2.resize(lab, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.clip(np.round(small - [50, 0, 0]), -127, 127).astype(np.int8)


@lru_cache(maxsize=1)
def load_memory(path: Path = INDEX) -> Memory:
    """Return the index that comes with the weights; an empty one where there is none."""
    if not path.is_file():
        return Memory(np.zeros((0, 32), np.uint8), np.zeros((0, SIDE, SIDE, 3), np.int8))
    with np.load(path, allow_pickle=False) as stored:
        return Memory(stored["hashes"], stored["colours"])


def build_memory(images: np.ndarray) -> Memory:
    """Return the index of pictures (N, H, W, 3) uint8; those without structure are left out."""
    hashes, colours = [], []
    for image in images:
        digest, sure = hashing.pdq(image)
        if sure >= hashing.MIN_QUALITY:
            hashes.append(np.frombuffer(bytes.fromhex(digest), np.uint8))
            colours.append(colour_grid(image))
    return Memory(
        np.array(hashes, np.uint8).reshape(-1, 32),
        np.array(colours, np.int8).reshape(-1, SIDE, SIDE, 3),
    )


def main() -> None:
    """Write the index of training caches (`images.npy`, as `train.cache` makes it)."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("caches", type=Path, nargs="+", help="folders with images.npy")
    parser.add_argument("--out", type=Path, default=INDEX)
    given = parser.parse_args()
    parts = [build_memory(np.load(one / "images.npy", mmap_mode="r")) for one in given.caches]
    memory = Memory(
        np.concatenate([part.hashes for part in parts]),
        np.concatenate([part.colours for part in parts]),
    )
    given.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(given.out, hashes=memory.hashes, colours=memory.colours)
    print(f"{len(memory.hashes)} pictures, {given.out.stat().st_size / 2**20:.1f} MB")


if __name__ == "__main__":
    main()
