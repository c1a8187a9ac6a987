"""Random changes of training pictures that keep type, colour and pattern what they are."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F

# A mask outside this range is a failed separation, not a garment.
_PLAUSIBLE_MASK = (0.08, 0.75)


def replace_backgrounds(
    images: np.ndarray, masks: np.ndarray, rng: np.random.Generator, share: float = 0.5
) -> np.ndarray:
    """Return a copy of `images` (N, H, W, 3) where some garments stand before something else.

    Photographs of one person share a floor; a model that learns the floor knows the person, not
    the garment. The new background is a shade of grey, any colour, or the tiled corner of another
    picture of the batch.
    """
    result = images.copy()
    areas = masks.mean(axis=(1, 2))
    fit = (areas > _PLAUSIBLE_MASK[0]) & (areas < _PLAUSIBLE_MASK[1])
    for index in np.flatnonzero(fit & (rng.random(len(images)) < share)):
        result[index] = np.where(masks[index][..., None], images[index], _background(images, rng))
    return result


def _background(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    kind = rng.random()
    if kind < 0.35:
        return np.full(3, rng.integers(30, 250), dtype=np.uint8)
    if kind < 0.65:
        return rng.integers(0, 256, 3, dtype=np.uint8)
    other = images[rng.integers(len(images))]
    # The corner of another photograph: cloth, wood, wall.
    return np.tile(other[:40, :30], (4, 4, 1))


def augmented(images: np.ndarray, size: int, generator: torch.Generator) -> torch.Tensor:
    """Return (N, 3, size, size) float32 in 0..1: cropped, turned, mirrored, lit differently.

    `images`: (N, H, W, 3) uint8. Hue is left alone: it is what the words name.
    """
    pixels = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 255
    count = len(pixels)
    grid = F.affine_grid(_affines(count, generator), [count, 3, size, size], align_corners=False)
    warped = F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
    return _relit(_softened(warped, generator), generator)


def _affines(count: int, generator: torch.Generator) -> torch.Tensor:
    """Return (N, 2, 3): scale 0.75-1.15, aspect within 12 %, turn, shift, mirror."""

    def between(low: float, high: float) -> torch.Tensor:
        return low + (high - low) * torch.rand(count, generator=generator)

    scale, aspect = between(0.75, 1.15), between(-0.12, 0.12).exp()
    angle = between(-1, 1) ** 3 * math.radians(14)
    mirror = torch.where(between(0, 1) < 0.5, -1.0, 1.0)
    room = (1.1 - scale).clamp(min=0.05)
    rows = torch.zeros(count, 2, 3)
    rows[:, 0, 0] = scale * aspect * angle.cos() * mirror
    rows[:, 0, 1] = -scale * angle.sin()
    rows[:, 1, 0] = scale * angle.sin() * mirror
    rows[:, 1, 1] = scale / aspect * angle.cos()
    rows[:, 0, 2] = between(-1, 1) * room
    rows[:, 1, 2] = between(-1, 1) * room
    return rows


def _softened(pixels: torch.Tensor, generator: torch.Generator, share: float = 0.3) -> torch.Tensor:
    """Return the pictures, some of them blurred as by enlarging a picture half as wide."""
    chosen = torch.rand(len(pixels), generator=generator) < share
    half = F.avg_pool2d(pixels[chosen], 2)
    result = pixels.clone()
    result[chosen] = F.interpolate(half, scale_factor=2, mode="bilinear")
    return result


def _relit(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return the pictures a little brighter, darker, flatter, harder, warmer, cooler, grainy."""
    count = len(pixels)

    def around_one(spread: float, channels: int = 1) -> torch.Tensor:
        noise = torch.rand(count, channels, 1, 1, generator=generator)
        return 1 + spread * (2 * noise - 1)

    middle = pixels.mean(dim=(1, 2, 3), keepdim=True)
    lit = (pixels - middle) * around_one(0.12) + middle
    lit = lit * around_one(0.1) * around_one(0.025, channels=3)
    grain = torch.randn(pixels.shape, generator=generator) * 0.012
    return (lit + grain).clamp(0, 1)
