"""Training of the video creator: blocks of clips with their neighbours masked at random."""

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

from generation.core.train.denoiser import HistoryTable, TextTable
from generation.core.train.run import TrainingRun
from generation.core.train.video_cache import ClipCache
from generation.core.video.conditioning import (
    CAMERAS,
    PAST,
    Neighbours,
    TasteProjector,
)
from generation.core.video.flow import frame_level, predict_clean

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
# Noise levels of the frames' mean, as in the image creator's training.
LEVEL_MEAN, LEVEL_SPREAD = 0.2, 1.1
# A clean-frame error counts as that of the velocity, error / s, down to about this level.
SMALLEST_LEVEL = 0.22


class VideoDenoiser(nn.Module):
    """The two parts that learn together: the U-Net and the projector of its conditions."""

    def __init__(self, unet: UNet2DConditionModel, history: TasteProjector) -> None:
        super().__init__()
        self.unet = unet
        self.history = history


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

    def draw(self, rng: np.random.Generator, batch: int) -> tuple[np.ndarray, Tensor, Neighbours]:
        """Return clip numbers (B,), clean blocks (B, F, C, h, w) and their neighbours, masked."""
        picks = rng.integers(self.count, size=batch)
        blocks = [self._block(int(clip), rng) for clip in picks]
        clean, past, anchor, future, has_future, place = map(np.stack, zip(*blocks, strict=True))
        cameras = np.array([CAMERAS.index(self.clips.cameras[clip]) for clip in picks])
        started = place * self.clips.frames > PAST - 0.5
        return (
            picks,
            torch.from_numpy(clean).float(),
            Neighbours(
                past=_roughened(past, rng),
                anchor=_roughened(anchor, rng),
                future=_roughened(future, rng),
                has_past=_kept(started, HIDE_NEIGHBOUR, rng),
                has_anchor=_kept(np.ones(batch, bool), HIDE_NEIGHBOUR, rng),
                has_future=_kept(has_future, HIDE_NEIGHBOUR, rng),
                place=torch.from_numpy(np.where(rng.random(batch) < HIDE_PLACE, -1.0, place)),
                camera=torch.from_numpy(np.where(rng.random(batch) < HIDE_CAMERA, -1, cameras)),
            ),
        )

    def people(self, picks: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Return liked items (B, K, D), their weights (B, K) and user vectors (B, D).

        A person's likes share a taste with the target, which is never among them; the user vector
        is the noisy mean of other likes than those shown.
        """
        width, most = self.likes.vectors.shape[1], LIKED // 2
        items = np.zeros((len(picks), most, width), np.float32)
        weights = np.zeros((len(picks), most), np.float32)
        users = np.zeros((len(picks), width), np.float32)
        for row, clip in enumerate(picks):
            liked = self.likes.liked(int(clip), rng)
            shown, known = liked[::2], liked[1::2] or liked
            items[row, : len(shown)] = self.likes.vectors[shown]
            weights[row, : len(shown)] = rng.uniform(0.3, 1.0, len(shown))
            users[row] = self.likes.vectors[known].mean(axis=0) if known else 0
        users /= np.maximum(np.linalg.norm(users, axis=1, keepdims=True), 1e-6)
        users += rng.normal(0, USER_NOISE / width**0.5, users.shape)
        users /= np.linalg.norm(users, axis=1, keepdims=True)
        return torch.from_numpy(items), torch.from_numpy(weights), torch.from_numpy(users)

    def _block(self, clip: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Return a block, past, anchor and future of a clip, whether there is a future, place."""
        last = self.clips.frames - self.frames
        start = 0 if rng.random() < STARTS else int(rng.integers(last + 1))
        after = start + self.frames
        past = [max(start - 2, 0), max(start - 1, 0)]
        # Mostly the first frame, as in creation; at a clip's start any later one, as from a still.
        others = [*range(start), *range(after, self.clips.frames)]
        anchor = 0 if start >= PAST and rng.random() < 0.5 else int(rng.choice(others))
        future = min(after, self.clips.frames - 1)
        return (
            self.clips.latents(clip, slice(start, after)),
            self.clips.latents(clip, past),
            self.clips.latents(clip, [anchor]),
            self.clips.latents(clip, [future]),
            np.asarray(after < self.clips.frames),
            np.asarray(start / self.clips.frames),
        )


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
) -> TrainingRun[VideoDenoiser]:
    """Train until the time is over; `on_sample(averaged model, step)` is called every `every_s`."""
    run = TrainingRun(
        model,
        folder=folder,
        minutes=minutes,
        peak_rate=rate,
        max_steps=max_steps,
        weight_decay=0.01,
    )
    torch.manual_seed(seed + run.step)
    rng = np.random.default_rng((seed, run.step))
    sampled_at = run.budget.spent_s
    for step in run.steps():
        run.apply(video_loss(model, data, rng, batch))
        if on_sample is not None and run.budget.spent_s - sampled_at > every_s:
            run.save()
            on_sample(run.average.module, step)
            sampled_at = run.budget.spent_s
    return run


def video_loss(
    model: VideoDenoiser, data: VideoData, rng: np.random.Generator, batch: int
) -> Tensor:
    """Return the mean squared velocity error of blocks at random noise levels.

    x_s = (1 - s) clean + s noise; the velocity's error is that of the clean frames over s.
    """
    picks, clean, neighbours = data.draw(rng, batch)
    frames = clean.shape[1]
    level = frame_level(torch.sigmoid(LEVEL_MEAN + LEVEL_SPREAD * torch.randn(batch)), frames)
    mixed = torch.lerp(clean, torch.randn_like(clean), level[:, None, None, None, None])
    items, weights, users = data.people(picks, rng)
    keep_text, keep_history, keep_user = _kept_groups(batch)
    with torch.autocast("cpu", torch.bfloat16):
        conditions = model.history(
            *data.texts.draw(picks, rng),
            items,
            weights,
            batch=batch,
            keep_text=keep_text,
            keep_history=keep_history,
            user=users,
            keep_user=keep_user,
        )
        made = predict_clean(model.unet, mixed, level, neighbours, conditions)
    error = (made - clean).square().mean(dim=(1, 2, 3, 4))
    return (error / (level.square() + SMALLEST_LEVEL**2)).mean()


def _kept_groups(batch: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return which samples keep their text, their liked items and their user vector."""
    any_kept = torch.rand(batch) >= DROP_ALL
    drops = (DROP_TEXT, DROP_HISTORY, DROP_USER)
    text, history, user = (any_kept & (torch.rand(batch) >= drop) for drop in drops)
    return text, history, user


def _kept(there: np.ndarray, hide: float, rng: np.random.Generator) -> Tensor:
    return torch.from_numpy(there & (rng.random(len(there)) >= hide))


def _roughened(frames: np.ndarray, rng: np.random.Generator) -> Tensor:
    """Return neighbours (B, n, C, h, w) with up to NEIGHBOUR_NOISE of noise, the same in a row."""
    clean = torch.from_numpy(frames).float()
    level = torch.from_numpy(rng.uniform(0, NEIGHBOUR_NOISE, len(frames))).float()
    return clean + level[:, None, None, None, None] * torch.randn_like(clean)
