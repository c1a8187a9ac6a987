"""Averaging marked pictures and subtracting what they share: against the cycle, and one tile."""

from __future__ import annotations

from typing import Any
from unittest import mock

import cv2
import numpy as np

from moderation.core import spread, watermark
from moderation.core.spread import Place

SIZE = (320, 400)
ATTACKED = 40


def measure_averaging(pictures: list[np.ndarray], key: bytes) -> dict[str, Any]:
    """Return the share of marks read after the attack, with the cycle of tiles and without."""
    same_size = [cv2.resize(one, SIZE, interpolation=cv2.INTER_AREA) for one in pictures]
    one_place = mock.patch.object(spread, "place_of", return_value=Place(0, 0, 0))
    figures = {"pictures": len(pictures), "cycle of tiles": _attacked(same_size, key)}
    with one_place:
        return figures | {"one tile at one place": _attacked(same_size, key)}


def _attacked(pictures: list[np.ndarray], key: bytes) -> dict[str, float]:
    strength = watermark.STRENGTHS[0]
    payloads = [int(one) for one in np.random.default_rng(4).integers(0, 1 << 48, len(pictures))]
    marked = [
        watermark.embed_at(picture, payload, key, strength)
        for picture, payload in zip(pictures, payloads, strict=True)
    ]
    estimate = np.mean([_high(one) for one in marked], axis=0)
    raised = estimate * np.sqrt(strength.error / float((estimate**2).mean()))
    share = {}
    for name, guess in (("untouched", 0 * estimate), ("subtracted", estimate), ("raised", raised)):
        reads = [
            _reads(np.clip(one - guess, 0, 255).astype(np.uint8), payload, key)
            for one, payload in list(zip(marked, payloads, strict=True))[:ATTACKED]
        ]
        share[name] = round(float(np.mean(reads)), 3)
    return share


def _reads(picture: np.ndarray, payload: int, key: bytes) -> bool:
    return watermark.detect(picture, key, search=False).payload == payload


def _high(picture: np.ndarray) -> np.ndarray:
    whole = picture.astype(np.float32)
    return whole - cv2.GaussianBlur(whole, (0, 0), 4)
