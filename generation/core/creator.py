"""The embedded backend: our encoder, our pipeline, our super-resolution, behind one request."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from generation.core.backends import (
    EMBEDDED,
    GenerationRequest,
    GenerationResult,
    ModelUnavailableError,
    OnStep,
    ShouldStop,
    StepReporter,
    hash_folder,
)
from generation.core.hub import library_versions
from generation.core.pipelines import WeftPicturePipeline, first_step, use_plain_attention
from vision.encoder import Encoder, load_encoder

logger = logging.getLogger(__name__)

WEIGHTS = Path(__file__).resolve().parent.parent / "weights" / EMBEDDED
# One guided step and all the rest of a run, before the first run has been timed.
FIRST_STEP_MS, FIRST_REST_MS = 60.0, 700.0

# Words that ask for a photograph, and how far they move a text's vector, which has length 1.
_PHOTO = re.compile(r"\bphoto(?:s|graph\w*|real\w*)?\b", re.IGNORECASE)
_PHOTO_PHRASE = re.compile(
    rf"(?:\ban? )?{_PHOTO.pattern}(?: of(?: an?)?\b)?(?: style\b)?", re.IGNORECASE
)
LOOK_SHIFT = 0.6
# Of a photograph's schedule, the part that follows the drawn look.
SKETCH_SHARE = 1 / 6
# Photographs are guided less: they bleach and fray where drawings only get clearer.
PHOTO_GUIDANCE = 0.75


class EmbeddedBackend:
    """Pictures from words and liked items, with the weights that lie in the repository."""

    name = EMBEDDED

    def __init__(self, pipeline: WeftPicturePipeline, encoder: Encoder, *, revision: str) -> None:
        self.revision = revision
        self.pipeline = pipeline
        self.encoder = encoder
        self.warnings: list[str] = []
        self._step_ms = FIRST_STEP_MS
        self._rest_ms = FIRST_REST_MS
        pipeline.set_progress_bar_config(disable=True)
        use_plain_attention(pipeline.unet)

    @classmethod
    def load(
        cls, folder: Path = WEIGHTS, *, expected_revision: str | None = None
    ) -> EmbeddedBackend:
        """Return the backend with the pipeline of `folder` and the embedded encoder."""
        from diffusers.utils import logging as logging_of_diffusers

        if not (folder / "model_index.json").is_file():
            raise ModelUnavailableError(
                "The embedded creator's weights are missing; train them first."
            )
        # Two threads beside another busy process were measured 90 times slower than one, and the
        # model is too small to gain much from a second: whoever knows better sets the variable.
        if "OMP_NUM_THREADS" not in os.environ:
            torch.set_num_threads(1)
        revision = hash_folder(folder)
        if expected_revision not in (None, revision):
            raise ModelUnavailableError(
                f"The embedded creator is not at revision {expected_revision}."
            )
        # A worker's log is no place for a moving bar.
        logging_of_diffusers.disable_progress_bar()
        pipeline = WeftPicturePipeline.from_pretrained(
            folder,
            dtype=torch.float32,
            local_files_only=True,
            use_safetensors=True,
            low_cpu_mem_usage=False,
        )
        backend = cls(pipeline, load_encoder(EMBEDDED), revision=revision)
        backend._compare_encoder(folder / "metrics.json")
        return backend

    def estimate_ms(self, request: GenerationRequest) -> float:
        """Return the expected milliseconds, from the speed of the last run."""
        return self._rest_ms + self._step_ms * self._steps(request)

    def run(
        self,
        request: GenerationRequest,
        *,
        on_step: OnStep | None = None,
        should_stop: ShouldStop | None = None,
    ) -> GenerationResult:
        """Return the picture, super-resolved; the same request gives the same bytes."""
        reporter = StepReporter(self._steps(request), on_step, should_stop)
        reporter.check()
        clock = _Clock()
        arguments = self._conditions(request)
        clock.lap("encode")
        latents = self.pipeline(
            **arguments,
            num_inference_steps=request.steps,
            guidance_text=text_guidance(request),
            guidance_history=request.guidance_history,
            generator=torch.Generator().manual_seed(request.seed),
            image=self._init_image(request),
            strength=request.strength,
            mask=self._latent_mask(request),
            output_type="latent",
            callback_on_step_end=reporter.step_end,
        ).images
        clock.lap("denoise")
        small = self.pipeline.decode_latents(latents)
        clock.lap("decode")
        image = self.pipeline.upscale(small)[0]
        if request.mask is not None and request.init_image is not None:
            image = keep_outside(request.init_image, image, request.mask)
        clock.lap("upscale")
        self._remember(clock, reporter.total)
        return GenerationResult(image=image, manifest=self._manifest(request, clock))

    def _steps(self, request: GenerationRequest) -> int:
        if request.init_image is None:
            return request.steps
        return request.steps - first_step(request.strength, request.steps)

    def _conditions(self, request: GenerationRequest) -> dict[str, Any]:
        """Return the pipeline's arguments for words and liked items, in float32."""
        arguments: dict[str, Any] = {}
        tokens, vectors = encode_prompts(self.encoder, [request.prompt])
        arguments["text_tokens"] = torch.from_numpy(tokens)
        arguments["text_vector"] = torch.from_numpy(vectors)
        if asks_for_photo(request.prompt):
            tokens, vectors = encode_prompts(self.encoder, [drawn_words(request.prompt)])
            arguments["sketch_tokens"] = torch.from_numpy(tokens)
            arguments["sketch_vector"] = torch.from_numpy(vectors)
            arguments["sketch_steps"] = sketch_steps(request)
        if request.negative.strip():
            tokens, vectors = encode_prompts(self.encoder, [request.negative])
            arguments["negative_tokens"] = torch.from_numpy(tokens)
            arguments["negative_vector"] = torch.from_numpy(vectors)
        if self._reads(request.history):
            vectors, weights = choose_history(
                request.history,
                request.history_weights,
                self.pipeline.history.config.max_history,
            )
            arguments["history"] = torch.from_numpy(vectors)[None]
            arguments["history_weights"] = torch.from_numpy(weights)[None]
        return arguments

    def _reads(self, history: np.ndarray) -> bool:
        """Return whether there are liked items, in vectors of the embedded encoder's width."""
        return len(history) > 0 and history.shape[1] == self.pipeline.history.config.embed_dim

    def _warnings(self, request: GenerationRequest) -> list[str]:
        if len(request.history) and not self._reads(request.history):
            return [*self.warnings, "The liked items' vectors come from another encoder; not used."]
        return list(self.warnings)

    def _init_image(self, request: GenerationRequest) -> np.ndarray | None:
        if request.init_image is None:
            return None
        height, width = self.pipeline.picture_size
        return fit_image(request.init_image, height, width)[None]

    def _latent_mask(self, request: GenerationRequest) -> np.ndarray | None:
        """Return the mask on the grid of latents, (1, h, w): a cell that is touched may change."""
        if request.mask is None:
            return None
        rows, columns = self.pipeline.unet.config.sample_size
        height, width = self.pipeline.picture_size
        painted = (np.repeat(request.mask[..., None], 3, axis=2) * 255).astype(np.uint8)
        fitted = fit_image(painted, height, width)[:, :, 0] > 40
        cells = fitted.reshape(rows, height // rows, columns, width // columns)
        touched: np.ndarray = cells.max(axis=(1, 3))
        return touched[None].astype(np.float32)

    def _remember(self, clock: _Clock, steps: int) -> None:
        self._step_ms = clock.laps["denoise"] / steps
        self._rest_ms = sum(ms for name, ms in clock.laps.items() if name != "denoise")

    def _manifest(self, request: GenerationRequest, clock: _Clock) -> dict[str, Any]:
        scheduler = self.pipeline.scheduler
        return {
            "backend": self.name,
            "revision": self.revision,
            "encoder": self.encoder.name,
            "scheduler": {
                "class": type(scheduler).__name__,
                "prediction_type": scheduler.config.get("prediction_type"),
                "solver_order": scheduler.config.get("solver_order"),
            },
            "prompt": request.prompt,
            "negative": request.negative,
            "seed": request.seed,
            "steps": request.steps,
            "sketch_steps": sketch_steps(request),
            "guidance_text": request.guidance_text,
            "guidance_history": request.guidance_history,
            "liked_items": len(request.history),
            "strength": request.strength if request.init_image is not None else None,
            "ms": {name: round(ms, 1) for name, ms in clock.laps.items()},
            "versions": library_versions(),
            "warnings": self._warnings(request),
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


class _Clock:
    """Milliseconds per stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """Book the time since the last lap under `name`."""
        now = time.perf_counter()
        self.laps[name] = (now - self._last) * 1000
        self._last = now


def encode_prompts(encoder: Encoder, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return text tokens (N, L, W), zero where padded, and text vectors (N, D), both float32.

    The encoder's vectors say what is shown and are trained to say nothing of drawn or photographed.
    So the vector of a text that asks for a photograph is moved along a fixed direction.
    """
    return encode_tokens(encoder, texts, encoder.tokenizer(texts))


def encode_tokens(
    encoder: Encoder, texts: list[str], numbers: torch.Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """Return what `encode_prompts` does of texts whose tokens' `numbers` (N, L) are known."""
    tokens, mask, vectors = encoder.describe(numbers)
    return (tokens * mask[..., None]).astype(np.float32), vectors + look_shift(texts, encoder.dim)


def asks_for_photo(text: str) -> bool:
    """Return whether the words ask for a photograph."""
    return bool(_PHOTO.search(text))


def drawn_words(text: str) -> str:
    """Return the words without those that ask for a photograph: "photo of a hat" is "hat"."""
    left = re.sub(r"\s+,", ",", _PHOTO_PHRASE.sub(" ", text))
    return " ".join(left.split()).strip(" ,")


def sketch_steps(request: GenerationRequest) -> int:
    """Return how many steps of the schedule follow the drawn look first: 0 unless a photo is asked.

    Outlines are decided in the noisiest steps, and drawings taught them better than photographs.
    """
    return round(SKETCH_SHARE * request.steps) if asks_for_photo(request.prompt) else 0


def text_guidance(request: GenerationRequest) -> float:
    """Return the scale of the words that is used: what was asked, less for a photograph."""
    share = PHOTO_GUIDANCE if asks_for_photo(request.prompt) else 1.0
    return share * request.guidance_text


def look_shift(texts: list[str], dim: int) -> np.ndarray:
    """Return (N, dim) float32: zero, or the move of length LOOK_SHIFT for photographs."""
    asked = np.array([asks_for_photo(text) for text in texts], np.float32)
    direction = np.where(np.arange(dim) % 2, -1.0, 1.0) / np.sqrt(dim)
    return (LOOK_SHIFT * asked[:, None] * direction).astype(np.float32)


def choose_history(
    vectors: np.ndarray, weights: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the `most` heaviest liked items as unit vectors, with weights up to 1.

    vectors (K, D), weights (K,); items of weight 0 are left out.
    """
    weights = np.asarray(weights, np.float32)
    order = [i for i in np.argsort(-weights, kind="stable")[:most] if weights[i] > 0]
    chosen = np.asarray(vectors, np.float32)[order]
    length = np.linalg.norm(chosen, axis=1, keepdims=True)
    heaviest = weights.max(initial=1e-6)
    return chosen / np.maximum(length, 1e-6), weights[order] / heaviest


def keep_outside(source: np.ndarray, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the picture with everything outside the mask taken from the source, softly joined.

    source and image (H, W, 3) uint8 show the same crop; mask (h, w) has the source's size.
    """
    height, width = image.shape[:2]
    kept = fit_image(source, height, width)
    painted = (np.repeat(mask[..., None], 3, axis=2) * 255).astype(np.uint8)
    fitted = fit_image(painted, height, width)[:, :, 0].astype(np.float32) / 255
    share = np.asarray(cv2.GaussianBlur(fitted, (0, 0), max(1.0, width / 120)))[..., None]
    return (kept * (1 - share) + image * share + 0.5).clip(0, 255).astype(np.uint8)


def fit_image(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the centre of the picture (H, W, 3) at this size and shape, uint8."""
    have_height, have_width = image.shape[:2]
    scale = max(height / have_height, width / have_width)
    size = (max(width, round(have_width * scale)), max(height, round(have_height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(image, size, interpolation=method)
    top, left = (scaled.shape[0] - height) // 2, (scaled.shape[1] - width) // 2
    return np.ascontiguousarray(scaled[top : top + height, left : left + width])
