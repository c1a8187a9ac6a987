"""How well a picture fits what was asked for, told so that no encoder's scale matters.

The score is the share of other requests that fit worse: a picture of anything would get a half.
No torch: vectors come from the caller.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import numpy as np

from common.vocabulary import COLOURS, TYPES

# Lab distance between two names at which a fold or a shadow turns one into the other.
CLOSE_COLOURS = 38.0


def other_requests(asked: str) -> list[str]:
    """Return plain requests for every colour and type, without the one that was made."""
    return [
        caption
        for colour, kind in product(COLOURS, TYPES)
        if (caption := f"{colour} {kind}") != asked
    ]


def share_beaten(picture: np.ndarray, request: np.ndarray, others: np.ndarray) -> float:
    """Return the share of `others` (N, D) whose cosine with the picture (D,) is below request's."""
    return float((others @ picture < float(request @ picture)).mean())


def share_of_colour(asked: str, measured: Iterable[tuple[str, float]]) -> float:
    """Return the share of a garment's measured colours, (name, share), that this name covers.

    Close names count: a shadow makes navy black, white grey.
    """
    return sum(share for name, share in measured if _close(asked, name))


def _close(first: str, second: str) -> bool:
    if first == second:
        return True
    if first not in COLOURS or second not in COLOURS:
        return False
    return float(np.linalg.norm(_lab(first) - _lab(second))) <= CLOSE_COLOURS


def _lab(name: str) -> np.ndarray:
    """Return CIE Lab (D65) of a colour name's reference."""
    rgb = np.array(COLOURS[name]) / 255.0
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = matrix @ linear / np.array([0.9505, 1.0, 1.089])
    curve = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * curve[1] - 16, 500 * (curve[0] - curve[1]), 200 * (curve[1] - curve[2])])
