"""Image filters that several looks share: smoothing that keeps edges, and coherent lines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)


def luma(rgb: np.ndarray) -> np.ndarray:
    """Return (H, W) float32 in 0..1 of (H, W, 3) float32 in 0..1."""
    return cv2.transform(rgb, LUMA)


def smoothstep(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """Return 0 below `low`, 1 above `high`, and the cubic between; float32."""
    t = np.clip((x - low) * (1.0 / (high - low)), 0.0, 1.0)
    return (t * t * (3.0 - 2.0 * t)).astype(np.float32, copy=False)


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Return the image under a Gaussian; wide ones are computed on a smaller image."""
    if sigma <= 0.3:
        return image
    factor = 1
    while sigma / factor > 4.0:
        factor *= 2
    if factor == 1:
        return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    height, width = image.shape[:2]
    size = (max(2, width // factor), max(2, height // factor))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / factor, borderType=cv2.BORDER_REFLECT_101)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def flatten(rgb: np.ndarray, *, contrast: float, rounds: int) -> np.ndarray:
    """Return (H, W, 3) uint8 with detail below `contrast` (0..1) gone and edges kept.

    Repeated small bilateral filters of (H, W, 3) uint8, in Lab at half size (Winnemöller et al.
    2006, "Real-time video abstraction"), then the strong edges of the full size put back.
    """
    height, width = rgb.shape[:2]
    half = cv2.resize(rgb, (max(8, width // 2), max(8, height // 2)), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(half, cv2.COLOR_RGB2LAB)
    for _ in range(rounds):
        lab = cv2.bilateralFilter(lab, 5, 255.0 * contrast, 2.2)
    flat = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    large = cv2.resize(flat, (width, height), interpolation=cv2.INTER_CUBIC)
    coarse = cv2.resize(half, (width, height), interpolation=cv2.INTER_CUBIC)
    lost = cv2.absdiff(rgb, coarse)
    lost = cv2.max(cv2.max(lost[..., 0], lost[..., 1]), lost[..., 2])
    # What halving removed is texture where it is small and an edge where it is large.
    edge = cv2.LUT(lost, _edge_share(contrast))
    return cv2.blendLinear(large, rgb, 1.0 - edge, edge)


@lru_cache(maxsize=8)
def _edge_share(contrast: float) -> np.ndarray:
    return smoothstep(0.3, 1.0, np.arange(256) / (255.0 * contrast))


def fine_grey(rgb: np.ndarray) -> np.ndarray:
    """Return (H, W) float32 grey of (H, W, 3) uint8 with noise removed, dark tones spread.

    Lines are looked for in it: a square root gives the folds of a black coat as much weight as
    those of a white shirt.
    """
    grey = cv2.bilateralFilter(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), 5, 22.0, 1.6)
    return cv2.LUT(grey, _SPREAD)


_SPREAD = np.sqrt((np.arange(256) / 255.0 + 0.02) / 1.02).astype(np.float32)


@dataclass(frozen=True)
class Flowlines:
    """Unit tangents of the image's edges, (H, W) float32 each."""

    x: np.ndarray
    y: np.ndarray


def edge_tangents(grey: np.ndarray, sigma: float) -> Flowlines:
    """Return the edge tangent field of (H, W) float32: the smoothed structure tensor's minor axis.

    Kyprianidis & Kang 2011, "Image and video abstraction by coherence-enhancing filtering".
    """
    height, width = grey.shape
    half = cv2.resize(grey, (max(8, width // 2), max(8, height // 2)), interpolation=cv2.INTER_AREA)
    gx = cv2.Sobel(half, cv2.CV_32F, 1, 0)
    gy = cv2.Sobel(half, cv2.CV_32F, 0, 1)
    tensor = blur(cv2.merge([gx * gx - gy * gy, 2 * gx * gy]), sigma / 2)
    # The doubled angle has no jump at half a turn, so it may be resized.
    tensor = cv2.resize(tensor, (width, height), interpolation=cv2.INTER_LINEAR)
    angle = 0.5 * cv2.phase(tensor[..., 0], tensor[..., 1])
    x, y = cv2.polarToCart(np.ones_like(angle), angle + np.float32(np.pi / 2))
    return Flowlines(x, y)


def along(image: np.ndarray, tangents: Flowlines, length: float, steps: int = 4) -> np.ndarray:
    """Return the image averaged along its edges over about `length` pixels to each side."""
    base_x, base_y = pixel_grid(image.shape[0], image.shape[1])
    total = image.copy()
    weight = 1.0
    for step in range(1, steps + 1):
        distance = np.float32(step * length / steps)
        share = float(np.exp(-0.5 * (1.6 * step / steps) ** 2))
        for signed in (distance, -distance):
            seen = cv2.remap(
                image,
                base_x + signed * tangents.x,
                base_y + signed * tangents.y,
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
            cv2.scaleAdd(seen, share, total, dst=total)
        weight += 2 * share
    return total * np.float32(1.0 / weight)


def line_response(grey: np.ndarray, *, width: float, coherence: float) -> np.ndarray:
    """Return (H, W) float32: how much darker a pixel is than its surroundings, along the edges.

    Difference of Gaussians of `width` and 1.6 `width` pixels, averaged along the edge tangents
    (Kang et al. 2007, "Coherent line drawing"; Winnemöller et al. 2012, "XDoG"). Positive on the
    dark side of an edge and on thin dark lines.
    """
    difference = blur(grey, 1.6 * width) - blur(grey, width)
    if coherence <= 0:
        return difference
    return along(difference, edge_tangents(grey, 2.5 * width + 1.0), coherence)


@lru_cache(maxsize=4)
def pixel_grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the (H, W) float32 columns and rows of every pixel, for `cv2.remap`."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return x, y
