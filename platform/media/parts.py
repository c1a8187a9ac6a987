"""A part of one of our own videos as arrays: frames at a steady rate, and the sound beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from media.errors import DAMAGED, BadMediaError

# A frame may begin this much after the moment at which it counts as shown.
SLACK_S = 1e-3
SOUND_RATE = 44_100


def read_frames(
    source: Path,
    *,
    start_s: float,
    fps: float,
    count: int,
    most_pixels: int = 1280 * 720,
    check: Callable[[], None] = lambda: None,
) -> np.ndarray:
    """Return what is on screen at `start_s` + i / `fps`, up to `count` frames, (T, H, W, 3) uint8.

    T is smaller where the video ends before; past its end, the last frame alone comes. Larger
    pictures are made smaller, to `most_pixels`.
    `check` is called for every frame and may raise to stop. BadMediaError without any frame.
    """
    # One for the whole video: setting one up takes longer than using it.
    reformatter = VideoReformatter()
    frames: list[np.ndarray] = []

    def take(frame: VideoFrame) -> None:
        width, height = _fitted(frame, most_pixels)
        frames.append(reformatter.reformat(frame, width, height, "rgb24").to_ndarray())

    last: VideoFrame | None = None
    for last, until in _shown(source, start_s):
        check()
        while len(frames) < count and start_s + len(frames) / fps < until - SLACK_S:
            take(last)
        if len(frames) == count:
            break
    if last is None:
        raise BadMediaError(DAMAGED)
    if not frames:
        take(last)
    return np.stack(frames)


def read_sound(
    source: Path, *, start_s: float, end_s: float, rate: int = SOUND_RATE
) -> np.ndarray | None:
    """Return the sound from `start_s` to `end_s`, (N, 2) float32 in -1..1; None if there is none.

    Silence where the track is shorter, so that N is always the asked length.
    """
    try:
        with av.open(str(source), "r") as container:
            if not container.streams.audio:
                return None
            stream = container.streams.audio[0]
            zero = _zero(container)
            resampler = av.AudioResampler(format="fltp", layout="stereo", rate=rate)
            count = round((end_s - start_s) * rate)
            sound = np.zeros((count, 2), np.float32)
            container.seek(int((zero + max(start_s - 0.5, 0.0)) * av.time_base), backward=True)
            for frame in container.decode(stream):
                begins = (frame.time or 0.0) - zero
                if begins > end_s:
                    break
                for ready in resampler.resample(frame):
                    _lay(sound, ready, round((begins - start_s) * rate))
            return sound
    except av.error.FFmpegError as error:
        raise BadMediaError(DAMAGED) from error


def _shown(source: Path, start_s: float) -> Iterator[tuple[VideoFrame, float]]:
    """Yield frames with the moment until which each is shown, from that shown at `start_s` on.

    Moments are seconds from the picture's start; the last frame stays for an ordinary while.
    """
    try:
        with av.open(str(source), "r") as container:
            if not container.streams.video:
                raise BadMediaError(DAMAGED)
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            zero = _zero(container)
            container.seek(int((zero + start_s) * av.time_base), backward=True)
            held: tuple[float, VideoFrame] | None = None
            for frame in container.decode(stream):
                moment = (frame.time or 0.0) - zero
                if held is not None and moment > start_s:
                    yield held[1], moment
                held = (moment, frame)
            if held is not None:
                yield held[1], held[0] + 1 / float(stream.average_rate or 25)
    except av.error.FFmpegError as error:
        raise BadMediaError(DAMAGED) from error


def _zero(container: av.container.InputContainer) -> float:
    """Return the picture's first moment on the file's clock, from which both streams count."""
    stream = container.streams.video[0]
    return float((stream.start_time or 0) * (stream.time_base or 0))


def _fitted(frame: VideoFrame, most_pixels: int) -> tuple[int, int]:
    scale = min(1.0, (most_pixels / (frame.width * frame.height)) ** 0.5)
    return max(2, int(frame.width * scale) // 2 * 2), max(2, int(frame.height * scale) // 2 * 2)


def _lay(sound: np.ndarray, frame: AudioFrame, first: int) -> None:
    """Write the frame's samples from `first` on, as far as they lie within."""
    samples = frame.to_ndarray().T  # (n, 2)
    skipped = max(0, -first)
    first += skipped
    part = samples[skipped : skipped + max(0, len(sound) - first)]
    sound[first : first + len(part)] = part
