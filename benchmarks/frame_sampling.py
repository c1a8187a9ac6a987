"""Sampling a video's frames against decoding it, and a viewer's choice among them, in one run.

    PYTHONPATH=platform:. python benchmarks/frame_sampling.py [--folder ../shared/data/videos]
        [--runs 7] [--skip-page]

1. For each video: plain PyAV decode of every frame, and our sampling (decode, samples at the size
that the encoder looks at, scene edges), in turn, so that both meet the same load. Stills are cut
out later, for posters only. Printed: frames a second of each, and the ratio of the medians, by the
clock and by processor time.
2. Eq. 1 and eq. 2 alone for a page of eight videos of 128 frames each, and `feed.personal.present`
with all its queries on a scratch database.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")

# What the embedded encoder looks at.
SIDE = 128
VIDEOS, FRAMES, DIM, LIKES, STILLS, WINDOW = 8, 128, 128, 50, 16, 8


def main() -> None:
    """Run the benchmark and write results/frame_sampling.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    folder = ROOT.parent / "shared" / "data" / "videos"
    parser.add_argument("--folder", type=Path, default=folder)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--skip-page", action="store_true", help="without the database")
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parent))
    from record import write_result

    figures: dict[str, Any] = {"runs": options.runs, "sampling": sampling(options)}
    figures["choice_ms"] = choice_ms()
    if not options.skip_page:
        figures["page_ms"] = page_ms()
    for name, value in figures.items():
        print(name, value)
    print(f"written to {write_result('frame_sampling', figures)}")


def sampling(options: argparse.Namespace) -> dict[str, Any]:
    """Return figures for each video, and over all of them together."""
    files = sorted(p for p in options.folder.iterdir() if p.suffix in {".mp4", ".mkv", ".webm"})
    if not files:
        raise SystemExit(f"there are no videos in {options.folder}")
    rows, totals = {}, np.zeros(4)
    for file in files:
        row, medians = compare(file, options.runs)
        rows[file.name] = row
        totals += medians
        print(file.name, row, flush=True)
    decode, decode_cpu, sample, sample_cpu = totals
    overall = {
        "ratio": round(float(decode / sample), 3),
        "ratio_cpu": round(float(decode_cpu / sample_cpu), 3),
    }
    return {"videos": rows, "all": overall}


def compare(file: Path, runs: int) -> tuple[dict[str, Any], np.ndarray]:
    """Return the row of one video, and (decode, its CPU, sampling, its CPU) medians in seconds."""
    from media.frames import sample_video

    frames = decode_all(file)
    sample = sample_video(file, side=SIDE)
    measured = np.array(
        [
            [*timed(lambda: decode_all(file)), *timed(lambda: sample_video(file, side=SIDE))]
            for _ in range(runs)
        ]
    )
    medians = np.median(measured, axis=0)
    row = {
        "frames": frames,
        "samples": len(sample.times),
        "stills": len(sample.stills),
        "decode_fps": round(frames / medians[0]),
        "sampling_fps": round(frames / medians[2]),
        "ratio": round(float(medians[0] / medians[2]), 3),
        "ratio_cpu": round(float(medians[1] / medians[3]), 3),
    }
    return row, medians


def decode_all(file: Path) -> int:
    """Decode every frame with the threads that sampling uses; return how many there were."""
    import av

    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        return sum(1 for _ in container.decode(stream))


def timed(action: Callable[[], Any]) -> tuple[float, float]:
    """Return seconds by the clock and of processor time."""
    clock, processor = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - clock, time.process_time() - processor


def choice_ms() -> dict[str, float]:
    """Return the milliseconds of both equations for a page, everything in memory."""
    from generation.core.selection import best_frame, best_window, users_without

    rng = np.random.default_rng(1)
    stored = [unit(rng, FRAMES).astype(np.float16) for _ in range(VIDEOS)]
    liked = unit(rng, LIKES)

    def choose() -> None:
        frames = [rows.astype(np.float32) for rows in stored]
        product = np.concatenate(frames) @ users_without(liked, [None] * VIDEOS).T
        for at in range(VIDEOS):
            scores = product[at * FRAMES : (at + 1) * FRAMES, at]
            best_frame(scores)
            best_window(scores, WINDOW)

    return spread([timed(choose)[0] for _ in range(200)])


def page_ms() -> dict[str, float]:
    """Return the milliseconds of `present` for a page of eight videos, with all its queries."""
    import django

    django.setup()
    from django.db import connection
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    # A name of its own: tests on the same server must not take this database away.
    connection.settings_dict["TEST"]["NAME"] = "weft_bench_frames"
    setup_test_environment(debug=False)
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        from feed.personal import present

        person, videos = fill()
        assert len(present(user=person, items=videos)) == VIDEOS
        times = [timed(lambda: present(user=person, items=videos)) for _ in range(200)]
        return {
            **spread([clock for clock, _ in times]),
            "cpu_p50": spread([processor for _, processor in times])["p50"],
        }
    finally:
        teardown_databases(databases, verbosity=0)


def fill() -> tuple[Any, list[Any]]:
    """Return a person with fifty likes, and eight videos with frames and stills."""
    from django.utils import timezone

    from accounts.models import Consent
    from catalog.models import Embedding, Frame, FrameVectors, Item
    from recommender.models import Interaction
    from tests.factories import ItemFactory, UserFactory

    rng = np.random.default_rng(2)
    person = UserFactory()
    Consent.objects.create(user=person, kind=Consent.Kind.PERSONALISATION, granted=True)
    for vector in unit(rng, LIKES):
        item = ItemFactory(published=True)
        Embedding.objects.create(item=item, model="bench", vector=vector)
        Interaction.objects.create(user=person, item=item, kind="like", created_at=timezone.now())
    for _ in range(VIDEOS):
        video = ItemFactory(published=True, kind="video")
        FrameVectors.objects.create(
            item=video,
            model="bench",
            times=[0.25 + 0.5 * n for n in range(FRAMES)],
            vectors=unit(rng, FRAMES).astype(np.float16).tobytes(),
        )
        Frame.objects.bulk_create(
            Frame(
                item=video,
                index=number * 8,
                time_s=number * 4.0,
                width=450,
                height=600,
                bytes=1,
                sha256=f"{number:064}",
            )
            for number in range(STILLS)
        )
    videos = Item.objects.with_assets().filter(kind="video")
    return person, list(videos)


def unit(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Return (rows, DIM) float32 of length 1."""
    made = rng.normal(size=(rows, DIM)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def spread(seconds: list[float]) -> dict[str, float]:
    """Return the median and the 95th percentile in milliseconds."""
    ordered = sorted(seconds)
    return {
        "p50": round(statistics.median(ordered) * 1000, 3),
        "p95": round(ordered[int(len(ordered) * 0.95)] * 1000, 3),
    }


if __name__ == "__main__":
    main()
