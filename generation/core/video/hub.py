"""Diffusers video models (Wan, LTX, AnimateDiff), from a repository or a folder, as a backend."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from generation.core.backends import (
    ModelUnavailableError,
    OnStep,
    ShouldStop,
    StepReporter,
    hash_folder,
)
from generation.core.hub import is_offline, library_versions, refuse_pickles
from generation.core.video.backends import VideoRequest, VideoResult

# Before the first run: a step of the smallest Wan on a CPU, for a second of video.
FIRST_STEP_MS = 60_000.0
# Portrait clips of about the area these models were made for; both sides multiples of 32.
HEIGHT, WIDTH = 640, 480
# Models made for smaller pictures than this are asked for their own square.
PORTRAIT_FROM = 512


@dataclass(frozen=True)
class Family:
    """How one family of models is called.

    revises: class of the pipeline that starts from a video, built from the same parts.
    group: frames come in groups of so many, and one more where `extra`.
    revision: its arguments for a strength.
    """

    revises: str
    group: int
    extra: int
    revision: Callable[[float], dict[str, Any]]

    def frames(self, wanted: int) -> int:
        """Return the smallest number of frames, at least `wanted`, that the model can make."""
        return -(-(wanted - self.extra) // self.group) * self.group + self.extra


def _plain(strength: float) -> dict[str, Any]:
    return {"strength": strength}


def _conditioned(strength: float) -> dict[str, Any]:
    # The source conditions the less, the more may change; what it leaves open starts from it.
    return {"strength": 1.0 - strength, "denoise_strength": strength}


FAMILIES = {
    "WanPipeline": Family("WanVideoToVideoPipeline", 4, 1, _plain),
    "LTXPipeline": Family("LTXConditionPipeline", 8, 1, _conditioned),
    "AnimateDiffPipeline": Family(
        "AnimateDiffVideoToVideoPipeline", 1, 0, lambda s: {"strength": s}
    ),
}


class HubVideoBackend:
    """A video pipeline chosen by its files; revisions go through its video-to-video twin."""

    def __init__(self, pipeline: Any, *, name: str, revision: str) -> None:
        self.name = name
        self.revision = revision
        self._pipeline = pipeline
        self._family = FAMILIES[type(pipeline).__name__]
        self._step_ms = FIRST_STEP_MS

    @classmethod
    def load(cls, name: str, *, revision: str | None = None) -> HubVideoBackend:
        """Return the backend of a repository or folder; safetensors only, no remote code."""
        from vision import torchvision_guard  # noqa: F401, I001  (before diffusers)
        import torch
        from diffusers import DiffusionPipeline

        folder = Path(name)
        if folder.is_dir():
            refuse_pickles(folder)
        on_gpu = torch.cuda.is_available()
        try:
            pipeline = DiffusionPipeline.from_pretrained(
                name,
                revision=None if folder.is_dir() else revision,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=folder.is_dir() or is_offline(),
                dtype=torch.bfloat16 if on_gpu else torch.float32,
            )
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise ModelUnavailableError(f"The model {name} could not be loaded: {error}") from error
        kind = type(pipeline).__name__
        if kind not in FAMILIES:
            raise ModelUnavailableError(
                f"The model {name} is a {kind}; clips are made by {', '.join(FAMILIES)}."
            )
        pipeline.set_progress_bar_config(disable=True)
        found = hash_folder(folder) if folder.is_dir() else revision or "unpinned"
        if folder.is_dir() and revision not in (None, found):
            raise ModelUnavailableError(f"The model {name} is not at revision {revision}.")
        return cls(pipeline.to("cuda") if on_gpu else pipeline, name=name, revision=found)

    def estimate_ms(self, request: VideoRequest) -> float:
        """Return the expected milliseconds, from the speed of the last run."""
        return self._step_ms * self._steps(request)

    def run(
        self,
        request: VideoRequest,
        *,
        on_step: OnStep | None = None,
        should_stop: ShouldStop | None = None,
    ) -> VideoResult:
        """Return the clip as the model makes it."""
        import torch

        reporter = StepReporter(self._steps(request), on_step, should_stop)
        reporter.check()
        started = time.perf_counter()
        pipeline, arguments, warnings = self._prepared(request)
        height, width = self._size()
        output = pipeline(
            prompt=request.prompt,
            negative_prompt=request.negative or None,
            height=height,
            width=width,
            num_inference_steps=request.steps,
            guidance_scale=request.guidance_text,
            generator=torch.Generator().manual_seed(request.seed),
            callback_on_step_end=reporter.step_end,
            output_type="np",
            **arguments,
        )
        spent = (time.perf_counter() - started) * 1000
        self._step_ms = spent / max(reporter.total, 1)
        wanted = request.frames if request.source is None else len(request.source)
        frames = np.asarray(output.frames[0])[:wanted]
        frames = (np.clip(frames, 0, 1) * 255).round().astype(np.uint8)
        return VideoResult(frames, request.fps, self._manifest(request, frames, spent, warnings))

    def _steps(self, request: VideoRequest) -> int:
        if request.source is None:
            return request.steps
        return max(1, min(request.steps, int(request.steps * request.strength)))

    def _prepared(self, request: VideoRequest) -> tuple[Any, dict[str, Any], list[str]]:
        """Return the pipeline for this request, its further arguments, and what is not used."""
        warnings = []
        if len(request.history) or request.user is not None:
            warnings.append("This model does not read what you like; only the words were used.")
        if request.source is None:
            return self._pipeline, {"num_frames": self._family.frames(request.frames)}, warnings
        if request.mask is not None:
            warnings.append("This model does not read masks; all of the picture may change.")
        import diffusers

        twin = getattr(diffusers, self._family.revises)
        pipeline = twin.from_pipe(self._pipeline)
        pipeline.set_progress_bar_config(disable=True)
        count = self._family.frames(len(request.source))
        # Under one step of change the pipeline would have nothing to do.
        arguments = self._family.revision(max(request.strength, 1.0 / request.steps))
        arguments["video"] = [self._fitted(request.source, index) for index in range(count)]
        if self._family.revises == "LTXConditionPipeline":
            arguments["num_frames"] = count
        return pipeline, arguments, warnings

    def _fitted(self, source: np.ndarray, index: int) -> Image.Image:
        """Return a frame at the model's size; past the end, the last one."""
        from generation.core.creator import fit_image

        frame = source[min(index, len(source) - 1)]
        return Image.fromarray(fit_image(frame, *self._size()))

    def _size(self) -> tuple[int, int]:
        """Return height and width: portrait, or a small model's own square."""
        unet = getattr(self._pipeline, "unet", None)
        if unet is None:
            return HEIGHT, WIDTH
        side = int(unet.config.sample_size * self._pipeline.vae_scale_factor)
        if side < PORTRAIT_FROM:
            return side, side
        return round(side * 1.125 / 64) * 64, round(side * 0.84375 / 64) * 64

    def _manifest(
        self, request: VideoRequest, frames: np.ndarray, spent_ms: float, warnings: list[str]
    ) -> dict[str, Any]:
        revised = request.source is not None
        return {
            "backend": self.name,
            "revision": self.revision,
            "pipeline": self._family.revises if revised else type(self._pipeline).__name__,
            "task": "video_revise" if revised else "video_create",
            "scheduler": {"class": type(self._pipeline.scheduler).__name__},
            "prompt": request.prompt,
            "negative": request.negative,
            "seed": request.seed,
            "steps": request.steps,
            "guidance_text": request.guidance_text,
            "frames": len(frames),
            "fps": request.fps,
            "strength": request.strength if revised else None,
            "ms": {"total": round(spent_ms, 1)},
            "versions": library_versions(),
            "warnings": warnings,
        }
