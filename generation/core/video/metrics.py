"""Measures of the video creator: is it steady, does it move, does it follow what was asked?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from common.vocabulary import COLOURS, TYPES
from generation.core.metrics import has_colour, nearest_words, psnr
from generation.core.video.backends import CAMERAS, VideoBackend, VideoRequest

if TYPE_CHECKING:
    from generation.core.train.video_cache import ClipCache
    from generation.core.video.creator import EmbeddedVideoBackend

# Twelve clips for a look: garment, colours, patterns and camera moves in turn.
SAMPLE_PROMPTS: tuple[tuple[str, str], ...] = (
    ("red dress", "turntable"),
    ("black skirt", "runway"),
    ("blue checked shirt", "close-up"),
    ("green hoodie", "turntable"),
    ("yellow dotted top", "runway"),
    ("navy striped longsleeve", "close-up"),
    ("white shoes", "turntable"),
    ("purple blazer", "runway"),
    ("pink floral blouse", "close-up"),
    ("orange hat", "turntable"),
    ("brown outwear", "runway"),
    ("beige pants", "turntable"),
)
STRIP_FRAMES = 6


def clip_sheet(
    backend: VideoBackend,
    prompts: Sequence[tuple[str, str] | str] = SAMPLE_PROMPTS,
    *,
    frames: int = 16,
    seed: int = 7,
    width: int = 120,
    columns: int = 2,
    upscaled: bool = True,
) -> np.ndarray:
    """Return one picture (H, W, 3) uint8: a film strip of STRIP_FRAMES for each prompt, labelled.

    prompts: words, or words with a camera move. With `upscaled` false the embedded backend skips
    super-resolution, which takes most of its time.
    """
    cells = []
    for index, prompt in enumerate(prompts):
        words, camera = (prompt, "") if isinstance(prompt, str) else prompt
        request = VideoRequest(prompt=words, camera=camera, frames=frames, seed=seed + index)
        made = _run(backend, request, upscaled)
        cells.append(film_strip(made, f"{words} {camera}".strip(), width=width))
    height = max(cell.shape[0] for cell in cells)
    cells = [np.pad(c, ((0, height - c.shape[0]), (0, 6), (0, 0))) for c in cells]
    while len(cells) % columns:
        cells.append(np.zeros_like(cells[0]))
    rows = [np.hstack(cells[start : start + columns]) for start in range(0, len(cells), columns)]
    return np.vstack(rows)


def film_strip(frames: np.ndarray, label: str = "", *, width: int = 120) -> np.ndarray:
    """Return STRIP_FRAMES of the clip (T, H, W, 3) side by side, evenly spread, (h, w, 3)."""
    picks = np.linspace(0, len(frames) - 1, STRIP_FRAMES).round().astype(int)
    height = round(width * frames.shape[1] / frames.shape[2])
    cells = [cv2.resize(frames[i], (width, height), interpolation=cv2.INTER_AREA) for i in picks]
    strip = np.hstack(cells)
    cv2.putText(strip, label, (5, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (20, 20, 20), 1, cv2.LINE_AA)
    return strip


def motion(frames: np.ndarray) -> float:
    """Return how far pictures move from one frame to the next: mean optical flow, pixels of 120."""
    return float(np.mean([np.linalg.norm(flow, axis=2).mean() for flow in _flows(frames)]))


def warp_error(frames: np.ndarray) -> float:
    """Return the mean absolute difference, 0..255, of each frame from the one before moved along.

    The motion is estimated by Farneback's optical flow on pictures 120 wide (Lai et al. 2018,
    "Learning blind video temporal consistency", section 4, without the occlusion mask).
    """
    small = _small(frames)
    errors = []
    for before, after, flow in zip(small, small[1:], _flows(frames), strict=False):
        height, width = flow.shape[:2]
        columns, rows = np.meshgrid(np.arange(width), np.arange(height))
        across = (columns + flow[..., 0]).astype(np.float32)
        down = (rows + flow[..., 1]).astype(np.float32)
        moved = cv2.remap(before, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        errors.append(np.abs(moved.astype(np.float32) - after).mean())
    return float(np.mean(errors))


def flicker(frames: np.ndarray) -> float:
    """Return the mean absolute second difference in time, 0..255: jumps there and back."""
    small = _small(frames).astype(np.float32)
    return float(np.abs(small[2:] - 2 * small[1:-1] + small[:-2]).mean())


def measure_video(
    backend: EmbeddedVideoBackend, clips: ClipCache, held: list[int]
) -> dict[str, Any]:
    """Return what metrics.json says: mask modes, requests, steadiness and revision."""
    return {
        "mask_modes_psnr_db": measure_modes(backend, clips, held[:12]),
        "requests": measure_requests(backend),
        "revision": measure_revision(backend, clips, held[:6]),
    }


def measure_modes(
    backend: EmbeddedVideoBackend, clips: ClipCache, held: list[int]
) -> dict[str, float]:
    """Return how well held-out blocks are drawn from their caption with and without neighbours.

    PSNR of the decoded frames against the decoded truth, in the four modes of MCVD; "repeat" is
    what repeating the last known frame would give.
    """
    import torch

    from generation.core.creator import encode_prompts
    from generation.core.video.conditioning import Neighbours

    pipeline, block, start = backend.pipeline, backend.pipeline.block, 8
    rows: dict[str, list[float]] = {}
    for clip in held:
        truth = torch.from_numpy(clips.latents(clip, slice(start, start + block)).copy()).float()
        past = torch.from_numpy(clips.latents(clip, [start - 2, start - 1])).float()[None]
        future = torch.from_numpy(clips.latents(clip, [start + block])).float()[None]
        tokens, vectors = encode_prompts(backend.encoder, [clips.facts[clip].captions[0]])
        words = (torch.from_numpy(tokens), torch.from_numpy(vectors))
        wanted = pipeline.decode_latents(truth[None])[0]
        modes = {
            "unconditional": Neighbours(),
            "past": Neighbours(past=past),
            "future": Neighbours(future=future),
            "past_and_future": Neighbours(past=past, future=future),
        }
        for name, neighbours in modes.items():
            made = pipeline.draw_block(neighbours, words, torch.Generator().manual_seed(clip))
            rows.setdefault(name, []).append(psnr(pipeline.decode_latents(made)[0], wanted))
        still = pipeline.decode_latents(past[:, -1:].expand(-1, block, -1, -1, -1))[0]
        rows.setdefault("repeat", []).append(psnr(still, wanted))
    return {name: round(float(np.mean(values)), 2) for name, values in rows.items()}


def measure_requests(backend: EmbeddedVideoBackend, count: int = 32) -> dict[str, Any]:
    """Return how many of `count` clips show the type and colour asked for, and how they move.

    The type is judged by the encoder and the colour by measurement, on the middle frame.
    """
    colours = list(COLOURS)
    asked = [
        (TYPES[i % len(TYPES)], colours[(5 * i + i // 16) % len(colours)], CAMERAS[i % 2])
        for i in range(count)
    ]
    made = [
        _run(
            backend,
            VideoRequest(prompt=f"{colour} {kind}", camera=camera, seed=index, frames=16),
            upscaled=False,
        )
        for index, (kind, colour, camera) in enumerate(asked)
    ]
    stills = [clip[len(clip) // 2] for clip in made]
    types = nearest_words(backend.encoder, stills, TYPES)
    return {
        "count": count,
        "type": _mean([t == kind for t, (kind, _, _) in zip(types, asked, strict=True)]),
        "colour": _mean([has_colour(s, c) for s, (_, c, _) in zip(stills, asked, strict=True)]),
        "motion_px": _mean([motion(clip) for clip in made]),
        "warp_error": _mean([warp_error(clip) for clip in made]),
        "flicker": _mean([flicker(clip) for clip in made]),
    }


def measure_revision(
    backend: EmbeddedVideoBackend, clips: ClipCache, held: list[int]
) -> dict[str, Any]:
    """Return what recolouring does to held-out clips: is the colour there, what else has drifted.

    Drift is the mean absolute difference, 0..255, from the source outside the garment's changes:
    in the fifth of the pixels nearest to the frame's border.
    """
    colours = list(COLOURS)
    rows: dict[str, list[float]] = {}
    for index, clip in enumerate(held):
        latents = clips.latents(clip, slice(0, 16)).astype(np.float32)
        source = _decoded(backend, latents)
        taste, words = clips.facts[clip].taste, clips.facts[clip].captions[0]
        colour = next(c for c in colours[index % len(colours) :] + colours if c != taste["colour"])
        prompt = f"{colour} {words.split()[-1]}"
        request = VideoRequest(prompt=prompt, source=source, source_prompt=words, seed=index)
        made = backend.run(request).frames
        small = np.stack([cv2.resize(f, (120, 160), interpolation=cv2.INTER_AREA) for f in made])
        middle = small[len(small) // 2]
        rows.setdefault("colour_reached", []).append(has_colour(middle, colour))
        rows.setdefault("border_drift", []).append(_border_drift(source, small))
        rows.setdefault("warp_error", []).append(warp_error(small))
        rows.setdefault("warp_error_source", []).append(warp_error(source))
    return {"count": len(held), **{name: _mean(values) for name, values in rows.items()}}


def _border_drift(source: np.ndarray, made: np.ndarray) -> float:
    """Return the mean absolute difference in a frame of a tenth of the width around the picture."""
    apart = np.abs(source.astype(np.float32) - made).mean(axis=(0, 3))
    height, width = apart.shape
    edge = np.ones_like(apart, bool)
    edge[height // 10 : -height // 10, width // 10 : -width // 10] = False
    return float(apart[edge].mean())


def _decoded(backend: EmbeddedVideoBackend, latents: np.ndarray) -> np.ndarray:
    import torch

    return backend.pipeline.decode_latents(torch.from_numpy(latents)[None])[0]


def _run(backend: VideoBackend, request: VideoRequest, upscaled: bool) -> np.ndarray:
    """Return the clip's frames; small ones where the backend can skip super-resolution."""
    if upscaled or not hasattr(backend, "run_small"):
        return backend.run(request).frames
    return backend.run_small(request)


def _small(frames: np.ndarray) -> np.ndarray:
    height = round(120 * frames.shape[1] / frames.shape[2])
    if frames.shape[1:3] == (height, 120):
        return frames
    return np.stack([cv2.resize(f, (120, height), interpolation=cv2.INTER_AREA) for f in frames])


def _flows(frames: np.ndarray) -> list[np.ndarray]:
    """Return the optical flow from each frame back to the one before, (h, w, 2) each."""
    grey = [cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in _small(frames)]
    return [
        cv2.calcOpticalFlowFarneback(
            after, before, np.zeros((*after.shape, 2), np.float32), 0.5, 3, 15, 3, 5, 1.2, 0
        )
        for before, after in pairwise(grey)
    ]


def _mean(values: Sequence[float | bool]) -> float:
    return round(float(np.mean(values)), 3)
