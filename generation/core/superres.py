"""Super-resolution: pictures made four times as wide and high, with crisp edges."""

from __future__ import annotations

from vision import torchvision_guard  # noqa: F401

# isort: split
# The guard comes first: diffusers imports torchvision.
import numpy as np
import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn
from torch.nn import functional as F

from generation.core.autoencoder import ResidualBlock, start_at_zero


class SuperResolver(ModelMixin, ConfigMixin):
    """Residual convolutions at the small size, two pixel shuffles, added to a bilinear zoom."""

    @register_to_config
    def __init__(self, width: int = 48, blocks: int = 6, fine_width: int = 24) -> None:
        super().__init__()
        self.enter = nn.Conv2d(3, width, 3, padding=1)
        self.body = nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)))
        self.leave = nn.Sequential(
            nn.SiLU(),
            nn.Conv2d(width, 4 * fine_width, 3, padding=1),
            nn.PixelShuffle(2),
            ResidualBlock(fine_width),
            nn.SiLU(),
            nn.Conv2d(fine_width, 12, 3, padding=1),
            nn.PixelShuffle(2),
        )
        # Untrained, it is the bilinear zoom.
        start_at_zero(self.leave[-2])

    def forward(self, small: Tensor) -> Tensor:
        """Return (B, 3, 4 H, 4 W) for pictures (B, 3, H, W) in -1..1."""
        first = self.enter(small)
        zoomed = F.interpolate(small, scale_factor=4, mode="bilinear", align_corners=False)
        return zoomed + self.leave(first + self.body(first))


@torch.inference_mode()
def upscale_image(resolver: SuperResolver, image: np.ndarray) -> np.ndarray:
    """Return the picture (H, W, 3) uint8 as (4 H, 4 W, 3) uint8."""
    if image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"expected an (H, W, 3) picture, got shape {image.shape}")
    tensor = images_to_tensor(image[None]).to(resolver.dtype)
    return tensor_to_images(resolver(tensor))[0]


def images_to_tensor(images: np.ndarray | Tensor) -> Tensor:
    """Return (B, H, W, 3) uint8 pictures as a (B, 3, H, W) float tensor in -1..1."""
    tensor = images if isinstance(images, Tensor) else torch.from_numpy(np.array(images))
    return tensor.permute(0, 3, 1, 2).float() / 127.5 - 1.0


def tensor_to_images(tensor: Tensor) -> np.ndarray:
    """Return a (B, 3, H, W) tensor in -1..1 as (B, H, W, 3) uint8 pictures."""
    scaled = ((tensor.float().clamp(-1, 1) + 1.0) * 127.5).round().to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).contiguous().cpu().numpy()
