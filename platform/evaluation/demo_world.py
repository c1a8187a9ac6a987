"""The demo world for evaluation: stitched videos of drawn garments, people with hidden tastes.

A micro-video shows eight garments for eight frames each, so the best frame and the best clip for a
person are known. It opens with the garment of its thumbnail, seen whole; the rest are shown
turning, walking or from close up, as the uploader happened to film them. People decide by the
thumbnail, as viewers of a feed do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from common.errors import InvalidInputError
from demo.clips import CAMERA_MOVES, render_clip
from demo.drawing import draw_garment
from demo.garments import GarmentSpec, caption, sample_spec
from demo.people import Taste, Traits, browse, sample_taste
from evaluation.worlds import (
    CLIP_HEIGHT,
    CLIP_WIDTH,
    HEIGHT,
    SEGMENT_FRAMES,
    SEGMENTS,
    WIDTH,
    Person,
    World,
)

# A quarter of a second a frame: a segment of two seconds.
FPS = 4
# Of the videos, by lot for each person: those that never come up in their feed.
HIDDEN_SHARE = 0.4
# Of the rest, those that do.
SHOWN_SHARE = 0.7
# The newest likes are kept back, as the likes still to come.
FUTURE_SHARE = 0.2
FEWEST_LIKES = 3
# With fewer, hardly anybody would like three of those that come up.
LEAST_VIDEOS = 30
# Apart from every seed that training draws from.
STREAM = 7_310_529


@dataclass(frozen=True)
class Reel:
    """The plan of one stitched video: its garments, and how each is filmed."""

    garments: tuple[GarmentSpec, ...]
    moves: tuple[str, ...]


class DemoWorld(World):
    """`people` people and `videos` videos drawn from a seed."""

    look = "illustration"

    def __init__(self, *, people: int, videos: int, seed: int) -> None:
        if videos < LEAST_VIDEOS:
            raise InvalidInputError(f"The demo world needs at least {LEAST_VIDEOS} videos.")
        rng = np.random.default_rng([STREAM, seed])
        # The videos are drawn first: they are the same for any number of people.
        self.key = f"demo-{videos}-{seed}"
        self.video_count = videos
        self.reels = [_sample_reel(rng) for _ in range(videos)]
        self.captions = [caption(reel.garments[0]) for reel in self.reels]
        self.types = [reel.garments[0].type for reel in self.reels]
        self._traits = _traits([reel.garments[0] for reel in self.reels])
        self.tastes: list[Taste] = []
        self.people: list[Person] = []
        while len(self.people) < people:
            taste = sample_taste(rng)
            person = _live(taste, self._traits, rng)
            if len(person.history) >= FEWEST_LIKES:
                self.tastes.append(taste)
                self.people.append(person)

    def pictures(self) -> list[np.ndarray]:
        """Return the thumbnails: what people like here is videos, by their thumbnails."""
        return self.thumbnails()

    def thumbnails(self) -> list[np.ndarray]:
        """Return each video's first garment as the uploader shows it, whole and from the front."""
        return [draw_garment(reel.garments[0], WIDTH, HEIGHT) for reel in self.reels]

    def frames(self, video: int) -> np.ndarray:
        """Return the video, one segment after the other."""
        return np.concatenate([self._segment(video, number) for number in range(SEGMENTS)])

    def frame(self, video: int, index: int) -> np.ndarray:
        """Return one frame; draws its segment only."""
        return self._segment(video, index // SEGMENT_FRAMES)[index % SEGMENT_FRAMES]

    def _segment(self, video: int, number: int) -> np.ndarray:
        reel = self.reels[video]
        spec, move, seconds = reel.garments[number], reel.moves[number], SEGMENT_FRAMES / FPS
        return np.stack(
            list(render_clip(spec, move, seconds=seconds, fps=FPS, width=WIDTH, height=HEIGHT))
        )

    def type_at(self, video: int, frame: int) -> str:
        """Return the type of the segment's garment."""
        return self.reels[video].garments[frame // SEGMENT_FRAMES].type

    def opening(self, video: int, count: int, fps: int) -> np.ndarray:
        """Return the first garment alone, filmed in a single shot."""
        move = CAMERA_MOVES[video % len(CAMERA_MOVES)]
        frames = render_clip(
            self.reels[video].garments[0],
            move,
            seconds=count / fps,
            fps=fps,
            width=CLIP_WIDTH,
            height=CLIP_HEIGHT,
        )
        return np.stack(list(frames))

    def wish(self, person: int, turn: int) -> str:
        """Return the type of the garment in one of the person's future likes."""
        future = self.people[person].future
        return self.types[future[turn % len(future)]]

    def interactions(self) -> list[tuple[int, int]]:
        """Return the likes of everybody's history."""
        return [(p, int(video)) for p, one in enumerate(self.people) for video in one.history]

    def pleasure(self) -> np.ndarray:
        """Return (P, N, SEGMENTS) the hidden utility of every garment shown."""
        garments = [spec for reel in self.reels for spec in reel.garments]
        shape = (self.video_count, SEGMENTS)
        traits = _traits(garments)
        return np.stack([taste.utility(traits).reshape(shape) for taste in self.tastes])


def _sample_reel(rng: np.random.Generator) -> Reel:
    garments = tuple(sample_spec(rng) for _ in range(SEGMENTS))
    others = tuple(str(rng.choice(CAMERA_MOVES)) for _ in range(SEGMENTS - 1))
    return Reel(garments, ("turntable", *others))


def _traits(specs: list[GarmentSpec]) -> Traits:
    return Traits.of([(spec.type, spec.colour, spec.pattern, "video") for spec in specs])


def _live(taste: Taste, traits: Traits, rng: np.random.Generator) -> Person:
    """Let the person browse a part of the videos; those kept away are left for evaluation.

    They are kept away by lot: what a feed would show is already nearer to the person's taste, and
    what it would leave out, farther.
    """
    order = rng.permutation(len(traits.types))
    hidden = round(HIDDEN_SHARE * len(order))
    feed = order[hidden:]
    known = Traits(
        traits.types[feed], traits.colours[feed], traits.patterns[feed], traits.videos[feed]
    )
    acts = browse(taste, known, rng, round(SHOWN_SHARE * len(feed)))
    likes = feed[np.array([act.item for act in acts if act.kind == "like"], dtype=int)]
    kept_back = max(1, round(FUTURE_SHARE * len(likes)))
    return Person(
        history=likes[:-kept_back], future=likes[-kept_back:], candidates=np.sort(order[:hidden])
    )
