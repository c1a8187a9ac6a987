"""A picture of a video for every second or so, to compare videos by."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame

from media.errors import DAMAGED, BadMediaError
from media.videos import checked_video, open_stranger

# Short side of the pictures: what the watermark's reader and PDQ look at.
SIDE = 512
EVERY_S = 1.0
MOST_SECONDS = 180


def own_seconds(video: bytes, every_s: float = EVERY_S) -> list[tuple[float, np.ndarray]]:
    """Return (seconds, picture (H, W, 3) uint8) through a video that we encoded ourselves."""
    try:
        with av.open(io.BytesIO(video), "r") as container:
            if not container.streams.video:
                raise BadMediaError(DAMAGED)
            return list(_pictures(container, every_s, MOST_SECONDS))
    except av.error.FFmpegError as error:
        raise BadMediaError(DAMAGED) from error


def stranger_seconds(
    source: Path, demuxer: str, every_s: float, most: int
) -> list[tuple[float, np.ndarray]]:
    """Return the same of a stranger's file, spread over all of it; in a child process only.

    What is damaged after a picture was read is left out.
    """
    found: list[tuple[float, np.ndarray]] = []
    with open_stranger(source, demuxer) as container:
        checked_video(container)
        declared = float(container.duration or 0) / av.time_base
        every_s = max(every_s, declared / most)
        try:
            for one in _pictures(container, every_s, most):
                # One by one: what came before an error is kept.
                found.append(one)
        except av.error.FFmpegError:
            pass
    if not found:
        raise BadMediaError(DAMAGED)
    return found


def _pictures(
    container: InputContainer, every_s: float, most: int
) -> Iterator[tuple[float, np.ndarray]]:
    stream = container.streams.video[0]
    start: float | None = None
    due, taken = 0.0, 0
    for frame in container.decode(stream):
        start = (frame.time or 0.0) if start is None else start
        now = (frame.time or start) - start
        if now >= due:
            yield round(now, 3), _small(frame)
            due, taken = max(due, now - now % every_s) + every_s, taken + 1
        if taken >= most:
            return


def _small(frame: VideoFrame) -> np.ndarray:
    scale = min(1.0, SIDE / min(frame.width, frame.height))
    width, height = max(2, round(frame.width * scale)), max(2, round(frame.height * scale))
    return frame.reformat(width, height, "rgb24").to_ndarray()
