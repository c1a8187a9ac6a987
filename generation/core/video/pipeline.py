"""The embedded video creator as a diffusers pipeline: conditions in, frames out, block by block."""

from __future__ import annotations

from vision import torchvision_guard  # noqa: F401

# isort: split
# The guard comes first: diffusers imports torchvision.
import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline, UNet2DConditionModel
from diffusers.schedulers import SchedulerMixin
from diffusers.utils import BaseOutput
from diffusers.utils.torch_utils import randn_tensor
from torch import Tensor

from generation.core.autoencoder import PatchAutoencoder
from generation.core.conditioning import Conditions
from generation.core.pipelines import StepCallback, first_step
from generation.core.superres import SuperResolver, images_to_tensor, tensor_to_images
from generation.core.video.conditioning import (
    CAMERAS,
    CLIP_FRAMES,
    PAST,
    Neighbours,
    TasteProjector,
)
from generation.core.video.flow import frame_level, predict_clean

# Decoded at once: more would only take memory.
DECODE_BATCH = 4
# Where an edit's words are compared with the source's, as a level of one picture.
COMPARE_LEVEL, COMPARE_DRAWS = 0.6, 3

Text = tuple[Tensor, Tensor]


@dataclass
class FramesOutput(BaseOutput):
    """frames: (B, T, H, W, 3) uint8, or latents (B, T, C, h, w) with `output_type="latent"`."""

    frames: Any


@dataclass
class _Steering:
    """The branches of composed guidance that count, with their weights, and their conditions."""

    weights: list[float]
    conditions: Conditions


