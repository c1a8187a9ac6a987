"""The embedded video backend: our encoder, our pipeline, our super-resolution, block by block."""

from __future__ import annotations

import json
import logging
import os
import time
from pathlib import Path
from typing import Any

from vision import torchvision_guard  # noqa: F401

# isort: split
# The guard comes first: diffusers imports torchvision.
import cv2
import numpy as np
import torch

from generation.core.backends import (
    EMBEDDED,
    ModelUnavailableError,
    OnStep,
    ShouldStop,
    StepReporter,
    hash_folder,
)
from generation.core.creator import WEIGHTS as PICTURE_WEIGHTS
from generation.core.creator import choose_history, encode_prompts, fit_image
from generation.core.hub import library_versions
from generation.core.pipelines import first_step, use_plain_attention
from generation.core.video.backends import VideoRequest, VideoResult
from generation.core.video.pipeline import WeftVideoPipeline, encoder_hash
from vision.encoder import Encoder, load_encoder

logger = logging.getLogger(__name__)

WEIGHTS = PICTURE_WEIGHTS.parent / "video"
# One guided step, one finished frame, and all the rest, before the first run has been timed.
FIRST_STEP_MS, FIRST_FRAME_MS, FIRST_REST_MS = 70.0, 260.0, 200.0
# Cells that the words change more than this share above or below the clip's mean may, or may not,
# change at all; between them it goes over gently.
KEPT_BELOW, FREE_ABOVE = 0.9, 1.3


