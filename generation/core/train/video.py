"""Training of the video creator: blocks of clips with their neighbours masked at random."""

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
from torch import Tensor, nn
from torch.nn import functional

from generation.core.train.denoiser import HistoryTable, TextTable, prepare, random_levels
from generation.core.train.run import TrainingRun
from generation.core.train.video_cache import ClipCache
from generation.core.video.conditioning import (
    CAMERAS,
    PAST,
    Neighbours,
    TasteProjector,
)
from generation.core.video.flow import frame_level, predict_clean
from vision.feeding import draws

# Each neighbour is hidden this often, so that one network predicts, fills gaps and starts from
# nothing (MCVD, Voleti et al. 2022, section 3).
HIDE_NEIGHBOUR = 0.5
HIDE_PLACE, HIDE_CAMERA = 0.35, 0.4
# Of the blocks, those that start a clip: what creation draws first.
STARTS = 0.25
# Made frames are never as clean as drawn ones: neighbours get noise up to this level.
NEIGHBOUR_NOISE = 0.15
DROP_ALL, DROP_TEXT, DROP_HISTORY, DROP_USER = 0.08, 0.06, 0.5, 0.5
# Liked items of a person: at most so many, half of them shown, half known by their mean only.
LIKED = 16
USER_NOISE = 0.35
# A clean-frame error counts as that of the velocity, error / s, down to about this level.
SMALLEST_LEVEL = 0.22


class VideoDenoiser(nn.Module):
    """The two parts that learn together: the U-Net and the projector of its conditions."""

    def __init__(self, unet: UNet2DConditionModel, history: TasteProjector) -> None:
        super().__init__()
        self.unet = unet
        self.history = history


class ClipDraw(NamedTuple):
    """Numbers of one batch, B rows each.

    clips, captions (B,). frames (B, PAST + 2 + F): of the clip, those before the block, the
    anchor, the one after it, then the block. has_past, has_anchor, has_future (B,) bool, place,
    camera (B,) as in `Neighbours`. shown (B, K) liked clips with weights (B, K); known (B, K)
    others that only their mean is known of, `knows` (B, K) 1 where there is one.
    """

    clips: Tensor
    captions: Tensor
    frames: Tensor
    has_past: Tensor
    has_anchor: Tensor
    has_future: Tensor
    place: Tensor
    camera: Tensor
    shown: Tensor
    weights: Tensor
    known: Tensor
    knows: Tensor


