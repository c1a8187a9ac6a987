"""What the experiments share: the options of a run, its networks, and its world's vectors."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from common.errors import InvalidInputError
from evaluation.demo_world import DemoWorld
from evaluation.folder_world import FolderWorld
from evaluation.judging import Judge, load_judge
from evaluation.photographs import load_photographs
from evaluation.preference import Recommender, moved_vectors, train_recommender
from evaluation.rows import Audience
from evaluation.vectors import Vectors, compute_vectors, estimate_seconds
from evaluation.worlds import World, draw_items

if TYPE_CHECKING:
    from vision.encoder import Encoder

DEMO = "demo"
Report = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """One run of the command.

    people: how many at most; made_for: for how many of them pictures and videos are generated.
    everybody: also people whose photographs the networks learnt from.
    """

    data: str = DEMO
    runs: int = 10
    ks: tuple[int, ...] = (5, 10)
    people: int = 500
    videos: int = 160
    made_for: int = 60
    seed: int = 0
    everybody: bool = False
    cache: Path = Path("var/evaluation")

    def __post_init__(self) -> None:
        if self.runs < 1 or self.people < 2 or not self.ks or min(self.ks) < 1:
            raise InvalidInputError("Runs and k must be at least 1, people at least 2.")
        if self.videos < 1 or self.made_for < 0:
            raise InvalidInputError("There must be at least one video.")

    @property
    def most(self) -> int:
        """The largest k."""
        return max(self.ks)


@dataclass
class Networks:
    """The network that conditions and selects, and the one that judges."""

    encoder: Encoder
    judge: Judge


@dataclass
class Study:
    """A world with its vectors, ready to be measured."""

    options: Options
    networks: Networks
    world: World
    vectors: Vectors
    audience: Audience
    # (P, R, K) videos that are recommended.
    items: np.ndarray
    # The recommender's vectors of each video with another thumbnail: (N, T, d) and (N, d).
    moved_frames: np.ndarray | None
    moved_thumbnails: np.ndarray | None
    report: Report
    clock: Clock = field(default_factory=lambda: Clock())


class Clock:
    """Seconds per stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """Book the time since the last lap under `name`."""
        now = time.perf_counter()
        self.seconds[name] = round(now - self._last, 2)
        self._last = now


def load_networks() -> Networks:
    """Return the embedded encoder and the judge."""
    from vision.encoder import load_encoder

    return Networks(load_encoder(), load_judge())


def make_world(options: Options) -> World:
    """Return the world that `data` names; refuses a folder that is none."""
    if options.data == DEMO:
        return DemoWorld(people=options.people, videos=options.videos, seed=options.seed)
    photographs = load_photographs(
        folder_of(options.data), options.cache, everybody=options.everybody
    )
    return FolderWorld(photographs, people=options.people, videos=options.videos, seed=options.seed)


def folder_of(data: str) -> Path:
    """Return the folder that `data` names; refuses anything else."""
    folder = Path(data)
    if not folder.is_dir():
        raise InvalidInputError(f'Data must be "{DEMO}" or a folder; {data} is neither.')
    return folder


def open_study(options: Options, report: Report) -> Study:
    """Return the study of these options; everything slow in it is announced first."""
    clock = Clock()
    networks = load_networks()
    world = make_world(options)
    world.check()
    pictures = len(world.pictures())
    expected = estimate_seconds(world.video_count, pictures)
    report(
        f"{len(world.people)} people, {world.video_count} videos, {pictures} pictures; to see them "
        f"takes about {expected:.0f} s unless they were seen before"
    )
    clock.lap("world")
    vectors = compute_vectors(world, networks.encoder, networks.judge, options.cache, report)
    clock.lap("vectors")
    judged = vectors.pictures_judged
    interactions = world.interactions()
    recommender = None
    if interactions:
        recommender = train_recommender(
            interactions, vectors.thumbnails_judged, len(world.people), options.seed
        )
    clock.lap("recommender")
    audience = Audience(
        [judged[person.history] for person in world.people],
        [judged[person.future] for person in world.people],
        recommender,
    )
    rng = np.random.default_rng([options.seed, 11])
    items = draw_items(world.people, options.runs, options.most, rng)
    return Study(
        options,
        networks,
        world,
        vectors,
        audience,
        items,
        *_moved(recommender, vectors),
        report,
        clock,
    )


def _moved(
    recommender: Recommender | None, vectors: Vectors
) -> tuple[np.ndarray | None, np.ndarray | None]:
    if recommender is None:
        return None, None
    count, frames, _ = vectors.frames_judged.shape
    every = np.arange(count)
    return (
        moved_vectors(
            recommender, np.repeat(every[:, None], frames, axis=1), vectors.frames_judged
        ),
        moved_vectors(recommender, every, vectors.thumbnails_judged),
    )


def facts_of(study: Study, **more: Any) -> dict[str, Any]:
    """Return what a reader needs to run it again: seeds, sizes, names, versions, times."""
    from generation.core.hub import library_versions

    options = study.options
    return {
        "data": options.data,
        "seed": options.seed,
        "people": len(study.world.people),
        "videos": study.world.video_count,
        "runs": options.runs,
        "k": list(options.ks),
        "encoder": study.networks.encoder.name,
        "judge": study.networks.judge.name,
        "held_out_people_only": options.data == DEMO or not options.everybody,
        "versions": library_versions(),
        "seconds": study.clock.seconds,
        **more,
    }
