"""PDQ: a 256-bit hash of how a picture looks, for finding copies and near-copies."""

from __future__ import annotations

import cv2
import numpy as np
import pdqhash

BITS = 256
# At most this far apart is the same picture after re-compression or scaling; unrelated pictures
# start far above (the nearest pair of unrelated photographs measured 84).
SAME_PICTURE = 31
# Below this quality the picture has too little structure for its hash to mean anything.
MIN_QUALITY = 50
_WORK_SIDE = 512
# For finding near hashes by index: sixteen stretches of sixteen bits.
CHUNKS, CHUNK_BITS = 16, 16


def pdq(image: np.ndarray) -> tuple[str, int]:
    """Return the hash of an RGB image (H, W, 3) as 64 hex digits, and its quality 0..100."""
    longest = max(image.shape[:2])
    if longest > _WORK_SIDE:
        factor = _WORK_SIDE / longest
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    bits, quality = pdqhash.compute(np.ascontiguousarray(image))
    return np.packbits(bits.astype(np.uint8)).tobytes().hex(), int(quality)


def distance(first: str, second: str) -> int:
    """Return in how many of 256 bits two hashes differ."""
    if len(first) != BITS // 4 or len(second) != BITS // 4:
        raise ValueError("a PDQ hash has 64 hex digits")
    return (int(first, 16) ^ int(second, 16)).bit_count()


def chunks(digest: str) -> list[int]:
    """Return the hash's sixteen stretches as numbers that also say which stretch they are."""
    whole = int(digest, 16)
    stretches = [(whole >> (CHUNK_BITS * at)) & 0xFFFF for at in range(CHUNKS)]
    return [(at << CHUNK_BITS) | stretch for at, stretch in enumerate(stretches)]


def probes(digest: str) -> list[int]:
    """Return what to look for among `chunks`: every stretch, and it with any one bit turned.

    Whatever lies within 31 bits shares at least one of these 272, as 31 differing bits over sixteen
    stretches leave one stretch with at most one: nothing near is missed.
    """
    return [
        near
        for one in chunks(digest)
        for near in (one, *(one ^ (1 << bit) for bit in range(CHUNK_BITS)))
    ]
