"""The whole training of the embedded creator, part after part, each resumable by itself."""

from __future__ import annotations

from vision import torchvision_guard  # noqa: F401

# isort: split
# The guard comes first: diffusers imports torchvision.
import json
import logging
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from diffusers import DPMSolverMultistepScheduler

from generation.core.autoencoder import PatchAutoencoder
from generation.core.creator import EmbeddedBackend, encode_prompts
from generation.core.metrics import measure_autoencoder, measure_requests, measure_upscaler
from generation.core.pipelines import WeftPicturePipeline, use_plain_attention
from generation.core.superres import SuperResolver
from generation.core.train.autoencoder import encode_images, fit_patches, train_autoencoder
from generation.core.train.cache import PictureCache
from generation.core.train.denoiser import (
    Denoiser,
    DenoiserData,
    HistoryTable,
    TextTable,
    build_denoiser,
    train_denoiser,
)
from generation.core.train.polish import Finisher, guess_latents, train_polish
from generation.core.train.superres import DrawnPairs, photo_pair, train_superres
from vision.encoder import EMBEDDED, Encoder, load_encoder

logger = logging.getLogger(__name__)

# Shares of the minutes. The denoiser decides how good the pictures are.
SHARES = {"vae": 0.1, "superres": 0.1, "denoiser": 0.65, "polish": 0.15}
# Pictures kept out of training, the last ones of the cache, for measuring.
HELD = 200
SAMPLE_PROMPTS = (
    "black skirt",
    "yellow floral dress",
    "navy striped longsleeve",
    "red hat",
    "white shoes",
    "green hoodie",
    "beige blazer",
    "blue pants",
    "pink polo",
    "brown outwear",
    "purple dotted top",
    "orange shorts",
)


@dataclass(frozen=True)
class Plan:
    """One training: where it works and writes, for how long, and how it was asked for."""

    work: Path
    out: Path
    minutes: float
    seed: int = 1
    photographs: Path | None = None
    command: str = ""


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
    results = {}
    for name, stage in stages.items():
        if not only or name in only:
            logger.info("Stage %s", name)
            results[name] = stage(plan)
    return results


def run_autoencoder(plan: Plan) -> dict[str, Any]:
    """Train the autoencoder on drawings, and on photographs if there are any."""
    images = _training_images(plan)
    torch.manual_seed(plan.seed)
    model = PatchAutoencoder()
    kept = fit_patches(model, images, plan.seed)
    minutes = plan.minutes * SHARES["vae"]
    run = train_autoencoder(
        model, images, folder=plan.work / "vae", minutes=minutes, seed=plan.seed
    )
    run.average.module.save_pretrained(plan.work / "parts" / "vae")
    return {"variance_kept_by_pca": round(kept, 4), "steps": run.step}


def run_superres(plan: Plan) -> dict[str, Any]:
    """Train super-resolution on drawings as the autoencoder gives them back."""
    cache = PictureCache.load(plan.work / "cache")
    count = len(cache.large) - HELD // 4
    pairs = DrawnPairs(
        _decoded(_load_vae(plan), cache.images[:count], plan.seed),
        cache.large[:count],
        _photograph_files(plan),
    )
    torch.manual_seed(plan.seed)
    run = train_superres(
        SuperResolver(),
        pairs,
        folder=plan.work / "superres",
        minutes=plan.minutes * SHARES["superres"],
        seed=plan.seed,
    )
    run.average.module.save_pretrained(plan.work / "parts" / "upscaler")
    return {"steps": run.step}


def run_denoiser(plan: Plan) -> dict[str, Any]:
    """Train the denoiser and save a picture of samples and the pipeline now and then."""
    encoder = load_encoder(EMBEDDED)
    data = denoiser_data(plan, encoder)
    torch.manual_seed(plan.seed)
    model = denoiser_for(data)

    def on_sample(average: Denoiser, step: int) -> None:
        save_pipeline(plan, average)
        save_sheet(plan.out, plan.work / "samples" / f"{step:06d}.png")

    run = train_denoiser(
        model,
        data,
        folder=plan.work / "denoiser",
        minutes=plan.minutes * SHARES["denoiser"],
        seed=plan.seed,
        on_sample=on_sample,
    )
    on_sample(run.average.module, run.step)
    return {"steps": run.step, "loss": round(float(np.mean(run.losses[-200:])), 4)}


def run_polish(plan: Plan) -> dict[str, Any]:
    """Train decoder and super-resolution on what the trained denoiser makes, and save again."""
    model = _trained_denoiser(plan)
    cache = PictureCache.load(plan.work / "cache")
    count = len(cache.large) - HELD // 4
    data = denoiser_data(plan, load_encoder(EMBEDDED), count)
    latents = guess_latents(model, data, count, plan.seed)
    files = _photograph_files(plan)
    upscaler = _load_upscaler(plan) or SuperResolver()
    run = train_polish(
        Finisher(_load_vae(plan), upscaler),
        latents,
        cache.images[:count],
        cache.large[:count],
        folder=plan.work / "polish",
        minutes=plan.minutes * SHARES["polish"],
        photographs=(lambda rng: photo_pair(files, rng)) if files else None,
        seed=plan.seed,
    )
    run.average.module.vae.save_pretrained(plan.work / "parts" / "vae")
    run.average.module.upscaler.save_pretrained(plan.work / "parts" / "upscaler")
    save_pipeline(plan, model)
    return {"steps": run.step}


