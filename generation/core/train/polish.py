"""The last stage: decoder and super-resolution learn to finish what the denoiser leaves rough."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from generation.core.autoencoder import PatchAutoencoder
from generation.core.superres import SuperResolver, images_to_tensor
from generation.core.train.autoencoder import picture_loss
from generation.core.train.cache import ZOOM
from generation.core.train.denoiser import Denoiser, DenoiserData
from generation.core.train.run import TrainingRun
from generation.core.train.superres import SIDE, Pairs, stacked
from vision.feeding import draws

# Noise levels from which the denoiser's guess is taken: near the end of sampling.
LEAST_LEVEL, MOST_LEVEL = 0.02, 0.25
# Pixels of the small picture that the decoder sees around the middle that is enlarged.
CONTEXT = 60
SMALL_WEIGHT = 0.5
# A distance alone rewards blur wherever a line's place is uncertain; a critic does not.
CRITIC_WEIGHT, FEATURE_WEIGHT = 0.02, 0.5
CRITIC_FIRST = 100


class Finisher(nn.Module):
    """The two parts that turn latents into a large picture; the encoder stays as it is."""

    def __init__(self, vae: PatchAutoencoder, upscaler: SuperResolver) -> None:
        super().__init__()
        self.vae = vae
        self.upscaler = upscaler
        for encoder in (vae.to_latents, vae.encoder_residual):
            encoder.requires_grad_(False)


class Critic(nn.Module):
    """Tells drawn from made, patch by patch; thrown away after training."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        norm = nn.utils.parametrizations.spectral_norm
        self.layers = nn.ModuleList(
            [
                norm(nn.Conv2d(3, width, 4, stride=2, padding=1)),
                norm(nn.Conv2d(width, 2 * width, 4, stride=2, padding=1)),
                norm(nn.Conv2d(2 * width, 3 * width, 4, stride=2, padding=1)),
                norm(nn.Conv2d(3 * width, 3 * width, 3, padding=1)),
            ]
        )
        self.head = norm(nn.Conv2d(3 * width, 1, 3, padding=1))

    def forward(self, pictures: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return each layer's features and the scores (B, 1, h, w): high for drawn."""
        features = []
        for layer in self.layers:
            pictures = F.leaky_relu(layer(pictures), 0.2)
            features.append(pictures)
        return features, self.head(pictures)


class Contest:
    """The critic and its optimiser; gives the finisher's further loss."""

    def __init__(self, device: torch.device, rate: float = 4e-4) -> None:
        self.critic = Critic().to(device)
        self.rounds = 0
        self._optimizer = torch.optim.AdamW(self.critic.parameters(), lr=rate, betas=(0.5, 0.95))

    def loss(self, made: Tensor, wanted: Tensor) -> Tensor:
        """Train the critic on one batch, then return what it holds against `made`.

        Hinge loss for the critic; for the finisher the score and the distance of the features.
        """
        self._train(made.detach(), wanted)
        self.rounds += 1
        if self.rounds <= CRITIC_FIRST:
            return made.new_zeros(())
        with torch.autocast(made.device.type, torch.bfloat16):
            features, scores = self.critic(made)
            with torch.no_grad():
                wanted_features, _ = self.critic(wanted)
        apart = [
            (a.float() - b.float()).abs().mean()
            for a, b in zip(features, wanted_features, strict=True)
        ]
        return FEATURE_WEIGHT * sum(apart) / len(apart) - CRITIC_WEIGHT * scores.float().mean()

    def _train(self, made: Tensor, wanted: Tensor) -> None:
        self._optimizer.zero_grad(set_to_none=True)
        with torch.autocast(made.device.type, torch.bfloat16):
            _, scores = self.critic(torch.cat([made.to(wanted.dtype), wanted]))
        fake, real = scores.float().chunk(2)
        (F.relu(1 + fake).mean() + F.relu(1 - real).mean()).backward()
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)


