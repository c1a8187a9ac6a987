"""The embedded creator as a diffusers pipeline: conditions in, picture out."""

from __future__ import annotations

from vision import torchvision_guard  # noqa: F401

# isort: split
# The guard comes first: diffusers imports torchvision.
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from diffusers.schedulers import SchedulerMixin
from diffusers.utils import BaseOutput
from diffusers.utils.torch_utils import randn_tensor
from torch import Tensor

from generation.core.autoencoder import PatchAutoencoder
from generation.core.conditioning import Conditions, HistoryProjector
from generation.core.superres import SuperResolver, images_to_tensor, tensor_to_images

# Noise level at which an edit starts: its strength to this power.
EDIT_POWER = 0.4

StepCallback = Callable[[Any, int, Any, dict[str, Any]], dict[str, Any]]


@dataclass
class PicturesOutput(BaseOutput):
    """images: (B, H, W, 3) uint8, or latents with `output_type="latent"`."""

    images: Any


class WeftPicturePipeline(DiffusionPipeline):
    """Latent diffusion steered by words and by liked items, each with a guidance scale of its own.

    It sees embeddings only: whoever calls it owns the text and image encoder.
    """

    model_cpu_offload_seq = "history->unet->vae->upscaler"
    _optional_components = ["upscaler"]
    _callback_tensor_inputs = ["latents"]

    def __init__(
        self,
        vae: PatchAutoencoder,
        unet: UNet2DConditionModel,
        history: HistoryProjector,
        scheduler: SchedulerMixin,
        upscaler: SuperResolver | None = None,
    ) -> None:
        super().__init__()
        self.register_modules(
            vae=vae, unet=unet, history=history, scheduler=scheduler, upscaler=upscaler
        )

    @torch.inference_mode()
    def __call__(
        self,
        text_tokens: Tensor,
        text_vector: Tensor,
        negative_tokens: Tensor | None = None,
        negative_vector: Tensor | None = None,
        sketch_tokens: Tensor | None = None,
        sketch_vector: Tensor | None = None,
        sketch_steps: int = 0,
        history: Tensor | None = None,
        history_weights: Tensor | None = None,
        num_inference_steps: int = 12,
        guidance_text: float = 4.0,
        guidance_history: float = 1.5,
        generator: torch.Generator | list[torch.Generator] | None = None,
        latents: Tensor | None = None,
        image: np.ndarray | None = None,
        strength: float = 0.6,
        mask: np.ndarray | None = None,
        output_type: str = "np",
        callback_on_step_end: StepCallback | None = None,
        callback_on_step_end_tensor_inputs: tuple[str, ...] = ("latents",),
    ) -> PicturesOutput:
        """Return one picture per row of `text_tokens`.

        text_tokens (B, L, W), text_vector (B, D), the negatives likewise; history (B, K, D) with
        history_weights (B, K). The first `sketch_steps` steps of the schedule follow the words of
        `sketch_tokens` and `sketch_vector` instead: there outlines are decided, later the cloth.
        image (B, H, W, 3) uint8 at the model's size makes it an edit, of `strength` 0..1; with a
        mask (B, h, w) of the latents' size, in 0..1, only where it is 1. output_type: "np",
        "small" (before super-resolution) or "latent".
        """
        batch = text_tokens.shape[0]
        # set_timesteps changes the scheduler: a copy lets one pipeline serve concurrent calls.
        scheduler = type(self.scheduler).from_config(self.scheduler.config)
        scheduler.set_timesteps(num_inference_steps)
        noise = latents = self._noise(batch, generator, latents)
        first, source = 0, None
        if image is not None:
            first = first_step(strength, num_inference_steps)
            source = self._encoded(image).to(noise.dtype)
            scheduler.set_begin_index(first)
            latents = _at_level(source, noise, scheduler, first)
        kept = None if mask is None else 1 - torch.from_numpy(mask).to(noise.dtype)[:, None]
        branches = _branches(guidance_text, guidance_history, history, history_weights)
        negative, liked = (negative_tokens, negative_vector), (history, history_weights)
        conditions = self._conditions(branches, (text_tokens, text_vector), negative, liked)
        sketch = conditions
        if sketch_tokens is not None and sketch_vector is not None:
            sketch = self._conditions(branches, (sketch_tokens, sketch_vector), negative, liked)
        extra = _generator_argument(scheduler, generator)
        with self.progress_bar(total=num_inference_steps - first) as progress:
            for step, timestep in enumerate(scheduler.timesteps[first:]):
                given = sketch if first + step < sketch_steps else conditions
                velocity = self._guided(latents, timestep, given, branches)
                latents = scheduler.step(velocity, timestep, latents, **extra).prev_sample
                if kept is not None and source is not None:
                    # What must stay is put back at the noise level the others have reached.
                    outside = _at_level(source, noise, scheduler, first + step + 1)
                    latents = torch.lerp(latents, outside, kept)
                if callback_on_step_end is not None:
                    known = {"latents": latents}
                    tensors = {name: known[name] for name in callback_on_step_end_tensor_inputs}
                    outputs = callback_on_step_end(self, step, timestep, tensors)
                    latents = outputs.pop("latents", latents)
                progress.update()
        return PicturesOutput(images=self._finish(latents, output_type))

    @property
    def picture_size(self) -> tuple[int, int]:
        """Height and width of a picture before super-resolution."""
        height, width = self.unet.config.sample_size
        return height * self.vae.config.patch, width * self.vae.config.patch

    @torch.inference_mode()
    def decode_latents(self, latents: Tensor) -> np.ndarray:
        """Return latents (B, C, h, w) as (B, H, W, 3) uint8 pictures."""
        return tensor_to_images(self.vae.decode(latents.to(self.vae.dtype)))

    @torch.inference_mode()
    def upscale(self, pictures: np.ndarray) -> np.ndarray:
        """Return pictures (B, H, W, 3) uint8 after super-resolution; unchanged without one."""
        if self.upscaler is None:
            return pictures
        return tensor_to_images(self.upscaler(images_to_tensor(pictures).to(self.upscaler.dtype)))

    def _noise(
        self,
        batch: int,
        generator: torch.Generator | list[torch.Generator] | None,
        latents: Tensor | None,
    ) -> Tensor:
        shape = (batch, self.unet.config.in_channels, *self.unet.config.sample_size)
        if latents is None:
            return randn_tensor(shape, generator=generator, dtype=self.unet.dtype)
        if latents.shape != shape:
            raise ValueError(f"latents must have shape {shape}, got {tuple(latents.shape)}")
        return latents.to(self.unet.dtype)

    def _encoded(self, image: np.ndarray) -> Tensor:
        """Return the latents (B, C, h, w) of pictures (B, H, W, 3) uint8."""
        return self.vae.encode(images_to_tensor(image).to(self.vae.dtype))

    def _conditions(
        self,
        branches: list[tuple[str, float]],
        text: tuple[Tensor, Tensor],
        negative: tuple[Tensor | None, Tensor | None],
        history: tuple[Tensor | None, Tensor | None],
    ) -> Conditions:
        """Return the conditions of all branches, one batch after the other."""
        none = (None, None)
        chosen = {
            "empty": (negative, none),
            "text": (text, none),
            "text+history": (text, history),
        }
        batch = text[0].shape[0]
        return Conditions.stack(
            [self.history(*chosen[name][0], *chosen[name][1], batch=batch) for name, _ in branches]
        )

    def _guided(
        self,
        latents: Tensor,
        timestep: Tensor,
        conditions: Conditions,
        branches: list[tuple[str, float]],
    ) -> Tensor:
        """Return the weighted sum of the branches' velocities (B, C, h, w)."""
        velocity = self.unet(
            latents.repeat(len(branches), 1, 1, 1),
            timestep,
            encoder_hidden_states=conditions.tokens,
            class_labels=conditions.vector,
            return_dict=False,
        )[0]
        parts = velocity.chunk(len(branches))
        return sum(weight * part for part, (_, weight) in zip(parts, branches, strict=True))

    def _finish(self, latents: Tensor, output_type: str) -> np.ndarray | Tensor:
        if output_type == "latent":
            return latents
        pictures = self.decode_latents(latents)
        return pictures if output_type == "small" else self.upscale(pictures)


