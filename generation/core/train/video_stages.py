"""The stages of the video creator's training: data, denoiser, export with measurements."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from generation.core.creator import WEIGHTS
from generation.core.pipelines import WeftPicturePipeline, use_plain_attention
from generation.core.train.denoiser import HistoryTable, TextTable
from generation.core.train.saving import commit_of_code, forget_paths
from generation.core.train.sources import encode_captions
from generation.core.train.video import LIKED, VideoData, VideoDenoiser, train_video
from generation.core.train.video_cache import ClipCache
from generation.core.video.conditioning import TasteProjector
from generation.core.video.flow import unet_from_picture, video_scheduler
from generation.core.video.pipeline import WeftVideoPipeline, encoder_hash
from vision.encoder import EMBEDDED, Encoder, load_encoder

logger = logging.getLogger(__name__)

# Frames drawn together. Four fit the width of the image creator's first layer.
FRAMES = 4
# Clips kept out of training, the last ones of the cache, for measuring.
HELD = 200
# Wordings of a clip that are learnt: three without and three with the camera's way.
WORDINGS = (0, 1, 3, 5, 6, 8)


@dataclass(frozen=True)
class VideoPlan:
    """One training: where it works and writes, for how long, and how it was asked for.

    start: folder of the image creator whose weights it begins with. goes_on: folder of a video
    creator to go on from instead, at the peak rate `rate`. device, workers, scale: as in `Plan`.
    """

    work: Path
    out: Path
    minutes: float
    seed: int = 1
    start: Path = WEIGHTS
    goes_on: Path | None = None
    rate: float = 3e-4
    command: str = ""
    device: str = "cpu"
    workers: int = 0
    scale: int = 1


def run_stages(plan: VideoPlan, only: list[str] | None = None) -> dict[str, Any]:
    """Run the stages (denoiser, export) named in `only`, or both; "draw" is the caller's."""
    stages: dict[str, Callable[[VideoPlan], dict[str, Any]]] = {
        "denoiser": run_denoiser,
        "export": run_export,
    }
    unknown = set(only or ()) - set(stages) - {"draw"}
    if unknown:
        raise ValueError(f"unknown stages {sorted(unknown)}; there are draw, denoiser, export")
    return {name: stage(plan) for name, stage in stages.items() if not only or name in only}


def image_creator(folder: Path = WEIGHTS) -> WeftPicturePipeline:
    """Return the image creator in float32: its encoder makes the latents, its U-Net the start."""
    return WeftPicturePipeline.from_pretrained(
        folder,
        dtype=torch.float32,
        local_files_only=True,
        use_safetensors=True,
        low_cpu_mem_usage=False,
    )


def run_denoiser(plan: VideoPlan) -> dict[str, Any]:
    """Train from the image creator's weights; save the model and a sheet of samples on the way."""
    creator = image_creator(plan.start)
    data = video_data(plan.work, load_encoder(EMBEDDED).on(plan.device), plan.workers)
    model = start_from(creator) if plan.goes_on is None else load_video_model(plan.goes_on)

    def on_sample(average: VideoDenoiser, step: int) -> None:
        save_video_model(plan, average, encoder_hash(creator.vae))
        save_samples(plan, plan.work / "samples" / f"{step:06d}.png")

    run = train_video(
        model,
        data,
        folder=plan.work / ("denoiser" if plan.goes_on is None else "denoiser-later"),
        minutes=plan.minutes,
        seed=plan.seed,
        batch=48 * plan.scale,
        rate=plan.rate,
        on_sample=on_sample,
        device=plan.device,
        workers=plan.workers,
    )
    on_sample(run.average.module, run.step)
    notes = {"steps": run.step, "loss": round(float(np.mean(run.losses[-200:])), 4)}
    (plan.work / "run.json").write_text(json.dumps(notes | {"clips": data.count}))
    return notes