@dataclass
class VideoData:
    """Clips and their conditions: clip i has text row i and history row i.

    `clips` may hold more than are trained on: the last ones, beyond `count`, are for measuring.
    """

    clips: ClipCache
    count: int
    frames: int
    texts: TextTable
    likes: HistoryTable

    def draw(self, rng: np.random.Generator, batch: int) -> ClipDraw:
        """Return a batch of blocks with neighbours masked by lot and a person."""
        picks = rng.integers(self.count, size=batch)
        blocks = [self._block(rng) for _ in picks]
        frames, has_future = map(np.stack, zip(*blocks, strict=True))
        starts = frames[:, PAST + 2]
        cameras = np.array([CAMERAS.index(self.clips.cameras[clip]) for clip in picks])
        place = starts / self.clips.frames
        columns = (
            picks,
            self.texts.choose(picks, rng),
            frames,
            _kept(starts >= PAST, HIDE_NEIGHBOUR, rng),
            _kept(np.ones(batch, bool), HIDE_NEIGHBOUR, rng),
            _kept(has_future, HIDE_NEIGHBOUR, rng),
            np.where(rng.random(batch) < HIDE_PLACE, -1.0, place).astype(np.float32),
            np.where(rng.random(batch) < HIDE_CAMERA, -1, cameras),
            *self._people(picks, rng),
        )
        return ClipDraw(*map(torch.from_numpy, columns))

    def on(self, device: torch.device) -> ClipTables:
        """Return what the numbers of a draw stand for, on that device."""
        return ClipTables(
            latents=torch.from_numpy(self.clips.all_latents()).to(device),
            tokens=torch.from_numpy(self.texts.tokens).to(device),
            sentences=torch.from_numpy(self.texts.vectors).to(device),
            items=torch.from_numpy(self.likes.vectors).to(device),
        )

    def _people(self, picks: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Return shown likes with weights and likes known by their mean, (B, K) each.

        A person's likes share a taste with the target, which is never among them.
        """
        shape = (len(picks), LIKED // 2)
        shown, known = np.zeros((2, *shape), np.int64)
        weights, knows = np.zeros((2, *shape), np.float32)
        for row, clip in enumerate(picks):
            liked = self.likes.liked(int(clip), rng)
            ones, others = liked[::2], liked[1::2] or liked
            shown[row, : len(ones)] = ones
            weights[row, : len(ones)] = rng.uniform(0.3, 1.0, len(ones))
            known[row, : len(others)] = others
            knows[row, : len(others)] = 1
        return shown, weights, known, knows

    def _block(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the frames (PAST + 2 + F,) of a block as in ClipDraw; whether one follows it."""
        last = self.clips.frames - self.frames
        start = 0 if rng.random() < STARTS else int(rng.integers(last + 1))
        after = start + self.frames
        # Mostly the first frame, as in creation; at a clip's start any later one, as from a still.
        others = [*range(start), *range(after, self.clips.frames)]
        anchor = 0 if start >= PAST and rng.random() < 0.5 else int(rng.choice(others))
        around = [max(start - 2, 0), max(start - 1, 0), anchor, min(after, self.clips.frames - 1)]
        return np.array([*around, *range(start, after)]), np.array(after < self.clips.frames)


@dataclass
class ClipTables:
    """Latents (N, T, C, h, w) of clips; tokens and vectors of texts and of posters, as Tables."""

    latents: Tensor
    tokens: Tensor
    sentences: Tensor
    items: Tensor

    def block(self, draw: ClipDraw) -> tuple[Tensor, Neighbours]:
        """Return clean blocks (B, F, C, h, w) and what surrounds them, roughened."""
        device = self.latents.device
        frames = self.latents[draw.clips.to(device)[:, None], draw.frames.to(device)].float()
        past, anchor, future, clean = frames.split([PAST, 1, 1, frames.shape[1] - PAST - 2], dim=1)
        return clean, Neighbours(
            past=_roughened(past),
            anchor=_roughened(anchor),
            future=_roughened(future),
            has_past=draw.has_past.to(device),
            has_anchor=draw.has_anchor.to(device),
            has_future=draw.has_future.to(device),
            place=draw.place.to(device),
            camera=draw.camera.to(device),
        )

    def conditions(self, draw: ClipDraw) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return (tokens, text vectors, items, weights) as Tables do, and user vectors (B, D).

        The user vector is the noisy mean of other likes than those shown.
        """
        device = self.latents.device
        captions, shown, known = (one.to(device) for one in (draw.captions, draw.shown, draw.known))
        users = (self.items[known] * draw.knows.to(device)[..., None]).sum(dim=1)
        users = functional.normalize(users, dim=1)
        users = users + USER_NOISE / users.shape[1] ** 0.5 * torch.randn_like(users)
        words = self.tokens[captions].float(), self.sentences[captions]
        return (*words, self.items[shown], draw.weights.to(device)), functional.normalize(users)


def train_video(
    model: VideoDenoiser,
    data: VideoData,
    *,
    folder: Path,
    minutes: float,
    seed: int = 0,
    batch: int = 48,
    rate: float = 6e-4,
    max_steps: int | None = None,
    every_s: float = 600.0,
    on_sample: Callable[[VideoDenoiser, int], None] | None = None,
    device: str = "cpu",
    workers: int = 0,
) -> TrainingRun[VideoDenoiser]:
    """Train until the time is over; `on_sample(averaged model, step)` is called every `every_s`."""
    prepare(model.unet, device)
    run = TrainingRun(
        model,
        folder=folder,
        minutes=minutes,
        peak_rate=rate,
        max_steps=max_steps,
        weight_decay=0.01,
        device=device,
    )
    torch.manual_seed(seed + run.step)
    drawn = draws(lambda rng: data.draw(rng, batch), (seed, run.step), workers)
    tables = data.on(run.device)
    sampled_at = run.budget.spent_s
    for step in run.steps():
        with run.autocast():
            loss = video_loss(model, tables, next(drawn))
        run.apply(loss)
        if on_sample is not None and run.budget.spent_s - sampled_at > every_s:
            run.save()
            on_sample(run.average.module, step)
            sampled_at = run.budget.spent_s
    return run


def video_loss(model: VideoDenoiser, tables: ClipTables, draw: ClipDraw) -> Tensor:
    """Return the mean squared velocity error of blocks at random noise levels.

    x_s = (1 - s) clean + s noise; the velocity's error is that of the clean frames over s.
    """
    clean, neighbours = tables.block(draw)
    batch, frames = clean.shape[:2]
    level = frame_level(random_levels(batch, clean.device), frames)
    mixed = torch.lerp(clean, torch.randn_like(clean), level[:, None, None, None, None])
    given, users = tables.conditions(draw)
    keep_text, keep_history, keep_user = _kept_groups(batch, clean.device)
    conditions = model.history(
        *given,
        batch=batch,
        keep_text=keep_text,
        keep_history=keep_history,
        user=users,
        keep_user=keep_user,
    )
    made = predict_clean(model.unet, mixed, level, neighbours, conditions)
    error = (made - clean).square().mean(dim=(1, 2, 3, 4))
    return (error / (level.square() + SMALLEST_LEVEL**2)).mean()


def _kept_groups(batch: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Return which samples keep their text, their liked items and their user vector."""
    any_kept = torch.rand(batch, device=device) >= DROP_ALL
    drops = (DROP_TEXT, DROP_HISTORY, DROP_USER)
    text, history, user = (any_kept & (torch.rand(batch, device=device) >= drop) for drop in drops)
    return text, history, user


def _kept(there: np.ndarray, hide: float, rng: np.random.Generator) -> np.ndarray:
    return np.asarray(there & (rng.random(len(there)) >= hide))


def _roughened(frames: Tensor) -> Tensor:
    """Return neighbours (B, n, C, h, w) with up to NEIGHBOUR_NOISE of noise, the same in a row."""
    level = NEIGHBOUR_NOISE * torch.rand(len(frames), 1, 1, 1, 1, device=frames.device)
    return frames + level * torch.randn_like(frames)
