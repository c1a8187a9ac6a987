"""Runs the generators for an evaluation: every result is kept on disk by all that decides it.

An interrupted evaluation goes on where it stopped, and rows that ask for the same share results.
"""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import cv2
import numpy as np

from evaluation.judging import Judge
from generation.core.backends import GenerationRequest
from generation.core.video.backends import VideoRequest

if TYPE_CHECKING:
    from evaluation.study import Networks
    from vision.encoder import Encoder

# What is kept of a result for people to look at.
KEPT_WIDTH = 120
Report = Callable[[str], None]


class Generator(Protocol):
    """What both kinds of backends have."""

    name: str
    revision: str

    def estimate_ms(self, request: Any) -> float:
        """Return the expected time of one run."""

    def run(self, request: Any) -> Any:
        """Return the result of a request."""


@dataclass(frozen=True)
class Made:
    """One result: the judge's unit vectors of its frames (T, D), and small frames to look at."""

    judged: np.ndarray
    frames: np.ndarray  # (T, h, KEPT_WIDTH, 3) uint8


class Maker:
    """Makes pictures (T = 1) or clips, and has the judge look at them."""

    def __init__(self, backend: Generator, judge: Judge, cache: Path, report: Report) -> None:
        self.backend = backend
        self.judge = judge
        self.cache = cache / "made"
        self.cache.mkdir(parents=True, exist_ok=True)
        self.report = report
        self.run_count = 0
        self.run_seconds = 0.0

    def make_all(self, requests: Sequence[GenerationRequest | VideoRequest]) -> list[Made]:
        """Return the result of each request, in order; announces how long it takes."""
        missing = [request for request in requests if not self._file(request).is_file()]
        if missing:
            seconds = len(missing) * self.backend.estimate_ms(missing[0]) / 1000
            self.report(f"making {len(missing)} results takes about {seconds:.0f} s")
        for done, request in enumerate(missing, start=1):
            self._make(request)
            if done % max(1, len(missing) // 10) == 0:
                left = self.run_seconds / max(self.run_count, 1) * (len(missing) - done)
                self.report(f"{done} of {len(missing)} made, {left:.0f} s left")
        return [self._read(request) for request in requests]

    def facts(self) -> dict[str, Any]:
        """Return what was used, and how long one result took here."""
        each = self.run_seconds / self.run_count if self.run_count else None
        return {
            "backend": self.backend.name,
            "revision": self.backend.revision,
            "made_now": self.run_count,
            "seconds_each": round(each, 3) if each else None,
            # Covers for which no drawing was recognisable, so that the frame stayed.
            "given_up_now": getattr(self.backend, "given_up", 0),
        }

    def _make(self, request: GenerationRequest | VideoRequest) -> None:
        path = self._file(request)
        if path.is_file():
            return
        started = time.perf_counter()
        result = self.backend.run(request)
        self.run_count += 1
        self.run_seconds += time.perf_counter() - started
        frames = result.image[None] if isinstance(request, GenerationRequest) else result.frames
        partial = path.with_suffix(".part.npz")
        np.savez(partial, judged=self.judge.see(list(frames)), frames=_small(frames))
        partial.replace(path)

    def _read(self, request: GenerationRequest | VideoRequest) -> Made:
        with np.load(self._file(request)) as arrays:
            return Made(**arrays)

    def _file(self, request: GenerationRequest | VideoRequest) -> Path:
        digest = hashlib.sha256(
            f"{self.backend.name} {self.backend.revision} {self.judge.name}".encode()
        )
        for part in dataclasses.fields(request):
            value = getattr(request, part.name)
            digest.update(part.name.encode())
            if isinstance(value, np.ndarray):
                digest.update(f"{value.shape} {value.dtype}".encode())
                digest.update(np.ascontiguousarray(value).tobytes())
            else:
                digest.update(repr(value).encode())
        return self.cache / f"{digest.hexdigest()[:24]}.npz"


@dataclass(frozen=True)
class CoverRequest(GenerationRequest):
    """A thumbnail to be drawn over a frame; `user` (D,) is the person's t* of eq. 1."""

    user: np.ndarray = field(default_factory=lambda: np.zeros(128, np.float32))


class Covers:
    """Draws a thumbnail as the site does: of a few drawings, the nearest to the person is kept
    among those by which the video is recognised; without any, the frame itself stays.
    """

    def __init__(self, backend: Any, encoder: Encoder) -> None:
        from generation.operations import thumbnails

        self.site = thumbnails
        self.backend = backend
        self.encoder = encoder
        self.name = f"{backend.name} cover {thumbnails.ROUNDS} {thumbnails.RECOGNISABLE}"
        self.revision = backend.revision
        self.given_up = 0

    def estimate_ms(self, request: CoverRequest) -> float:
        """Return the expected time of a first round."""
        _, variants = self.site.ROUNDS[0]
        return variants * float(self.backend.estimate_ms(request))

    def run(self, request: CoverRequest) -> Any:
        """Return the cover; `given_up` counts those for which no drawing was recognisable."""
        frame = request.init_image
        if frame is None:
            raise ValueError("a cover is drawn over a frame")
        source = self.encoder.encode_images([frame])[0]
        drawn = 0
        for share, variants in self.site.ROUNDS:
            best: tuple[float, Any] | None = None
            for _ in range(variants):
                strength = request.strength * share
                one = dataclasses.replace(request, seed=request.seed + drawn, strength=strength)
                drawn += 1
                result = self.backend.run(one)
                vector = self.encoder.encode_images([result.image])[0]
                nearness = float(vector @ request.user)
                is_known = float(vector @ source) >= self.site.RECOGNISABLE
                if is_known and (best is None or nearness > best[0]):
                    best = (nearness, result)
            if best is not None:
                return best[1]
        self.given_up += 1
        return _Picture(frame)


@dataclass(frozen=True)
class _Picture:
    image: np.ndarray


class SmallClips:
    """The embedded video creator without super-resolution, which the judge would not see."""

    def __init__(self, backend: Any) -> None:
        self.backend = backend
        self.name = f"{backend.name} small"
        self.revision = backend.revision

    def estimate_ms(self, request: VideoRequest) -> float:
        """Return the expected time, super-resolution included: an upper bound."""
        return float(self.backend.estimate_ms(request))

    def run(self, request: VideoRequest) -> Any:
        """Return the clip at the model's own size."""
        return _Clip(self.backend.run_small(request))


@dataclass(frozen=True)
class _Clip:
    frames: np.ndarray


def picture_maker(judge: Judge, cache: Path, report: Report) -> Maker:
    """Return the maker of pictures with the embedded creator."""
    from generation.core.backends import load_backend

    return Maker(load_backend(), judge, cache, report)


def cover_maker(networks: Networks, cache: Path, report: Report) -> Maker:
    """Return the maker of thumbnails with the embedded creator."""
    from generation.core.backends import load_backend

    covers = Covers(load_backend(), networks.encoder)
    return Maker(covers, networks.judge, cache, report)


def clip_maker(judge: Judge, cache: Path, report: Report) -> Maker:
    """Return the maker of clips with the embedded video creator."""
    from generation.core.video.backends import load_video_backend

    backend: Any = load_video_backend()
    if hasattr(backend, "run_small"):
        backend = SmallClips(backend)
    return Maker(backend, judge, cache, report)


def weights_by_age(count: int, fade: float = 0.85) -> np.ndarray:
    """Return (count,) weights of liked items, newest first, as a job on the site gets them."""
    weights = fade ** np.arange(count, dtype=np.float32)
    return weights / weights.sum()


def _small(frames: np.ndarray) -> np.ndarray:
    height = round(KEPT_WIDTH * frames.shape[1] / frames.shape[2])
    return np.stack(
        [cv2.resize(one, (KEPT_WIDTH, height), interpolation=cv2.INTER_AREA) for one in frames]
    )
