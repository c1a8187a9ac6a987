"""The whole training of the embedded creator, part after part, each resumable by itself."""

from __future__ import annotations

from vision import torchvision_guard  # noqa: F401

# isort: split
# The guard comes first: diffusers imports torchvision.
import dataclasses
import hashlib
import json
import logging
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from diffusers import DPMSolverMultistepScheduler

from common.processes import in_order
from generation.core.autoencoder import PatchAutoencoder
from generation.core.creator import LOOK_SHIFT, EmbeddedBackend, encode_tokens
from generation.core.metrics import measure_autoencoder, measure_requests, measure_upscaler
from generation.core.pipelines import WeftPicturePipeline, use_plain_attention
from generation.core.superres import SuperResolver
from generation.core.train.autoencoder import encode_images, fit_patches, train_autoencoder
from generation.core.train.cache import Facts, PictureCache
from generation.core.train.denoiser import (
    Denoiser,
    DenoiserData,
    HistoryTable,
    TextTable,
    build_denoiser,
    train_denoiser,
)
from generation.core.train.photographs import learnt_files
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
    "white trainers",
    "green hoodie",
    "photo of a black skirt",
    "photo of a yellow floral dress",
    "photo of a navy striped longsleeve",
    "photo of a red hat",
    "photo of white shoes",
    "photo of a green hoodie",
    "beige blazer, photo",
    "blue pants, photo",
    "pink polo, photo",
    "brown outwear, photo",
    "purple dotted t-shirt, photo",
    "orange shorts, photo",
)
# Rate of the denoiser: from nothing, and when it goes on from a finished one.
RATE, LATER_RATE = 8e-4, 7e-4


@dataclass(frozen=True)
class Plan:
    """One training: where it works and writes, for how long, and how it was asked for.

    device: "cpu" or "cuda", with `workers` processes that draw what is learnt next; batches are
    `scale` times as large as on a processor. photographs: folder of the wardrobe. start: folder of
    a finished pipeline whose weights the denoiser and the polishing go on from; its autoencoder
    stays, so the first two stages are not needed.
    """

    work: Path
    out: Path
    minutes: float
    seed: int = 1
    photographs: Path | None = None
    start: Path | None = None
    command: str = ""
    device: str = "cpu"
    workers: int = 0
    scale: int = 1


# The shape of the autoencoder: eight pixels to one cell of 24 channels.
AUTOENCODER: dict[str, Any] = {
    "patch": 8,
    "widths": (160, 96, 40),
    "blocks": (3, 2, 1),
    "encoder_blocks": 2,
}
# Texts that the encoder reads at once.
ENCODED = 512
# How often every type is asked for in the measured requests.
REQUEST_TURNS = 6
# Of the pictures the denoiser sees, photographs.
PHOTO_SHARE = 0.5


