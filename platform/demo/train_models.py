"""`python -m demo.train_models`: train all embedded models in a row, without Django.

For a machine with a graphics card and many cores: `--device cuda --processes 15`. The stages, each
resumable and by itself: draw, encoder, judge, vae, denoiser, clips, video, polish. What is finished
lies in `--out`, in the folders that the project keeps it in; measuring is left to
`manage.py train_encoder`, `train_creator` and `train_video_creator` with their stage "export".
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common.processes import in_order
from common.vocabulary import PATTERNS, TYPES
from demo.training_samples import DrawnClips, DrawnSampler, LargeDrawing, SpecOf
from generation.core.train.cache import PictureCache, Sampler, build_cache
from generation.core.train.photographs import PhotographSampler
from vision.phrases import COLOUR_NAMES, UNKNOWN, Attributes

logger = logging.getLogger(__name__)

# Of the drawings that the encoders learn from, those drawn large and made small, as people's are.
DRAWN_LARGE, DRAWN_HELD = 16_000, 640
LARGE_SHARE = 0.03


@dataclass(frozen=True)
class Order:
    """What was asked for: where, how much, for how many minutes a stage, on what."""

    work: Path
    out: Path
    wardrobe: Path
    minutes: float
    seed: int
    device: str
    processes: int
    scale: int
    drawn: int
    photographed: int
    clips: int

    @property
    def command(self) -> str:
        """The command that asked, without the folders of the machine."""
        return (
            f"python -m demo.train_models STAGE --work DIR --out DIR --wardrobe FOLDER "
            f"--minutes {self.minutes:g} --seed {self.seed} --device {self.device} "
            f"--scale {self.scale} --drawn {self.drawn} --photographed {self.photographed} "
            f"--clips {self.clips}"
        )


def draw(order: Order) -> None:
    """Draw garments and lay out photographs: what all but the video creator learn from."""
    counts: dict[str, tuple[Sampler, int]] = {
        "cache": (DrawnSampler(order.seed), order.drawn),
        "photographs": (PhotographSampler(order.wardrobe, order.seed), order.photographed),
    }
    for name, (sampler, count) in counts.items():
        large = round(LARGE_SHARE * count)
        folder = order.work / name
        build_cache(folder, sampler, count=count, large=large, processes=order.processes)
        logger.info("Drew %s: %s", name, count)


def train_encoder(order: Order, name: str) -> None:
    """Train the encoder or the judge, which differ in seed, tower and drawings."""
    from vision.samples import SampleSet, wardrobe_samples
    from vision.training import SPLIT_SEED, Settings, train, write_metrics

    is_judge = name == "judge"
    seed = order.seed + is_judge
    kept = order.work / "wardrobe"
    if not (kept / "known.json").exists():
        wardrobe_samples(order.wardrobe, seed=SPLIT_SEED, processes=order.processes).save(kept)
    sources = [
        SampleSet.load(kept),
        made_samples(order.work / "photographs"),
        small_drawings(order),
        large_drawings(seed, order),
    ]
    if is_judge:
        # It learns from real photographs only, and from large drawings of its own.
        sources = [sources[0], *sources[2:]]
    settings = Settings(
        out=order.out / "platform/vision/weights" / ("judge" if is_judge else "embedded"),
        steps=10**9,
        minutes=order.minutes,
        seed=seed,
        batch=64 * order.scale,
        command=order.command.replace("STAGE", name),
        name=f"{name if is_judge else 'embedded'}-v2",
        tower="weft_tower_24" if is_judge else "weft_tower_32",
        device=order.device,
        workers=order.processes // 3,
    )
    state = train(sources, settings)
    logger.info("%s", write_metrics(settings.out, sources, state))


def small_drawings(order: Order) -> Any:
    """Return the drawings as the encoders learn from them."""
    from vision.samples import SampleSet

    cache = PictureCache.load(order.work / "cache")
    specs = in_order(SpecOf(order.seed), ((i,) for i in range(len(cache))), order.processes)
    captions = [one.captions[0] for one in cache.facts]
    return SampleSet(cache.images, list(specs), captions, np.zeros(len(cache), bool))


def large_drawings(seed: int, order: Order) -> Any:
    """Return garments drawn large and made small; the last ones are for measuring."""
    from vision.samples import drawn_samples

    count = min(DRAWN_LARGE, order.drawn)
    rows = in_order(LargeDrawing(seed), ((index,) for index in range(count)), order.processes)
    return drawn_samples(rows, count, min(DRAWN_HELD, count // 4))


def made_samples(folder: Path) -> Any:
    """Return photographs laid on new grounds, of which colour, type and often pattern are known."""
    from vision.samples import SampleSet

    cache = PictureCache.load(folder)
    known = [
        Attributes(
            type=TYPES.index(one.taste["type"]),
            colour=COLOUR_NAMES.index(one.taste["colour"]),
            pattern=PATTERNS.index(one.taste["pattern"]) if "pattern" in one.taste else UNKNOWN,
        )
        if one.taste
        else Attributes()
        for one in cache.facts
    ]
    laid = np.array([bool(one.taste) for one in cache.facts])
    images = cache.images[laid]
    known = [one for one, is_laid in zip(known, laid, strict=True) if is_laid]
    return SampleSet(images, known, [""] * len(known), np.zeros(len(known), bool), kind="made")


def train_pictures(order: Order, stage: str) -> None:
    """Run one stage of the image creator's training for the whole of the minutes."""
    from generation.core.train.plan import Plan
    from generation.core.train.stages import SHARES, run_plan

    plan = Plan(
        work=order.work,
        out=order.out / "generation/weights/embedded",
        minutes=order.minutes / SHARES[stage],
        seed=order.seed,
        photographs=order.wardrobe,
        command=order.command.replace("STAGE", stage),
        device=order.device,
        workers=order.processes,
        scale=order.scale,
    )
    logger.info("%s", run_plan(plan, [stage]))


