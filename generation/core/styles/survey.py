"""The first look at a video: where its shots begin, and what they look like."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from generation.core.styles import LEAST_SIDE, sample_of
from generation.core.styles.remaking import Clock, open_video_file, to_pixels
from media.errors import DAMAGED, BadMediaError
from media.limits import MAX_VIDEO_SECONDS
from media.scenes import SceneDetector, Shrinker
from media.videos import poster_score

SAMPLE_EVERY_S = 0.5
MOST_SAMPLES = 6
TOO_LONG = f"Only videos of up to {MAX_VIDEO_SECONDS / 60:.0f} minutes can be restyled."
TOO_SMALL = f"A video to restyle needs at least {LEAST_SIDE} pixels a side."

# Told (frames done, frames in all); asked at every frame, and may raise to stop.
Report = Callable[[int, int], None]
Check = Callable[[], None]


@dataclass
class Survey:
    """What the first pass saw.

    starts: seconds at which shots begin, the first at 0. samples: for each shot, small frames.
    poster_s: time of the frame that looks best.
    """

    starts: list[float]
    samples: list[list[np.ndarray]]
    frames: int
    duration_s: float
    poster_s: float


def survey_video(source: Path, *, check: Check, report: Report = lambda d, t: None) -> Survey:
    """Return where the shots of a video begin and what they look like; decodes it once."""
    detector, shrinker, clock = SceneDetector(), Shrinker(), Clock()
    reformatter = VideoReformatter()
    samples: list[tuple[float, np.ndarray]] = []
    best, poster_s, due = -1.0, 0.0, 0.0
    frames, now, last = 0, 0.0, None
    with open_video_file(source) as (container, video):
        for frame in container.decode(video):
            check()
            now = clock.time_of(frame)
            if now > MAX_VIDEO_SECONDS + 1.0:
                raise BadMediaError(TOO_LONG)
            if min(frame.width, frame.height) < LEAST_SIDE:
                raise BadMediaError(TOO_SMALL)
            detector.take(shrinker.shrink(frame), now)
            frames, last = frames + 1, frame
            if now >= due:
                due = now + SAMPLE_EVERY_S
                pixels = sample_of(to_pixels(frame, reformatter))
                samples.append((now, pixels))
                score = poster_score(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
                if score > best:
                    best, poster_s = score, now
                report(frames, 4 * max(video.frames, frames))
    if last is None:
        raise BadMediaError(DAMAGED)
    samples.append((now, sample_of(to_pixels(last, reformatter))))
    starts = [0.0, *detector.edges()]
    return Survey(starts, _by_shot(samples, starts), frames, now, poster_s)


def _by_shot(
    samples: list[tuple[float, np.ndarray]], starts: list[float]
) -> list[list[np.ndarray]]:
    """Return up to `MOST_SAMPLES` samples of each shot, evenly spread, at least one."""
    shots: list[list[np.ndarray]] = [[] for _ in starts]
    for moment, pixels in samples:
        shots[bisect_right(starts, moment + 1e-6) - 1].append(pixels)
    for number, found in enumerate(shots):
        if not found:
            shots[number] = shots[number - 1][-1:]
        elif len(found) > MOST_SAMPLES:
            chosen = np.linspace(0, len(found) - 1, MOST_SAMPLES).round().astype(int)
            shots[number] = [found[index] for index in chosen]
    return shots
