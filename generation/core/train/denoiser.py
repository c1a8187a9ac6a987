"""Training of the denoiser: rectified flow on latents, conditioned on words and liked items."""

from __future__ import annotations

from vision import torchvision_guard  # noqa: F401

# isort: split
# The guard comes first: diffusers imports torchvision.
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor2_0
from torch import Tensor, nn

from generation.core.conditioning import HistoryProjector
from generation.core.pipelines import use_plain_attention
from generation.core.train.cache import Facts
from generation.core.train.run import TrainingRun
from vision.feeding import draws

# Captions encoded at once.
BLOCK = 32_768
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
        for start in range(0, len(texts), BLOCK):
            block, sentence = encode(texts[start : start + BLOCK])
            tokens.append(block.astype(np.float16))
            vectors.append(sentence.astype(np.float32))
        self.tokens = np.concatenate(tokens)
        self.vectors = np.concatenate(vectors)

    def choose(self, pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the row (B,) of one caption per picture."""
        return np.array([rng.choice(self.of_picture[picture]) for picture in pictures])


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

    def choose(
        self, pictures: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return liked pictures (B, K) and their weights (B, K), 0 where there is none."""
        shape = (len(pictures), self.max_history)
        items, weights = np.zeros(shape, np.int64), np.zeros(shape, np.float32)
        for row, picture in enumerate(pictures):
            liked = self.liked(int(picture), rng)
            items[row, : len(liked)] = liked
            weights[row, : len(liked)] = rng.uniform(0.3, 1.0, len(liked))
        return items, weights

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


class Draw(NamedTuple):
    """Numbers of pictures (B,), of their captions (B,), of liked pictures (B, K) with weights."""

    pictures: Tensor
    captions: Tensor
    liked: Tensor
    weights: Tensor


@dataclass
class DenoiserData:
    """Latents (N, C, h, w) float16 aligned with the two tables of conditions."""

    latents: np.ndarray
    texts: TextTable
    history: HistoryTable
    weights: np.ndarray | None = None  # (N,) how often each picture is shown; they sum to 1

    def draw(self, rng: np.random.Generator, batch: int) -> Draw:
        """Return one batch by lot."""
        picks = rng.choice(len(self.latents), size=batch, p=self.weights)
        return self.draw_for(picks, rng)

    def draw_for(self, picks: np.ndarray, rng: np.random.Generator) -> Draw:
        """Return conditions drawn by lot for these pictures."""
        columns = (picks, self.texts.choose(picks, rng), *self.history.choose(picks, rng))
        return Draw(*map(torch.from_numpy, columns))

    def on(self, device: torch.device) -> Tables:
        """Return what the numbers of a draw stand for, on that device."""
        return Tables(
            latents=torch.from_numpy(self.latents).to(device),
            tokens=torch.from_numpy(self.texts.tokens).to(device),
            sentences=torch.from_numpy(self.texts.vectors).to(device),
            items=torch.from_numpy(self.history.vectors).to(device),
        )


@dataclass
class Tables:
    """Latents (N, C, h, w), tokens (T, L, W) and vectors (T, D) of texts, of pictures (N, D)."""

    latents: Tensor
    tokens: Tensor
    sentences: Tensor
    items: Tensor

    @property
    def device(self) -> torch.device:
        """Where they are."""
        return self.latents.device

    def conditions(self, draw: Draw) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return tokens (B, L, W), text vectors (B, D), items (B, K, D), weights (B, K)."""
        _, captions, liked, weights = (one.to(self.device) for one in draw)
        return (
            self.tokens[captions].float(),
            self.sentences[captions],
            self.items[liked],
            weights,
        )


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
    device: str = "cpu",
    workers: int = 0,
) -> TrainingRun[Denoiser]:
    """Train until the time is over; `on_sample(averaged model, step)` is called every `every_s`."""
    torch.manual_seed(seed)
    prepare(model.unet, device)
    run = TrainingRun(
        model,
        folder=folder,
        minutes=minutes,
        peak_rate=rate,
        max_steps=max_steps,
        weight_decay=0.02,
        device=device,
    )
    drawn = draws(lambda rng: data.draw(rng, batch), (seed, run.step), workers)
    tables = data.on(run.device)
    sampled_at = run.budget.spent_s
    for step in run.steps():
        with run.autocast():
            loss = flow_loss(model, tables, next(drawn))
        run.apply(loss)
        if on_sample is not None and run.budget.spent_s - sampled_at > every_s:
            run.save()
            on_sample(run.average.module, step)
            sampled_at = run.budget.spent_s
    return run


def prepare(unet: UNet2DConditionModel, device: str) -> None:
    """Let the U-Net compute as the device likes it: layout, attention, compiled or not."""
    if device == "cpu":
        use_plain_attention(unet)
        return
    unet.to(memory_format=torch.channels_last)
    unet.set_attn_processor(AttnProcessor2_0())
    unet.compile()


def flow_loss(model: Denoiser, tables: Tables, draw: Draw) -> Tensor:
    """Return the mean squared error of the velocity, noise - clean, at random noise levels.

    x_s = (1 - s) clean + s noise, s in 0..1; the denoiser is told 1000 s.
    """
    clean = tables.latents[draw.pictures.to(tables.device)].float()
    batch = len(clean)
    noise = torch.randn_like(clean)
    level = random_levels(batch, clean.device)
    mixed = torch.lerp(clean, noise, level[:, None, None, None])
    keep_text, keep_history = _kept(batch, clean.device)
    conditions = model.history(
        *tables.conditions(draw), batch=batch, keep_text=keep_text, keep_history=keep_history
    )
    velocity = model.unet(
        mixed,
        level * 1000,
        conditions.tokens,
        class_labels=conditions.vector,
        return_dict=False,
    )[0]
    return (velocity.float() - (noise - clean)).square().mean()


def random_levels(batch: int, device: torch.device) -> Tensor:
    """Return noise levels (batch,) in 0..1, logit-normal."""
    return torch.sigmoid(LEVEL_MEAN + LEVEL_SPREAD * torch.randn(batch, device=device))


def _kept(batch: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return which samples keep their text and which their history, (B,) bool each."""
    both, text, history = torch.rand(3, batch, device=device)
    kept = both >= DROP_BOTH
    return kept & (text >= DROP_TEXT), kept & (history >= DROP_HISTORY)


def _others(members: np.ndarray | list[int], picture: int) -> list[int]:
    """Return the members without the target itself: it must never be in its own history."""
    return [int(one) for one in members if one != picture]
