"""Another background behind the garment, and regions filled as if nothing had been there."""

from __future__ import annotations

import re

import cv2
import numpy as np

from common.backdrops import BACKDROP_WORDS, BLUR_WORDS
from common.errors import InvalidInputError
from common.vocabulary import ALIASES, COLOURS

# Backdrops that can be asked for by name: colours from top to bottom.
BACKDROPS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "studio": ((236, 236, 238), (246, 246, 247), (206, 207, 211)),
    "sunset": ((72, 60, 122), (226, 120, 108), (252, 196, 122), (120, 84, 92)),
    "sky": ((92, 152, 222), (178, 212, 240), (236, 244, 250)),
    "night": ((12, 16, 38), (30, 36, 74), (58, 56, 96)),
    "forest": ((52, 84, 58), (104, 136, 86), (60, 70, 44)),
    "beach": ((134, 196, 232), (206, 232, 240), (238, 218, 176), (220, 194, 150)),
}
# Root mean square difference of two rings (0..255) up to which one region may stand for another.
MOST_UNLIKE = 34.0
UNKNOWN = (
    "I cannot draw that background yet. Name a colour, or one of: studio, sunset, sky, night, "
    "forest, beach, or blurred."
)


def name_backdrop(words: str) -> str:
    """Return the backdrop that these words ask for: "blur", a scene of BACKDROPS, or a colour.

    Raises InvalidInputError when they name none that can be drawn.
    """
    found = re.findall(r"[a-z-]+", words.lower())
    if BLUR_WORDS & set(found):
        return "blur"
    for scene, names in BACKDROP_WORDS.items():
        if set(names.split()) & set(found):
            return scene
    for word in found:
        if word in COLOURS:
            return word
        kind, value = ALIASES.get(word, ("", ""))
        if kind == "colour":
            return value
    raise InvalidInputError(UNKNOWN)


def replace_background(picture: np.ndarray, alpha: np.ndarray, backdrop: str) -> np.ndarray:
    """Return the garment under `alpha` before another backdrop, with a soft shadow on it.

    picture (H, W, 3) uint8, alpha (H, W) in 0..1, backdrop as `name_backdrop` returns it.
    """
    height, width = alpha.shape
    if backdrop == "blur":
        behind = _blurred(picture, alpha)
    else:
        behind = _drawn(backdrop, height, width)
        behind = behind * (1 - 0.33 * _shadow(alpha)[:, :, None])
    clean = _without_old_edge(picture, alpha)
    share = alpha[:, :, None]
    return (clean * share + behind * (1 - share) + 0.5).clip(0, 255).astype(np.uint8)


