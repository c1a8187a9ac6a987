"""The parts of a pipeline in training, read and written."""

from __future__ import annotations

from vision import torchvision_guard  # noqa: F401

# isort: split
# The guard comes first: diffusers imports torchvision.
import json
import subprocess
from pathlib import Path

import cv2
import torch
from diffusers import DPMSolverMultistepScheduler

from generation.core.autoencoder import PatchAutoencoder
from generation.core.creator import EmbeddedBackend
from generation.core.pipelines import WeftPicturePipeline, use_plain_attention
from generation.core.superres import SuperResolver
from generation.core.train.denoiser import Denoiser
from generation.core.train.plan import Plan

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


def take_parts(work: Path, start: Path) -> None:
    """Copy autoencoder and super-resolution of the start, unless a stage made them already."""
    pipeline = _load_pipeline(start)
    for name, part in (("vae", pipeline.vae), ("upscaler", pipeline.upscaler)):
        folder = work / "parts" / name
        if part is not None and not folder.exists():
            part.save_pretrained(folder)


def started_denoiser(folder: Path) -> Denoiser:
    """Return the denoiser of a finished pipeline."""
    pipeline = _load_pipeline(folder)
    return Denoiser(pipeline.unet, pipeline.history)


def _load_pipeline(folder: Path) -> WeftPicturePipeline:
    return WeftPicturePipeline.from_pretrained(
        folder, dtype=torch.float32, local_files_only=True, low_cpu_mem_usage=False
    )


def trained_denoiser(plan: Plan) -> Denoiser:
    """Return the denoiser of the pipeline saved last."""
    model = started_denoiser(plan.work / "full")
    use_plain_attention(model.unet)
    return model.eval()


def save_pipeline(plan: Plan, model: Denoiser) -> None:
    """Write the pipeline with this denoiser to `plan.out`, fp16 safetensors."""
    pipeline = WeftPicturePipeline(
        vae=load_vae(plan),
        unet=model.unet,
        history=model.history,
        scheduler=flow_scheduler(),
        upscaler=load_upscaler(plan),
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
    forget_paths(plan.out)


def forget_paths(folder: Path) -> None:
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


def load_vae(plan: Plan) -> PatchAutoencoder:
    return PatchAutoencoder.from_pretrained(
        plan.work / "parts" / "vae", local_files_only=True, low_cpu_mem_usage=False
    ).eval()


def load_upscaler(plan: Plan) -> SuperResolver | None:
    folder = plan.work / "parts" / "upscaler"
    if not folder.exists():
        return None
    return SuperResolver.from_pretrained(folder, local_files_only=True, low_cpu_mem_usage=False)


def commit_of_code() -> str:
    """Return the commit of the code that trained, or "unknown" outside a checkout."""
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"],  # noqa: S607  (whichever git made the checkout)
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() or "unknown"