def run_export(plan: VideoPlan) -> dict[str, Any]:
    """Measure the saved model on held-out clips and requests, and write metrics.json."""
    from generation.core.video.creator import EmbeddedVideoBackend
    from generation.core.video.metrics import measure_video

    backend = EmbeddedVideoBackend.load(plan.out)
    clips = ClipCache(plan.work / "clips")
    held = range(len(clips) - HELD, len(clips))
    notes = json.loads((plan.work / "run.json").read_text())
    metrics = {
        "command": plan.command,
        "commit": commit_of_code(),
        "seed": plan.seed,
        "minutes": plan.minutes,
        "data": f"{notes['clips']} clips of {clips.frames} frames drawn by the demo world, "
        f"{HELD} more held out",
        "starts_from": "the image creator's U-Net and projector in weights/embedded",
        "encoder": backend.encoder.name,
        "frames_a_block": backend.pipeline.block,
        "steps": notes["steps"],
        "parameters": {
            "unet": sum(p.numel() for p in backend.pipeline.unet.parameters()),
            "history": sum(p.numel() for p in backend.pipeline.history.parameters()),
        },
        **measure_video(backend, clips, list(held)),
    }
    (plan.out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    curve = plan.work / "denoiser" / "curve.jsonl"
    if curve.exists():
        shutil.copy(curve, plan.out / "loss.jsonl")
    return metrics


def start_from(creator: WeftPicturePipeline) -> VideoDenoiser:
    """Return the untrained video creator, which draws the image creator's picture F times."""
    history = TasteProjector.from_config(dict(creator.history.config))
    history.load_state_dict(creator.history.state_dict())
    return VideoDenoiser(unet_from_picture(creator.unet, FRAMES), history)


def load_video_model(folder: Path) -> VideoDenoiser:
    """Return the trained parts of a video creator in float32."""
    pipeline = WeftVideoPipeline.from_pretrained(
        folder, dtype=torch.float32, local_files_only=True, low_cpu_mem_usage=False
    )
    return VideoDenoiser(pipeline.unet, pipeline.history)


def video_data(work: Path, encoder: Encoder, workers: int = 1) -> VideoData:
    """Return the clips of `work`/clips with their conditions; the posters' vectors are kept."""
    clips = ClipCache(work / "clips")
    count = max(len(clips) - HELD, 1)
    facts = [
        type(one)(tuple(one.captions[i] for i in WORDINGS if i < len(one.captions)), one.taste)
        for one in clips.facts[:count]
    ]
    return VideoData(
        clips=clips,
        count=count,
        frames=FRAMES,
        texts=TextTable(facts, lambda texts: encode_captions(encoder, texts, workers)),
        likes=HistoryTable(facts, poster_vectors(clips, encoder, count), max_history=LIKED),
    )


def poster_vectors(clips: ClipCache, encoder: Encoder, count: int) -> np.ndarray:
    """Return the encoder's vectors (N, D) of the first `count` posters, kept beside the clips."""
    file = clips.folder / f"vectors-{encoder.name.replace(':', '-')}.npy"
    kept = np.load(file) if file.exists() else np.zeros((0, encoder.dim), np.float32)
    if len(kept) < count:
        new = encoder.encode_array(np.stack([clips.poster(i) for i in range(len(kept), count)]))
        kept = np.concatenate([kept, new])
        np.save(file, kept)
    return kept[:count]


def save_video_model(plan: VideoPlan, model: VideoDenoiser, latents_of: str) -> None:
    """Write U-Net, projector and scheduler to `plan.out` as fp16 safetensors."""
    full = plan.work / "full"
    pipeline = WeftVideoPipeline(
        unet=model.unet,
        history=model.history,
        scheduler=video_scheduler(FRAMES),
        latents_of=latents_of,
    )
    # A copy in half precision: the model being trained stays as it is.
    pipeline.save_pretrained(full, safe_serialization=True)
    half = WeftVideoPipeline.from_pretrained(
        full, dtype=torch.float16, local_files_only=True, low_cpu_mem_usage=False
    )
    half.save_pretrained(plan.out, safe_serialization=True)
    forget_paths(plan.out)
    use_plain_attention(model.unet)


def save_samples(plan: VideoPlan, file: Path) -> None:
    """Write film strips of what the saved model makes of a few prompts."""
    from generation.core.video.creator import EmbeddedVideoBackend
    from generation.core.video.metrics import SAMPLE_PROMPTS, clip_sheet

    file.parent.mkdir(parents=True, exist_ok=True)
    sheet = clip_sheet(EmbeddedVideoBackend.load(plan.out), SAMPLE_PROMPTS[::2], upscaled=False)
    cv2.imwrite(str(file), sheet[:, :, ::-1])
