"""Does a picture carry the traces of our own creator? A hint, never a proof.

What decoders leave behind lies in the fine residue: its spectrum, its regularity at the steps by
which they enlarge, and how the colours' residues go together. A logistic regression on those
numbers, trained by `manage.py train_ai_hint`. Other generators leave other traces; re-encoding
wipes them out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

SIDE = 256
BANDS = 12
VERSION = "traces-1"
_WEIGHTS = Path(__file__).with_name("weights") / "traces.json"


def trace_score(image: np.ndarray) -> float | None:
    """Return 0..1, higher for pictures like our creator's; None for small ones or no weights."""
    weights = load_weights()
    if weights is None or min(image.shape[:2]) < SIDE:
        return None
    mean, scale, slope = weights
    row = np.append((features(image) - mean) / scale, 1.0)
    return float(1.0 / (1.0 + np.exp(-np.clip(row @ slope, -30, 30))))


def features(image: np.ndarray) -> np.ndarray:
    """Return (BANDS + 6,) numbers of the residue in the middle of a picture (H, W, 3) uint8."""
    top, left = (image.shape[0] - SIDE) // 2, (image.shape[1] - SIDE) // 2
    crop = image[top : top + SIDE, left : left + SIDE].astype(np.float32)
    residue = crop - cv2.GaussianBlur(crop, (0, 0), 1.0)
    grey = residue.mean(2)
    power = np.abs(
        np.fft.fftshift(np.fft.fft2(grey * np.outer(np.hanning(SIDE), np.hanning(SIDE))))
    )
    along = np.arange(SIDE) - SIDE // 2
    radius = np.hypot(along[:, None], along[None])
    edges = np.linspace(4, SIDE // 2, BANDS + 1)
    logs = np.log(power + 1e-3)
    spectrum = [
        float(logs[(radius >= low) & (radius < high)].mean()) for low, high in pairwise(edges)
    ]
    total = float(np.mean(spectrum))
    flat = residue.reshape(-1, 3) + 1e-6 * np.arange(SIDE * SIDE)[:, None]
    together = np.corrcoef(flat.T)
    return np.array(
        [
            *(one - total for one in spectrum),
            total,
            float(np.log(grey.std() + 1e-3)),
            _peak(logs, SIDE // 8),
            _peak(logs, SIDE // 4),
            float(together[0, 1]),
            float(together[1, 2]),
        ]
    )


def _peak(logs: np.ndarray, step: int) -> float:
    """How far the spectrum stands out at multiples of a step, along both axes."""
    middle = SIDE // 2
    found = []
    for line in (logs[middle], logs[:, middle]):
        for at in range(middle + step, SIDE - 2, step):
            found.append(line[at] - (line[at - 2] + line[at + 2]) / 2)
    return float(np.mean(found)) if found else 0.0


def fit(
    made: Sequence[np.ndarray], other: Sequence[np.ndarray], steps: int = 2000
) -> dict[str, list[float]]:
    """Return weights from the `features` of pictures by the creator and of others."""
    rows = np.array([*made, *other])
    target = np.array([1.0] * len(made) + [0.0] * len(other))
    share = np.where(target > 0, 0.5 / len(made), 0.5 / len(other))
    mean, scale = rows.mean(0), rows.std(0) + 1e-6
    inputs = np.column_stack([(rows - mean) / scale, np.ones(len(rows))])
    slope = np.zeros(inputs.shape[1])
    for _ in range(steps):
        guess = 1.0 / (1.0 + np.exp(-np.clip(inputs @ slope, -30, 30)))
        slope -= 0.5 * (inputs.T @ (share * (guess - target)) + 1e-3 * slope)
    return {"mean": mean.tolist(), "scale": scale.tolist(), "slope": slope.tolist()}


def save_weights(weights: dict[str, list[float]]) -> Path:
    """Write the weights that are shipped."""
    rounded = {name: [round(one, 6) for one in row] for name, row in weights.items()}
    _WEIGHTS.write_text(json.dumps({"version": VERSION, **rounded}, indent=1) + "\n")
    load_weights.cache_clear()
    return _WEIGHTS


@lru_cache(maxsize=1)
def load_weights() -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Return (mean, scale, slope), or None where none are shipped."""
    if not _WEIGHTS.exists():
        return None
    row = json.loads(_WEIGHTS.read_text())
    return np.array(row["mean"]), np.array(row["scale"]), np.array(row["slope"])
