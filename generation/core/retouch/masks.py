"""Which part of a picture an edit may change."""

from __future__ import annotations

import base64
import binascii
import io

import cv2
import numpy as np
from PIL import Image

from common.errors import InvalidInputError
from vision.colours import garment_mask

# Where the graph cut runs: fine enough for sleeves, fast enough to wait for.
WORKING_SIDE = 400
MOST_MASK_PIXELS = 4_000_000
LEAST_SHARE = 0.002


def garment_alpha(picture: np.ndarray) -> np.ndarray:
    """Return (H, W) float32, 1 on the garment, 0 on the background, soft along its edge.

    picture: (H, W, 3) uint8. Started from `vision.colours.garment_mask`, sharpened by a graph cut
    at 400 pixels and by a guided filter at full size.
    """
    height, width = picture.shape[:2]
    scale = min(1.0, WORKING_SIDE / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    rough = garment_mask(small).astype(np.uint8)
    large = cv2.resize(rough, size, interpolation=cv2.INTER_NEAREST)
    cut = _largest_parts(_graph_cut(small, np.asarray(large) > 0))
    return soften(picture, cv2.resize(cut.astype(np.float32), (width, height)))


def read_mask(mask_png: str, picture: np.ndarray) -> np.ndarray:
    """Return a painted mask as (H, W) float32 of the picture's size, 1 where it may change.

    Raises InvalidInputError when it is no PNG, not painted at all, or of another shape.
    """
    try:
        data = base64.b64decode(mask_png.rpartition(",")[2], validate=True)
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.width * image.height > MOST_MASK_PIXELS:
                raise InvalidInputError("The painted mask is too large.")
            painted = _opaque_white(image)
    except (binascii.Error, OSError, SyntaxError, ValueError) as error:
        raise InvalidInputError("The painted mask could not be read. Paint it again.") from error
    height, width = picture.shape[:2]
    if abs(painted.shape[1] / painted.shape[0] - width / height) > 0.05 * width / height:
        raise InvalidInputError("The painted mask is not of the picture's shape. Paint it again.")
    mask = cv2.resize(painted, (width, height), interpolation=cv2.INTER_LINEAR)
    if mask.mean() < LEAST_SHARE:
        raise InvalidInputError("Nothing is painted yet. Brush over what should change.")
    return mask


def soften(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the mask (H, W) with its edge laid along the picture's edges, float32 in 0..1.

    Guided filter (He, Sun and Tang, 2010, eq. 5-8) with the luma as guide.
    """
    guide = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    radius = max(2, round(max(mask.shape) / 160))
    box = (2 * radius + 1, 2 * radius + 1)

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, box)

    mask = mask.astype(np.float32)
    mean_guide, mean_mask = mean(guide), mean(mask)
    slope = (mean(guide * mask) - mean_guide * mean_mask) / (
        mean(guide * guide) - mean_guide**2 + 1e-3
    )
    offset = mean_mask - slope * mean_guide
    filtered = mean(slope) * guide + mean(offset)
    # A little steeper than the filter leaves it: no veil over the background.
    return np.clip((filtered - 0.5) * 1.6 + 0.5, 0, 1)


def _graph_cut(small: np.ndarray, rough: np.ndarray) -> np.ndarray:
    """Return the garment as (h, w) bool: sure inside and outside are fixed, the edge is found."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    inside = cv2.erode(rough.astype(np.uint8), kernel, iterations=1)
    reach = cv2.dilate(rough.astype(np.uint8), kernel, iterations=2)
    labels = np.where(rough, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[inside > 0] = cv2.GC_FGD
    labels[reach == 0] = cv2.GC_BGD
    if not ((labels == cv2.GC_BGD).any() and (labels == cv2.GC_FGD).any()):
        return rough
    cv2.setRNGSeed(1)
    bgr = np.ascontiguousarray(small[:, :, ::-1])
    empty = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(bgr, labels, (0, 0, 1, 1), *empty, 3, cv2.GC_INIT_WITH_MASK)
    return (labels == cv2.GC_PR_FGD) | (labels == cv2.GC_FGD)


def _largest_parts(mask: np.ndarray, least: float = 0.12) -> np.ndarray:
    """Return the mask without its crumbs and small holes; a pair of shoes keeps both shoes."""
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if count < 2 or not len(areas):
        return mask
    kept = 1 + np.flatnonzero(areas >= least * areas.max())
    return np.isin(labels, kept)


def _opaque_white(image: Image.Image) -> np.ndarray:
    """Return how white and opaque each pixel is, (h, w) float32: canvases paint on nothing."""
    rgba = np.asarray(image.convert("RGBA"), np.float32) / 255
    return rgba[:, :, :3].mean(axis=2) * rgba[:, :, 3]
