"""Styles by a diffusers model: image-to-image for pictures, video-to-video for videos.

For whoever has the weights and a GPU; the same contract as our own looks. Only styles that words
can name go this way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from generation.core.backends import (
    ModelUnavailableError,
    ShouldStop,
    StepReporter,
    hash_folder,
)
from generation.core.hub import is_offline, library_versions, refuse_pickles
from generation.core.styles.remaking import Shown, remaking
from generation.core.styles.survey import Report
from generation.core.styles.video import Rendered

PROMPTS = {
    "cartoon": "flat cel-shaded cartoon, bold ink outlines, clean bright colours",
    "pencil": "graphite pencil drawing on white paper, fine hatching",
    "watercolour": "loose watercolour painting on rough paper, wet edges, soft washes",
    "neon": "glowing neon outlines on a dark background, synthwave",
    "vintage": "faded 1970s film photograph, warm colours, grain",
}
STEPS = 20
GUIDANCE = 6.0
# The full degree changes this much: beyond it, models forget what they were shown.
MOST_STRENGTH = 0.75
# Where a model does not say what it was made for.
SIDE = 512
# Frames in one run of a video model, and those that two runs share and blend.
WINDOW, OVERLAP = 16, 4
# Text-to-video pipelines and their video-to-video twins over the same parts.
TWINS = {
    "AnimateDiffPipeline": "AnimateDiffVideoToVideoPipeline",
    "CogVideoXPipeline": "CogVideoXVideoToVideoPipeline",
    "WanPipeline": "WanVideoToVideoPipeline",
}


class HubStyler:
    """A pipeline that takes a picture (`moving` False) or frames (True) and changes their style."""

    def __init__(self, pipeline: Any, *, name: str, revision: str, moving: bool) -> None:
        self.name, self.revision, self.moving = name, revision, moving
        self._pipeline = pipeline
        pipeline.set_progress_bar_config(disable=True)

    def restyle(
        self,
        frames: Sequence[np.ndarray],
        *,
        prompt: str,
        degree: float,
        seed: int,
        reporter: StepReporter,
    ) -> list[np.ndarray]:
        """Return the frames, (H, W, 3) uint8 each, in the style of `prompt`, at their own size."""
        import torch
        from PIL import Image

        height, width = frames[0].shape[:2]
        size = self._fitted(height, width)
        shown = [Image.fromarray(f).resize(size, Image.Resampling.LANCZOS) for f in frames]
        given: dict[str, Any] = {"video": shown} if self.moving else {"image": shown[0]}
        reporter.check()
        output = self._pipeline(
            prompt=prompt,
            negative_prompt="blurry, deformed",
            strength=strength_of(degree),
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
            generator=torch.Generator().manual_seed(seed),
            callback_on_step_end=reporter.step_end,
            output_type="np",
            **given,
        )
        made = output.frames[0] if self.moving else output.images
        return [_resized(frame, width, height) for frame in made[: len(frames)]]

    def manifest(self, prompt: str, degree: float, seed: int) -> dict[str, Any]:
        """Return what it takes to make the same again."""
        return {
            "backend": self.name,
            "revision": self.revision,
            "pipeline": type(self._pipeline).__name__,
            "prompt": prompt,
            "strength": round(strength_of(degree), 3),
            "steps": STEPS,
            "guidance_text": GUIDANCE,
            "seed": seed,
            "versions": library_versions(),
        }

    def _fitted(self, height: int, width: int) -> tuple[int, int]:
        """Return width and height for the model: its short side, multiples of 16."""
        denoiser = getattr(self._pipeline, "unet", None) or self._pipeline.transformer
        sample = getattr(denoiser.config, "sample_size", None)
        factor = getattr(self._pipeline, "vae_scale_factor", 8)
        side = sample * factor if isinstance(sample, int) else SIDE
        scale = side / min(height, width)
        return max(16, round(width * scale / 16) * 16), max(16, round(height * scale / 16) * 16)


@lru_cache(maxsize=2)
def load_styler(name: str, *, revision: str | None = None, moving: bool = False) -> HubStyler:
    """Return the styler of a diffusers repository or folder; safetensors only, no remote code.

    Raises ModelUnavailableError when it cannot be loaded or cannot do this.
    """
    from vision import torchvision_guard  # noqa: F401, I001  (before diffusers)
    from diffusers import AutoPipelineForImage2Image, DiffusionPipeline

    folder = Path(name)
    if folder.is_dir():
        refuse_pickles(folder)
    loader = DiffusionPipeline if moving else AutoPipelineForImage2Image
    try:
        pipeline = loader.from_pretrained(
            name,
            revision=revision,
            use_safetensors=True,
            local_files_only=folder.is_dir() or is_offline(),
        )
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ModelUnavailableError(f"The model {name} could not be loaded: {error}") from error
    if moving:
        pipeline = _video_to_video(pipeline)
    found = hash_folder(folder) if folder.is_dir() else revision or "unpinned"
    if folder.is_dir() and revision not in (None, found):
        raise ModelUnavailableError(f"The model {name} is not at revision {revision}.")
    return HubStyler(pipeline, name=name, revision=found, moving=moving)


def _video_to_video(pipeline: Any) -> Any:
    import diffusers

    name = type(pipeline).__name__
    if "VideoToVideo" in name:
        return pipeline
    if name not in TWINS:
        raise ModelUnavailableError(f"{name} cannot change the style of a video.")
    return getattr(diffusers, TWINS[name])(**pipeline.components)


def prompt_of(style: str, caption: str) -> str:
    """Return the words for a model: what is seen, then how."""
    return f"{caption}, {PROMPTS[style]}" if caption else PROMPTS[style]


def steps_of(degree: float) -> int:
    """Return how many denoising steps that degree takes."""
    return max(1, int(STEPS * strength_of(degree)))


def strength_of(degree: float) -> float:
    """Return the share of the denoising that is done; at least one step."""
    return max(1.0 / STEPS, MOST_STRENGTH * degree)


def restyle_video_by_model(
    styler: HubStyler,
    source: Path,
    target: Path,
    *,
    prompt: str,
    degree: float,
    seed: int,
    report: Report = lambda done, total: None,
    should_stop: ShouldStop | None = None,
) -> Rendered:
    """Write `source` in the style of `prompt` to `target`; times and sound stay as they are.

    Windows of frames with the same noise; what two windows share is blended from one to the other.
    """
    started = time.perf_counter()
    reporter = StepReporter(steps_of(degree), None, should_stop)

    def made_by_model(frames: list[np.ndarray]) -> list[np.ndarray]:
        return styler.restyle(frames, prompt=prompt, degree=degree, seed=seed, reporter=reporter)

    poster: np.ndarray | None = None
    moment = 0.0
    with remaking(source, target) as remake:
        total = max(1, remake.expected)
        for shown, made in _in_windows(remake.pictures(), made_by_model):
            reporter.check()
            poster = made if poster is None else poster
            moment = shown.moment
            remake.write(made, shown)
            report(min(remake.written, total), total)
    assert poster is not None  # a video without a picture has been refused
    ms = {"render": round(1000 * (time.perf_counter() - started), 1)}
    return Rendered(poster, remake.written, 1, round(moment, 3), ms)


def _in_windows(
    pictures: Iterator[Shown], make: Callable[[list[np.ndarray]], list[np.ndarray]]
) -> Iterator[tuple[Shown, np.ndarray]]:
    """Yield every picture with what `make` made of it, window by window."""
    window: list[Shown] = []
    tail: list[np.ndarray] = []
    for shown in pictures:
        window.append(shown)
        if len(window) == WINDOW:
            made = _joined(tail, make([one.pixels for one in window]))
            keep = WINDOW - OVERLAP
            yield from zip(window[:keep], made[:keep], strict=True)
            window, tail = window[keep:], made[keep:]
    if len(window) > len(tail) or not tail:
        made = _joined(tail, make([one.pixels for one in window])) if window else []
    else:
        made = tail
    yield from zip(window, made, strict=True)


def _joined(tail: list[np.ndarray], made: list[np.ndarray]) -> list[np.ndarray]:
    """Return `made` with its beginning blended from the end of the window before."""
    mixed = list(made)
    for index, before in enumerate(tail):
        share = (index + 1) / (len(tail) + 1)
        mixed[index] = cv2.addWeighted(made[index], share, before, 1.0 - share, 0.0)
    return mixed


def _resized(frame: np.ndarray, width: int, height: int) -> np.ndarray:
    ready = (np.clip(frame, 0.0, 1.0) * 255).round().astype(np.uint8)
    return cv2.resize(ready, (width, height), interpolation=cv2.INTER_LANCZOS4)
