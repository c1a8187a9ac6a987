"""Longer videos of the demo world: several garments one after the other, each filmed differently.

A viewer's feed plays of such a video the part that fits them, so a fresh site needs a few.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from common.vocabulary import COLOURS, PATTERNS, TYPES
from demo.clips import CAMERA_MOVES, render_clip
from demo.garments import GarmentSpec, sample_spec

Scenes = tuple[tuple[GarmentSpec, str], ...]

LOOKS, LOOK_SECONDS, FPS = 4, 4.0, 12


def plan_scenes(rng: np.random.Generator) -> Scenes:
    """Return the looks of one video: no type and no colour twice, so that tastes part over them."""
    types = rng.permutation(np.array(TYPES))[:LOOKS]
    colours = rng.permutation(np.array(list(COLOURS)))[:LOOKS]
    moves = rng.permutation(np.array(CAMERA_MOVES))
    return tuple(
        (
            sample_spec(rng, type=str(kind), colour=str(colour), pattern=str(rng.choice(PATTERNS))),
            str(moves[number % len(moves)]),
        )
        for number, (kind, colour) in enumerate(zip(types, colours, strict=True))
    )


def title_of(scenes: Scenes) -> str:
    """Return what it shows: "Lookbook: red dress, navy hat, grey hoodie and pink shorts"."""
    looks = [f"{spec.colour} {spec.type}" for spec, _ in scenes]
    return f"Lookbook: {', '.join(looks[:-1])} and {looks[-1]}"


def scene_starts(scenes: Scenes) -> list[float]:
    """Return the seconds at which each look but the first begins."""
    return [LOOK_SECONDS * number for number in range(1, len(scenes))]


def render_scenes(scenes: Scenes, width: int, height: int) -> Iterator[np.ndarray]:
    """Yield the frames of all looks: (height, width, 3) uint8 RGB at `FPS`."""
    for spec, move in scenes:
        yield from render_clip(
            spec, move, seconds=LOOK_SECONDS, fps=FPS, width=width, height=height
        )