def fill_region(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the picture with the region under `mask` (H, W in 0..1) filled from around it.

    Where another part of the picture has the same surroundings, it is copied and joined by Poisson
    blending (Perez et al., 2003): cloth stays cloth. Otherwise colours are carried inwards.
    """
    place = _matching_place(picture, mask)
    filled = _carried_inwards(picture, mask)
    if place is not None:
        filled = _cloned(filled, picture, mask, place)
    share = np.maximum(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.5), mask)[:, :, None]
    return (picture * (1 - share) + filled * share + 0.5).clip(0, 255).astype(np.uint8)


def _matching_place(picture: np.ndarray, mask: np.ndarray) -> tuple[int, int] | None:
    """Return (right, down), how far from the region its best likeness lies; None without one.

    The likeness is judged by the ring around the region, on a copy of at most 320 pixels.
    """
    scale = min(1.0, 320 / max(mask.shape))
    size = (max(8, round(mask.shape[1] * scale)), max(8, round(mask.shape[0] * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    hole = (cv2.resize(mask, size, interpolation=cv2.INTER_AREA) > 0.05).astype(np.uint8)
    ring = cv2.dilate(hole, np.ones((15, 15), np.uint8)) - cv2.dilate(
        hole, np.ones((3, 3), np.uint8)
    )
    rows, columns = np.nonzero(cv2.bitwise_or(ring, hole))
    if not ring.any() or not hole.any():
        return None
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    box = (slice(top, bottom), slice(left, right))
    known = np.ascontiguousarray(ring[box])
    cost = cv2.matchTemplate(small, np.ascontiguousarray(small[box]), cv2.TM_SQDIFF, mask=known)
    cost = cost / (3 * max(1, int(known.sum())))
    # A copy must not contain any of the hole itself.
    taken = cv2.matchTemplate(hole.astype(np.float32), hole[box].astype(np.float32), cv2.TM_CCORR)
    cost[taken > 0.5] = np.inf
    best = np.unravel_index(int(np.argmin(cost)), cost.shape)
    if not np.isfinite(cost[best]) or cost[best] > MOST_UNLIKE**2:
        return None
    return round((int(best[1]) - left) / scale), round((int(best[0]) - top) / scale)


def _cloned(
    filled: np.ndarray, picture: np.ndarray, mask: np.ndarray, place: tuple[int, int]
) -> np.ndarray:
    """Return `filled` with the region taken from `place`, its colours fitted to the rim."""
    height, width = mask.shape
    moved = np.array([[1, 0, -place[0]], [0, 1, -place[1]]], np.float32)
    source = cv2.warpAffine(picture, moved, (width, height), borderMode=cv2.BORDER_REFLECT)
    hole = cv2.dilate((mask > 0.05).astype(np.uint8) * 255, np.ones((5, 5), np.uint8))
    hole[[0, -1]] = hole[:, [0, -1]] = 0
    if not hole.any():
        return filled
    x, y, w, h = cv2.boundingRect(hole)
    centre = (x + w // 2, y + h // 2)
    return cv2.seamlessClone(source, filled, hole, centre, cv2.NORMAL_CLONE)


def _carried_inwards(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the picture with colours carried into the region, coarse to fine (Telea, 2004)."""
    levels = _levels(picture, mask)
    filled = levels[-1][0]
    for level, (pixels, hole) in enumerate(reversed(levels)):
        if level == 0:
            filled = cv2.inpaint(pixels, hole, 3, cv2.INPAINT_TELEA)
            continue
        larger = cv2.resize(filled, pixels.shape[1::-1], interpolation=cv2.INTER_CUBIC)
        rim = cv2.erode(hole, np.ones((3, 3), np.uint8), iterations=2)
        filled = np.where((hole > 0)[:, :, None], larger, pixels)
        # Only the rim is inpainted anew, so that it joins its surroundings without a seam.
        filled = cv2.inpaint(filled, cv2.subtract(hole, rim), 3, cv2.INPAINT_TELEA)
    return (filled + _grain(picture, mask)).clip(0, 255).astype(np.uint8)


def _levels(picture: np.ndarray, mask: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (pixels, hole) from full size down to where the hole is a few pixels wide."""
    hole = cv2.dilate((mask > 0.2).astype(np.uint8) * 255, np.ones((5, 5), np.uint8))
    levels = [(picture, hole)]
    while min(levels[-1][1].shape) > 48 and _widest(levels[-1][1]) > 12:
        pixels, hole = levels[-1]
        size = (pixels.shape[1] // 2, pixels.shape[0] // 2)
        # Pixels of the hole must not colour their neighbours in the smaller copy.
        weight = (hole == 0).astype(np.float32)
        total = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
        mean = cv2.resize(pixels * weight[:, :, None], size, interpolation=cv2.INTER_AREA)
        small = (mean / np.maximum(total, 1e-3)[:, :, None]).clip(0, 255).astype(np.uint8)
        levels.append((small, (total < 0.5).astype(np.uint8) * 255))
    return levels


def _widest(hole: np.ndarray) -> float:
    return float(cv2.distanceTransform(hole, cv2.DIST_L2, 3).max())


def _grain(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return noise as strong as the picture's own fine grain around the region, (H, W, 1)."""
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = luma - cv2.GaussianBlur(luma, (0, 0), 1.2)
    around = (cv2.dilate(mask, np.ones((31, 31), np.uint8)) > 0.2) & (mask < 0.05)
    # The median leaves out edges, which are no grain.
    strength = 1.48 * float(np.median(np.abs(fine[around]))) if around.any() else 0.0
    noise = np.random.default_rng(1).standard_normal(luma.shape, dtype=np.float32)
    return np.asarray(min(strength, 6.0) * noise)[:, :, None]


def _drawn(backdrop: str, height: int, width: int) -> np.ndarray:
    """Return a backdrop (H, W, 3) float32: bands of colour, a lighter middle, darker corners."""
    stops = BACKDROPS.get(backdrop) or _tones_of(backdrop)
    rows = np.linspace(0, len(stops) - 1, height)
    channels = [np.interp(rows, range(len(stops)), [stop[c] for stop in stops]) for c in range(3)]
    bands = np.repeat(np.stack(channels, axis=1)[:, None], width, axis=1).astype(np.float32)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    bands *= (1.04 - 0.13 * (x**2 + y**2))[:, :, None]
    rng = np.random.default_rng(len(backdrop) * 31 + ord(backdrop[0]))
    if backdrop in {"forest", "sky", "beach", "night"}:
        bands += _mottled(rng, height, width, 14.0 if backdrop == "forest" else 6.0)
    # Without a little noise broad gradients show steps.
    return bands + rng.normal(0, 1.1, (height, width, 1)).astype(np.float32)


def _tones_of(colour: str) -> tuple[tuple[int, int, int], ...]:
    rgb = np.array(COLOURS[colour], np.float32)
    lighter, darker = rgb + (255 - rgb) * 0.1, rgb * 0.86
    tones = np.stack([rgb, lighter, darker]).astype(int).tolist()
    return tuple((red, green, blue) for red, green, blue in tones)


def _mottled(rng: np.random.Generator, height: int, width: int, strength: float) -> np.ndarray:
    """Return broad blots of light and dark, out of focus, (H, W, 1)."""
    small = rng.standard_normal((12, 9)).astype(np.float32)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return (strength * large)[:, :, None]


def _shadow(alpha: np.ndarray) -> np.ndarray:
    """Return the garment's soft shadow, a little down and to the right, (H, W) in 0..1."""
    reach = max(alpha.shape) / 40
    moved = np.array([[1, 0, 0.7 * reach], [0, 1, 1.1 * reach]], np.float32)
    cast = cv2.warpAffine(alpha, moved, alpha.shape[1::-1])
    return cv2.GaussianBlur(cast, (0, 0), reach)


def _blurred(picture: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return the old background out of focus, without the garment's colours in it."""
    weight = (1 - alpha)[:, :, None].astype(np.float32)
    sigma = max(picture.shape) / 45
    total = cv2.GaussianBlur(picture * weight, (0, 0), sigma)
    return total / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma)[..., None], 0.02)


def _without_old_edge(picture: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return the picture with half-covered pixels taken from inside: no halo of the old room."""
    sure = (alpha > 0.92).astype(np.float32)
    sigma = max(2.0, max(alpha.shape) / 250)
    total = cv2.GaussianBlur(picture * sure[:, :, None], (0, 0), sigma)
    inner = total / np.maximum(cv2.GaussianBlur(sure, (0, 0), sigma)[..., None], 1e-3)
    known = cv2.GaussianBlur(sure, (0, 0), sigma) > 0.02
    edge = ((alpha <= 0.92) & known)[:, :, None]
    return np.where(edge, inner, picture.astype(np.float32))
