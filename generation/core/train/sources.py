"""What the image creator learns from: pictures and their conditions, kept on disk."""

from __future__ import annotations

from vision import torchvision_guard  # noqa: F401

# isort: split
# The guard comes first: diffusers imports torchvision.
import dataclasses
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from common.processes import in_order
from generation.core.autoencoder import PatchAutoencoder
from generation.core.creator import LOOK_SHIFT, encode_tokens, fit_image
from generation.core.train.autoencoder import encode_images
from generation.core.train.cache import Facts, PictureCache
from generation.core.train.denoiser import DenoiserData, HistoryTable, TextTable
from generation.core.train.photographs import learnt_files
from generation.core.train.plan import Plan
from generation.core.train.saving import load_vae
from vision.encoder import Encoder

# Pictures kept out of training, the last ones of the cache, for measuring.
HELD = 200
# Of the pictures the denoiser sees, photographs.
PHOTO_SHARE = 0.5
# Texts that the encoder reads at once.
ENCODED = 512


@dataclass(frozen=True)
class Source:
    """A cache, how many of its pictures are learnt from (the first ones), and how often.

    share: of the pictures the denoiser sees, those from here.
    """

    cache: PictureCache
    count: int
    large: int
    share: float = 1.0


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
    return data_of(plan, encoder, load_sources(plan))


def data_of(plan: Plan, encoder: Encoder, sources: list[Source]) -> DenoiserData:
    """Return latents and conditions of each source's first `count` pictures, source by source.

    Liked items come from every source, so that they say nothing about drawn or photographed.
    """
    vae = load_vae(plan).to(plan.device)
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


def training_images(plan: Plan) -> np.ndarray:
    """Return the cache's training pictures, then photographs, (N, H, W, 3)."""
    images = PictureCache.load(plan.work / "cache").images[:-HELD]
    made = plan.work / "photographs"
    if made.exists():
        images = np.concatenate([images, PictureCache.load(made).images])
    height, width = images.shape[1:3]
    photographs = [cv2.imread(str(file)) for file in photograph_files(plan)[:3000]]
    fitted = [fit_image(one[:, :, ::-1], height, width) for one in photographs if one is not None]
    return np.concatenate([images, np.stack(fitted)]) if fitted else images


def photograph_files(plan: Plan) -> list[Path]:
    if plan.photographs is None:
        return []
    return learnt_files(plan.photographs)
