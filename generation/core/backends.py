"""Image generators behind one request and one result.

`load_backend("embedded")` gives the creator whose weights lie in the repository; any other name is
a diffusers text-to-image repository or folder. This module imports without torch: web code may
build requests and read errors here, only workers call `load_backend(...).run(...)`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from common.errors import DomainError, InvalidInputError

EMBEDDED = "embedded"
MAX_STEPS = 100

OnStep = Callable[[int, int], None]
ShouldStop = Callable[[], bool]


class GenerationCancelled(DomainError):  # noqa: N818  (a wish that came true, not an error)
    """The run was stopped on request; there is no picture."""


class ModelUnavailableError(DomainError):
    """The generator's weights cannot be loaded; the message says why."""


@dataclass(frozen=True)
class GenerationRequest:
    """What one picture is made from.

    history: (K, D) vectors of liked items from the encoder, or (0, D) without history.
    history_weights: (K,) how much each liked item counts, at least 0.
    init_image: (H, W, 3) uint8; with it the picture is an edit, and `strength` in 0..1 says how
    much of it may change. mask: (H, W) float in 0..1 of the same size, 1 where it may change.
    """

    prompt: str
    negative: str = ""
    history: np.ndarray = field(default_factory=lambda: np.zeros((0, 128), np.float32))
    history_weights: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    seed: int = 0
    steps: int = 12
    guidance_text: float = 4.0
    guidance_history: float = 1.5
    init_image: np.ndarray | None = None
    strength: float = 0.6
    mask: np.ndarray | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= MAX_STEPS:
            raise InvalidInputError(f"Steps must lie between 1 and {MAX_STEPS}.")
        if not 0.0 <= self.strength <= 1.0:
            raise InvalidInputError("Strength must lie between 0 and 1.")
        if self.history.ndim != 2 or len(self.history) != len(self.history_weights):
            raise InvalidInputError("History needs one vector and one weight per liked item.")
        if (np.asarray(self.history_weights) < 0).any():
            raise InvalidInputError("History weights must not be negative.")
        if self.init_image is not None and (
            self.init_image.ndim != 3 or self.init_image.shape[2] != 3
        ):
            raise InvalidInputError("The picture to edit must be an RGB picture.")
        shape = None if self.init_image is None else self.init_image.shape[:2]
        if self.mask is not None and self.mask.shape != shape:
            raise InvalidInputError("The mask must have the size of the picture to edit.")


@dataclass(frozen=True)
class GenerationResult:
    """A picture, (H, W, 3) uint8, and the manifest: everything needed to make it again."""

    image: np.ndarray
    manifest: dict[str, Any]


class Backend(Protocol):
    """A generator that turns requests into pictures, one at a time."""

    name: str
    revision: str

    def estimate_ms(self, request: GenerationRequest) -> float:
        """Return the expected time of `run(request)` in milliseconds."""

    def run(
        self,
        request: GenerationRequest,
        *,
        on_step: OnStep | None = None,
        should_stop: ShouldStop | None = None,
    ) -> GenerationResult:
        """Return the picture; call `on_step(done, total)` after each denoising step.

        Raises GenerationCancelled within one step after `should_stop()` turns true.
        """


@lru_cache(maxsize=2)
def load_backend(name_or_path: str = EMBEDDED, *, revision: str | None = None) -> Backend:
    """Return the loaded backend of that name; the last two stay in memory.

    Raises ModelUnavailableError when weights are missing, unsafe or do not fit.
    """
    if name_or_path == EMBEDDED:
        from generation.core.creator import EmbeddedBackend

        return EmbeddedBackend.load(expected_revision=revision)
    from generation.core.hub import HubBackend

    return HubBackend.load(name_or_path, revision=revision)


def hash_folder(folder: Path) -> str:
    """Return the sha256 over names and bytes of all model files under `folder`."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        # metrics.json describes the weights; rewording it must not rename them.
        if path.is_file() and path.name != "metrics.json":
            digest.update(str(path.relative_to(folder)).encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


class StepReporter:
    """Passes denoising steps on and stops the run when asked to."""

    def __init__(self, total: int, on_step: OnStep | None, should_stop: ShouldStop | None) -> None:
        self.total = total
        self.done = 0
        self._on_step = on_step
        self._should_stop = should_stop

    def check(self) -> None:
        """Raise GenerationCancelled if the run should stop."""
        if self._should_stop is not None and self._should_stop():
            raise GenerationCancelled("This creation was cancelled.")

    def step_end(
        self, pipeline: Any, step: int, timestep: Any, tensors: dict[str, Any]
    ) -> dict[str, Any]:
        """Serve as diffusers' `callback_on_step_end`."""
        self.done = step + 1
        if self._on_step is not None:
            self._on_step(self.done, self.total)
        self.check()
        return tensors
