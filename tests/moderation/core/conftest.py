"""Pictures to mark: drawn garments, and photographs where they are to hand."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from demo.drawing import draw_garment
from demo.garments import sample_spec
from moderation.core import watermark

KEY = watermark.derive_key("a secret of the tests", "1")
PAYLOAD = 0xC0FFEE123456


@pytest.fixture(scope="session")
def drawn() -> list[np.ndarray]:
    """Six garments of the demo world on smooth backgrounds."""
    rng = np.random.default_rng(5)
    kinds = ("t-shirt", "dress", "pants", "hoodie", "shoes", "hat")
    patterns = ("plain", "striped", "checked", "dotted", "plain", "floral")
    return [
        np.ascontiguousarray(draw_garment(sample_spec(rng, type=kind, pattern=pattern), 480, 640))
        for kind, pattern in zip(kinds, patterns, strict=True)
    ]


@pytest.fixture(scope="session")
def photos(shared_data: Path) -> list[np.ndarray]:
    """Real photographs of garments, evenly picked."""
    files = sorted((shared_data / "wardrobe" / "images").glob("*.jpg"))
    return [load(path) for path in files[7 :: len(files) // 8][:8]]


def load(path: Path) -> np.ndarray:
    """Return a picture file as RGB."""
    return np.ascontiguousarray(cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1])


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """Return the picture after JPEG at this quality."""
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
