"""Training of the autoencoder: PCA first, then all of it, with noise on the latents."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from generation.core.autoencoder import PatchAutoencoder
from generation.core.superres import images_to_tensor
from generation.core.train.run import TrainingRun

# Rows of luma and the two colour differences (BT.601).
_LUMA_CHROMA = torch.tensor(
    [[0.299, 0.587, 0.114], [-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]]
)
# Colour is what small models lose first.
CHROMA_WEIGHT = 2.0
EDGE_WEIGHT = 1.5
# Share of noise up to which the decoder must still give a crisp picture.
MAX_NOISE = 0.2
POWER_WEIGHT = 0.05
CELLS = 6


def picture_loss(made: Tensor, wanted: Tensor) -> Tensor:
    """Return the weighted L1 distance of pictures (B, 3, H, W): luma, chroma, and their slopes."""
    weights = torch.tensor([[1.0], [CHROMA_WEIGHT], [CHROMA_WEIGHT]])
    rows = (_LUMA_CHROMA * weights).to(made.device)
    apart = torch.einsum("ij,bjhw->bihw", rows, made.float() - wanted.float())
    across, down = apart.diff(dim=3).abs().mean(), apart.diff(dim=2).abs().mean()
    return apart.abs().mean() + EDGE_WEIGHT * (across + down)


def fit_patches(
    model: PatchAutoencoder, images: np.ndarray, seed: int, count: int = 60_000
) -> float:
    """Set the linear path from random patches of `images` (N, H, W, 3); return variance kept."""
    rng = np.random.default_rng(seed)
    patch = model.config.patch
    rows = np.empty((count, 3 * patch * patch), np.float32)
    height, width = images.shape[1:3]
    for index in range(count):
        top, left = rng.integers(height - patch + 1), rng.integers(width - patch + 1)
        picture = images[rng.integers(len(images)), top : top + patch, left : left + patch]
        rows[index] = picture.transpose(2, 0, 1).reshape(-1)
    return model.fit_linear(rows / 127.5 - 1.0)


def train_autoencoder(
    model: PatchAutoencoder,
    images: np.ndarray,
    *,
    folder: Path,
    minutes: float,
    seed: int = 0,
    batch: int = 16,
    max_steps: int | None = None,
    rate: float = 1e-3,
    device: str = "cpu",
) -> TrainingRun[PatchAutoencoder]:
    """Train on random crops of `images` (N, H, W, 3) uint8; return the run with its average."""
    torch.manual_seed(seed)
    channel_power = _channel_power(model, images[:: max(1, len(images) // 64)]).to(device)
    run = TrainingRun(
        model, folder=folder, minutes=minutes, peak_rate=rate, max_steps=max_steps, device=device
    )
    pictures = torch.from_numpy(np.array(images)).to(device)
    for _ in run.steps():
        crops = _crops(pictures, batch, CELLS * model.config.patch)
        with run.autocast():
            latents = model.encode(crops)
            noise = torch.rand(batch, 1, 1, 1, device=device) * MAX_NOISE
            made = model.decode(latents + noise * torch.randn_like(latents))
        # Louder latents would drown the noise and undo its purpose: power stays where PCA put it.
        power = latents.float().square().mean(dim=(0, 2, 3)) / channel_power
        drift = (power - 1.0).square().mean()
        run.apply(picture_loss(made, crops) + POWER_WEIGHT * drift)
    return run


@torch.inference_mode()
def encode_images(model: PatchAutoencoder, images: np.ndarray, batch: int = 64) -> np.ndarray:
    """Return float16 latents (N, C, h, w) of `images` (N, H, W, 3) uint8."""
    rows = [
        model.encode(images_to_tensor(images[start : start + batch]).to(model.device))
        .half()
        .cpu()
        .numpy()
        for start in range(0, len(images), batch)
    ]
    return np.concatenate(rows)


@torch.no_grad()
def _channel_power(model: PatchAutoencoder, images: np.ndarray) -> Tensor:
    return model.encode(images_to_tensor(images)).square().mean(dim=(0, 2, 3))


def _crops(pictures: Tensor, batch: int, side: int) -> Tensor:
    """Return crops (batch, 3, side, side) in -1..1 of pictures (N, H, W, 3) uint8, by lot."""
    count, height, width = pictures.shape[:3]
    along = torch.arange(side, device=pictures.device)

    def below(most: int) -> Tensor:
        return torch.randint(most, (batch, 1, 1), device=pictures.device)

    picks, tops, lefts = below(count), below(height - side + 1), below(width - side + 1)
    crops = pictures[picks, tops + along[:, None], lefts + along]  # (batch, side, side, 3)
    return crops.permute(0, 3, 1, 2).float() / 127.5 - 1.0
