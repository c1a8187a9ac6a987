"""The whole training of the embedded creator, part after part, each resumable by itself."""

from __future__ import annotations

from vision import torchvision_guard  # noqa: F401

# isort: split
# The guard comes first: diffusers imports torchvision.
import dataclasses
import json
import logging
import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from generation.core.autoencoder import PatchAutoencoder
from generation.core.creator import EmbeddedBackend
from generation.core.metrics import measure_autoencoder, measure_requests, measure_upscaler
from generation.core.superres import SuperResolver
from generation.core.train.autoencoder import encode_images, fit_patches, train_autoencoder
from generation.core.train.cache import PictureCache
from generation.core.train.denoiser import (
    Denoiser,
    DenoiserData,
    build_denoiser,
    train_denoiser,
)
from generation.core.train.plan import Plan
from generation.core.train.polish import Finisher, guess_latents, train_polish
from generation.core.train.saving import (
    commit_of_code,
    load_upscaler,
    load_vae,
    save_pipeline,
    save_sheet,
    started_denoiser,
    take_parts,
    trained_denoiser,
)
from generation.core.train.sources import (
    HELD,
    data_of,
    denoiser_data,
    load_sources,
    photograph_files,
    training_images,
)
from generation.core.train.superres import DrawnPairs, photo_pair, train_superres
from vision.encoder import EMBEDDED, load_encoder

logger = logging.getLogger(__name__)

# Shares of the minutes. The denoiser decides how good the pictures are.
SHARES = {"vae": 0.1, "superres": 0.1, "denoiser": 0.65, "polish": 0.15}
# Rate of the denoiser: from nothing, and when it goes on from a finished one.
RATE, LATER_RATE = 8e-4, 7e-4


# The shape of the autoencoder: eight pixels to one cell of 24 channels.
AUTOENCODER: dict[str, Any] = {
    "patch": 8,
    "widths": (160, 96, 40),
    "blocks": (3, 2, 1),
    "encoder_blocks": 2,
}
# How often every type is asked for in the measured requests.
REQUEST_TURNS = 6


def run_plan(plan: Plan, only: list[str] | None = None) -> dict[str, Any]:
    """Run the stages (vae, superres, denoiser, polish, export) named in `only`, or all."""
    stages: dict[str, Callable[[Plan], dict[str, Any]]] = {
        "vae": run_autoencoder,
        "superres": run_superres,
        "denoiser": run_denoiser,
        "polish": run_polish,
        "export": run_export,
    }
    unknown = set(only or ()) - set(stages)
    if unknown:
        raise ValueError(f"unknown stages {sorted(unknown)}; there are {sorted(stages)}")
    if plan.start is not None:
        take_parts(plan.work, plan.start)
    results = {}
    for name, stage in stages.items():
        if not only or name in only:
            logger.info("Stage %s", name)
            results[name] = stage(plan)
    return results


def run_autoencoder(plan: Plan) -> dict[str, Any]:
    """Train the autoencoder on drawings, and on photographs if there are any."""
    images = training_images(plan)
    torch.manual_seed(plan.seed)
    model = PatchAutoencoder(**AUTOENCODER)
    kept = fit_patches(model, images, plan.seed)
    run = train_autoencoder(
        model,
        images,
        folder=plan.work / "vae",
        minutes=plan.minutes * SHARES["vae"],
        seed=plan.seed,
        batch=16 * plan.scale,
        device=plan.device,
    )
    run.average.module.save_pretrained(plan.work / "parts" / "vae")
    return {"variance_kept_by_pca": round(kept, 4), "steps": run.step}


def run_superres(plan: Plan) -> dict[str, Any]:
    """Train super-resolution on drawings as the autoencoder gives them back."""
    cache = PictureCache.load(plan.work / "cache")
    count = len(cache.large) - HELD // 4
    pairs = DrawnPairs(
        _decoded(load_vae(plan), cache.images[:count], plan.seed),
        cache.large[:count],
        photograph_files(plan),
    )
    torch.manual_seed(plan.seed)
    run = train_superres(
        SuperResolver(),
        pairs,
        folder=plan.work / "superres",
        minutes=plan.minutes * SHARES["superres"],
        seed=plan.seed,
        batch=16 * min(plan.scale, 4),
        device=plan.device,
        workers=plan.workers,
    )
    run.average.module.save_pretrained(plan.work / "parts" / "upscaler")
    return {"steps": run.step}


