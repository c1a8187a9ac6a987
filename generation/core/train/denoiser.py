"""Training of the denoiser: rectified flow on latents, conditioned on words and liked items."""

from __future__ import annotations

from vision import torchvision_guard  # noqa: F401

# isort: split
# The guard comes first: diffusers imports torchvision.
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn

from generation.core.conditioning import HistoryProjector
from generation.core.pipelines import use_plain_attention
from generation.core.train.cache import Facts
from generation.core.train.run import TrainingRun

# How often a group of conditions is left out, so that guidance can do without it.
DROP_BOTH, DROP_TEXT, DROP_HISTORY = 0.07, 0.06, 0.35
# Of the liked items shown in training, those that have nothing to do with the target.
STRAY_SHARE = 0.15
# Noise levels: logit-normal, a little towards noise, where shape and colour are decided.
LEVEL_MEAN, LEVEL_SPREAD = 0.2, 1.1


class Denoiser(nn.Module):
    """The two parts that learn together: the U-Net and the projector of its conditions."""

    def __init__(self, unet: UNet2DConditionModel, history: HistoryProjector) -> None:
        super().__init__()
        self.unet = unet
        self.history = history


def build_denoiser(
    *,
    latent_channels: int,
    sample_size: tuple[int, int],
    text_width: int,
    embed_dim: int,
    widths: tuple[int, ...] = (96, 160, 192),
    context_dim: int = 192,
    heads: int = 4,
    max_text: int = 24,
    max_history: int = 8,
) -> Denoiser:
    """Return an untrained denoiser; it attends at the coarsest scale, which costs least."""
    history = HistoryProjector(
        text_width=text_width,
        embed_dim=embed_dim,
        context_dim=context_dim,
        max_text=max_text,
        max_history=max_history,
    )
    attends = [False] * (len(widths) - 1) + [True]
    unet = UNet2DConditionModel(
        sample_size=sample_size,
        in_channels=latent_channels,
        out_channels=latent_channels,
        layers_per_block=1,
        block_out_channels=widths,
        down_block_types=tuple("CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attends),
        up_block_types=tuple("CrossAttnUpBlock2D" if a else "UpBlock2D" for a in attends[::-1]),
        cross_attention_dim=context_dim,
        attention_head_dim=heads,
        class_embed_type="projection",
        projection_class_embeddings_input_dim=history.vector_dim,
        norm_num_groups=16,
    )
    return Denoiser(unet, history)


class TextTable:
    """Each different caption encoded once, and which captions each picture has."""

    def __init__(
        self,
        facts: list[Facts],
        encode: Callable[[list[str]], tuple[np.ndarray, np.ndarray]],
        known: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> None:
        """`encode` returns tokens (N, L, W), zero where padded, and vectors (N, D).

        known: tokens and vectors of an earlier table of the same facts.
        """
        numbers: dict[str, int] = {}
        self.of_picture = [
            np.array([numbers.setdefault(text, len(numbers)) for text in one.captions])
            for one in facts
        ]
        if known is not None:
            self.tokens, self.vectors = known
            return
        tokens, vectors = [], []
        texts = list(numbers)
        for start in range(0, len(texts), 256):
            block, sentence = encode(texts[start : start + 256])
            tokens.append(block.astype(np.float16))
            vectors.append(sentence.astype(np.float32))
        self.tokens = np.concatenate(tokens)
        self.vectors = np.concatenate(vectors)

    def draw(self, pictures: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return tokens (B, L, W) and vectors (B, D) of one caption per picture."""
        rows = np.array([rng.choice(self.of_picture[p]) for p in pictures])
        return torch.from_numpy(self.tokens[rows]).float(), torch.from_numpy(self.vectors[rows])


class HistoryTable:
    """Liked items made up for a target: others that share one or two of its tastes."""

    def __init__(self, facts: list[Facts], vectors: np.ndarray, max_history: int) -> None:
        """vectors: (N, D) of the pictures."""
        self.vectors = vectors.astype(np.float32)
        self.max_history = max_history
        self._tastes = [sorted(one.taste.items()) for one in facts]
        groups: dict[tuple[str, str], list[int]] = {}
        for index, tastes in enumerate(self._tastes):
            for taste in tastes:
                groups.setdefault(taste, []).append(index)
        self._groups = {taste: np.array(members) for taste, members in groups.items()}
        self._sets = {taste: set(members) for taste, members in groups.items()}

    def draw(self, pictures: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return item vectors (B, K, D) and their weights (B, K), 0 where there is no item."""
        shape = (len(pictures), self.max_history)
        items = np.zeros((*shape, self.vectors.shape[1]), np.float32)
        weights = np.zeros(shape, np.float32)
        for row, picture in enumerate(pictures):
            liked = self.liked(int(picture), rng)
            items[row, : len(liked)] = self.vectors[liked]
            weights[row, : len(liked)] = rng.uniform(0.3, 1.0, len(liked))
        return torch.from_numpy(items), torch.from_numpy(weights)

    def liked(self, picture: int, rng: np.random.Generator) -> list[int]:
        """Return 1..max_history other pictures that somebody who likes `picture` may like."""
        tastes = self._tastes[picture]
        count = int(rng.integers(1, self.max_history + 1))
        if not tastes:
            return _others(rng.integers(len(self._tastes), size=count), picture)
        theme = [tastes[i] for i in rng.permutation(len(tastes))[: rng.integers(1, 3)]]
        members = self._groups[theme[0]]
        # More than needed: some will not share the second taste.
        found = rng.choice(members, size=12 * count).tolist()
        for other in theme[1:]:
            found = [one for one in found if one in self._sets[other]]
        chosen = _others(found, picture)[:count]
        stray = rng.random(len(chosen)) < STRAY_SHARE
        anywhere = rng.integers(len(self._tastes), size=len(chosen))
        return _others(
            [a if s else c for c, a, s in zip(chosen, anywhere, stray, strict=True)], picture
        )


@dataclass
class DenoiserData:
    """Latents (N, C, h, w) float16 aligned with the two tables of conditions."""

    latents: np.ndarray
    texts: TextTable
    history: HistoryTable
    weights: np.ndarray | None = None  # (N,) how often each picture is shown; they sum to 1


def train_denoiser(
    model: Denoiser,
    data: DenoiserData,
    *,
    folder: Path,
    minutes: float,
    seed: int = 0,
    batch: int = 64,
    rate: float = 8e-4,
    max_steps: int | None = None,
    every_s: float = 600.0,
    on_sample: Callable[[Denoiser, int], None] | None = None,
) -> TrainingRun[Denoiser]:
    """Train until the time is over; `on_sample(averaged model, step)` is called every `every_s`."""
    torch.manual_seed(seed)
    use_plain_attention(model.unet)
    run = TrainingRun(
        model,
        folder=folder,
        minutes=minutes,
        peak_rate=rate,
        max_steps=max_steps,
        weight_decay=0.02,
    )
    rng = np.random.default_rng((seed, run.step))
    sampled_at = run.budget.spent_s
    for step in run.steps():
        run.apply(flow_loss(model, data, rng, batch))
        if on_sample is not None and run.budget.spent_s - sampled_at > every_s:
            run.save()
            on_sample(run.average.module, step)
            sampled_at = run.budget.spent_s
    return run


def flow_loss(model: Denoiser, data: DenoiserData, rng: np.random.Generator, batch: int) -> Tensor:
    """Return the mean squared error of the velocity, noise - clean, at random noise levels.

    x_s = (1 - s) clean + s noise, s in 0..1; the denoiser is told 1000 s.
    """
    picks = rng.choice(len(data.latents), size=batch, p=data.weights)
    clean = torch.from_numpy(data.latents[picks]).float()
    noise = torch.randn_like(clean)
    level = torch.sigmoid(LEVEL_MEAN + LEVEL_SPREAD * torch.randn(batch))
    mixed = torch.lerp(clean, noise, level[:, None, None, None])
    keep_text, keep_history = _kept(batch)
    with torch.autocast("cpu", torch.bfloat16):
        conditions = model.history(
            *data.texts.draw(picks, rng),
            *data.history.draw(picks, rng),
            batch=batch,
            keep_text=keep_text,
            keep_history=keep_history,
        )
        velocity = model.unet(
            mixed,
            level * 1000,
            conditions.tokens,
            class_labels=conditions.vector,
            return_dict=False,
        )[0]
    return (velocity.float() - (noise - clean)).square().mean()


def _kept(batch: int) -> tuple[Tensor, Tensor]:
    """Return which samples keep their text and which their history, (B,) bool each."""
    both = torch.rand(batch) >= DROP_BOTH
    return both & (torch.rand(batch) >= DROP_TEXT), both & (torch.rand(batch) >= DROP_HISTORY)


def _others(members: np.ndarray | list[int], picture: int) -> list[int]:
    """Return the members without the target itself: it must never be in its own history."""
    return [int(one) for one in members if one != picture]