class EmbeddedVideoBackend:
    """Clips from words, liked items and a user vector, with the weights that lie in the repository.

    It draws illustrations of garments, 480 x 640, whatever the shape of a video that it revises.
    """

    name = EMBEDDED

    # A clip is denoised from a moved picture rather than from pure noise; see `sketch`.
    begins_with_still = True

    def __init__(self, pipeline: WeftVideoPipeline, encoder: Encoder, *, revision: str) -> None:
        self.revision = revision
        self.pipeline = pipeline
        self.encoder = encoder
        self.warnings: list[str] = []
        self._step_ms, self._frame_ms = FIRST_STEP_MS, FIRST_FRAME_MS
        pipeline.set_progress_bar_config(disable=True)
        use_plain_attention(pipeline.unet)

    @classmethod
    def load(
        cls,
        folder: Path = WEIGHTS,
        *,
        picture_folder: Path = PICTURE_WEIGHTS,
        expected_revision: str | None = None,
    ) -> EmbeddedVideoBackend:
        """Return the backend of `folder` with autoencoder and super-resolution of the creator's."""
        from diffusers.utils import logging as logging_of_diffusers

        from generation.core.pipelines import WeftPicturePipeline

        for needed in (folder, picture_folder):
            if not (needed / "model_index.json").is_file():
                raise ModelUnavailableError(
                    "The embedded video creator's weights are missing; train them first."
                )
        # As for pictures: a second thread beside another busy process makes everything slower.
        if "OMP_NUM_THREADS" not in os.environ:
            torch.set_num_threads(1)
        logging_of_diffusers.disable_progress_bar()
        options = {
            "dtype": torch.float32,
            "local_files_only": True,
            "use_safetensors": True,
            "low_cpu_mem_usage": False,
        }
        pictures = WeftPicturePipeline.from_pretrained(picture_folder, **options)
        pipeline = WeftVideoPipeline.from_pretrained(
            folder, vae=pictures.vae, upscaler=pictures.upscaler, **options
        )
        if pipeline.config.latents_of not in ("", encoder_hash(pictures.vae)):
            raise ModelUnavailableError(
                "The video creator was trained on the latents of another autoencoder."
            )
        revision = hash_folder(folder)[:40] + "+" + hash_folder(picture_folder)[:23]
        if expected_revision not in (None, revision):
            raise ModelUnavailableError(
                f"The embedded video creator is not at revision {expected_revision}."
            )
        backend = cls(pipeline, load_encoder(EMBEDDED), revision=revision)
        backend._compare_encoder(folder / "metrics.json")
        return backend

    def estimate_ms(self, request: VideoRequest) -> float:
        """Return the expected milliseconds, from the speed of the last run."""
        frames = self._frames(request)
        return FIRST_REST_MS + self._step_ms * self._steps(request) + self._frame_ms * frames

    def run(
        self,
        request: VideoRequest,
        *,
        on_step: OnStep | None = None,
        should_stop: ShouldStop | None = None,
    ) -> VideoResult:
        """Return the clip, super-resolved; the same request gives the same bytes."""
        steps, frames = self._steps(request), self._frames(request)
        reporter = StepReporter(steps + frames, on_step, should_stop)
        reporter.check()
        started = time.perf_counter()
        arguments, warnings = self._conditions(request)
        source = self._source(request)
        allowed = self._allowed(request, source, arguments)
        encoded = time.perf_counter()
        latents = self._latents(request, arguments, source, allowed, reporter)
        denoised = time.perf_counter()
        made = self._finished(latents, reporter, steps)
        if source is not None and allowed is not None and request.source is not None:
            made = _blended(request.source, made, allowed[0].numpy())
        finished = time.perf_counter()
        self._step_ms = (denoised - encoded) * 1000 / max(steps, 1)
        self._frame_ms = (finished - denoised) * 1000 / frames
        spent = {"encode": encoded - started, "denoise": denoised - encoded}
        spent["decode"] = finished - denoised
        return VideoResult(
            frames=made,
            fps=request.fps,
            manifest=self._manifest(request, frames, allowed, spent, warnings),
        )

    def run_small(self, request: VideoRequest) -> np.ndarray:
        """Return the created frames (T, 160, 120, 3) uint8 as they are before super-resolution."""
        arguments, _ = self._conditions(request)
        reporter = StepReporter(self._steps(request), None, None)
        latents = self._latents(request, arguments, None, None, reporter)
        return self.pipeline.decode_latents(latents)[0]

    def _latents(
        self,
        request: VideoRequest,
        arguments: dict[str, Any],
        source: np.ndarray | None,
        allowed: torch.Tensor | None,
        reporter: StepReporter,
    ) -> torch.Tensor:
        """Return the denoised latents (1, T, C, h, w)."""
        return self.pipeline(
            **arguments,
            num_frames=self._frames(request),
            camera=request.camera or None,
            num_inference_steps=request.steps,
            guidance_text=request.guidance_text,
            guidance_history=request.guidance_history,
            generator=torch.Generator().manual_seed(request.seed),
            anchor=self._anchor(request),
            video=None if source is None else source[None],
            strength=request.strength,
            mask=allowed,
            output_type="latent",
            callback_on_step_end=reporter.step_end,
        ).frames

    def _frames(self, request: VideoRequest) -> int:
        return request.frames if request.source is None else len(request.source)

    def _steps(self, request: VideoRequest) -> int:
        """Return the denoising steps of all blocks together."""
        blocks = -(-self._frames(request) // self.pipeline.block)
        if request.source is None:
            return blocks * request.steps
        return blocks * (request.steps - first_step(request.strength, request.steps))

    def _conditions(self, request: VideoRequest) -> tuple[dict[str, Any], list[str]]:
        """Return the pipeline's arguments for words and person, and what was not used."""
        arguments: dict[str, Any] = {}
        tokens, vectors = encode_prompts(self.encoder, [request.prompt])
        arguments["text_tokens"] = torch.from_numpy(tokens)
        arguments["text_vector"] = torch.from_numpy(vectors)
        if request.negative.strip():
            tokens, vectors = encode_prompts(self.encoder, [request.negative])
            arguments["negative_tokens"] = torch.from_numpy(tokens)
            arguments["negative_vector"] = torch.from_numpy(vectors)
        warnings = list(self.warnings)
        config = self.pipeline.history.config
        if len(request.history) and request.history.shape[1] != config.embed_dim:
            warnings.append("The liked items' vectors come from another encoder; not used.")
        elif len(request.history):
            items, weights = choose_history(
                request.history, request.history_weights, config.max_history
            )
            arguments["history"] = torch.from_numpy(items)[None]
            arguments["history_weights"] = torch.from_numpy(weights)[None]
        if request.user is not None and len(request.user) != config.embed_dim:
            warnings.append("The user vector comes from another encoder; not used.")
        elif request.user is not None and np.linalg.norm(request.user) > 0:
            unit = request.user / np.linalg.norm(request.user)
            arguments["user"] = torch.from_numpy(unit.astype(np.float32))[None]
        if request.source is not None and _is_wide(request.source):
            warnings.append(
                "This creator draws upright clips, 3 by 4: the video was cut to its middle."
            )
        return arguments, warnings

    def _source(self, request: VideoRequest) -> np.ndarray | None:
        """Return the frames to revise at the model's size, (T, H, W, 3)."""
        if request.source is None:
            return None
        height, width = self.pipeline.picture_size
        return np.stack([fit_image(frame, height, width) for frame in request.source])

    def _anchor(self, request: VideoRequest) -> np.ndarray | None:
        if request.anchor is None:
            return None
        height, width = self.pipeline.picture_size
        return fit_image(request.anchor, height, width)[None]

    def _allowed(
        self, request: VideoRequest, source: np.ndarray | None, arguments: dict[str, Any]
    ) -> torch.Tensor | None:
        """Return which cells may change, (1, T, h, w) in 0..1; None means all of them."""
        if source is None:
            return None
        height, width = self.pipeline.unet.config.sample_size
        if request.mask is not None:
            return torch.from_numpy(_mask_cells(request.mask, len(source), height, width))[None]
        if not request.keeps_rest or request.strength >= 1.0:
            return None
        before = request.source_prompt.strip()
        tokens, vectors = encode_prompts(self.encoder, [before]) if before else (None, None)
        changes = self.pipeline.find_changes(
            source[None],
            (arguments["text_tokens"], arguments["text_vector"]),
            (None, None)
            if tokens is None or vectors is None
            else (torch.from_numpy(tokens), torch.from_numpy(vectors)),
            generator=torch.Generator().manual_seed(request.seed),
        )
        return soft_mask(changes)

    def _finished(self, latents: torch.Tensor, reporter: StepReporter, steps: int) -> np.ndarray:
        """Return latents (1, T, C, h, w) as super-resolved frames, reporting each."""
        frames = []
        for index in range(latents.shape[1]):
            small = self.pipeline.decode_latents(latents[:, index : index + 1])[0]
            frames.append(self.pipeline.upscale(small)[0])
            reporter.step_end(None, steps + index, None, {})
        return np.stack(frames)

    def _manifest(
        self,
        request: VideoRequest,
        frames: int,
        allowed: torch.Tensor | None,
        spent: dict[str, float],
        warnings: list[str],
    ) -> dict[str, Any]:
        scheduler = self.pipeline.scheduler
        revised = request.source is not None
        return {
            "backend": self.name,
            "revision": self.revision,
            "encoder": self.encoder.name,
            "task": "video_revise" if revised else "video_create",
            "scheduler": {
                "class": type(scheduler).__name__,
                "prediction_type": scheduler.config.get("prediction_type"),
                "solver_order": scheduler.config.get("solver_order"),
                "flow_shift": scheduler.config.get("flow_shift"),
            },
            "prompt": request.prompt,
            "negative": request.negative,
            "source_prompt": request.source_prompt if revised else None,
            "seed": request.seed,
            "steps": request.steps,
            "guidance_text": request.guidance_text,
            "guidance_history": request.guidance_history,
            "liked_items": len(request.history),
            "user_vector": request.user is not None,
            "camera": request.camera,
            "anchor": request.anchor is not None,
            "frames": frames,
            "fps": request.fps,
            "strength": request.strength if revised else None,
            "free_share": None if allowed is None else round(float(allowed.mean()), 3),
            "ms": {name: round(seconds * 1000, 1) for name, seconds in spent.items()},
            "versions": library_versions(),
            "warnings": warnings,
        }

    def _compare_encoder(self, metrics: Path) -> None:
        """Warn, in every manifest, when the creator was trained with another encoder."""
        if not metrics.is_file():
            return
        trained_with = json.loads(metrics.read_text()).get("encoder")
        if trained_with not in (None, self.encoder.name):
            self.warnings.append(
                f"Trained with encoder {trained_with}, used with {self.encoder.name}."
            )
            logger.warning(self.warnings[-1])


def soft_mask(changes: torch.Tensor) -> torch.Tensor:
    """Return where a revision may change the source, (B, T, h, w) in 0..1, from `find_changes`.

    One cell wider than what differs, so that an outline may move, and gentle at its edge.
    """
    share = ((changes - KEPT_BELOW) / (FREE_ABOVE - KEPT_BELOW)).clamp(0, 1)
    wider = torch.nn.functional.max_pool2d(share, 3, stride=1, padding=1)
    padded = torch.nn.functional.pad(wider, (1, 1, 1, 1), mode="replicate")
    return torch.nn.functional.avg_pool2d(padded, 3, stride=1).clamp(0, 1)


def _mask_cells(mask: np.ndarray, frames: int, height: int, width: int) -> np.ndarray:
    """Return a person's mask as cells (T, height, width) float32; what it touches may change."""
    layers = np.broadcast_to(mask, (frames, *mask.shape)) if mask.ndim == 2 else mask
    if len(layers) != frames:
        raise ValueError(f"expected a mask for {frames} frames, got {len(layers)}")
    cells = []
    for layer in layers.astype(np.float32):
        fitted = fit_image(np.repeat(layer[..., None], 3, axis=2), height * 8, width * 8)[..., 0]
        cells.append(fitted.reshape(height, 8, width, 8).max(axis=(1, 3)))
    return np.clip(np.stack(cells), 0, 1)


def _blended(source: np.ndarray, made: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Return the made frames where change is allowed (T, h, w) and the source's own elsewhere."""
    height, width = made.shape[1:3]
    frames = []
    for before, after, cells in zip(source, made, allowed, strict=True):
        share = cv2.resize(cells, (width, height), interpolation=cv2.INTER_LINEAR)[..., None]
        kept = fit_image(before, height, width).astype(np.float32)
        frames.append((kept + share * (after - kept)).round().clip(0, 255).astype(np.uint8))
    return np.stack(frames)


def _is_wide(frames: np.ndarray) -> bool:
    """Return whether the picture is noticeably wider than 3 by 4."""
    return frames.shape[2] > 0.8 * frames.shape[1]


__all__ = ["WEIGHTS", "EmbeddedVideoBackend", "soft_mask"]
