"""Restyling a video: one pass to find shots and their statistics, one to render.

For videos that we wrote ourselves, or that a trusted hand names: it runs in the worker itself.
Frames are streamed; picture times, shape and sound stay as they are.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import av.error
import numpy as np

from generation.core.styles import Recipe, mixed
from generation.core.styles.looks import Look, Shot
from generation.core.styles.remaking import Remake, Shown, remaking
from generation.core.styles.survey import Check, Report, Survey, survey_video
from generation.core.styles.temporal import TemporalFilter
from media.errors import DAMAGED, BadMediaError

# Frames painted ahead of the one that is being filtered and encoded.
AHEAD = 2


@dataclass(frozen=True)
class Rendered:
    """What a restyled video is: its poster (H, W, 3) uint8, and figures for the manifest."""

    poster: np.ndarray
    frames: int
    shots: int
    duration_s: float
    ms: dict[str, float]


def restyle_video(
    source: Path,
    target: Path,
    recipe: Recipe,
    *,
    degree: float = 1.0,
    report: Report = lambda done, total: None,
    check: Check = lambda: None,
) -> Rendered:
    """Write `source` in the style to `target`, an H.264/AAC MP4; return poster and figures.

    Every picture keeps its time, so varying rates stay; AAC sound is copied, other sound encoded.
    `report` is told (frames done, frames in all) over both passes; `check` is called for every
    frame and may raise to stop. A file that cannot be read is a BadMediaError.
    """
    started = time.perf_counter()
    try:
        survey = survey_video(source, check=check, report=report)
        looked = time.perf_counter()
        with remaking(source, target) as remake:
            rendering = _Rendering(remake, survey, recipe, degree)
            rendering.run(report, check)
    except av.error.FFmpegError as error:
        raise BadMediaError(DAMAGED) from error
    if rendering.poster is None:
        raise BadMediaError(DAMAGED)
    ms = {"survey": looked - started, "render": time.perf_counter() - looked}
    return Rendered(
        poster=rendering.poster,
        frames=remake.written,
        shots=len(survey.starts),
        duration_s=round(survey.duration_s, 3),
        ms={name: round(1000 * seconds, 1) for name, seconds in ms.items()},
    )


@dataclass
class _Scene:
    """The shot that is being rendered."""

    number: int
    look: Look
    filter: TemporalFilter


@dataclass
class _Pending:
    """A picture whose layers are being painted."""

    shown: Shown
    scene: _Scene
    layers: Future[np.ndarray] = field(repr=False)


class _Rendering:
    """The second pass: paints ahead in threads, then steadies and finishes in order."""

    def __init__(self, remake: Remake, survey: Survey, recipe: Recipe, degree: float) -> None:
        self._remake, self._survey = remake, survey
        self._recipe, self._degree = recipe, degree
        self._scene: _Scene | None = None
        self.poster: np.ndarray | None = None

    def run(self, report: Report, check: Check) -> None:
        """Render all frames; the survey counts as a quarter of the work."""
        waiting: deque[_Pending] = deque()
        surveyed = max(1, self._survey.frames // 3)
        with ThreadPoolExecutor(AHEAD) as pool:
            try:
                for shown in self._remake.pictures():
                    check()
                    scene = self._scene_of(shown)
                    layers = pool.submit(scene.look.paint, shown.pixels)
                    waiting.append(_Pending(shown, scene, layers))
                    if len(waiting) > AHEAD:
                        self._end(waiting.popleft())
                        report(surveyed + self._remake.written, surveyed + self._survey.frames)
                while waiting:
                    check()
                    self._end(waiting.popleft())
                    report(surveyed + self._remake.written, surveyed + self._survey.frames)
            finally:
                for pending in waiting:
                    pending.layers.cancel()

    def _scene_of(self, shown: Shown) -> _Scene:
        number = bisect_right(self._survey.starts, shown.moment + 1e-6) - 1
        if self._scene is None or self._scene.number != number:
            size = (shown.pixels.shape[0], shown.pixels.shape[1])
            shot = Shot(self._survey.samples[number], size, seed=self._recipe.seed)
            self._scene = _Scene(
                number, self._recipe.look(shot), TemporalFilter(size, shot.samples)
            )
        return self._scene

    def _end(self, pending: _Pending) -> None:
        scene, shown = pending.scene, pending.shown
        layers = scene.filter.blend(shown.pixels, pending.layers.result())
        styled = scene.filter.limit(scene.look.finish(layers, scene.filter.sheet()))
        made = mixed(shown.pixels, styled, self._degree)
        if self.poster is None or abs(shown.moment - self._survey.poster_s) < 1e-6:
            self.poster = made
        self._remake.write(made, shown)