def use_plain_attention(unet: UNet2DConditionModel) -> None:
    """Compute attention by matrix products: on CPU, with few tokens, far faster than fused."""
    unet.set_attn_processor(AttnProcessor())


def first_step(strength: float, steps: int) -> int:
    """Return the step of the schedule at which an edit of this strength starts.

    A straight share of the way would do nothing by halves: up to 70 % noise the source's colours
    stay, whatever the words say. The power makes the usual 0.6 start at 82 % noise.
    """
    return min(round((1.0 - strength**EDIT_POWER) * steps), steps - 1)


def _at_level(clean: Tensor, noise: Tensor, scheduler: SchedulerMixin, step: int) -> Tensor:
    """Return clean latents mixed with noise as at this step of the schedule; clean at its end."""
    level = scheduler.sigmas[step].to(noise.dtype)
    return torch.lerp(clean, noise, level)


def _branches(
    guidance_text: float, guidance_history: float, history: Tensor | None, weights: Tensor | None
) -> list[tuple[str, float]]:
    """Return the branches of composed guidance that count, with their weights; they sum to 1.

    e = e0 + s_t (e_t - e0) + s_h (e_th - e_t)  =  (1 - s_t) e0 + (s_t - s_h) e_t + s_h e_th
    """
    there = history is not None and weights is not None and bool((weights > 0).any())
    share = guidance_history if there else 0.0
    weighted = [
        ("empty", 1.0 - guidance_text),
        ("text", guidance_text - share),
        ("text+history", share),
    ]
    return [(name, weight) for name, weight in weighted if weight != 0.0]


def _generator_argument(scheduler: SchedulerMixin, generator: Any) -> dict[str, Any]:
    accepted = inspect.signature(scheduler.step).parameters
    return {"generator": generator} if "generator" in accepted else {}
