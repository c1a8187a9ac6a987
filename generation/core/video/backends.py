"""Video generators behind one request and one result, as `generation.core.backends` for pictures.

`load_video_backend("embedded")` gives the video creator whose weights lie in the repository; any
other name is a diffusers video repository or folder. This module imports without torch: web code
may build requests and read errors here, only workers call `load_video_backend(...).run(...)`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from common.errors import InvalidInputError
from generation.core.backends import EMBEDDED, MAX_STEPS, OnStep, ShouldStop

CAMERAS = ("turntable", "runway", "close-up")
# More frames than these would take a worker minutes; longer videos are revised in a part.
MAX_CREATED_FRAMES, MAX_REVISED_FRAMES = 32, 48


@dataclass(frozen=True)
class VideoRequest:
    """What one clip is made from.

    history: (K, D) vectors of liked items (User_Hist) with history_weights (K,), at least 0.
    user: (D,) the person's vector in the encoder's space (User_Emb), or None.
    frames: how many to create, at `fps` a second. camera: one of CAMERAS, "" for any.
    anchor: (H, W, 3) uint8, a picture of what the clip shall show.
    source: (T, H, W, 3) uint8 frames make it a revision; `strength` in 0..1 says how much of them
    may change, `source_prompt` what they show, and `mask` (H, W) or (T, H, W) in 0..1 where they
    may change. Without a mask, and with `keeps_rest`, the model finds it by itself.
    """

    prompt: str
    negative: str = ""
    history: np.ndarray = field(default_factory=lambda: np.zeros((0, 128), np.float32))
    history_weights: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    user: np.ndarray | None = None
    seed: int = 0
    steps: int = 10
    guidance_text: float = 4.0
    guidance_history: float = 1.5
    frames: int = 16
    fps: int = 12
    camera: str = ""
    anchor: np.ndarray | None = None
    source: np.ndarray | None = None
    source_prompt: str = ""
    strength: float = 0.6
    mask: np.ndarray | None = None
    keeps_rest: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= MAX_STEPS:
            raise InvalidInputError(f"Steps must lie between 1 and {MAX_STEPS}.")
        if not 0.0 <= self.strength <= 1.0:
            raise InvalidInputError("Strength must lie between 0 and 1.")
        if not 1 <= self.frames <= MAX_CREATED_FRAMES:
            raise InvalidInputError(f"A clip has between 1 and {MAX_CREATED_FRAMES} frames.")
        if not 1 <= self.fps <= 60:
            raise InvalidInputError("A clip shows between 1 and 60 frames a second.")
        if self.camera not in ("", *CAMERAS):
            raise InvalidInputError(f"The camera can go: {', '.join(CAMERAS)}.")
        if self.history.ndim != 2 or len(self.history) != len(self.history_weights):
            raise InvalidInputError("History needs one vector and one weight per liked item.")
        if (np.asarray(self.history_weights) < 0).any():
            raise InvalidInputError("History weights must not be negative.")
        if self.user is not None and self.user.ndim != 1:
            raise InvalidInputError("A user vector is one row of numbers.")
        self._check_source()

    def _check_source(self) -> None:
        if self.source is None:
            return
        if self.source.ndim != 4 or self.source.shape[3] != 3 or self.source.dtype != np.uint8:
            raise InvalidInputError("The video to revise must be RGB frames of 8 bits.")
        if not 1 <= len(self.source) <= MAX_REVISED_FRAMES:
            raise InvalidInputError(
                f"At most {MAX_REVISED_FRAMES} frames can be revised at once."
                if len(self.source)
                else "The video to revise has no frames."
            )
        if self.mask is not None and self.mask.ndim not in (2, 3):
            raise InvalidInputError("A mask is one grey picture, or one for each frame.")


@dataclass(frozen=True)
class VideoResult:
    """Frames (T, H, W, 3) uint8 for `fps` a second, and all that is needed to make them again."""

    frames: np.ndarray
    fps: int
    manifest: dict[str, Any]


class VideoBackend(Protocol):
    """A generator that turns requests into clips, one at a time."""

    name: str
    revision: str

    def estimate_ms(self, request: VideoRequest) -> float:
        """Return the expected time of `run(request)` in milliseconds."""

    def run(
        self,
        request: VideoRequest,
        *,
        on_step: OnStep | None = None,
        should_stop: ShouldStop | None = None,
    ) -> VideoResult:
        """Return the clip; call `on_step(done, total)` after each denoising step and frame.

        Raises GenerationCancelled within one of them after `should_stop()` turns true.
        """


@lru_cache(maxsize=2)
def load_video_backend(
    name_or_path: str = EMBEDDED, *, revision: str | None = None
) -> VideoBackend:
    """Return the loaded video backend of that name; the last two stay in memory.

    Raises ModelUnavailableError when weights are missing, unsafe or do not fit.
    """
    if name_or_path == EMBEDDED:
        from generation.core.video.creator import EmbeddedVideoBackend

        return EmbeddedVideoBackend.load(expected_revision=revision)
    from generation.core.video.hub import HubVideoBackend

    return HubVideoBackend.load(name_or_path, revision=revision)
