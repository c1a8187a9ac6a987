"""The last stage: decoder and super-resolution learn to finish what the denoiser leaves rough."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from generation.core.autoencoder import PatchAutoencoder
from generation.core.superres import SuperResolver, images_to_tensor
from generation.core.train.autoencoder import picture_loss
from generation.core.train.cache import ZOOM
from generation.core.train.denoiser import Denoiser, DenoiserData
from generation.core.train.run import TrainingRun
from generation.core.train.superres import SIDE, Pairs

# Noise levels from which the denoiser's guess is taken: near the end of sampling.
LEAST_LEVEL, MOST_LEVEL = 0.02, 0.4
CELLS = 6
SMALL_WEIGHT = 0.5


class Finisher(nn.Module):
    """The two parts that turn latents into a large picture; the encoder stays as it is."""

    def __init__(self, vae: PatchAutoencoder, upscaler: SuperResolver) -> None:
        super().__init__()
        self.vae = vae
        self.upscaler = upscaler
        for encoder in (vae.to_latents, vae.encoder_residual):
            encoder.requires_grad_(False)


@torch.inference_mode()
def guess_latents(
    model: Denoiser, data: DenoiserData, count: int, seed: int, batch: int = 50
) -> np.ndarray:
    """Return the denoiser's guesses (count, C, h, w) at the first latents, each from some noise.

    They are wrong in the way that sampled latents are wrong.
    """
    rng = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for start in range(0, count, batch):
        picks = np.arange(start, min(start + batch, count))
        clean = torch.from_numpy(data.latents[picks]).float()
        noise = torch.randn(clean.shape, generator=generator)
        level = torch.empty(len(picks)).uniform_(LEAST_LEVEL, MOST_LEVEL, generator=generator)
        share = level[:, None, None, None]
        mixed = torch.lerp(clean, noise, share)
        given = model.history(*data.texts.draw(picks, rng), None, None, batch=len(picks))
        velocity = model.unet(
            mixed, level * 1000, given.tokens, class_labels=given.vector, return_dict=False
        )[0]
        rows.append((mixed - share * velocity).half().numpy())
    return np.concatenate(rows)


def train_polish(
    finisher: Finisher,
    latents: np.ndarray,
    small: np.ndarray,
    large: np.ndarray,
    *,
    folder: Path,
    minutes: float,
    photographs: Pairs | None = None,
    seed: int = 0,
    batch: int = 12,
    rate: float = 5e-4,
    max_steps: int | None = None,
) -> TrainingRun:
    """Train on rough latents (M, C, h, w) of pictures `small` (M, H, W, 3), drawn `large` too.

    photographs: pairs for super-resolution alone, so that it does not forget them.
    """
    rng = np.random.default_rng(seed)
    run = TrainingRun(finisher, folder=folder, minutes=minutes, peak_rate=rate, max_steps=max_steps)
    patch = finisher.vae.config.patch
    for step in run.steps():
        if photographs is not None and step % 8 == 7:
            run.apply(_photo_loss(finisher, photographs, rng, batch))
            continue
        crops = [_crop(latents, small, large, rng, patch) for _ in range(batch)]
        rough = torch.from_numpy(np.stack([crop[0] for crop in crops])).float()
        wanted = images_to_tensor(np.stack([crop[1] for crop in crops]))
        wanted_large = images_to_tensor(np.stack([crop[2] for crop in crops]))
        margin = (CELLS * patch - SIDE) // 2
        with torch.autocast("cpu", torch.bfloat16):
            made = finisher.vae.decode(rough)
            # The rim lacks what lies beyond the crop, so only the middle is enlarged.
            middle = made[:, :, margin : margin + SIDE, margin : margin + SIDE]
            made_large = finisher.upscaler(middle)
        loss = picture_loss(made_large, wanted_large) + SMALL_WEIGHT * picture_loss(made, wanted)
        run.apply(loss)
    return run


def _crop(
    latents: np.ndarray, small: np.ndarray, large: np.ndarray, rng: np.random.Generator, patch: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return CELLS x CELLS latents, their picture, and the middle of it at the large size."""
    pick = rng.integers(len(latents))
    row = rng.integers(latents.shape[2] - CELLS + 1)
    column = rng.integers(latents.shape[3] - CELLS + 1)
    side, margin = CELLS * patch, (CELLS * patch - SIDE) // 2
    top, left = row * patch, column * patch
    up, across = ZOOM * (top + margin), ZOOM * (left + margin)
    return (
        latents[pick, :, row : row + CELLS, column : column + CELLS],
        small[pick, top : top + side, left : left + side],
        large[pick, up : up + ZOOM * SIDE, across : across + ZOOM * SIDE],
    )


def _photo_loss(
    finisher: Finisher, photographs: Pairs, rng: np.random.Generator, batch: int
) -> Tensor:
    pairs = [photographs(rng) for _ in range(batch)]
    with torch.autocast("cpu", torch.bfloat16):
        made = finisher.upscaler(images_to_tensor(np.stack([pair[0] for pair in pairs])))
    return picture_loss(made, images_to_tensor(np.stack([pair[1] for pair in pairs])))
