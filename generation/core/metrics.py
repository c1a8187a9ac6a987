"""Measures of the creator: does it give back, sharpen, and follow what was asked?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from common.vocabulary import COLOURS, PATTERNS, TYPES
from generation.core.backends import GenerationRequest
from vision.colours import measure_colours

if TYPE_CHECKING:
    from generation.core.creator import EmbeddedBackend
    from generation.core.pipelines import WeftPicturePipeline
    from vision.encoder import Encoder

# Names that measured cloth may pass for: shade and folds move a colour to its neighbour.
NEIGHBOURS = {
    "black": {"navy", "grey"},
    "navy": {"black", "blue"},
    "white": {"grey", "beige"},
    "beige": {"white"},
}


def psnr(made: np.ndarray, wanted: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio in dB of uint8 pictures of one shape."""
    error = float(np.mean((made.astype(np.float64) - wanted.astype(np.float64)) ** 2))
    return float(10 * np.log10(255.0**2 / max(error, 1e-12)))


def measure_autoencoder(pipeline: WeftPicturePipeline, images: np.ndarray) -> dict[str, float]:
    """Return how well pictures (N, H, W, 3) come back from their latents."""
    import torch

    from generation.core.superres import images_to_tensor

    with torch.inference_mode():
        latents = pipeline.vae.encode(images_to_tensor(images))
    return {"psnr_db": round(psnr(pipeline.decode_latents(latents), images), 2)}


def measure_upscaler(
    pipeline: WeftPicturePipeline, small: np.ndarray, large: np.ndarray
) -> dict[str, float]:
    """Return the PSNR of super-resolved pictures, and of a bicubic zoom for comparison."""
    height, width = large.shape[1:3]
    zoomed = np.stack(
        [cv2.resize(one, (width, height), interpolation=cv2.INTER_CUBIC) for one in small]
    )
    made = np.concatenate([pipeline.upscale(one[None]) for one in small])
    return {
        "psnr_db": round(psnr(made, large), 2),
        "bicubic_psnr_db": round(psnr(zoomed, large), 2),
    }


def has_colour(image: np.ndarray, colour: str, *, strict: bool = False) -> bool:
    """Return whether the garment's main measured colour is `colour`, or a neighbour of it."""
    main = measure_colours(image)[0][0]
    return main == colour or (not strict and main in NEIGHBOURS.get(colour, set()))


def nearest_words(
    encoder: Encoder, images: Sequence[np.ndarray], words: Sequence[str]
) -> list[str]:
    """Return, for each picture, which of the words the encoder finds nearest."""
    texts = encoder.encode_texts([f"a {word}" for word in words])  # (W, D)
    scores = encoder.encode_images(list(images)) @ texts.T  # (N, W)
    return [words[best] for best in scores.argmax(axis=1)]


def measure_requests(backend: EmbeddedBackend, seeds: int = 2, look: str = "") -> dict[str, Any]:
    """Return the share of made pictures whose type, colour and pattern are those asked for.

    Every type is asked for in `seeds` colours, half of them with a pattern, as a drawing or, with
    look "photo", as a photograph. The type and pattern are judged by the backend's own encoder,
    the colour by measurement; `benchmarks/creator_attributes.py` has an independent judge.
    """
    asked = list(_requests(seeds))
    images = [
        backend.run(GenerationRequest(prompt=_prompt(*one, look), seed=index)).image
        for index, one in enumerate(asked)
    ]
    types = nearest_words(backend.encoder, images, TYPES)
    patterns = nearest_words(backend.encoder, images, [f"{name} garment" for name in PATTERNS])
    return {
        "count": len(asked),
        "type": _share([made == kind for made, (kind, _, _) in zip(types, asked, strict=True)]),
        "pattern": _share(
            [m.split()[0] == p for m, (_, _, p) in zip(patterns, asked, strict=True)]
        ),
        "colour": _share([has_colour(i, c) for i, (_, c, _) in zip(images, asked, strict=True)]),
        "colour_strict": _share(
            [has_colour(i, c, strict=True) for i, (_, c, _) in zip(images, asked, strict=True)]
        ),
    }


def contact_sheet(
    backend: EmbeddedBackend, prompts: Sequence[str], *, columns: int = 6, seed: int = 7
) -> np.ndarray:
    """Return one picture (H, W, 3) uint8 with what is made of each prompt, half size, labelled."""
    cells = []
    for index, prompt in enumerate(prompts):
        image = backend.run(GenerationRequest(prompt=prompt, seed=seed + index)).image
        cell = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        cv2.putText(
            cell, prompt, (6, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (20, 20, 20), 1, cv2.LINE_AA
        )
        cells.append(cell)
    while len(cells) % columns:
        cells.append(np.zeros_like(cells[0]))
    rows = [np.hstack(cells[start : start + columns]) for start in range(0, len(cells), columns)]
    return np.vstack(rows)


def _requests(seeds: int) -> list[tuple[str, str, str]]:
    """Return (type, colour, pattern) triples that cover types evenly and colours in turn."""
    colours = list(COLOURS)
    rows = []
    for turn in range(seeds):
        for index, kind in enumerate(TYPES):
            colour = colours[(5 * index + 3 * turn) % len(colours)]
            pattern = "plain" if (index + turn) % 2 else PATTERNS[1 + (index + turn) % 5]
            rows.append((kind, colour, pattern))
    return rows


def _prompt(kind: str, colour: str, pattern: str, look: str = "") -> str:
    words = f"{colour} {kind}" if pattern == "plain" else f"{colour} {pattern} {kind}"
    return f"{look} of a {words}" if look else words


def _share(right: list[bool]) -> float:
    return round(sum(right) / len(right), 3)
