"""What a check gets and what it says. Pure data: no database, no files, no models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np


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
    # Share of other requests that fit the picture worse than the one made; None: no encoder.
    relevance: float | None = None
    relevance_model: str = ""
    # The generator's own record, and the origin of the item this one was made from.
    has_generator_manifest: bool = False
    has_guidance: bool = False
    parent_origin: str = ""
    # An item whose mark was read in this one's picture, if any.
    carries_mark_of: int | None = None


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


def passed(summary: str, **evidence: Any) -> Finding:
    """Return a pass without a score."""
    return Finding(Verdict.PASS, summary, evidence=evidence)
