"""The picture tower of the embedded encoder, as a timm model that open_clip can name.

open_clip's narrow ResNet without its attention pool: that averages where things are, and it took
many times longer to tell a skirt from a shirt. Here each place of the last 4 x 4 map keeps its own
weights, so that an outline is read off directly.
"""

from __future__ import annotations

from typing import Any

from vision import torchvision_guard  # noqa: F401

# isort: split
# The guard comes first: open_clip and timm import torchvision.
import torch
from open_clip.modified_resnet import ModifiedResNet
from timm.models import register_model
from torch import nn

TOWER = "weft_tower_32"
IMAGE_SIZE = 128
STRIDE = 32
LAYERS = [1, 2, 2, 1]
READ_CHANNELS = 48


class Tower(nn.Module):
    """Pictures (N, 3, 128, 128) to features (N, 768)."""

    def __init__(self, width: int) -> None:
        """Build the trunk, `width` channels where it is narrowest / 4, and what reads its map."""
        super().__init__()
        self.default_cfg: dict[str, Any] = {}
        self.trunk = ModifiedResNet(LAYERS, 1, 1, IMAGE_SIZE, width)
        self.trunk.attnpool = nn.Identity()
        self.read = nn.Sequential(
            nn.Conv2d(width * 32, READ_CHANNELS, 1, bias=False),
            nn.BatchNorm2d(READ_CHANNELS),
            nn.ReLU(inplace=True),
            nn.Flatten(),
        )
        self.num_features = READ_CHANNELS * (IMAGE_SIZE // STRIDE) ** 2

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the features, places in reading order."""
        return self.read(self.trunk(pixels))

    def reset_classifier(self, num_classes: int) -> None:
        """Do nothing: the tower has no classifier (part of timm's interface)."""


@register_model
def weft_tower(pretrained: bool = False, **kwargs: Any) -> Tower:
    """Return an untrained narrow tower; the weights come with the whole encoder's."""
    return Tower(width=16)


@register_model
def weft_tower_24(pretrained: bool = False, **kwargs: Any) -> Tower:
    """Return an untrained tower half as wide again."""
    return Tower(width=24)


@register_model
def weft_tower_32(pretrained: bool = False, **kwargs: Any) -> Tower:
    """Return an untrained tower twice as wide."""
    return Tower(width=32)
