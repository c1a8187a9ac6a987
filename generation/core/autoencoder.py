"""The embedded autoencoder: pictures to latents and back, patch by patch.

It starts as a principal component analysis of the picture's patches, which is a good linear
autoencoder after seconds, and learns on top of it what a linear map cannot do.
"""

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


def start_at_zero(layer: nn.Module) -> None:
    """Set all parameters of the layer to zero, so that its path adds nothing at first."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around a skip; zero at the start, so it begins as the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        start_at_zero(self.second)

    def forward(self, x: Tensor) -> Tensor:
        """Return a map of the shape of x (B, C, H, W)."""
        return x + self.second(F.silu(self.first(F.silu(x))))


class PatchAutoencoder(ModelMixin, ConfigMixin):
    """Linear patch transform plus learned residual paths, in both directions.

    Pictures are (B, 3, H, W) in -1..1 with H and W multiples of `patch`; latents are
    (B, latent_channels, H / patch, W / patch) with unit power on average.
    """

    @register_to_config
    def __init__(
        self,
        patch: int = 10,
        latent_channels: int = 24,
        encoder_width: int = 64,
        widths: tuple[int, int, int] = (128, 96, 32),
        blocks: tuple[int, int, int] = (2, 2, 1),
        encoder_blocks: int = 0,
    ) -> None:
        super().__init__()
        if patch % 2:
            raise ValueError(f"patch must be even, got {patch}")
        half = patch // 2
        self.to_latents = nn.Conv2d(3, latent_channels, patch, stride=patch)
        self.encoder_residual = nn.Sequential(
            nn.Conv2d(3, encoder_width, half, stride=half),
            nn.SiLU(),
            nn.Conv2d(encoder_width, 2 * encoder_width, 4, stride=2, padding=1),
            *(ResidualBlock(2 * encoder_width) for _ in range(encoder_blocks)),
            nn.SiLU(),
            nn.Conv2d(2 * encoder_width, latent_channels, 3, padding=1),
        )
        coarse, middle, fine = widths
        self.from_latents = nn.ConvTranspose2d(latent_channels, 3, patch, stride=patch)
        self.decoder_residual = nn.Sequential(
            nn.Conv2d(latent_channels, coarse, 3, padding=1),
            *(ResidualBlock(coarse) for _ in range(blocks[0])),
            nn.Conv2d(coarse, 4 * middle, 1),
            nn.PixelShuffle(2),
            *(ResidualBlock(middle) for _ in range(blocks[1])),
            nn.Conv2d(middle, half * half * fine, 1),
            nn.PixelShuffle(half),
            *(ResidualBlock(fine) for _ in range(blocks[2])),
            nn.SiLU(),
            nn.Conv2d(fine, 3, 3, padding=1),
        )
        start_at_zero(self.encoder_residual[-1])
        start_at_zero(self.decoder_residual[-1])

    def encode(self, pictures: Tensor) -> Tensor:
        """Return the latents (B, C, H / patch, W / patch) of pictures (B, 3, H, W)."""
        return self.to_latents(pictures) + self.encoder_residual(pictures)

    def decode(self, latents: Tensor) -> Tensor:
        """Return pictures (B, 3, H, W) in about -1..1."""
        return self.from_latents(latents) + self.decoder_residual(latents)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the pictures as they come back from the latents."""
        return self.decode(self.encode(pictures))

    @torch.no_grad()
    def fit_linear(self, patches: np.ndarray) -> float:
        """Set the linear path to the PCA of `patches` (N, 3 * patch * patch) in -1..1.

        Channel c has standard deviation s_c; it is divided by s_c^0.75, so that loud channels stay
        somewhat louder, and all by one number that gives unit power. Returns the share of variance
        kept.
        """
        channels, patch = self.config.latent_channels, self.config.patch
        mean = patches.mean(axis=0)
        values, vectors = np.linalg.eigh(np.cov(patches - mean, rowvar=False))
        order = np.argsort(values)[::-1][:channels]
        basis, std = vectors[:, order].T, np.sqrt(values[order])  # (C, P), (C,)
        scale = std**0.75 * np.sqrt(np.mean((std**0.25) ** 2))
        down = torch.tensor(basis / scale[:, None], dtype=torch.float32)
        up = torch.tensor(basis * scale[:, None], dtype=torch.float32)
        centre = torch.tensor(mean, dtype=torch.float32)
        self.to_latents.weight.copy_(down.view(channels, 3, patch, patch))
        _bias(self.to_latents).copy_(-down @ centre)
        self.from_latents.weight.copy_(up.view(channels, 3, patch, patch))
        # A transposed convolution has one bias per colour: the patch's mean goes in as that.
        _bias(self.from_latents).copy_(centre.view(3, -1).mean(dim=1))
        return float(values[order].sum() / values.sum())


def _bias(layer: nn.Conv2d | nn.ConvTranspose2d) -> Tensor:
    if layer.bias is None:
        raise ValueError("the layer was built without a bias")
    return layer.bias
