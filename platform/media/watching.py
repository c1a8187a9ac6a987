"""Watch a video of ours frame by frame: small brightness of each, and a few frames in full.

For judging what was made (does it move, flicker, go black?), where every frame counts; `frames`
samples sparsely for vectors and posters.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import av.error
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from media.errors import DAMAGED, BadMediaError

LUMA_SIDE = 48
# About twenty seconds; longer videos are judged by their beginning.
MAX_FRAMES = 480
STILLS = 5


@dataclass(frozen=True)
class Watched:
    """luma: (T, h, w) uint8 of neighbouring frames. stills: up to `STILLS` frames, evenly apart,
    (H, W, 3) uint8. seconds: the video's length by its header.
    """

    luma: np.ndarray
    stills: list[np.ndarray]
    seconds: float


def watch(video: Path | bytes, check: Callable[[], None] = lambda: None) -> Watched:
    """Return what a video of our own encoding shows; `BadMediaError` when it cannot be played.

    `check` is called for every frame; it may raise to stop.
    """
    opened = io.BytesIO(video) if isinstance(video, bytes) else str(video)
    try:
        with av.open(opened, "r") as container:
            if not container.streams.video:
                raise BadMediaError(DAMAGED)
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            seconds = float(container.duration or 0) / av.time_base
            rate = float(stream.average_rate or 25)
            watcher = _Watcher(round(min(MAX_FRAMES, max(1.0, seconds * rate))))
            for frame in container.decode(stream):
                check()
                if not watcher.take(frame):
                    break
    except av.error.FFmpegError as error:
        raise BadMediaError(DAMAGED) from error
    if not watcher.luma:
        raise BadMediaError(DAMAGED)
    return Watched(np.stack(watcher.luma), watcher.stills, seconds)


class _Watcher:
    def __init__(self, expected: int) -> None:
        self.luma: list[np.ndarray] = []
        self.stills: list[np.ndarray] = []
        self._due = {int((index + 0.5) * expected / STILLS) for index in range(STILLS)}
        # One each: a reformatter is set up anew whenever its sizes change.
        self._small, self._full = VideoReformatter(), VideoReformatter()

    def take(self, frame: VideoFrame) -> bool:
        """Look at one frame; False once enough were seen."""
        scale = LUMA_SIDE / min(frame.width, frame.height)
        width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
        small = self._small.reformat(frame, width, height, "gray", interpolation=Interpolation.AREA)
        if len(self.luma) in self._due or not self.stills:
            full = self._full.reformat(frame, frame.width, frame.height, "rgb24")
            self.stills.append(full.to_ndarray())
        self.luma.append(small.to_ndarray())
        return len(self.luma) < MAX_FRAMES
