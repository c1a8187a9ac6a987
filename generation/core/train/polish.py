"""The last stage: decoder and super-resolution learn to finish what the denoiser leaves rough."""

from __future__ import annotations

from pathlib import Path

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
from generation.core.train.superres import SIDE, Pairs

# Noise levels from which the denoiser's guess is taken: near the end of sampling.
LEAST_LEVEL, MOST_LEVEL = 0.02, 0.25
CELLS = 6
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

    def __init__(self, rate: float = 4e-4) -> None:
        self.critic = Critic()
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
        with torch.autocast("cpu", torch.bfloat16):
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
        with torch.autocast("cpu", torch.bfloat16):
            _, scores = self.critic(torch.cat([made.to(wanted.dtype), wanted]))
        fake, real = scores.float().chunk(2)
        (F.relu(1 + fake).mean() + F.relu(1 - real).mean()).backward()
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)


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
) -> TrainingRun[Finisher]:
    """Train on rough latents (M, C, h, w) of pictures `small` (M, H, W, 3), drawn `large` too.

    photographs: pairs for super-resolution alone, so that it does not forget them.
    """
    rng = np.random.default_rng(seed)
    run = TrainingRun(finisher, folder=folder, minutes=minutes, peak_rate=rate, max_steps=max_steps)
    patch = finisher.vae.config.patch
    contest = Contest()
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
        run.apply(loss + contest.loss(made_large, wanted_large))
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