@dataclass(frozen=True)
class Source:
    """A cache, how many of its pictures are learnt from (the first ones), and how often.

    share: of the pictures the denoiser sees, those from here.
    """

    cache: PictureCache
    count: int
    large: int
    share: float = 1.0


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
        _take_parts(plan.work, plan.start)
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
    model = denoiser_for(data) if plan.start is None else _started_denoiser(plan.start)

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
    model = _trained_denoiser(plan)
    large = [dataclasses.replace(s, count=s.large) for s in load_sources(plan)]
    data = _denoiser_data(plan, load_encoder(EMBEDDED).on(plan.device), large)
    latents = guess_latents(model, data, len(data.latents), plan.seed, device=plan.device)
    files = _photograph_files(plan)
    upscaler = _load_upscaler(plan) or SuperResolver()
    run = train_polish(
        Finisher(_load_vae(plan), upscaler),
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
        "commit": _commit(),
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


def load_sources(plan: Plan) -> list[Source]:
    """Return what is learnt from: the drawings, then the photographs if they were prepared."""
    drawn = PictureCache.load(plan.work / "cache")
    drawings = Source(drawn, len(drawn) - HELD, len(drawn.large) - HELD // 4)
    if not (plan.work / "photographs").exists():
        return [drawings]
    made = PictureCache.load(plan.work / "photographs")
    photographs = Source(made, len(made), len(made.large), PHOTO_SHARE)
    return [dataclasses.replace(drawings, share=1 - PHOTO_SHARE), photographs]


def denoiser_data(plan: Plan, encoder: Encoder) -> DenoiserData:
    """Return latents and conditions of all that is learnt from."""
    return _denoiser_data(plan, encoder, load_sources(plan))


def _denoiser_data(plan: Plan, encoder: Encoder, sources: list[Source]) -> DenoiserData:
    """Return latents and conditions of each source's first `count` pictures, source by source.

    Liked items come from every source, so that they say nothing about drawn or photographed.
    """
    vae = _load_vae(plan).to(plan.device)
    facts = [_shortened(f) for source in sources for f in source.cache.facts[: source.count]]
    latents = [_latents(vae, source) for source in sources]
    vectors = [_vectors(encoder, source) for source in sources]
    return DenoiserData(
        latents=np.concatenate(latents),
        texts=_texts(plan, encoder, facts),
        history=HistoryTable(facts, np.concatenate(vectors), max_history=8),
        weights=np.concatenate([_weights(source) for source in sources]),
    )


def _weights(source: Source) -> np.ndarray:
    """Return how often each picture of a source is shown; they sum to the source's share.

    Photographs on their own ground are for the decoder alone: a small denoiser that learns floors
    and curtains learns garments less well.
    """
    facts = source.cache.facts[: source.count]
    shown = np.array([bool(one.taste) or not one.photo for one in facts], float)
    weights: np.ndarray = source.share * shown / shown.sum()
    return weights


def _texts(plan: Plan, encoder: Encoder, facts: list[Facts]) -> TextTable:
    """Return the table of captions, kept on disk for the next start."""
    told = json.dumps([encoder.name, LOOK_SHIFT, [one.captions for one in facts]])
    file = plan.work / f"texts-{hashlib.sha256(told.encode()).hexdigest()[:12]}.npz"
    kept = np.load(file) if file.exists() else None
    table = TextTable(
        facts,
        lambda texts: encode_captions(encoder, texts, plan.workers),
        known=None if kept is None else (kept["tokens"], kept["vectors"]),
    )
    if kept is None:
        np.savez(file, tokens=table.tokens, vectors=table.vectors)
    return table


def encode_captions(
    encoder: Encoder, texts: list[str], processes: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Return what `encode_prompts` does, of many texts: tokens (N, L, W) are float16."""
    chunks = [texts[start : start + ENCODED] for start in range(0, len(texts), ENCODED)]
    numbers = in_order(encoder.tokenizer, ((chunk,) for chunk in chunks), processes)
    parts = [encode_tokens(encoder, *pair) for pair in zip(chunks, numbers, strict=True)]
    tokens, vectors = zip(*((one.astype(np.float16), two) for one, two in parts), strict=True)
    return np.concatenate(tokens), np.concatenate(vectors)


def _shortened(facts: Facts) -> Facts:
    """Return the facts with the canonical caption and the last two: encoding words takes long."""
    return dataclasses.replace(facts, captions=(facts.captions[0], *facts.captions[1:][-2:]))


def _latents(vae: PatchAutoencoder, source: Source) -> np.ndarray:
    """Return latents of the source's pictures, kept on disk for the next start."""
    images = source.cache.images
    sample = hashlib.sha256(encode_images(vae, images[:4]).tobytes()).hexdigest()[:12]
    file = source.cache.folder / f"latents-{sample}.npy"
    return _kept(file, source.count, lambda: encode_images(vae, images[: source.count]))


def _vectors(encoder: Encoder, source: Source) -> np.ndarray:
    """Return the encoder's vectors of the source's pictures, kept on disk likewise."""
    file = source.cache.folder / f"vectors-{encoder.name.replace(':', '-')}.npy"
    images = source.cache.images
    return _kept(file, source.count, lambda: encoder.encode_array(images[: source.count]))


def _kept(file: Path, count: int, make: Callable[[], np.ndarray]) -> np.ndarray:
    """Return the first `count` rows of the file; made and written first if it has fewer."""
    if file.exists():
        rows: np.ndarray = np.load(file)
        if len(rows) >= count:
            return rows[:count]
    rows = make()
    np.save(file, rows)
    return rows


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


def _take_parts(work: Path, start: Path) -> None:
    """Copy autoencoder and super-resolution of the start, unless a stage made them already."""
    pipeline = _load_pipeline(start)
    for name, part in (("vae", pipeline.vae), ("upscaler", pipeline.upscaler)):
        folder = work / "parts" / name
        if part is not None and not folder.exists():
            part.save_pretrained(folder)


def _started_denoiser(folder: Path) -> Denoiser:
    """Return the denoiser of a finished pipeline."""
    pipeline = _load_pipeline(folder)
    return Denoiser(pipeline.unet, pipeline.history)


def _load_pipeline(folder: Path) -> WeftPicturePipeline:
    return WeftPicturePipeline.from_pretrained(
        folder, dtype=torch.float32, local_files_only=True, low_cpu_mem_usage=False
    )


def _trained_denoiser(plan: Plan) -> Denoiser:
    """Return the denoiser of the pipeline saved last."""
    model = _started_denoiser(plan.work / "full")
    use_plain_attention(model.unet)
    return model.eval()


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
    made = plan.work / "photographs"
    if made.exists():
        images = np.concatenate([images, PictureCache.load(made).images])
    height, width = images.shape[1:3]
    photographs = [cv2.imread(str(file)) for file in _photograph_files(plan)[:3000]]
    fitted = [fit_image(one[:, :, ::-1], height, width) for one in photographs if one is not None]
    return np.concatenate([images, np.stack(fitted)]) if fitted else images


def _photograph_files(plan: Plan) -> list[Path]:
    if plan.photographs is None:
        return []
    return learnt_files(plan.photographs)


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
