"""A folder of wardrobe photographs as a world: people, and videos made of others' photographs."""

from __future__ import annotations

import cv2
import numpy as np

from common.errors import InvalidInputError
from common.vocabulary import TYPES
from evaluation.photographs import Photographs
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
from vision.phrases import UNKNOWN

FEWEST_PHOTOGRAPHS = 5
FUTURE_SHARE = 0.2
# How far the camera goes into a photograph during its segment.
NEAREST = 0.7
STREAM = 5_120_617


class FolderWorld(World):
    """People are the senders of at least five photographs; what they own is what they like.

    A video shows eight photographs of one type by eight senders, each for eight frames of a slow
    zoom. A person has interacted with the videos that show a photograph of their history.
    """

    look = "photo"

    def __init__(self, photographs: Photographs, *, people: int, videos: int, seed: int) -> None:
        rng = np.random.default_rng([STREAM, seed])
        self.photographs = photographs
        # The videos are made first: they are the same for any number of people.
        self.key = f"folder-{photographs.digest()}-{videos}-{seed}"
        self.video_count = videos
        self.reels = [_sample_reel(photographs, rng) for _ in range(videos)]
        self.captions = [photographs.caption(reel[0]) for reel in self.reels]
        self.types = [TYPES[photographs.types[reel[0]]] for reel in self.reels]
        self.senders = choose_senders(photographs, people, rng)
        self.people = [self._person(sender) for sender in self.senders]

    def pictures(self) -> list[np.ndarray]:
        """Return all photographs."""
        return list(self.photographs.images)

    def thumbnails(self) -> list[np.ndarray]:
        """Return each video's first photograph, whole."""
        return [self.photographs.images[reel[0]] for reel in self.reels]

    def frames(self, video: int) -> np.ndarray:
        """Return the video: into each photograph in turn."""
        return np.concatenate(
            [_zoom_into(self.photographs.images[index]) for index in self.reels[video]]
        )

    def frame(self, video: int, index: int) -> np.ndarray:
        """Return one frame; zooms into its photograph only."""
        photograph = self.reels[video][index // SEGMENT_FRAMES]
        return _zoom_into(self.photographs.images[photograph])[index % SEGMENT_FRAMES]

    def type_at(self, video: int, frame: int) -> str:
        """Return the type that all photographs of the video have."""
        return self.types[video]

    def opening(self, video: int, count: int, fps: int) -> np.ndarray:
        """Return a slow zoom into the first photograph."""
        picture = self.photographs.images[self.reels[video][0]]
        return _zoom_into(picture, count, CLIP_WIDTH, CLIP_HEIGHT)

    def wish(self, person: int, turn: int) -> str:
        """Return the type of one of the person's later photographs."""
        future = self.people[person].future
        kind = self.photographs.types[future[turn % len(future)]]
        return TYPES[kind] if kind != UNKNOWN else "garment"

    def interactions(self) -> list[tuple[int, int]]:
        """Return who has a photograph of their history in which video."""
        return [
            (index, video)
            for index, person in enumerate(self.people)
            for video in range(self.video_count)
            if set(person.history) & set(self.reels[video])
            and not set(person.future) & set(self.reels[video])
        ]

    def _person(self, sender: str) -> Person:
        own = self.photographs.of(sender)
        kept_back = max(1, round(FUTURE_SHARE * len(own)))
        mine = set(own)
        new = [video for video, reel in enumerate(self.reels) if not mine & set(reel)]
        return Person(history=own[:-kept_back], future=own[-kept_back:], candidates=np.array(new))


def choose_senders(photographs: Photographs, count: int, rng: np.random.Generator) -> list[str]:
    """Return up to `count` people with at least five photographs, by lot if there are more."""
    names, totals = np.unique(photographs.senders, return_counts=True)
    able = names[totals >= FEWEST_PHOTOGRAPHS]
    if len(able) < 2:
        raise InvalidInputError(
            f"At least two people need {FEWEST_PHOTOGRAPHS} photographs or more; found {len(able)}."
        )
    chosen = rng.permutation(able)[:count]
    return sorted(chosen.tolist())


def _sample_reel(photographs: Photographs, rng: np.random.Generator) -> list[int]:
    """Return eight photographs of one type, each by another sender."""
    owners = {
        kind: np.unique(photographs.senders[photographs.types == kind])
        for kind in range(len(TYPES))
    }
    able = [kind for kind, names in owners.items() if len(names) >= SEGMENTS]
    if not able:
        raise InvalidInputError(
            f"No garment type has photographs by {SEGMENTS} people, which one video needs."
        )
    kind = int(rng.choice(able))
    senders = rng.choice(owners[kind], size=SEGMENTS, replace=False)
    return [
        int(rng.choice(np.flatnonzero((photographs.senders == s) & (photographs.types == kind))))
        for s in senders
    ]


def _zoom_into(
    picture: np.ndarray, count: int = SEGMENT_FRAMES, width: int = WIDTH, height: int = HEIGHT
) -> np.ndarray:
    """Return (count, height, width, 3): the whole picture first, then nearer."""
    tall, wide = picture.shape[:2]
    frames = []
    for share in np.linspace(1.0, NEAREST, count):
        h, w = round(tall * share), round(wide * share)
        top, left = (tall - h) // 2, (wide - w) // 2
        crop = picture[top : top + h, left : left + w]
        frames.append(cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA))
    return np.stack(frames)
