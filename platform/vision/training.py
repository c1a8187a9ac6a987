"""Trains the embedded encoder: an open_clip model small enough to learn on one CPU core."""

from __future__ import annotations

import argparse
import csv
import json
import logging
import math
import sys
import time
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path
from typing import Any

from vision import torchvision_guard  # noqa: F401

# isort: split
# The guard comes first: open_clip imports torchvision.
import numpy as np
import open_clip
import torch
import torch.nn.functional as F
from open_clip.tokenizer import SimpleTokenizer
from torch import nn
from torch.optim.swa_utils import AveragedModel

from common.errors import InvalidInputError
from vision.batches import Batch, BatchSource, Pictures
from vision.encoder import forget_encoders, load_encoder
from vision.feeding import draws
from vision.losses import Anchors, losses
from vision.measuring import measure
from vision.phrases import SINGLES, vocabulary_words
from vision.samples import SampleSet, wardrobe_samples
from vision.tokens import write_merges
from vision.tower import IMAGE_SIZE, TOWER

logger = logging.getLogger(__name__)

Tensors = tuple[torch.Tensor, ...] | list[torch.Tensor]

ARCHITECTURE = "weft-clip-v2"
NAME = "embedded-v2"
CONTEXT = 32
PREPROCESS: dict[str, Any] = {
    "size": IMAGE_SIZE,
    "mean": [0.5, 0.5, 0.5],
    "std": [0.25, 0.25, 0.25],
    "interpolation": "bicubic",
    # A portrait is squashed, not cut or padded: nothing of the garment is lost, no border is added.
    "resize_mode": "squash",
}
MAX_LOGIT_SCALE = 50.0
# Share of the averaged weights that a step leaves as they were.
AVERAGED = 0.998
# The split by sender never changes, so that figures of different runs can be compared.
SPLIT_SEED = 7


@dataclass
class Settings:
    """One training run.

    device: "cpu" or "cuda", with `workers` processes that choose pictures and word phrases.
    tower: the picture tower's name in `vision.tower`.
    """

    out: Path
    steps: int = 2000
    seed: int = 1
    minutes: float | None = None
    batch: int = 64
    rate: float = 1.5e-3
    photo_share: float = 0.35
    warm_up: int = 60
    command: str = ""
    save_every: int = 200
    name: str = NAME
    tower: str = TOWER
    device: str = "cpu"
    workers: int = 0


@dataclass
class State:
    """What a checkpoint holds besides weights."""

    step: int = 0
    seconds: float = 0.0
    runs: list[dict[str, Any]] = field(default_factory=list)


def architecture(vocab_size: int, tower: str = TOWER) -> dict[str, Any]:
    """Return the open_clip model configuration: a narrow ResNet and a three-layer text tower."""
    return {
        "embed_dim": 128,
        "custom_text": True,
        "vision_cfg": {
            "image_size": IMAGE_SIZE,
            "timm_model_name": tower,
            "timm_model_pretrained": False,
            "timm_pool": "",
            "timm_proj": "linear",
        },
        "text_cfg": {
            "context_length": CONTEXT,
            "vocab_size": vocab_size,
            "width": 192,
            "heads": 4,
            "layers": 3,
        },
    }


def train(sources: list[SampleSet], settings: Settings) -> State:
    """Train on `sources` and leave a loadable model in `settings.out`; continue if one is there.

    Learns for `steps` more steps, or for `minutes` if that is shorter. The learning rate falls to
    zero over whichever ends the run. Writes loss.csv, checkpoint.pt and, at the end, the weights.
    """
    if not sources:
        raise InvalidInputError("There is nothing to train on.")
    torch.manual_seed(settings.seed + 1)
    model, anchors, tokenizer, optimizer, state = _prepare(settings)
    source = BatchSource(sources, settings.batch, settings.photo_share, tokenizer)
    seed = settings.seed * 7919 + state.step
    batches = draws(source.draw, (seed,), settings.workers)
    pictures = Pictures(sources, settings.device, seed)
    average = AveragedModel(model, multi_avg_fn=_moving_average, use_buffers=True)
    first_step, began = state.step, time.monotonic()
    log = _LossLog(settings.out / "loss.csv", fresh=state.step == 0)
    model.train()
    while (done := _progress(state.step - first_step, began, settings)) < 1.0:
        _set_rate(optimizer, settings, done, state.step - first_step)
        parts = _train_step(model, anchors, optimizer, next(batches), pictures)
        average.update_parameters(model)
        state.step += 1
        log.add(state.step, parts)
        if state.step % settings.save_every == 0:
            _save_checkpoint(settings.out, model, anchors, optimizer, state)
    run_seconds = time.monotonic() - began
    state.seconds += run_seconds
    state.runs.append(_run_record(settings, sources, state.step - first_step, run_seconds))
    _save_checkpoint(settings.out, model, anchors, optimizer, state)
    export(average.module, settings)
    return state


