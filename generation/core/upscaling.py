"""Pictures 2 or 4 times as large: our super-resolution, held to what the small picture shows.

Measured against shrunken originals (docs/algorithms/postprocessing.md), the embedded
`SuperResolver` followed by back-projection is nearest to the original for drawings; for photographs
its mean with Lanczos is. Back-projection (Irani and Peleg, 1991) adds what is lost when the large
picture is shrunk again, so that nothing drifts from the source.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from generation.core.superres import SuperResolver

WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "embedded" / "upscaler"
# What the site serves at most; more would be shrunk again.
MAX_LONG_SIDE = 1600
# Above this, super-resolution takes more than half a minute on one core: Lanczos does.
MAX_PIXELS = 400_000
NET_ZOOM = 4
TILE, OVERLAP = 128, 12
ROUNDS = 4


def upscale(
    image: np.ndarray,
    factor: int,
    *,
    drawn: bool = False,
    check: Callable[[], None] = lambda: None,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the picture (H, W, 3) uint8 enlarged, and what was done, for the manifest.

    factor: 1, 2 or 4. drawn: whether it is an illustration. The long side ends at `MAX_LONG_SIDE`
    at most. `check` is called between tiles; it may raise to stop.
    """
    if factor not in (1, 2, 4):
        raise ValueError(f"factor must be 1, 2 or 4, got {factor}")
    height, width = image.shape[:2]
    zoom = min(float(factor), MAX_LONG_SIDE / max(height, width))
    if zoom <= 1.0:
        return image, {"asked": factor, "done": 1.0, "method": "none"}
    size = (round(width * zoom), round(height * zoom))
    smooth = cv2.resize(image, size, interpolation=cv2.INTER_LANCZOS4)
    resolver = _load_resolver() if height * width <= MAX_PIXELS else None
    large: np.ndarray = smooth.astype(np.float32)
    method = "lanczos"
    if resolver is not None:
        crisp = cv2.resize(_resolved(resolver, image, check), size, interpolation=cv2.INTER_AREA)
        large = crisp.astype(np.float32) if drawn else (large + crisp) / 2
        method = "superres" if drawn else "superres+lanczos"
    done = {"asked": factor, "done": round(zoom, 3), "method": method}
    return back_project(large, image), done


def back_project(large: np.ndarray, small: np.ndarray, rounds: int = ROUNDS) -> np.ndarray:
    """Return `large` (H', W', 3) changed so that it shrinks to `small` (H, W, 3), as uint8."""
    result, target = large.astype(np.float32), small.astype(np.float32)
    height, width = small.shape[:2]
    for _ in range(rounds):
        shrunk = cv2.resize(result, (width, height), interpolation=cv2.INTER_AREA)
        lost = target - shrunk
        result += cv2.resize(lost, result.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(result, 0, 255).round().astype(np.uint8)


def _resolved(resolver: SuperResolver, image: np.ndarray, check: Callable[[], None]) -> np.ndarray:
    """Return the picture four times as large, tile by tile: memory stays small."""
    from generation.core.superres import upscale_image

    height, width = image.shape[:2]
    padded = cv2.copyMakeBorder(image, OVERLAP, OVERLAP, OVERLAP, OVERLAP, cv2.BORDER_REFLECT_101)
    result = np.empty((height * NET_ZOOM, width * NET_ZOOM, 3), np.uint8)
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            check()
            tall, wide = min(TILE, height - top), min(TILE, width - left)
            tile = padded[top : top + tall + 2 * OVERLAP, left : left + wide + 2 * OVERLAP]
            inner = slice(OVERLAP * NET_ZOOM, -OVERLAP * NET_ZOOM)
            made = upscale_image(resolver, np.ascontiguousarray(tile))[inner, inner]
            rows = slice(top * NET_ZOOM, (top + tall) * NET_ZOOM)
            columns = slice(left * NET_ZOOM, (left + wide) * NET_ZOOM)
            result[rows, columns] = made
    return result


@lru_cache(maxsize=1)
def _load_resolver() -> SuperResolver | None:
    """Return the embedded super-resolution in float32; None where its weights are not there."""
    if not (WEIGHTS / "config.json").is_file():
        return None
    import torch  # only workers get here

    from generation.core.superres import SuperResolver

    return SuperResolver.from_pretrained(
        WEIGHTS,
        dtype=torch.float32,
        local_files_only=True,
        use_safetensors=True,
        low_cpu_mem_usage=False,
    ).eval()
