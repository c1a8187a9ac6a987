"""Scores of the checks on garments drawn for it: good items without a site."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from demo.drawing import draw_garment
from demo.garments import attributes, sample_spec
from moderation.core.checks import CHECKS, Check, ScreeningInput
from moderation.services.calibrating import MEASURING
from vision.colours import measure_colours

WIDTH, HEIGHT = 480, 640
# Checks that need no database, no vectors and no film.
ON_PICTURES = MEASURING - {"request_match", "named_garment", "style_of_set", "running"}


def drawn_inputs(count: int, seed: int) -> list[ScreeningInput]:
    """Return drawn garments as if the creator had been asked for just them."""
    lot = np.random.default_rng(seed)
    return [_drawn(lot) for _ in range(count)]


def scores_of(inputs: Sequence[ScreeningInput]) -> dict[str, list[float]]:
    """Return each picture check's scores, in the order of the inputs."""
    return {
        check.name: scores
        for check in CHECKS
        if check.name in ON_PICTURES and (scores := _scores(check, inputs))
    }


def _scores(check: Check, inputs: Sequence[ScreeningInput]) -> list[float]:
    found = (check.run(given, check.threshold).score for given in inputs)
    return [score for score in found if score is not None]


def _drawn(lot: np.random.Generator) -> ScreeningInput:
    spec = sample_spec(lot)
    still = np.ascontiguousarray(draw_garment(spec, WIDTH, HEIGHT))
    wanted = attributes(spec)
    return ScreeningInput(
        origin="ai",
        still=still,
        width=WIDTH,
        height=HEIGHT,
        request=wanted.as_caption(),
        asked_colours=wanted.colours,
        measured_colours=tuple(measure_colours(still)),
    )