def run(
    settings: Settings, *, drawn: Path | None, wardrobe: Path | None, cache: Path
) -> dict[str, Any]:
    """Train, measure on what was held out, write metrics.json; return the metrics.

    `drawn` is a folder written by `SampleSet.save`; `wardrobe` one with images.csv and images/,
    read once and kept, made small, under `cache`.
    """
    sources = [SampleSet.load(drawn)] if drawn else []
    if wardrobe:
        stored = cache / "wardrobe"
        if not (stored / "known.json").exists():
            wardrobe_samples(wardrobe, seed=SPLIT_SEED).save(stored)
        sources.append(SampleSet.load(stored))
    state = train(sources, settings)
    return write_metrics(settings.out, sources, state)


def write_metrics(folder: Path, sources: list[SampleSet], state: State) -> dict[str, Any]:
    """Measure the encoder in `folder` on what was held out; write metrics.json; return it."""
    forget_encoders()
    encoder = load_encoder(str(folder))
    metrics = {
        "name": encoder.name,
        "held_out": {
            source.kind: measure(encoder, source) for source in sources if source.held.any()
        },
        "steps": state.step,
        "minutes": round(state.seconds / 60, 1),
        "runs": state.runs,
    }
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    return metrics


def load_state(folder: Path) -> State:
    """Return what the check point in `folder` says of its training."""
    stored = torch.load(folder / "checkpoint.pt", map_location="cpu", weights_only=True)
    return State(**stored["state"])


def export(model: torch.nn.Module, settings: Settings) -> None:
    """Write weights (fp16) and `config.json` so that `load_encoder(settings.out)` finds them."""
    from safetensors.torch import save_file

    tensors = {
        name: (value.half() if value.is_floating_point() else value).cpu().contiguous()
        for name, value in model.state_dict().items()
    }
    folder = settings.out
    save_file(tensors, folder / "model.safetensors")
    config = {
        "name": settings.name,
        "architecture": ARCHITECTURE,
        "weights": "model.safetensors",
        "merges": "merges.txt.gz",
        "context_length": CONTEXT,
        "preprocess": PREPROCESS,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def _train_step(
    model: Any,
    anchors: Anchors,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    pictures: Pictures,
) -> dict[str, torch.Tensor]:
    device = pictures.images.device
    pixels = pictures.take(batch.pictures)
    known, stated, true, unsure = (
        one.to(device) for one in (batch.known, batch.stated, batch.true, batch.unsure)
    )
    with torch.autocast(device.type, torch.bfloat16):
        image_vectors = F.normalize(model.visual(_normalised(pixels)).float(), dim=-1)
        text_vectors = F.normalize(_encode_short(model, batch.tokens).float(), dim=-1)
    scale = model.logit_scale.exp()
    logits = scale * image_vectors @ text_vectors.T  # (B, B + classes)
    parts = losses(logits, known, true, unsure)
    classes = torch.tensor([astuple(one) for one in SINGLES]).to(device)
    parts["anchors"] = anchors(image_vectors, known) + anchors(
        text_vectors, torch.cat([stated, classes])
    )
    total = torch.stack(list(parts.values())).sum()
    optimizer.zero_grad(set_to_none=True)
    total.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
    optimizer.step()
    with torch.no_grad():
        model.logit_scale.clamp_(0, float(np.log(MAX_LOGIT_SCALE)))
    return {
        "loss": total.detach(),
        **{name: part.detach() for name, part in parts.items()},
    }


@torch.no_grad()
def _moving_average(kept: Tensors, new: Tensors, count: torch.Tensor | int) -> None:
    """Move the averaged tensors towards the new ones; the horizon grows at first."""
    share = 1 - min(AVERAGED, (1 + int(count)) / (10 + int(count)))
    if kept[0].is_floating_point():
        torch._foreach_lerp_(kept, new, share)
    else:
        torch._foreach_copy_(kept, new)


def _encode_short(model: Any, tokens: torch.Tensor) -> torch.Tensor:
    """Encode texts without the padding all of them share, which no token looks at."""
    length = int(tokens.argmax(-1).max()) + 1
    tower = model.text
    whole = tower.attn_mask
    tower.attn_mask = whole[:length, :length]
    try:
        return tower(tokens[:, :length].to(whole.device))
    finally:
        tower.attn_mask = whole


def _normalised(pixels: torch.Tensor) -> torch.Tensor:
    mean, std = PREPROCESS["mean"][0], PREPROCESS["std"][0]
    return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)


