"""What a check gets and what it says. Pure data: no database, no files, no models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

import numpy as np

from media.course import Course
from moderation.core.facts.claims import Claim
from moderation.core.facts.holding import SourcePassage
from moderation.core.licences import Ingredient
from vision.colours import Garment


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105  a verdict, no password
    FLAG = "flag"
    BLOCK = "block"
    CANNOT_TELL = "cannot_tell"


class Perspective(StrEnum):
    BIAS = "F1"
    PRIVACY = "F2"
    SAFETY = "F3"
    AUTHENTICITY = "F4"
    LEGAL = "F5"
    IDENTIFIABILITY = "F6"
    DOMAIN = "F7"


@dataclass(frozen=True)
class DeliveredFile:
    """One file as people will get it."""

    role: str
    mime: str
    data: bytes


@dataclass(frozen=True)
class Neighbour:
    """A published item of somebody else that may look the same. None: not measured."""

    item_id: int
    title: str = ""
    pdq_distance: int | None = None
    cosine: float | None = None
    # Not everybody may see it; a model may have learned from it.
    is_private: bool = False
    is_training: bool = False


@dataclass(frozen=True)
class Spot:
    """Something seen: x, y, w, h as shares from the top left; in which still (0: the picture)."""

    box: tuple[float, float, float, float]
    text: str = ""
    still: int = 0


@dataclass(frozen=True)
class FlashReport:
    """The most flashes within one second (see `media.flashing`), and when."""

    general: int
    red: int
    at_s: float = 0.0


@dataclass(frozen=True)
class SoundReport:
    """Integrated loudness (LUFS) and true peak (dBTP); None where all is silence."""

    loudness: float | None
    peak: float | None


@dataclass(frozen=True)
class ScreeningInput:
    """Everything that checks look at, gathered once by the caller."""

    kind: str = "image"
    origin: str = "human"
    authorship: str = "uploader"
    # The picture, or a video's poster: (H, W, 3) uint8 RGB; None when it could not be read.
    still: np.ndarray | None = None
    # Size of the full file, of which `still` may be a smaller one.
    width: int = 0
    height: int = 0
    files: tuple[DeliveredFile, ...] = ()
    # Named texts that others will read, and the instruction, which only its author wrote.
    texts: Mapping[str, str] = field(default_factory=dict)
    pdq_quality: int | None = None
    neighbours: tuple[Neighbour, ...] = ()
    # What was asked for, in the common vocabulary; empty for what people made.
    request: str = ""
    asked_colours: tuple[str, ...] = ()
    # (name, share), largest first; None when they could not be measured.
    measured_colours: tuple[tuple[str, float], ...] | None = None
    # The garment told from its ground, where it was looked for already.
    garment: Garment | None = None
    # Share of other requests that fit the picture worse than the one made; None: no encoder.
    relevance: float | None = None
    relevance_model: str = ""
    # The generator's own record, and the origin of the item this one was made from.
    has_generator_manifest: bool = False
    has_guidance: bool = False
    parent_origin: str = ""
    # An item whose mark was read in this one's picture, if any.
    carries_mark_of: int | None = None
    # What the uploader said: for whom it is, and that the people shown agreed.
    age_rating: str = "all"
    people_agreed: bool = False
    # What a look at all of a video found; None: not measured.
    flashes: FlashReport | None = None
    sound: SoundReport | None = None
    # Faces and codes seen in the picture or in a video's stills; None: not looked for.
    faces: tuple[Spot, ...] | None = None
    codes: tuple[Spot, ...] | None = None
    # What a configured AI-image detector says: its name and the share of AI, or why it cannot.
    detector: str = ""
    detector_share: float | None = None
    detector_problem: str = ""
    # Whose private data conditioned it: how many people, whether they let others see it, and
    # items among its ingredients that not everybody may see.
    conditioned_on: int = 0
    may_be_shared: bool = False
    private_ingredients: tuple[int, ...] = ()
    # For what AI made: the nearest of all other items, private ones and those trained on included.
    remembered: tuple[Neighbour, ...] | None = None
    # Sentences that claim something, each with the passages found for it; the day of screening.
    claims: tuple[tuple[Claim, tuple[SourcePassage, ...]], ...] = ()
    today: date | None = None
    # The garment that the words name, and the picture's cosine with every type of garment.
    named_type: str = ""
    type_fits: Mapping[str, float] | None = None
    # A code of `moderation.core.licences`, and what it was made from, ancestors included.
    licence: str = ""
    ingredients: tuple[Ingredient, ...] = ()
    commercial_use: bool = True
    # Whose rules of regulated topics hold here; none: all.
    jurisdictions: tuple[str, ...] = ()
    # The words that pages show beside it to say that AI made it.
    label: str = ""
    # Cosines with the items of the set that it belongs to.
    set_cosines: tuple[float, ...] = ()
    # How a video runs, its length by its header, and its captions: (start, end, text).
    course: Course | None = None
    seconds: float = 0.0
    cues: tuple[tuple[float, float, str], ...] = ()


@dataclass(frozen=True)
class Finding:
    """A check's verdict with a sentence and the numbers behind it."""

    verdict: Verdict
    summary: str
    score: float | None = None
    threshold: float | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """One check: pure function `run(input, threshold)`; `threshold` None means it has none."""

    name: str
    title: str
    perspective: Perspective
    version: str
    run: Callable[[ScreeningInput, float], Finding]
    threshold: float = 0.0
    # What the threshold means and which way is stricter; empty when there is none to set.
    threshold_help: str = ""

    @property
    def higher_is_stricter(self) -> bool:
        """Whether scores below the threshold are flagged; else those above."""
        return "Higher is stricter" in self.threshold_help


def passed(summary: str, **evidence: Any) -> Finding:
    """Return a pass without a score."""
    return Finding(Verdict.PASS, summary, evidence=evidence)
