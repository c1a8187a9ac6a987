"""The items of the demo world as plans, and how one is rendered. Deterministic; no Django."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from common.vocabulary import COLOURS, PATTERNS, TYPES
from demo.clips import CAMERA_MOVES, render_clip
from demo.drawing import draw_garment
from demo.garments import GarmentSpec, caption, sample_spec
from demo.music import music_bed
from media.encoding import encode_clip
from media.images import Rendition, make_image_renditions, make_stills

WIDTH, HEIGHT = 480, 640
CLIP_SIZE = (360, 480)
CLIP_SECONDS, CLIP_FPS, SOUND_RATE = 2.5, 16, 44100
# Composing takes as long as a third of the pictures: clips share this many pieces.
PIECES = 16


@dataclass(frozen=True)
class Plan:
    """One item to be: what it shows, as a picture or as which camera move."""

    spec: GarmentSpec
    move: str | None
    # Index of its uploader, and how long ago it came out.
    uploader: int
    hours_ago: float

    @property
    def kind(self) -> str:
        return "video" if self.move else "image"

    @property
    def title(self) -> str:
        return caption(self.spec).replace(" plain ", " ").capitalize()


def plan_items(count: int, uploaders: int, seed: int) -> list[Plan]:
    """Return `count` plans, a third of them videos, that go evenly through types and colours.

    The wardrobe of one uploader leans to a few types, as real ones do.
    """
    rng = np.random.default_rng(seed)
    grid = list(itertools.product(TYPES, COLOURS))
    rng.shuffle(grid)
    leanings = rng.dirichlet(np.full(uploaders, 0.6), size=len(TYPES))
    plans = []
    for index in range(count):
        kind, colour = grid[index % len(grid)]
        # Each time round the grid meets its type and colour with another pattern.
        pattern = PATTERNS[(index + index // len(grid)) % len(PATTERNS)] if index % 3 else "plain"
        spec = sample_spec(rng, type=str(kind), colour=str(colour), pattern=pattern)
        move = CAMERA_MOVES[index // 3 % len(CAMERA_MOVES)] if index % 3 == 1 else None
        uploader = int(rng.choice(uploaders, p=leanings[TYPES.index(str(kind))]))
        plans.append(Plan(spec, move, uploader, float(rng.uniform(1, 24 * 30))))
    return plans


def render(plan: Plan) -> list[Rendition]:
    """Return the files of an item, as the catalogue stores them."""
    if plan.move is None:
        return make_image_renditions(draw_garment(plan.spec, WIDTH, HEIGHT))
    return _render_clip(plan.spec, plan.move)


def _render_clip(spec: GarmentSpec, move: str) -> list[Rendition]:
    width, height = CLIP_SIZE
    frames = list(
        render_clip(spec, move, seconds=CLIP_SECONDS, fps=CLIP_FPS, width=width, height=height)
    )
    clip = encode_clip(
        frames,
        fps=CLIP_FPS,
        sound=_piece(spec.seed % PIECES),
        sound_rate=SOUND_RATE,
        preset="superfast",
    )
    still = Image.fromarray(frames[0 if move == "turntable" else -1])
    master = Rendition(
        "master", "video/mp4", width, height, clip, duration_s=CLIP_SECONDS, has_sound=True
    )
    return [master, *make_stills(still)]


@lru_cache(maxsize=PIECES)
def _piece(number: int) -> np.ndarray:
    return music_bed(number, CLIP_SECONDS, SOUND_RATE)