def run_export(plan: Plan) -> dict[str, Any]:
    """Measure the saved pipeline on held-out pictures and requests, and write metrics.json."""
    backend = EmbeddedBackend.load(plan.out)
    cache = PictureCache.load(plan.work / "cache")
    large = slice(len(cache.large) - HELD // 4, len(cache.large))
    metrics = {
        "command": plan.command,
        "commit": _commit(),
        "seed": plan.seed,
        "data": f"{len(cache)} garments drawn by the demo world, {len(cache.large)} of them large",
        "encoder": backend.encoder.name,
        "autoencoder": measure_autoencoder(backend.pipeline, cache.images[-HELD:]),
        "upscaler": measure_upscaler(backend.pipeline, cache.images[large], cache.large[large]),
        "requests": measure_requests(backend),
    }
    (plan.out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    return metrics


def denoiser_data(plan: Plan, encoder: Encoder, most: int | None = None) -> DenoiserData:
    """Return latents and conditions of the first `most` training pictures, or of all of them.

    Image vectors are kept on disk.
    """
    cache = PictureCache.load(plan.work / "cache")
    trained = len(cache) - HELD
    count = min(most or trained, trained)
    facts = cache.facts[:count]
    file = plan.work / "cache" / f"vectors-{encoder.name.replace(':', '-')}.npy"
    if not file.exists():
        np.save(file, encoder.encode_images(list(cache.images[:trained])))
    return DenoiserData(
        latents=encode_images(_load_vae(plan), cache.images[:count]),
        texts=TextTable(facts, lambda texts: encode_prompts(encoder, texts)),
        history=HistoryTable(facts, np.load(file)[:count], max_history=8),
    )


def _trained_denoiser(plan: Plan) -> Denoiser:
    """Return the denoiser of the pipeline saved last."""
    pipeline = WeftPicturePipeline.from_pretrained(
        plan.work / "full", local_files_only=True, low_cpu_mem_usage=False
    )
    use_plain_attention(pipeline.unet)
    return Denoiser(pipeline.unet, pipeline.history).eval()


def denoiser_for(data: DenoiserData) -> Denoiser:
    """Return an untrained denoiser of the data's shapes."""
    return build_denoiser(
        latent_channels=data.latents.shape[1],
        sample_size=data.latents.shape[2:],
        text_width=data.texts.tokens.shape[2],
        embed_dim=data.texts.vectors.shape[1],
        max_text=min(data.texts.tokens.shape[1], 24),
    )


def save_pipeline(plan: Plan, model: Denoiser) -> None:
    """Write the pipeline with this denoiser to `plan.out`, fp16 safetensors."""
    pipeline = WeftPicturePipeline(
        vae=_load_vae(plan),
        unet=model.unet,
        history=model.history,
        scheduler=flow_scheduler(),
        upscaler=_load_upscaler(plan),
    )
    # A copy in half precision: the model being trained stays as it is.
    pipeline.save_pretrained(plan.work / "full", safe_serialization=True)
    half = WeftPicturePipeline.from_pretrained(
        plan.work / "full",
        dtype=torch.float16,
        local_files_only=True,
        low_cpu_mem_usage=False,
    )
    half.save_pretrained(plan.out, safe_serialization=True)
    _forget_paths(plan.out)


def _forget_paths(folder: Path) -> None:
    """Take the folders of the machine that trained out of the configurations under `folder`."""
    for file in folder.rglob("*.json"):
        settings = json.loads(file.read_text())
        settings.pop("_name_or_path", None)
        file.write_text(json.dumps(settings, indent=2) + "\n")


def save_sheet(folder: Path, file: Path) -> None:
    """Write a picture of what the saved pipeline makes of the sample prompts."""
    from generation.core.metrics import contact_sheet

    backend = EmbeddedBackend.load(folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    sheet = contact_sheet(backend, SAMPLE_PROMPTS)
    cv2.imwrite(str(file), sheet[:, :, ::-1])


def flow_scheduler() -> DPMSolverMultistepScheduler:
    """Return DPM-Solver++ (2M) on the straight paths the denoiser is trained on."""
    return DPMSolverMultistepScheduler(
        prediction_type="flow_prediction",
        use_flow_sigmas=True,
        flow_shift=1.0,
        solver_order=2,
        algorithm_type="dpmsolver++",
    )


def _training_images(plan: Plan) -> np.ndarray:
    """Return the cache's training pictures, then photographs, (N, H, W, 3)."""
    from generation.core.creator import fit_image

    images = PictureCache.load(plan.work / "cache").images[:-HELD]
    height, width = images.shape[1:3]
    photographs = [cv2.imread(str(file)) for file in _photograph_files(plan)[:3000]]
    fitted = [fit_image(one[:, :, ::-1], height, width) for one in photographs if one is not None]
    return np.concatenate([images, np.stack(fitted)]) if fitted else images


def _photograph_files(plan: Plan) -> list[Path]:
    if plan.photographs is None:
        return []
    return sorted((plan.photographs / "images").glob("*.jpg"))


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


def _load_vae(plan: Plan) -> PatchAutoencoder:
    return PatchAutoencoder.from_pretrained(
        plan.work / "parts" / "vae", local_files_only=True, low_cpu_mem_usage=False
    ).eval()


def _load_upscaler(plan: Plan) -> SuperResolver | None:
    folder = plan.work / "parts" / "upscaler"
    if not folder.exists():
        return None
    return SuperResolver.from_pretrained(folder, local_files_only=True, low_cpu_mem_usage=False)


def _commit() -> str:
    """Return the commit of the code that trained, or "unknown" outside a checkout."""
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"],  # noqa: S607  (whichever git made the checkout)
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() or "unknown"