def draw_clips(order: Order) -> None:
    """Draw the video creator's clips and encode them."""
    from generation.core.autoencoder import PatchAutoencoder
    from generation.core.train.video_cache import build_clips

    vae = PatchAutoencoder.from_pretrained(
        order.work / "parts/vae", local_files_only=True, low_cpu_mem_usage=False
    )
    build_clips(
        order.work / "video/clips",
        DrawnClips(order.seed),
        vae.eval().to(order.device),
        count=order.clips,
        processes=order.processes,
    )


def train_video(order: Order) -> None:
    """Train the video creator from the image creator's weights."""
    from generation.core.train.video_stages import VideoPlan, run_stages

    plan = VideoPlan(
        work=order.work / "video",
        out=order.out / "generation/weights/video",
        minutes=order.minutes,
        seed=order.seed,
        start=order.out / "generation/weights/embedded",
        command=order.command.replace("STAGE", "video"),
        device=order.device,
        workers=order.processes,
        scale=order.scale,
    )
    logger.info("%s", run_stages(plan, ["denoiser"]))


STAGES: dict[str, Callable[[Order], None]] = {
    "draw": draw,
    "encoder": lambda order: train_encoder(order, "encoder"),
    "judge": lambda order: train_encoder(order, "judge"),
    "vae": lambda order: train_pictures(order, "vae"),
    "superres": lambda order: train_pictures(order, "superres"),
    "denoiser": lambda order: train_pictures(order, "denoiser"),
    "clips": draw_clips,
    "video": train_video,
    "polish": lambda order: train_pictures(order, "polish"),
}


def main(arguments: list[str]) -> None:
    """Run the stages asked for, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stages", nargs="+", choices=STAGES)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--wardrobe", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60.0, help="for each stage that learns")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--scale", type=int, default=1, help="times the batches of a processor")
    parser.add_argument("--drawn", type=int, default=24_000)
    parser.add_argument("--photographed", type=int, default=12_000)
    parser.add_argument("--clips", type=int, default=8_000)
    options = vars(parser.parse_args(arguments))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    stages = options.pop("stages")
    for stage in stages:
        logger.info("Stage %s: %s", stage, json.dumps(options, default=str))
        STAGES[stage](Order(**options))


if __name__ == "__main__":
    main(sys.argv[1:])
