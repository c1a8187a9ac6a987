"""Cartoon: flat cels in a small palette of the shot's own colours, and ink lines."""

from __future__ import annotations

import cv2
import numpy as np

from generation.core.styles.colour import (
    ColourMap,
    ColourTable,
    group_colours,
    sample_pixels,
    to_lab,
    to_rgb,
)
from generation.core.styles.filters import blur, fine_grey, flatten, line_response, smoothstep
from generation.core.styles.looks import REFERENCE_SIDE, Shot
from generation.core.styles.textures import Sheet

COLOURS = 18
# Lab distance over which one cel colour passes into the next.
SOFTNESS = 4.0
VIVID = 1.35
INK = np.array([0.09, 0.07, 0.11], np.float32)


class Cartoon:
    """Flattened regions (bilateral), k-means palette per shot, coherent DoG lines."""

    def __init__(self, shot: Shot) -> None:
        self.unit = shot.unit
        flat = [flatten(sample, contrast=0.10, rounds=4) for sample in shot.samples]
        self.table = ColourTable(_cel_colours(flat, shot.seed))
        self.width = 1.0 * self.unit
        self.scale = line_scale(shot)

    def paint(self, frame: np.ndarray) -> np.ndarray:
        """Return cel colours and ink, (H, W, 4)."""
        flat = flatten(frame, contrast=0.10, rounds=6)
        cels = blur(self.table(flat), 0.6 * self.unit).astype(np.float32) * np.float32(1 / 255)
        response = line_response(fine_grey(frame), width=self.width, coherence=4.5 * self.unit)
        ink = smoothstep(0.42, 1.0, response / self.scale)
        return cv2.merge([cels, ink])

    def finish(self, layers: np.ndarray, sheet: Sheet) -> np.ndarray:
        """Return cels with the ink on top."""
        ink = layers[..., 3:] * np.float32(0.95)
        return layers[..., :3] * (1.0 - ink) + INK * ink


def line_scale(shot: Shot, share: float = 0.04, floor: float = 0.014) -> float:
    """Return the line response that counts as a full line in this shot.

    It is the one that `share` of the pixels reach, held in limits: a shot without edges gets
    `floor`, so that its noise is not drawn.
    """
    width = min(shot.samples[0].shape[:2]) / REFERENCE_SIDE
    found = [
        np.percentile(
            line_response(fine_grey(sample), width=width, coherence=2.0), 100 - 100 * share
        )
        for sample in shot.samples
    ]
    return float(np.clip(np.mean(found), floor, 0.10))


def _cel_colours(flat: list[np.ndarray], seed: int) -> ColourMap:
    pixels = to_lab(sample_pixels(flat, 12_000, seed))
    centres, _ = group_colours(pixels, COLOURS, seed)

    def mapping(rgb: np.ndarray) -> np.ndarray:
        lab = to_lab(rgb)
        apart = ((lab[:, None] - centres[None]) ** 2).sum(axis=2)  # (N, G)
        nearness = np.exp(-(apart - apart.min(axis=1, keepdims=True)) / (2 * SOFTNESS**2))
        cel = (nearness @ centres) / nearness.sum(axis=1, keepdims=True)
        mixed = 0.85 * cel + 0.15 * lab
        mixed[:, 1:] *= VIVID
        # Bright cels, as paint on film is lit from behind.
        mixed[:, 0] = 100.0 * (np.clip(mixed[:, 0], 0, 100) / 100.0) ** 0.88
        return to_rgb(mixed)

    return mapping