@torch.inference_mode()
def guess_latents(
    model: Denoiser,
    data: DenoiserData,
    count: int,
    seed: int,
    batch: int = 50,
    device: str = "cpu",
) -> np.ndarray:
    """Return the denoiser's guesses (count, C, h, w) at the first latents, each from some noise.

    They are wrong in the way that sampled latents are wrong.
    """
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    model.to(device)
    tables = data.on(torch.device(device))
    rows = []
    for start in range(0, count, batch):
        picks = np.arange(start, min(start + batch, count))
        clean = tables.latents[torch.from_numpy(picks).to(device)].float()
        level = torch.empty(len(picks), device=device).uniform_(LEAST_LEVEL, MOST_LEVEL)
        share = level[:, None, None, None]
        mixed = torch.lerp(clean, torch.randn_like(clean), share)
        words = tables.conditions(data.draw_for(picks, rng))[:2]
        given = model.history(*words, None, None, batch=len(picks))
        velocity = model.unet(
            mixed, level * 1000, given.tokens, class_labels=given.vector, return_dict=False
        )[0]
        rows.append((mixed - share * velocity).half().cpu().numpy())
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
    device: str = "cpu",
    workers: int = 0,
) -> TrainingRun[Finisher]:
    """Train on rough latents (M, C, h, w) of pictures `small` (M, H, W, 3), drawn `large` too.

    photographs: pairs for super-resolution alone, so that it does not forget them.
    """
    run = TrainingRun(
        finisher, folder=folder, minutes=minutes, peak_rate=rate, max_steps=max_steps, device=device
    )
    patch = finisher.vae.config.patch
    # At least as much of the picture around the middle as is enlarged.
    cells = -(-CONTEXT // patch)
    margin = (cells * patch - SIDE) // 2
    crops = draws(
        lambda rng: stacked(_crop(latents, small, large, rng, patch, cells) for _ in range(batch)),
        (seed, run.step),
        workers,
    )
    pairs = None if photographs is None else _photo_draws(photographs, batch, seed, workers)
    contest = Contest(run.device)
    for step in run.steps():
        if pairs is not None and step % 8 == 7:
            run.apply(_photo_loss(run, next(pairs)))
            continue
        rough, *pictures = (one.to(run.device) for one in next(crops))
        wanted, wanted_large = (images_to_tensor(one) for one in pictures)
        with run.autocast():
            made = finisher.vae.decode(rough.float())
            # The rim lacks what lies beyond the crop, so only the middle is enlarged.
            middle = made[:, :, margin : margin + SIDE, margin : margin + SIDE]
            made_large = finisher.upscaler(middle)
        loss = picture_loss(made_large, wanted_large) + SMALL_WEIGHT * picture_loss(made, wanted)
        run.apply(loss + contest.loss(made_large, wanted_large))
    return run


def _crop(
    latents: np.ndarray,
    small: np.ndarray,
    large: np.ndarray,
    rng: np.random.Generator,
    patch: int,
    cells: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return cells x cells latents, their picture, and the middle of it at the large size."""
    pick = rng.integers(len(latents))
    row = rng.integers(latents.shape[2] - cells + 1)
    column = rng.integers(latents.shape[3] - cells + 1)
    side, margin = cells * patch, (cells * patch - SIDE) // 2
    top, left = row * patch, column * patch
    up, across = ZOOM * (top + margin), ZOOM * (left + margin)
    return (
        latents[pick, :, row : row + cells, column : column + cells],
        small[pick, top : top + side, left : left + side],
        large[pick, up : up + ZOOM * SIDE, across : across + ZOOM * SIDE],
    )


def _photo_draws(photographs: Pairs, batch: int, seed: int, workers: int) -> Iterator[Any]:
    return draws(
        lambda rng: stacked(photographs(rng) for _ in range(batch)), (seed, 1), min(workers, 2)
    )


def _photo_loss(run: TrainingRun[Finisher], pair: tuple[Tensor, Tensor]) -> Tensor:
    small, large = (images_to_tensor(one.to(run.device)) for one in pair)
    with run.autocast():
        made = run.module.upscaler(small)
    return picture_loss(made, large)
