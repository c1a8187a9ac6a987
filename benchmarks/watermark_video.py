"""What a marked video lives through: encoding anew at CRF 23, 28 and 33, smaller, and mirrored."""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from moderation.core import moving

SECONDS = 6.0
CLIPS_OF_EACH = 6
Change = Callable[[np.ndarray], np.ndarray]

ATTACKS: dict[str, tuple[int, float, Change | None]] = {
    # name: CRF, seconds between key frames, change of each frame
    "as delivered": (0, 0, None),
    "CRF 23": (23, 2, None),
    "CRF 28": (28, 2, None),
    "CRF 28, key frames 10 s apart": (28, 10, None),
    "CRF 33": (33, 2, None),
    "CRF 33, key frames 10 s apart": (33, 10, None),
    "half size, CRF 28": (28, 2, lambda frame: _even(cv2.resize(frame, None, fx=0.5, fy=0.5))),
    "mirrored, CRF 28": (28, 2, lambda frame: np.ascontiguousarray(frame[:, ::-1])),
}


def measure_videos(folder: Path, key: bytes) -> dict[str, Any]:
    """Return for every attack the share of clips whose payload was read exactly."""
    rows: list[dict[str, Any]] = []
    accepts = 0
    for path in sorted(folder.iterdir()):
        for number, clip in enumerate(clips_of(path)):
            row = _measure(clip, key, len(rows))
            rows.append({"clip": f"{path.stem} {number}", **row})
            accepts += row.pop("false_accept")
            print(rows[-1], flush=True)
    return {
        "clips": len(rows),
        "seconds_of_each": SECONDS,
        "exact_recovery": {
            name: round(float(np.mean([row["read"][name] for row in rows])), 3) for name in ATTACKS
        },
        "psnr_mean": round(float(np.mean([row["psnr"] for row in rows])), 2),
        "false_accepts_unmarked": accepts,
        "embed_processor_s_per_s": round(float(np.mean([row["embed_s"] for row in rows])), 2),
        "detect_processor_ms": round(float(np.mean([row["detect_ms"] for row in rows])), 1),
        "rows": rows,
    }


def _measure(clip: bytes, key: bytes, number: int) -> dict[str, Any]:
    payload = int(np.random.default_rng(number).integers(0, 1 << 48))
    row: dict[str, Any] = {"read": dict.fromkeys(ATTACKS, 0), "psnr": 0.0}
    row["false_accept"] = int(moving.detect_video(clip, key).found)
    begun = time.process_time()
    try:
        marked = moving.embed_video(clip, payload, key)
        row["psnr"] = round(marked.psnr, 2)
    except moving.WatermarkError as error:
        row["problem"] = str(error)
        marked = None
    row["embed_s"] = round((time.process_time() - begun) / SECONDS, 3)
    begun = time.process_time()
    if marked is not None:
        row["read"]["as delivered"] = int(moving.detect_video(marked.data, key).payload == payload)
    row["detect_ms"] = round(1000 * (time.process_time() - begun), 1)
    for name, (crf, gop, change) in ATTACKS.items():
        if crf and marked is not None:
            attacked = encoded(frames_of(marked.data), crf, gop, change)
            row["read"][name] = int(moving.detect_video(attacked, key).payload == payload)
    return row


def clips_of(path: Path) -> list[bytes]:
    """Return up to six clips of six seconds; none where there is no picture."""
    try:
        with av.open(str(path)) as container:
            length = float(container.duration or 0) / av.time_base
            if not container.streams.video:
                return []
    except av.error.FFmpegError:
        return []
    starts = np.arange(0, max(length - SECONDS, 0.1), SECONDS)
    chosen = starts[:: max(1, -(-len(starts) // CLIPS_OF_EACH))][:CLIPS_OF_EACH]
    return [encoded(frames_of(path, float(start)), 18, 2, None) for start in chosen]


def frames_of(source: bytes | Path, start: float = 0.0) -> list[np.ndarray]:
    """Return RGB frames of six seconds from `start`, at most 720 lines, 25 a second."""
    opened = io.BytesIO(source) if isinstance(source, bytes) else str(source)
    frames: list[np.ndarray] = []
    with av.open(opened) as container:
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            now = (frame.time or 0.0) - start
            if now >= SECONDS:
                break
            if now >= len(frames) / 25:
                scale = min(1.0, 720 / min(frame.width, frame.height))
                width, height = (
                    round(side * scale / 2) * 2 for side in (frame.width, frame.height)
                )
                frames.append(frame.reformat(width, height, "rgb24").to_ndarray())
    return frames


def encoded(frames: list[np.ndarray], crf: int, gop_s: float, change: Change | None) -> bytes:
    """Return the frames as H.264."""
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        with av.open(file.name, "w") as container:
            stream = container.add_stream("libx264", rate=25)
            stream.pix_fmt, stream.options = "yuv420p", {"crf": str(crf), "preset": "veryfast"}
            stream.codec_context.gop_size = round(25 * gop_s)
            for at, pixels in enumerate(frames):
                changed = change(pixels) if change else pixels
                if at == 0:
                    stream.height, stream.width = changed.shape[:2]
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(changed), format="rgb24")
                frame.pts, frame.time_base = at, Fraction(1, 25)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return Path(file.name).read_bytes()


def _even(frame: np.ndarray) -> np.ndarray:
    return frame[: frame.shape[0] // 2 * 2, : frame.shape[1] // 2 * 2]
