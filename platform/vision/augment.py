"""Random changes of training pictures that keep type, colour and pattern what they are."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

# A mask outside this range is a failed separation, not a garment.
_PLAUSIBLE_MASK = (0.08, 0.75)
_GREY_SHARE, _COLOUR_SHARE = 0.35, 0.3


def replace_backgrounds(
    pixels: torch.Tensor, masks: torch.Tensor, generator: torch.Generator, share: float = 0.5
) -> torch.Tensor:
    """Return the pictures (N, 3, H, W) in 0..1; some garments stand before something else.

    masks (N, H, W) bool say where the garment is; one that says nothing leaves its picture as it
    is. Photographs of one person share a floor; a model that learns the floor knows the person,
    not the garment. The new background is a shade of grey, any colour, or the tiled corner of
    another picture of the batch.
    """
    areas = masks.float().mean(dim=(1, 2))
    chosen = torch.rand(len(pixels), generator=generator, device=pixels.device) < share
    chosen &= (areas > _PLAUSIBLE_MASK[0]) & (areas < _PLAUSIBLE_MASK[1])
    replaced = (chosen[:, None, None] & ~masks)[:, None]
    return torch.where(replaced, _backgrounds(pixels, generator), pixels)


def _backgrounds(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    count, _, height, width = pixels.shape
    device = pixels.device
    colour = torch.rand(count, 3, 1, 1, generator=generator, device=device)
    kind = torch.rand(count, 1, 1, 1, generator=generator, device=device)
    flat = torch.where(kind < _GREY_SHARE, 0.12 + 0.86 * colour[:, :1], colour)
    other = pixels[torch.randint(count, (count,), generator=generator, device=device)]
    # The corner of another photograph: cloth, wood, wall.
    tiled = other[:, :, : height // 4, : width // 4].repeat(1, 1, 4, 4)
    return torch.where(kind < _GREY_SHARE + _COLOUR_SHARE, flat, tiled)


def augmented(pixels: torch.Tensor, size: int, generator: torch.Generator) -> torch.Tensor:
    """Return (N, 3, size, size) float32 in 0..1: cropped, turned, mirrored, lit differently.

    `pixels`: (N, 3, H, W) in 0..1. Hue is left alone: it is what the words name.
    """
    count = len(pixels)
    affines = _affines(count, generator)
    grid = F.affine_grid(affines, [count, 3, size, size], align_corners=False)
    warped = F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
    return _relit(_softened(warped, generator), generator)


def _affines(count: int, generator: torch.Generator) -> torch.Tensor:
    """Return (N, 2, 3): scale 0.75-1.15, aspect within 12 %, turn, shift, mirror."""

    def between(low: float, high: float) -> torch.Tensor:
        numbers = torch.rand(count, generator=generator, device=generator.device)
        return low + (high - low) * numbers

    scale, aspect = between(0.75, 1.15), between(-0.12, 0.12).exp()
    angle = between(-1, 1) ** 3 * math.radians(14)
    mirror = torch.where(between(0, 1) < 0.5, -1.0, 1.0)
    room = (1.1 - scale).clamp(min=0.05)
    rows = torch.zeros(count, 2, 3, device=generator.device)
    rows[:, 0, 0] = scale * aspect * angle.cos() * mirror
    rows[:, 0, 1] = -scale * angle.sin()
    rows[:, 1, 0] = scale * angle.sin() * mirror
    rows[:, 1, 1] = scale / aspect * angle.cos()
    rows[:, 0, 2] = between(-1, 1) * room
    rows[:, 1, 2] = between(-1, 1) * room
    return rows


def _softened(pixels: torch.Tensor, generator: torch.Generator, share: float = 0.3) -> torch.Tensor:
    """Return the pictures, some of them blurred as by enlarging a picture half as wide."""
    chosen = torch.rand(len(pixels), generator=generator, device=pixels.device) < share
    soft = F.interpolate(F.avg_pool2d(pixels, 2), scale_factor=2, mode="bilinear")
    return torch.where(chosen[:, None, None, None], soft, pixels)


def _relit(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return the pictures a little brighter, darker, flatter, harder, warmer, cooler, grainy."""
    count = len(pixels)

    def around_one(spread: float, channels: int = 1) -> torch.Tensor:
        shape = (count, channels, 1, 1)
        noise = torch.rand(shape, generator=generator, device=pixels.device)
        return 1 + spread * (2 * noise - 1)

    middle = pixels.mean(dim=(1, 2, 3), keepdim=True)
    lit = (pixels - middle) * around_one(0.12) + middle
    lit = lit * around_one(0.1) * around_one(0.025, channels=3)
    grain = torch.randn(pixels.shape, generator=generator, device=pixels.device) * 0.012
    return (lit + grain).clamp(0, 1)
