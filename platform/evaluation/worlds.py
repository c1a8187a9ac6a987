"""What every table is measured on: people, what they liked, and videos they have not seen.

Two worlds have one shape. `demo`: people with hidden tastes browse videos of drawn garments. A
folder of photographs: each person's own wardrobe is what the person likes, and videos are made of
other people's photographs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from common.errors import InvalidInputError

SEGMENTS, SEGMENT_FRAMES = 8, 8
FRAMES = SEGMENTS * SEGMENT_FRAMES
WIDTH, HEIGHT = 96, 128
# Of clips that are revised: the video creator's own size.
CLIP_WIDTH, CLIP_HEIGHT = 120, 160


@dataclass(frozen=True)
class Person:
    """One person: what is known of them, and what is kept back.

    Indices point into the world's pictures (`history`, `future`: liked thumbnails, oldest first)
    and videos (`candidates`: never shown to the person).
    """

    history: np.ndarray
    future: np.ndarray
    candidates: np.ndarray


class World(ABC):
    """People, pictures and stitched videos, all made again from the seed."""

    # For caches and reports: says all that decides the content.
    key: str
    people: list[Person]
    video_count: int
    # What the thumbnail of each video shows in words, and its garment's type alone.
    captions: list[str]
    types: list[str]
    # The kind of picture, as the creators are asked for it (`common.vocabulary.LOOKS`).
    look: str

    @abstractmethod
    def pictures(self) -> list[np.ndarray]:
        """Return all pictures that `history` and `future` point to, (H, W, 3) uint8."""

    @abstractmethod
    def thumbnails(self) -> list[np.ndarray]:
        """Return each video's original thumbnail, (H, W, 3) uint8."""

    @abstractmethod
    def frames(self, video: int) -> np.ndarray:
        """Return the video as (FRAMES, HEIGHT, WIDTH, 3) uint8."""

    @abstractmethod
    def frame(self, video: int, index: int) -> np.ndarray:
        """Return one frame of `frames`, without the cost of all."""

    @abstractmethod
    def type_at(self, video: int, frame: int) -> str:
        """Return the type of the garment that a frame shows."""

    @abstractmethod
    def opening(self, video: int, count: int, fps: int) -> np.ndarray:
        """Return `count` frames of what the thumbnail shows.

        (count, CLIP_HEIGHT, CLIP_WIDTH, 3) uint8.
        """

    @abstractmethod
    def wish(self, person: int, turn: int) -> str:
        """Return the type of a garment that the person goes on to like."""

    @abstractmethod
    def interactions(self) -> list[tuple[int, int]]:
        """Return (person, video) pairs from which a recommender may learn; none is held out."""

    def pleasure(self) -> np.ndarray | None:
        """Return (P, N, SEGMENTS) how much each person truly likes each garment, if known."""
        return None

    def check(self) -> None:
        """Raise unless nothing that is evaluated was learnt from.

        No person's candidates or future likes are in their history or among the interactions.
        """
        learnt: dict[int, set[int]] = {}
        for who, video in self.interactions():
            learnt.setdefault(who, set()).add(video)
        for index, person in enumerate(self.people):
            if set(person.future) & set(person.history):
                raise AssertionError("A future like is in its person's history.")
            if set(person.candidates) & learnt.get(index, set()):
                raise AssertionError("A candidate is among its person's interactions.")


def draw_items(people: list[Person], runs: int, k: int, rng: np.random.Generator) -> np.ndarray:
    """Return (P, R, K) video indices: per person and run, k different non-interacted items."""
    fewest = min(len(person.candidates) for person in people)
    if fewest < k:
        raise InvalidInputError(
            f"A person has only {fewest} videos that are new to them; ask for a smaller k."
        )
    return np.array(
        [
            [rng.choice(person.candidates, size=k, replace=False) for _ in range(runs)]
            for person in people
        ]
    )