def _prepare(
    settings: Settings,
) -> tuple[Any, Anchors, SimpleTokenizer, torch.optim.Optimizer, State]:
    """Make the model, or take up the one whose checkpoint lies in `out`."""
    out = settings.out
    out.mkdir(parents=True, exist_ok=True)
    config = out / f"{ARCHITECTURE}.json"
    if not config.exists():
        size = write_merges(out / "merges.txt.gz", vocabulary_words())
        config.write_text(json.dumps(architecture(size, settings.tower), indent=2) + "\n")
    open_clip.add_model_config(config)
    model = open_clip.create_model(ARCHITECTURE, device=settings.device)
    model.visual.to(memory_format=torch.channels_last)
    anchors = Anchors(model.text.output_dim).to(settings.device)
    optimizer = torch.optim.AdamW(
        _groups(nn.ModuleList([model, anchors])), lr=settings.rate, betas=(0.9, 0.98)
    )
    state = State()
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        stored = torch.load(checkpoint, map_location=settings.device, weights_only=True)
        model.load_state_dict(stored["model"])
        anchors.load_state_dict(stored["anchors"])
        optimizer.load_state_dict(stored["optimizer"])
        state = State(**stored["state"])
    tokenizer = SimpleTokenizer(bpe_path=str(out / "merges.txt.gz"), context_length=CONTEXT)
    return model, anchors, tokenizer, optimizer, state


def _groups(model: torch.nn.Module) -> list[dict[str, Any]]:
    """Return parameter groups: weight decay for matrices and filters only."""
    heavy = [p for p in model.parameters() if p.ndim >= 2]
    light = [p for p in model.parameters() if p.ndim < 2]
    return [{"params": heavy, "weight_decay": 0.05}, {"params": light, "weight_decay": 0.0}]


def _progress(steps: int, began: float, settings: Settings) -> float:
    by_time = (time.monotonic() - began) / (settings.minutes * 60) if settings.minutes else 0.0
    return max(steps / max(1, settings.steps), by_time)


def _set_rate(optimizer: torch.optim.Optimizer, settings: Settings, done: float, step: int) -> None:
    cosine = 0.5 * (1 + math.cos(math.pi * done))
    for group in optimizer.param_groups:
        group["lr"] = settings.rate * min(1.0, (step + 1) / settings.warm_up) * max(cosine, 0.005)


def _save_checkpoint(
    out: Path, model: nn.Module, anchors: Anchors, optimizer: torch.optim.Optimizer, state: State
) -> None:
    parts: dict[str, Any] = {"model": model, "anchors": anchors, "optimizer": optimizer}
    stored = {name: part.state_dict() for name, part in parts.items()}
    torch.save({**stored, "state": asdict(state)}, out / "checkpoint.tmp")
    (out / "checkpoint.tmp").replace(out / "checkpoint.pt")


def _run_record(
    settings: Settings, sources: list[SampleSet], steps: int, seconds: float
) -> dict[str, Any]:
    return {
        "command": settings.command,
        "seed": settings.seed,
        "steps": steps,
        "minutes": round(seconds / 60, 2),
        "batch": settings.batch,
        "pictures": [
            {
                "kind": source.kind,
                "learnt_from": int((~source.held).sum()),
                "held_out": int(source.held.sum()),
            }
            for source in sources
        ],
    }


class _LossLog:
    """Appends the mean of every ten steps to a CSV file."""

    COLUMNS = ("loss", "to_pictures", "to_words", "type", "colour", "pattern", "anchors")

    def __init__(self, path: Path, *, fresh: bool) -> None:
        self.path = path
        self.kept: list[dict[str, torch.Tensor]] = []
        if fresh or not path.exists():
            path.write_text(",".join(("step", *self.COLUMNS)) + "\n")

    def add(self, step: int, parts: dict[str, torch.Tensor]) -> None:
        """Note one step; write a row after each ten."""
        self.kept.append(parts)
        if len(self.kept) < 10:
            return
        means = [float(torch.stack([row[c] for row in self.kept]).mean()) for c in self.COLUMNS]
        with self.path.open("a", newline="") as file:
            csv.writer(file).writerow([step, *(f"{mean:.4f}" for mean in means)])
        logger.info("step %s loss %.3f", step, means[0])
        self.kept = []


def main() -> None:
    """Train without Django: `python -m vision.training --out DIR --drawn DIR --wardrobe DIR`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--drawn", type=Path, help="folder of drawings written by SampleSet.save")
    parser.add_argument("--wardrobe", type=Path, help="folder with images.csv and images/")
    parser.add_argument("--cache", type=Path, default=Path("var/encoder"))
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    settings = Settings(
        out=options.out,
        steps=options.steps,
        minutes=options.minutes,
        seed=options.seed,
        command="python -m vision.training " + " ".join(sys.argv[1:]),
    )
    metrics = run(settings, drawn=options.drawn, wardrobe=options.wardrobe, cache=options.cache)
    print(json.dumps(metrics["held_out"], indent=2))


if __name__ == "__main__":
    main()