class WeftVideoPipeline(DiffusionPipeline):
    """Masked conditional video diffusion (MCVD, Voleti et al. 2022) on the image creator's latents.

    Without a video it creates: each block of F frames sees the last two of the block before.
    With one it revises: each block starts from the source's frames mixed with noise and sees the
    last two revised ones (GeneRec 2023, section 4.1.3). Autoencoder and super-resolution are the
    image creator's; they are handed over at loading and not saved with it.
    """

    model_cpu_offload_seq = "history->unet->vae->upscaler"
    _optional_components = ["vae", "upscaler"]
    _callback_tensor_inputs = ["latents"]

    def __init__(
        self,
        unet: UNet2DConditionModel,
        history: TasteProjector,
        scheduler: SchedulerMixin,
        vae: PatchAutoencoder | None = None,
        upscaler: SuperResolver | None = None,
        latents_of: str = "",
    ) -> None:
        """`latents_of` is the hash of the encoder whose latents the network was trained on."""
        super().__init__()
        self.register_modules(
            unet=unet, history=history, scheduler=scheduler, vae=vae, upscaler=upscaler
        )
        self.register_to_config(latents_of=latents_of)

    @torch.inference_mode()
    def __call__(
        self,
        text_tokens: Tensor,
        text_vector: Tensor,
        negative_tokens: Tensor | None = None,
        negative_vector: Tensor | None = None,
        history: Tensor | None = None,
        history_weights: Tensor | None = None,
        user: Tensor | None = None,
        num_frames: int = 16,
        camera: str | None = None,
        num_inference_steps: int = 10,
        guidance_text: float = 4.0,
        guidance_history: float = 1.5,
        generator: torch.Generator | None = None,
        anchor: np.ndarray | None = None,
        video: np.ndarray | None = None,
        strength: float = 0.6,
        mask: np.ndarray | Tensor | None = None,
        output_type: str = "np",
        callback_on_step_end: StepCallback | None = None,
    ) -> FramesOutput:
        """Return one clip per row of `text_tokens`.

        text_tokens (B, L, W), text_vector (B, D), the negatives likewise; history (B, K, D) with
        history_weights (B, K); user (B, D), the recommender's vector of the person (User_Emb).
        camera: one of CAMERAS, or None. anchor (B, H, W, 3) uint8: a picture of what shall be seen.
        video (B, T, H, W, 3) uint8 at the model's size makes it a revision, of `strength` 0..1,
        where mask (B, T, h, w) in 0..1 says which cells may change. output_type: "np", "small"
        (before super-resolution) or "latent".
        """
        batch = text_tokens.shape[0]
        source = None if video is None else self.encode_frames(video)
        count = num_frames if source is None else source.shape[1]
        blocks = -(-count // self.block)
        noise = self._noise(batch, blocks * self.block, generator)
        steering = self._steering(
            (text_tokens, text_vector),
            (negative_tokens, negative_vector),
            (history, history_weights, user),
            guidance_text,
            guidance_history,
        )
        known = None if anchor is None else self._encode(anchor)[:, None]
        run = _Run(self, num_inference_steps, strength if source is not None else 1.0)
        run.callback = callback_on_step_end
        allowed = None if mask is None else torch.as_tensor(mask, dtype=torch.float32)
        made: list[Tensor] = []
        for index in range(blocks):
            start = index * self.block
            past = torch.cat(made, dim=1) if made else None
            neighbours = self._neighbours(
                past, known, batch, camera, start if source is None else None
            )
            rows = slice(start, start + self.block)
            made.append(
                run.block_of_frames(
                    noise[:, rows],
                    neighbours,
                    steering,
                    source=None if source is None else _padded(source[:, rows], self.block),
                    allowed=None if allowed is None else _padded(allowed[:, rows], self.block),
                )
            )
        return FramesOutput(frames=self._finish(torch.cat(made, dim=1)[:, :count], output_type))

    @torch.inference_mode()
    def draw_block(
        self,
        neighbours: Neighbours,
        text: Text,
        generator: torch.Generator | None = None,
        *,
        num_inference_steps: int = 10,
        guidance_text: float = 4.0,
    ) -> Tensor:
        """Return the latents (B, F, C, h, w) of one block between the neighbours given."""
        steering = self._steering(text, (None, None), (None, None, None), guidance_text, 0.0)
        noise = self._noise(len(text[0]), self.block, generator)
        run = _Run(self, num_inference_steps, strength=1.0)
        return run.block_of_frames(noise, neighbours, steering, source=None, allowed=None)

    @property
    def block(self) -> int:
        """How many frames are drawn together (F)."""
        return self.unet.config.out_channels // self._latent_shape[0]

    @property
    def picture_size(self) -> tuple[int, int]:
        """Height and width of a frame before super-resolution."""
        height, width = self.unet.config.sample_size
        return height * self.vae.config.patch, width * self.vae.config.patch

    @torch.inference_mode()
    def encode_frames(self, video: np.ndarray) -> Tensor:
        """Return the latents (B, T, C, h, w) of clips (B, T, H, W, 3) uint8."""
        flat = video.reshape(-1, *video.shape[2:])
        return self._encode(flat).unflatten(0, video.shape[:2])

    @torch.inference_mode()
    def decode_latents(self, latents: Tensor) -> np.ndarray:
        """Return latents (B, T, C, h, w) as (B, T, H, W, 3) uint8 frames."""
        flat = latents.flatten(0, 1).to(self.vae.dtype)
        pictures = [tensor_to_images(self.vae.decode(part)) for part in flat.split(DECODE_BATCH)]
        return np.concatenate(pictures).reshape(*latents.shape[:2], *pictures[0].shape[1:])

    @torch.inference_mode()
    def upscale(self, frames: np.ndarray) -> np.ndarray:
        """Return frames (T, H, W, 3) uint8 after super-resolution; unchanged without one."""
        if self.upscaler is None:
            return frames
        with torch.autocast("cpu", torch.bfloat16):
            made = [
                tensor_to_images(self.upscaler(images_to_tensor(frames[i : i + 1])))
                for i in range(len(frames))
            ]
        return np.concatenate(made)

    @torch.inference_mode()
    def find_changes(
        self,
        video: np.ndarray,
        text: Text,
        source_text: Text | tuple[None, None],
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Return how much each cell differs between two wordings, (B, T, h, w), mean 1 per clip.

        The source's frames are noised and cleaned once under each wording; where the results part,
        the words ask for a change (DiffEdit, Couairon et al. 2022, step 1).
        """
        source = self.encode_frames(video)
        batch, count = source.shape[:2]
        conditions = [
            self.history(*words, None, None, batch=batch) for words in (text, source_text)
        ]
        own = torch.full((batch,), COMPARE_LEVEL)
        level = frame_level(own, self.block)
        maps = []
        for start in range(0, count, self.block):
            clean = _padded(source[:, start : start + self.block], self.block)
            apart = torch.zeros(batch, *clean.shape[-2:])
            for _ in range(COMPARE_DRAWS):
                noise = self._noise(batch, self.block, generator)
                mixed = torch.lerp(clean, noise, level[:, None, None, None, None])
                new, old = (
                    predict_clean(self.unet, mixed, level, Neighbours(), one) for one in conditions
                )
                apart += (new - old).abs().mean(dim=(1, 2))
            maps.append(apart[:, None].expand(-1, self.block, -1, -1))
        changes = torch.cat(maps, dim=1)[:, :count]
        return changes / changes.mean(dim=(1, 2, 3), keepdim=True).clamp(min=1e-6)

    @property
    def _latent_shape(self) -> tuple[int, int, int]:
        channels = self.vae.config.latent_channels
        return channels, *self.unet.config.sample_size

    def _encode(self, pictures: np.ndarray) -> Tensor:
        return self.vae.encode(images_to_tensor(pictures).to(self.vae.dtype)).float()

    def _noise(self, batch: int, frames: int, generator: torch.Generator | None) -> Tensor:
        return randn_tensor((batch, frames, *self._latent_shape), generator=generator)

    def _neighbours(
        self,
        past: Tensor | None,
        anchor: Tensor | None,
        batch: int,
        camera: str | None,
        start: int | None,
    ) -> Neighbours:
        """Return what a block may look at; `start` is its first frame, None where unknown."""
        if anchor is None and past is not None:
            anchor = past[:, :1]
        return Neighbours(
            past=None if past is None else past[:, -PAST:],
            anchor=anchor,
            place=None if start is None else torch.full((batch,), start / CLIP_FRAMES % 1.0),
            camera=torch.full((batch,), CAMERAS.index(camera)) if camera else None,
            weighs_in=start is not None,
        )

    def _steering(
        self,
        text: Text,
        negative: tuple[Tensor | None, Tensor | None],
        person: tuple[Tensor | None, Tensor | None, Tensor | None],
        guidance_text: float,
        guidance_history: float,
    ) -> _Steering:
        """Return the branches e0, e_t, e_th of composed guidance that have any weight.

        e = e0 + s_t (e_t - e0) + s_h (e_th - e_t): words and person have a scale each.
        """
        history, weights, user = person
        liked = history is not None and weights is not None and bool((weights > 0).any())
        share = guidance_history if liked or user is not None else 0.0
        branches = [
            (1.0 - guidance_text, negative, (None, None, None)),
            (guidance_text - share, text, (None, None, None)),
            (share, text, person),
        ]
        batch = text[0].shape[0]
        used = [branch for branch in branches if branch[0] != 0.0]
        return _Steering(
            weights=[branch[0] for branch in used],
            conditions=Conditions.stack(
                [
                    self.history(*words, items, item_weights, batch=batch, user=vector)
                    for _, words, (items, item_weights, vector) in used
                ]
            ),
        )

    def _finish(self, latents: Tensor, output_type: str) -> np.ndarray | Tensor:
        if output_type == "latent":
            return latents
        frames = self.decode_latents(latents)
        if output_type == "small":
            return frames
        return np.stack([self.upscale(clip) for clip in frames])


class _Run:
    """The steps of one call: blocks one after the other, each by its own fresh scheduler."""

    def __init__(self, pipeline: WeftVideoPipeline, steps: int, strength: float) -> None:
        self.pipeline = pipeline
        self.steps = steps
        self.first = first_step(strength, steps)
        self.callback: StepCallback | None = None
        self._done = 0

    def block_of_frames(
        self,
        noise: Tensor,
        neighbours: Neighbours,
        steering: _Steering,
        source: Tensor | None,
        allowed: Tensor | None,
    ) -> Tensor:
        """Return the clean latents (B, F, C, h, w) of one block."""
        # set_timesteps changes the scheduler: a copy lets one pipeline serve concurrent calls.
        scheduler = type(self.pipeline.scheduler).from_config(self.pipeline.scheduler.config)
        scheduler.set_timesteps(self.steps)
        levels = scheduler.sigmas
        latents = noise
        if source is not None and self.first > 0:
            latents = torch.lerp(source, noise, levels[self.first])
        if self.first > 0:
            scheduler.set_begin_index(self.first)
        around = neighbours.repeated(len(steering.weights))
        for step in range(self.first, self.steps):
            latents = self._step(scheduler, step, latents, around, steering)
            if source is not None and allowed is not None:
                kept = torch.lerp(source, noise, levels[step + 1])
                latents = torch.lerp(kept, latents, allowed[:, :, None])
            latents = self._call_back(step, scheduler.timesteps[step], latents)
        return latents

    def _step(
        self,
        scheduler: SchedulerMixin,
        step: int,
        latents: Tensor,
        around: Neighbours,
        steering: _Steering,
    ) -> Tensor:
        count = len(steering.weights)
        level = scheduler.sigmas[step].expand(count * len(latents))
        clean = predict_clean(
            self.pipeline.unet,
            latents.repeat(count, 1, 1, 1, 1),
            level,
            around,
            steering.conditions,
        )
        parts = clean.chunk(count)
        guided = sum(w * part for w, part in zip(steering.weights, parts, strict=True))
        velocity = (latents - guided) / scheduler.sigmas[step]
        return scheduler.step(velocity, scheduler.timesteps[step], latents).prev_sample

    def _call_back(self, step: int, timestep: Tensor, latents: Tensor) -> Tensor:
        if self.callback is None:
            return latents
        outputs = self.callback(self.pipeline, self._done, timestep, {"latents": latents})
        self._done += 1
        return outputs.pop("latents", latents)


def encoder_hash(vae: PatchAutoencoder) -> str:
    """Return the sha256 of the parameters that turn pictures to latents; the decoder may change."""
    digest = hashlib.sha256()
    for name, value in sorted(vae.state_dict().items()):
        if name.startswith(("to_latents", "encoder_residual")):
            digest.update(name.encode() + value.float().numpy().tobytes())
    return digest.hexdigest()


def _padded(frames: Tensor, count: int) -> Tensor:
    """Return frames (B, n, ...) with the last repeated up to `count` of them."""
    missing = count - frames.shape[1]
    if missing == 0:
        return frames
    return torch.cat([frames, frames[:, -1:].expand(-1, missing, *frames.shape[2:])], dim=1)
