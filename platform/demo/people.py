"""The people of the demo world: hidden tastes, and what they do with an item they are shown.

Tastes are drawn from a seed and never stored with the site's rows, so that an evaluation can ask
how much of them a recommender has found out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from common.vocabulary import COLOURS, PATTERNS, TYPES

VIEWER_NAMES = [
    "ada",
    "amir",
    "anouk",
    "arun",
    "bela",
    "bo",
    "chidi",
    "clara",
    "dana",
    "dev",
    "elif",
    "emil",
    "esme",
    "fadi",
    "farah",
    "finn",
    "gita",
    "gus",
    "hana",
    "hugo",
    "ida",
    "imani",
    "ines",
    "ivan",
    "jade",
    "jonas",
    "juno",
    "kai",
    "kira",
    "lars",
    "leila",
    "lior",
    "luca",
    "maeve",
    "mara",
    "milo",
    "mina",
    "nadia",
    "nils",
    "noor",
    "olek",
    "orla",
    "otto",
    "pia",
    "quinn",
    "rafa",
    "rania",
    "remy",
    "rosa",
    "sami",
    "sana",
    "selma",
    "taro",
    "tess",
    "tomas",
    "uma",
    "vera",
    "viktor",
    "yara",
    "zane",
]
UPLOADER_NAMES = (
    "atelier-lune",
    "north-thread",
    "paper-moon",
    "salt-and-linen",
    "studio-okra",
    "tall-pines",
    "velvet-hour",
    "workwear-club",
)
MODERATOR_NAMES = ("moderator-ines", "moderator-tom")


@dataclass(frozen=True)
class Taste:
    """How much a person likes each type, colour and pattern; each sums to 1."""

    types: np.ndarray  # (16,)
    colours: np.ndarray  # (13,)
    patterns: np.ndarray  # (6,)
    # How much more a video holds them than a picture.
    video: float
    # How easily they press a button at all.
    openness: float

    def utility(self, traits: Traits) -> np.ndarray:
        """Return (N,) how much the person likes each item, around 0; above 1 is love."""
        types, colours, patterns = self._weights
        score = types[traits.types] + colours[traits.colours] + patterns[traits.patterns]
        return 0.75 * score + self.video * traits.videos

    @cached_property
    def _weights(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What each type, colour and pattern adds; simulated people are asked very often."""
        return 1.5 * _scaled(self.types), 1.3 * _scaled(self.colours), 0.8 * _scaled(self.patterns)


@dataclass(frozen=True)
class Traits:
    """Items as the people of the demo world see them: indices into the vocabulary."""

    types: np.ndarray  # (N,)
    colours: np.ndarray  # (N,)
    patterns: np.ndarray  # (N,)
    videos: np.ndarray  # (N,) 1.0 for videos

    @classmethod
    def of(cls, rows: list[tuple[str, str, str, str]]) -> Traits:
        """Build from (type, main colour, pattern, kind) of each item."""
        colours = list(COLOURS)
        return cls(
            types=np.array([TYPES.index(row[0]) for row in rows]),
            colours=np.array([colours.index(row[1]) for row in rows]),
            patterns=np.array([PATTERNS.index(row[2]) for row in rows]),
            videos=np.array([float(row[3] == "video") for row in rows]),
        )


@dataclass(frozen=True)
class Act:
    """One thing a person did: `item` indexes the items shown, `minute` counts from the start."""

    item: int
    kind: str
    value: float
    minute: float


def sample_taste(rng: np.random.Generator) -> Taste:
    """Return a taste with a few clear favourites: sparse Dirichlet draws."""
    return Taste(
        types=rng.dirichlet(np.full(len(TYPES), 0.25)),
        colours=rng.dirichlet(np.full(len(COLOURS), 0.3)),
        patterns=rng.dirichlet(np.full(len(PATTERNS), 0.5)),
        video=float(rng.normal(0.15, 0.2)),
        openness=float(rng.uniform(0.6, 1.2)),
    )


def draw_chance(taste: Taste, traits: Traits) -> np.ndarray:
    """Return (N,) how likely each item is the next one shown: half by lot, half to taste."""
    drawn_to = np.exp(0.7 * taste.utility(traits))
    return 0.5 / len(drawn_to) + 0.5 * drawn_to / drawn_to.sum()


def browse(taste: Taste, traits: Traits, rng: np.random.Generator, count: int) -> list[Act]:
    """Return what the person does over `count` items, shown as `draw_chance` says."""
    utility = taste.utility(traits)
    chance = draw_chance(taste, traits)
    seen = rng.choice(
        len(utility), size=min(count, len(utility)), replace=False, p=chance / chance.sum()
    )
    minutes = np.sort(rng.uniform(0, 60 * 24 * 21, size=len(seen)))
    acts: list[Act] = []
    for item, minute in zip(seen, minutes, strict=True):
        acts += react(taste, float(utility[item]), rng, int(item), float(minute))
    return acts


def react(
    taste: Taste, utility: float, rng: np.random.Generator, item: int, minute: float
) -> list[Act]:
    """Return the acts over one item: it is viewed, stayed with, and perhaps judged."""
    felt = utility + rng.normal(0, 0.5)
    dwell = float(np.clip(rng.gamma(2.0, 1.2) * np.exp(0.55 * felt), 0.3, 45.0))
    acts = [Act(item, "dwell", round(dwell, 1), minute)]
    like = taste.openness * _sigmoid(2.2 * (felt - 1.1))
    if rng.random() < like:
        acts.append(Act(item, "like", 1.0, minute + 0.1))
        if rng.random() < 0.12:
            acts.append(Act(item, "share", 1.0, minute + 0.2))
    elif rng.random() < 0.3 * taste.openness * _sigmoid(-2.2 * (felt + 0.7)):
        acts.append(Act(item, str(rng.choice(["dislike", "not_interested"])), 1.0, minute + 0.1))
    return acts


def _scaled(shares: np.ndarray) -> np.ndarray:
    """Return shares as z-scores, cut at 2.5 so that one love does not hide the rest."""
    return np.clip((shares - shares.mean()) / (shares.std() + 1e-9), -1.0, 2.5)


def _sigmoid(value: float) -> float:
    return float(1.0 / (1.0 + np.exp(-value)))
