"""Restyled videos against their sources: how fast they render, and how steady they are.

For every video and style, in one run:
- speed: seconds of video per second of wall clock, statistics and encoding included; and per
  second of processor time, from which follows what two cores with nothing else to do would reach
  (`two_idle_cores`) - on a busy machine the wall clock measures the others;
- warp error: E_warp of Lai et al. 2018, "Learning blind video temporal consistency": the mean over
  pairs of neighbouring frames of M |V_t - warp(V_{t-1})|^2 / sum M, colours in 0..1, mean over the
  channels, for source and result, and the ratio of the two. Both are warped by the motion of the
  source alone (dense inverse search at full size). The mask M leaves out what is occluded or lies
  on a motion boundary, by the conditions of Ruder et al. 2016, equations 5 and 6; motion that
  explains the source no better than rest counts as rest
  (`generation.core.styles.steadiness.correspond`).
  The ratio is of squared errors, so 1.3 means 1.14 times the amplitude. The result is measured as
  it is served: after encoding. Pairs across a cut are left out.

Videos are brought to 480 lines first, which is not counted; each gives the seconds from --start on.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter
from record import write_result

from common.vocabulary import COLOURS
from generation.core.styles import EXEMPLAR, PALETTE, RENDERED, Recipe, restyle_picture
from generation.core.styles.remaking import to_pixels
from generation.core.styles.steadiness import Correspondence, correspond, warp_error
from generation.core.styles.survey import survey_video
from generation.core.styles.video import restyle_video

PALETTE_USED = ("navy", "orange", "beige")
SIDE = 480


def main() -> None:
    """Measure all styles on all videos of a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of videos")
    parser.add_argument("--seconds", type=float, default=2.0, help="length taken of each video")
    parser.add_argument("--start", type=float, default=1.0, help="where to begin, in seconds")
    parser.add_argument("--styles", nargs="+", default=list(RENDERED))
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(arguments.folder.iterdir()):
            source = Path(folder) / f"{path.stem}.mp4"
            if not take_part(path, source, arguments.start, arguments.seconds):
                continue
            pairs = follow(source)
            for style in arguments.styles:
                rows.append(measure(path.stem, source, pairs, style, Path(folder) / "made.mp4"))
                print(rows[-1], flush=True)
            # After each video: a long run that is stopped has not been for nothing.
            write_result("style_transfer", figures_of(rows, arguments.seconds))


def figures_of(rows: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    """Return what is written beside the circumstances."""
    return {
        "seconds_of_each": seconds,
        "short_side": SIDE,
        "seed": 1,
        "load_average_of_the_run": [round(load, 1) for load in os.getloadavg()],
        "rows": rows,
        "by_style": summary(rows),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def take_part(path: Path, target: Path, start: float, seconds: float) -> bool:
    """Write a part of a video with its short side at 480; False where there is no video."""
    try:
        container = av.open(str(path))
    except av.error.FFmpegError:
        return False
    with container:
        if not container.streams.video:
            return False
        stream = container.streams.video[0]
        rate = stream.average_rate or Fraction(25)
        length = float(container.duration or 0) / av.time_base
        # A short one is taken from its start.
        begin = start if length > start + seconds else 0.0
        reformatter = VideoReformatter()
        with av.open(str(target), "w") as output:
            encoder, number = None, 0
            for frame in container.decode(stream):
                if (frame.time or 0.0) < begin:
                    continue
                if (frame.time or 0.0) >= begin + seconds:
                    break
                if encoder is None:
                    scale = SIDE / min(frame.width, frame.height)
                    encoder = output.add_stream("libx264", rate=rate)
                    encoder.width = round(frame.width * scale / 2) * 2
                    encoder.height = round(frame.height * scale / 2) * 2
                    encoder.pix_fmt, encoder.options = "yuv420p", {"crf": "16"}
                ready = reformatter.reformat(frame, encoder.width, encoder.height, "yuv420p")
                ready.pts, ready.time_base, ready.pict_type = number, 1 / rate, 0
                number += 1
                output.mux(encoder.encode(ready))
            if encoder is None:
                return False
            output.mux(encoder.encode(None))
    return True


Pairs = list[tuple[float, Correspondence | None]]


def follow(source: Path) -> Pairs:
    """Return each pair's warp error in the source and its correspondence; None across a cut."""
    starts = survey_video(source, check=lambda: None).starts
    shots = np.searchsorted(starts, np.array(times_of(source)) + 1e-6)
    pairs: Pairs = []
    for (before, now), (shot_before, shot) in zip(
        pairwise(frames_of(source)), pairwise(shots), strict=True
    ):
        where = correspond(before, now) if shot_before == shot else None
        pairs.append((warp_error(before, now, where) if where else float("nan"), where))
    return pairs


def measure(name: str, source: Path, pairs: Pairs, style: str, target: Path) -> dict[str, Any]:
    """Return speed and steadiness of one style on one video."""
    recipe = recipe_of(style, source)
    wall, processor = time.perf_counter(), time.process_time()
    made = restyle_video(source, target, recipe)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    seconds = made.duration_s * made.frames / max(made.frames - 1, 1)
    before, after = errors(pairs, target)
    return {
        "video": name,
        "style": style,
        "frames": made.frames,
        "video_s_per_wall_s": round(seconds / wall, 3),
        "video_s_per_cpu_s": round(seconds / processor, 3),
        "two_idle_cores": round(2 * seconds / processor, 3),
        "warp_error_source": float(f"{before:.3g}"),
        "warp_error_result": float(f"{after:.3g}"),
        "ratio": round(after / before, 3),
    }


def recipe_of(style: str, source: Path) -> Recipe:
    """Return the style; the exemplar is the video's own first frame as watercolour, turned."""
    palette = tuple((COLOURS[name], 1.0) for name in PALETTE_USED) if style == PALETTE else ()
    exemplar = None
    if style == EXEMPLAR:
        first = next(frames_of(source))
        exemplar = cv2.flip(restyle_picture(first, Recipe("watercolour", seed=9)), 0)
    return Recipe(style, palette=palette, exemplar=exemplar, seed=1)


def errors(pairs: Pairs, target: Path) -> tuple[float, float]:
    """Return the mean warp errors of the source and of the result."""
    made = [
        warp_error(before, now, where)
        for (before, now), (_, where) in zip(pairwise(frames_of(target)), pairs, strict=True)
        if where
    ]
    return float(np.nanmean([error for error, _ in pairs])), float(np.nanmean(made))


def frames_of(path: Path) -> Iterator[np.ndarray]:
    """Yield a video's frames, (H, W, 3) uint8."""
    reformatter = VideoReformatter()
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield to_pixels(frame, reformatter)


def times_of(path: Path) -> list[float]:
    """Return the second of each frame since the first."""
    with av.open(str(path)) as container:
        times = [frame.time or 0.0 for frame in container.decode(video=0)]
    return [moment - times[0] for moment in times]


def summary(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return for each style the slowest speed, and the mean and worst ratio over the videos."""
    found = {}
    for style in dict.fromkeys(row["style"] for row in rows):
        own = [row for row in rows if row["style"] == style]
        ratios = [row["ratio"] for row in own]
        found[style] = {
            "slowest_wall": min(row["video_s_per_wall_s"] for row in own),
            "slowest_two_idle_cores": min(row["two_idle_cores"] for row in own),
            "ratio_mean": round(float(np.mean(ratios)), 3),
            "ratio_worst": max(ratios),
        }
    return found


if __name__ == "__main__":
    main()
