"""A small generator for tests: weaves coloured stripes, one row of them per step, no torch.

Its pace and the file in which every run leaves a line come from the environment, so that tests can
slow it down, kill it half way, and count how often it ran.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from common.vocabulary import COLOURS
from generation.core.backends import (
    GenerationRequest,
    GenerationResult,
    OnStep,
    ShouldStop,
    StepReporter,
)

STEPS = 12
HEIGHT, WIDTH = 192, 144


class StripeBackend:
    """Draws stripes of the colours that the prompt names."""

    name = "stripes"
    revision = "1"

    def estimate_ms(self, request: GenerationRequest) -> float:
        return STEPS * step_seconds() * 1000

    def run(
        self,
        request: GenerationRequest,
        *,
        on_step: OnStep | None = None,
        should_stop: ShouldStop | None = None,
    ) -> GenerationResult:
        leave_line(f"{os.getpid()} {request.prompt}")
        reporter = StepReporter(STEPS, on_step, should_stop)
        reporter.check()
        picture = self._canvas(request)
        for step in range(STEPS):
            time.sleep(step_seconds())
            rows = slice(step * HEIGHT // STEPS, step * HEIGHT // STEPS + 8)
            picture[rows] = 255 - picture[rows]
            reporter.step_end(None, step, None, {})
        return GenerationResult(image=picture, manifest=manifest_of(request))

    def _canvas(self, request: GenerationRequest) -> np.ndarray:
        if request.init_image is not None:
            picture = np.array(request.init_image[:HEIGHT, :WIDTH])
            return np.pad(
                picture,
                ((0, HEIGHT - picture.shape[0]), (0, WIDTH - picture.shape[1]), (0, 0)),
                mode="edge",
            )
        colours = [rgb for name, rgb in COLOURS.items() if name in request.prompt.split()]
        noise = np.random.default_rng(request.seed).integers(0, 12, (HEIGHT, WIDTH, 3))
        return (np.array(colours[0] if colours else (128, 128, 128)) * 0.9 + noise).astype(np.uint8)


def manifest_of(request: GenerationRequest) -> dict[str, Any]:
    return {
        "backend": StripeBackend.name,
        "revision": StripeBackend.revision,
        "seed": request.seed,
        "prompt": request.prompt,
        "steps": STEPS,
    }


def load_backend(name: str, *, revision: str | None = None) -> StripeBackend:
    """Stand in for `generation.core.backends.load_backend`."""
    time.sleep(float(os.environ.get("WEFT_TEST_LOAD_S", "0")))
    return StripeBackend()


def step_seconds() -> float:
    return float(os.environ.get("WEFT_TEST_STEP_S", "0"))


def leave_line(line: str) -> None:
    if path := os.environ.get("WEFT_TEST_LOG"):
        with Path(path).open("a") as file:
            file.write(line + "\n")
