"""Any diffusers text-to-image model, from a repository or a folder, as a backend."""

from __future__ import annotations

import os
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from generation.core.backends import (
    GenerationRequest,
    GenerationResult,
    ModelUnavailableError,
    OnStep,
    ShouldStop,
    StepReporter,
    hash_folder,
)

PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle")
# Before the first run: a Stable Diffusion sized step on one core.
FIRST_STEP_MS = 4000.0
# Models made for at least this size are asked for portrait pictures of about that area.
PORTRAIT_FROM = 512


class HubBackend:
    """A text-to-image pipeline chosen by its files; edits go through its twins for that."""

    def __init__(self, pipeline: Any, *, name: str, revision: str) -> None:
        self.name = name
        self.revision = revision
        self._pipeline = pipeline
        self._step_ms = FIRST_STEP_MS

    @classmethod
    def load(cls, name: str, *, revision: str | None = None) -> HubBackend:
        """Return the backend of a repository or folder; safetensors only, no remote code."""
        from vision import torchvision_guard  # noqa: F401, I001  (before diffusers)
        from diffusers import AutoPipelineForText2Image

        folder = Path(name)
        if folder.is_dir():
            refuse_pickles(folder)
        try:
            pipeline = AutoPipelineForText2Image.from_pretrained(
                name,
                revision=revision,
                use_safetensors=True,
                local_files_only=folder.is_dir() or is_offline(),
            )
        except (OSError, ValueError, KeyError) as error:
            raise ModelUnavailableError(f"The model {name} could not be loaded: {error}") from error
        pipeline.set_progress_bar_config(disable=True)
        found = hash_folder(folder) if folder.is_dir() else revision or "unpinned"
        if folder.is_dir() and revision not in (None, found):
            raise ModelUnavailableError(f"The model {name} is not at revision {revision}.")
        return cls(pipeline, name=name, revision=found)

    def estimate_ms(self, request: GenerationRequest) -> float:
        """Return the expected milliseconds, from the speed of the last run."""
        return self._step_ms * self._steps(request)

    def run(
        self,
        request: GenerationRequest,
        *,
        on_step: OnStep | None = None,
        should_stop: ShouldStop | None = None,
    ) -> GenerationResult:
        """Return the picture as the model makes it, without super-resolution of ours."""
        import torch

        reporter = StepReporter(self._steps(request), on_step, should_stop)
        reporter.check()
        started = time.perf_counter()
        pipeline, arguments = self._prepared(request)
        output = pipeline(
            prompt=request.prompt,
            negative_prompt=request.negative or None,
            num_inference_steps=request.steps,
            guidance_scale=request.guidance_text,
            generator=torch.Generator().manual_seed(request.seed),
            callback_on_step_end=reporter.step_end,
            output_type="np",
            **arguments,
        )
        spent = (time.perf_counter() - started) * 1000
        self._step_ms = spent / max(reporter.total, 1)
        image = (np.clip(output.images[0], 0, 1) * 255).round().astype(np.uint8)
        return GenerationResult(image=image, manifest=self._manifest(request, spent))

    def _steps(self, request: GenerationRequest) -> int:
        if request.init_image is None:
            return request.steps
        return max(1, min(request.steps, int(request.steps * request.strength)))

    def _prepared(self, request: GenerationRequest) -> tuple[Any, dict[str, Any]]:
        """Return the pipeline for this request and its further arguments."""
        height, width = self._size()
        if request.init_image is None:
            return self._pipeline, {"height": height, "width": width}
        from diffusers import AutoPipelineForImage2Image, AutoPipelineForInpainting
        from PIL import Image

        with_mask = request.mask is not None
        twin = AutoPipelineForInpainting if with_mask else AutoPipelineForImage2Image
        pipeline = twin.from_pipe(self._pipeline)
        pipeline.set_progress_bar_config(disable=True)
        # Under one step of change the pipeline would have nothing to do.
        strength = max(request.strength, 1.0 / request.steps)
        source = Image.fromarray(request.init_image).resize(
            (width, height), Image.Resampling.LANCZOS
        )
        arguments: dict[str, Any] = {"image": source, "strength": strength}
        if request.mask is not None:
            painted = Image.fromarray((request.mask * 255).astype(np.uint8))
            arguments["mask_image"] = painted.resize((width, height), Image.Resampling.BILINEAR)
            arguments |= {"height": height, "width": width}
        return pipeline, arguments

    def _size(self) -> tuple[int, int]:
        """Return height and width: portrait for large models, else the model's own square."""
        denoiser = getattr(self._pipeline, "unet", None) or self._pipeline.transformer
        side = int(denoiser.config.sample_size * self._pipeline.vae_scale_factor)
        if side < PORTRAIT_FROM:
            return side, side
        return round(side * 1.125 / 64) * 64, round(side * 0.84375 / 64) * 64

    def _manifest(self, request: GenerationRequest, spent_ms: float) -> dict[str, Any]:
        warnings = []
        if len(request.history):
            warnings.append("This model does not read liked items; only the words were used.")
        return {
            "backend": self.name,
            "revision": self.revision,
            "pipeline": type(self._pipeline).__name__,
            "scheduler": {
                "class": type(self._pipeline.scheduler).__name__,
                **{k: v for k, v in self._pipeline.scheduler.config.items() if _is_plain(v)},
            },
            "prompt": request.prompt,
            "negative": request.negative,
            "seed": request.seed,
            "steps": request.steps,
            "guidance_text": request.guidance_text,
            "strength": request.strength if request.init_image is not None else None,
            "ms": {"total": round(spent_ms, 1)},
            "versions": library_versions(),
            "warnings": warnings,
        }


def refuse_pickles(folder: Path) -> None:
    """Raise ModelUnavailableError if a component's weights exist only as pickles."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in PICKLES and not any(path.parent.glob("*.safetensors")):
            raise ModelUnavailableError(
                f"{path.relative_to(folder)} is a pickle, which can run code; "
                "only safetensors are loaded."
            )


def is_offline() -> bool:
    """Return whether the environment forbids fetching models."""
    return any(os.environ.get(name, "") not in ("", "0") for name in ("OFFLINE", "HF_HUB_OFFLINE"))


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that decide how a picture comes out."""
    return {name: version(name) for name in ("torch", "diffusers", "numpy")}


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)