def run_denoiser(plan: Plan) -> dict[str, Any]:
    """Train the denoiser and save a picture of samples and the pipeline now and then."""
    data = denoiser_data(plan, load_encoder(EMBEDDED).on(plan.device))
    torch.manual_seed(plan.seed)
    model = denoiser_for(data) if plan.start is None else started_denoiser(plan.start)

    def on_sample(average: Denoiser, step: int) -> None:
        save_pipeline(plan, average)
        save_sheet(plan.out, plan.work / "samples" / f"{step:06d}.png")

    run = train_denoiser(
        model,
        data,
        folder=plan.work / "denoiser",
        minutes=plan.minutes * SHARES["denoiser"],
        seed=plan.seed,
        batch=64 * plan.scale,
        rate=RATE if plan.start is None else LATER_RATE,
        on_sample=on_sample,
        device=plan.device,
        workers=plan.workers,
    )
    on_sample(run.average.module, run.step)
    recent = run.losses[-200:]
    return {"steps": run.step, "loss": round(float(np.mean(recent)), 4) if recent else None}


def run_polish(plan: Plan) -> dict[str, Any]:
    """Train decoder and super-resolution on what the trained denoiser makes, and save again."""
    model = trained_denoiser(plan)
    large = [dataclasses.replace(s, count=s.large) for s in load_sources(plan)]
    data = data_of(plan, load_encoder(EMBEDDED).on(plan.device), large)
    latents = guess_latents(model, data, len(data.latents), plan.seed, device=plan.device)
    files = photograph_files(plan)
    upscaler = load_upscaler(plan) or SuperResolver()
    run = train_polish(
        Finisher(load_vae(plan), upscaler),
        latents,
        np.concatenate([s.cache.images[: s.count] for s in large]),
        np.concatenate([s.cache.large[: s.count] for s in large]),
        folder=plan.work / "polish",
        minutes=plan.minutes * SHARES["polish"],
        photographs=(lambda rng: photo_pair(files, rng)) if files else None,
        seed=plan.seed,
        batch=12 * min(plan.scale, 4),
        device=plan.device,
        workers=plan.workers,
    )
    run.average.module.vae.save_pretrained(plan.work / "parts" / "vae")
    run.average.module.upscaler.save_pretrained(plan.work / "parts" / "upscaler")
    save_pipeline(plan, model.cpu())
    return {"steps": run.step}


def run_export(plan: Plan) -> dict[str, Any]:
    """Measure the saved pipeline on held-out pictures and requests, and write metrics.json."""
    backend = EmbeddedBackend.load(plan.out)
    cache = PictureCache.load(plan.work / "cache")
    large = slice(len(cache.large) - HELD // 4, len(cache.large))
    metrics = {
        "command": plan.command,
        "commit": commit_of_code(),
        "seed": plan.seed,
        "data": f"{len(cache)} garments drawn by the demo world, {len(cache.large)} of them large",
        "encoder": backend.encoder.name,
        "autoencoder": measure_autoencoder(backend.pipeline, cache.images[-HELD:]),
        "upscaler": measure_upscaler(backend.pipeline, cache.images[large], cache.large[large]),
        "requests": measure_requests(backend, REQUEST_TURNS),
    }
    if (plan.work / "photographs-held").exists():
        metrics |= _measure_photographs(plan, backend)
    curve = plan.work / "denoiser" / "curve.jsonl"
    if curve.exists():
        shutil.copy(curve, plan.out / "loss.jsonl")
    (plan.out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    return metrics


def _measure_photographs(plan: Plan, backend: EmbeddedBackend) -> dict[str, Any]:
    """Return the measures on photographs of held-out senders and on requests for photographs."""
    held = PictureCache.load(plan.work / "photographs-held")
    made = len(PictureCache.load(plan.work / "photographs"))
    shown = held.images[: len(held.large)]
    return {
        "data_photographs": f"{made} made of the wardrobe's photographs, 15 % of its senders held",
        "autoencoder_photographs": measure_autoencoder(backend.pipeline, held.images),
        "upscaler_photographs": measure_upscaler(backend.pipeline, shown, held.large),
        "requests_photographs": measure_requests(backend, REQUEST_TURNS, look="photo"),
    }


def denoiser_for(data: DenoiserData) -> Denoiser:
    """Return an untrained denoiser of the data's shapes."""
    return build_denoiser(
        latent_channels=data.latents.shape[1],
        sample_size=data.latents.shape[2:],
        text_width=data.texts.tokens.shape[2],
        embed_dim=data.texts.vectors.shape[1],
        max_text=min(data.texts.tokens.shape[1], 24),
    )


@torch.inference_mode()
def _decoded(
    vae: PatchAutoencoder, images: np.ndarray, seed: int, noise: float = 0.12
) -> np.ndarray:
    """Return the pictures after the autoencoder, latents a little off, as sampled ones are."""
    from generation.core.superres import tensor_to_images

    generator = torch.Generator().manual_seed(seed)
    rows = []
    for start in range(0, len(images), 32):
        latents = torch.from_numpy(encode_images(vae, images[start : start + 32])).float()
        share = noise * torch.rand(len(latents), 1, 1, 1, generator=generator)
        off = share * torch.randn(latents.shape, generator=generator)
        rows.append(tensor_to_images(vae.decode(latents + off)))
    return np.concatenate(rows)
