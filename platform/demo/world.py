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
from demo.lookbooks import FPS as LOOKBOOK_FPS
from demo.lookbooks import Scenes, plan_scenes, render_scenes, scene_starts, title_of
from media.encoding import encode_clip
from media.frames import VideoSample, sample_pictures
from media.images import Rendition, make_image_renditions, make_stills
from media.music import music_bed

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
    # The looks of a longer video; `spec` is then its first one.
    scenes: Scenes = ()

    @property
    def kind(self) -> str:
        return "video" if self.move or self.scenes else "image"

    @property
    def title(self) -> str:
        if self.scenes:
            return title_of(self.scenes)
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


def plan_lookbooks(count: int, uploaders: int, seed: int) -> list[Plan]:
    """Return plans of longer videos, the newest things of the world."""
    rng = np.random.default_rng([seed, 5])
    plans = []
    for number in range(count):
        scenes = plan_scenes(rng)
        hours = float(rng.uniform(0.5, 40))
        plans.append(Plan(scenes[0][0], None, number % uploaders, hours, scenes))
    return plans


@dataclass(frozen=True)
class Rendered:
    """The files of an item as the catalogue stores them, and of a video what its frames show."""

    renditions: list[Rendition]
    sample: VideoSample | None = None


def render(plan: Plan) -> Rendered:
    """Return what a plan looks like. Frames are sampled as drawn: nothing has to be decoded."""
    if plan.kind == "image":
        return Rendered(make_image_renditions(draw_garment(plan.spec, WIDTH, HEIGHT)))
    width, height = CLIP_SIZE
    if plan.scenes:
        fps, starts = LOOKBOOK_FPS, scene_starts(plan.scenes)
        frames = list(render_scenes(plan.scenes, width, height))
        still = frames[0 if plan.scenes[0][1] == "turntable" else int(starts[0] * fps) - 1]
        sound = music_bed(plan.spec.seed % PIECES, len(frames) / fps, SOUND_RATE)
    else:
        fps, starts = CLIP_FPS, []
        move = str(plan.move)
        frames = list(
            render_clip(plan.spec, move, seconds=CLIP_SECONDS, fps=fps, width=width, height=height)
        )
        still = frames[0 if move == "turntable" else -1]
        sound = _piece(plan.spec.seed % PIECES)
    clip = encode_clip(frames, fps=fps, sound=sound, sound_rate=SOUND_RATE, preset="superfast")
    seconds = len(frames) / fps
    master = Rendition(
        "master", "video/mp4", width, height, clip, duration_s=seconds, has_sound=True
    )
    sample = sample_pictures(frames, fps=fps, scene_starts=starts)
    return Rendered([master, *make_stills(Image.fromarray(still))], sample)


@lru_cache(maxsize=PIECES)
def _piece(number: int) -> np.ndarray:
    return music_bed(number, CLIP_SECONDS, SOUND_RATE)
