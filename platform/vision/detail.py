"""Traces that bad encoding and bad generators leave in a picture. No torch.

blocks   steps at every eighth pixel beside those between them: 1 where there is no grid
ringing  ripples beside strong edges, in grey levels above those far from any
banding  share of soft slopes that go in steps
detail   fine structure (median over the textured tenth of the picture), in grey levels
"""

from __future__ import annotations

import cv2
import numpy as np

WORK_SIDE = 1024
_RUN = np.ones((1, 6), np.uint8)
_LAPLACE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6.0


def measure_detail(image: np.ndarray) -> dict[str, float]:
    """Return the four measures of a picture (H, W, 3) uint8, at its own scale."""
    luma = cv2.cvtColor(image[:WORK_SIDE, :WORK_SIDE], cv2.COLOR_RGB2GRAY)
    if min(luma.shape) < 32:
        return {"blocks": 1.0, "ringing": 0.0, "banding": 0.0, "detail": 0.0}
    grey = luma.astype(np.float32)
    ripple = np.abs(cv2.filter2D(grey, cv2.CV_32F, _LAPLACE))
    return {
        "blocks": round(max(_grid(luma), _grid(cv2.transpose(luma))), 3),
        "ringing": round(_ringing(grey, ripple), 3),
        "banding": round(_banding(luma), 4),
        "detail": round(_fine(ripple), 3),
    }


def _grid(luma: np.ndarray) -> float:
    """Second differences across columns at the borders of blocks of eight over those inside."""
    steps = cv2.absdiff(luma[:, :-1], luma[:, 1:]).astype(np.int16)
    slopes = steps[:, :-2] + steps[:, 2:]  # twice the slope beside each step
    # Only where the picture is smooth beside the step: edges and texture say nothing.
    sharp = np.clip(2 * steps[:, 1:-1] - slopes, 0, 24) * (slopes < 6)
    columns = sharp.mean(0) / 2
    at = np.arange(columns.size) + 2
    on_grid = columns[at % 8 == 0]
    off_grid = columns[at % 8 != 0]
    # Flat drawings have no steps at all: one hundredth of a level keeps the ratio calm.
    return float((on_grid.mean() + 0.02) / (off_grid.mean() + 0.02))


def _ringing(grey: np.ndarray, ripple: np.ndarray) -> float:
    gradient = np.hypot(
        cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.25), cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.25)
    )
    edges = (gradient > 40).astype(np.uint8)
    if edges.sum() < 50:
        return 0.0
    near = cv2.dilate(edges, np.ones((15, 15), np.uint8)) > 0
    close = cv2.dilate(edges, np.ones((5, 5), np.uint8)) > 0
    ring = near & ~close & (gradient < 12)
    far = ~(cv2.dilate(edges, np.ones((41, 41), np.uint8)) > 0) & (gradient < 12)
    if ring.sum() < 100:
        return 0.0
    calm = float(ripple[far].mean()) if far.sum() >= 100 else 0.0
    return max(0.0, float(ripple[ring].mean()) - calm)


def _banding(luma: np.ndarray) -> float:
    """Share of the pixels on soft slopes that lie at lone steps between flat runs."""
    worst = 0.0
    for grey in (luma, cv2.transpose(luma)):
        step = cv2.absdiff(grey[:, 1:], grey[:, :-1])
        # True where six steps in a row are none, by the last of them (an erosion along the row).
        still = cv2.erode((step == 0).view(np.uint8), _RUN, anchor=(5, 0))
        soft = (step[:, 6:-6] >= 3) & (step[:, 6:-6] <= 16)
        lone = soft & (still[:, 5:-7] > 0) & (still[:, 12:] > 0)
        worst = max(worst, float(lone.mean()))
    return worst


def _fine(ripple: np.ndarray) -> float:
    blocks = cv2.resize(
        ripple, (ripple.shape[1] // 16, ripple.shape[0] // 16), interpolation=cv2.INTER_AREA
    )
    return float(np.median(np.sort(blocks, None)[-max(1, blocks.size // 10) :]))
