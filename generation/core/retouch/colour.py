"""Another colour or another pattern on the same cloth: folds and light stay."""

from __future__ import annotations

import cv2
import numpy as np

from common.vocabulary import COLOURS
from vision.colours import LIGHTNESS_WEIGHT

# Lab distance from the main colour within which a pixel belongs to it fully, and not at all.
SAME, OTHER = 22.0, 46.0
# Light cloth shows its folds less, dark cloth more: contrast is kept within these bounds.
LEAST_CONTRAST, MOST_CONTRAST = 0.45, 1.7
# Spread of fine lightness (in L) below which cloth counts as plain.
PLAIN_DETAIL = 6.0
# Chroma from which cloth is known by its hue; angles (degrees) and shares of its saturation within
# which a pixel is the same cloth in other light, and at which it is something else.
CHROMATIC = 22.0
SAME_ANGLE, OTHER_ANGLE = 14.0, 24.0
SAME_DEPTH, OTHER_DEPTH = 0.68, 0.5
# The same for grey cloth, by distance in Lab.
SAME_GREY, OTHER_GREY = 10.0, 20.0
# Beside cloth, in so many pixels of 480, its edge is mixed with what is behind: there so much of
# its saturation is enough.
EDGE_WIDTH, EDGE_DEPTH = 3.0, 0.15
# Width of a stripe, a check, the distance of dots and flowers, as shares of the garment's width.
PERIODS = {"striped": 0.085, "checked": 0.13, "dotted": 0.105, "floral": 0.2, "printed": 0.5}


def recolour(picture: np.ndarray, alpha: np.ndarray, colour: str) -> np.ndarray:
    """Return the picture with the main colour under `alpha` turned into `colour`.

    picture (H, W, 3) uint8, alpha (H, W) in 0..1; colour: a name of the vocabulary. What has
    another colour within the garment (stripes, buttons) keeps it.
    """
    lab = to_lab(picture)
    main = main_colour(lab, alpha)
    share = alpha * _near_share(lab, main)
    return dye(picture, lab, share, main, colour)


def dye(
    picture: np.ndarray, lab: np.ndarray, share: np.ndarray, main: np.ndarray, colour: str
) -> np.ndarray:
    """Return the picture (H, W, 3) uint8 dyed from `main` to `colour`, by `share` (H, W) of it.

    lab: the picture in Lab; main: a colour of it, (3,) in Lab.
    """
    return _blend(picture, _dyed(lab, main, lab_of(colour)), share)


def has_hue(colour: np.ndarray) -> bool:
    """Return whether a colour (3,) in Lab is known by its hue."""
    return float(np.hypot(colour[1], colour[2])) >= CHROMATIC


def hue_share(lab: np.ndarray, main: np.ndarray, *, sure_place: bool = False) -> np.ndarray:
    """Return how much each pixel is of cloth of this colour in any light, (H, W) float32 in 0..1.

    Light scales lightness and chroma alike and leaves the hue: so cloth is told from skin of nearly
    its hue by the ratio of the two. Grey cloth has no hue, and is known by its colour's distance,
    a small one unless `sure_place`: there its folds belong to it as well.
    """
    chroma = float(np.hypot(main[1], main[2]))
    if not has_hue(main) and sure_place:
        return _near_share(lab, main).astype(np.float32)
    if not has_hue(main):
        apart = np.linalg.norm((lab - main) * np.array([0.7, 1.6, 1.6], np.float32), axis=2)
        return np.clip((OTHER_GREY - apart) / (OTHER_GREY - SAME_GREY), 0, 1).astype(np.float32)
    along = (lab[:, :, 1] * main[1] + lab[:, :, 2] * main[2]) / chroma
    across = (lab[:, :, 2] * main[1] - lab[:, :, 1] * main[2]) / chroma
    angle = np.degrees(np.abs(np.arctan2(across, along)))
    depth = np.hypot(along, across) / np.maximum(lab[:, :, 0], 8.0) * (main[0] / chroma)
    same = np.clip((OTHER_ANGLE - angle) / (OTHER_ANGLE - SAME_ANGLE), 0, 1)
    deep = np.clip((depth - OTHER_DEPTH) / (SAME_DEPTH - OTHER_DEPTH), 0, 1)
    side = 2 * max(1, round(EDGE_WIDTH * min(lab.shape[:2]) / 480)) + 1
    beside = cv2.dilate((same * deep).astype(np.float32), np.ones((side, side), np.uint8))
    mixed = np.clip((depth - EDGE_DEPTH) / EDGE_DEPTH, 0, 1)
    return (same * np.maximum(deep, beside * mixed)).astype(np.float32)


def _near_share(lab: np.ndarray, main: np.ndarray) -> np.ndarray:
    """Return how near each pixel is to a colour, (H, W) in 0..1: 1 on it, 0 on another."""
    distance = np.linalg.norm((lab - main) * _scale(), axis=2)
    # Folds and shine are the main colour in other light: only another hue sets a pixel apart.
    hue = np.linalg.norm((lab - main)[:, :, 1:], axis=2)
    apart = np.minimum(distance, hue * 1.6)
    share: np.ndarray = np.clip((OTHER - apart) / (OTHER - SAME), 0, 1)
    return share


def lay_pattern(
    picture: np.ndarray, alpha: np.ndarray, pattern: str, base: str, second: str, seed: int = 0
) -> np.ndarray:
    """Return the picture with the garment in `base`, patterned in `second`, in its own light.

    The old pattern is smoothed away; broad light and folds are kept and laid over the new one.
    """
    lab = to_lab(picture)
    light = _light(lab[:, :, 0], alpha)
    cloth = np.broadcast_to(lab_of(base), lab.shape).copy()
    if pattern != "plain":
        ink = draw_pattern(pattern, alpha, light, seed)[:, :, None]
        cloth = cloth * (1 - ink) + lab_of(second) * ink
    cloth[:, :, 0] = np.clip(cloth[:, :, 0] + light * _contrast_for(cloth[:, :, 0]), 2, 99)
    return _blend(picture, _to_rgb(cloth), alpha)


def draw_pattern(pattern: str, alpha: np.ndarray, light: np.ndarray, seed: int) -> np.ndarray:
    """Return how much ink is where, (H, W) float32 in 0..1, bent a little by the folds."""
    left, top, wide = _box_of(alpha)
    y, x = np.mgrid[: alpha.shape[0], : alpha.shape[1]].astype(np.float32)
    # Folds displace the cloth: light from the side shows which way it leans.
    lean = cv2.GaussianBlur(light, (0, 0), max(2.0, wide / 60))
    period = max(6.0, PERIODS[pattern] * wide)
    bend = np.clip(lean * period / 60, -0.4 * period, 0.4 * period)
    u, v = (x - left + bend) / period, (y - top + 0.5 * bend) / period
    soft = 2.0 / period
    match pattern:
        case "striped":
            return _band(v, 0.46, soft)
        case "checked":
            return 0.5 * (_band(u, 0.5, soft) + _band(v, 0.5, soft))
        case "dotted":
            row = np.floor(v)
            return _disc(u + 0.5 * (row % 2), v, 0.27, soft)
        case "floral":
            return _flowers(u, v, soft, seed)
        case _:
            return _emblem(alpha, left, top, wide)


def main_colour(lab: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return the Lab colour (3,) of the largest group of pixels under `alpha`."""
    inside = lab[alpha > 0.6]
    if len(inside) < 16:
        inside = lab.reshape(-1, 3)
    rng = np.random.default_rng(1)
    sample = inside[rng.integers(len(inside), size=min(4000, len(inside)))].astype(np.float32)
    cv2.setRNGSeed(1)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
    scaled = (sample * _scale()).astype(np.float32)
    _, found, _ = cv2.kmeans(  # type: ignore[call-overload]
        scaled, min(4, len(sample)), None, stop, 2, cv2.KMEANS_PP_CENTERS
    )
    labels = found.reshape(-1)
    biggest = np.bincount(labels).argmax()
    return np.median(sample[labels == biggest], axis=0)


def lab_of(colour: str) -> np.ndarray:
    """Return the Lab value (3,) of a colour of the vocabulary."""
    return to_lab(np.array([[COLOURS[colour]]], np.uint8))[0, 0]


def _dyed(lab: np.ndarray, main: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return all of the picture dyed: lightness around the target's, chroma of the target."""
    fold = lab[:, :, 0] - main[0]
    dyed = np.empty_like(lab)
    gain = _contrast_for(np.float32(target[0])) / _contrast_for(np.float32(main[0]))
    gain = np.clip(gain, LEAST_CONTRAST, MOST_CONTRAST)
    dyed[:, :, 0] = np.clip(target[0] + fold * gain, 1, 99)
    # Deep shadow and full light lose colour, as cloth does.
    room = np.clip(np.minimum(dyed[:, :, 0] / 12, (101 - dyed[:, :, 0]) / 8), 0, 1)[:, :, None]
    small = (lab[:, :, 1:] - main[1:]) * 0.25
    dyed[:, :, 1:] = (target[1:] + small) * room
    return _to_rgb(dyed)


def _contrast_for(lightness: np.ndarray | np.floating) -> np.ndarray:
    """Return how strongly folds show on cloth of this lightness (0..100): least at both ends."""
    return np.asarray(0.55 + 0.6 * np.sin(np.pi * np.clip(lightness, 8, 92) / 100))


def _light(lightness: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return broad light and folds (H, W) in units of L, mean 0, without the old pattern.

    Normalised blur inside the garment: the background never bleeds in.
    """
    wide = _box_of(alpha)[2]
    weight = np.clip(alpha, 1e-3, 1)

    def blur(sigma: float) -> np.ndarray:
        total = cv2.GaussianBlur(lightness * weight, (0, 0), sigma)
        return total / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3)

    broad = blur(max(2.0, wide / 22))
    fine = blur(max(0.8, wide / 260)) - broad
    mean = float((broad * weight).sum() / weight.sum())
    # On plain cloth all that is fine is fold and weave; on patterned cloth most of it is pattern.
    is_plain = float(np.sqrt((fine**2 * weight).sum() / weight.sum())) < PLAIN_DETAIL
    detail = np.clip(fine, -16, 16) if is_plain else 0.5 * np.clip(fine, -6, 6)
    return (broad - mean + detail).astype(np.float32)


def _box_of(alpha: np.ndarray) -> tuple[int, int, int]:
    """Return left, top and width of what is under `alpha`."""
    rows, columns = np.nonzero(alpha > 0.5)
    if not len(rows):
        return 0, 0, alpha.shape[1]
    return int(columns.min()), int(rows.min()), int(columns.max() - columns.min() + 1)


def _band(place: np.ndarray, width: float, soft: float) -> np.ndarray:
    """Return 1 within the first `width` of each period, with soft edges."""
    phase = np.mod(place, 1.0)
    return np.clip(np.minimum(phase, width - phase) / soft + 0.5, 0, 1)


def _disc(u: np.ndarray, v: np.ndarray, radius: float, soft: float) -> np.ndarray:
    distance = np.hypot(np.mod(u, 1.0) - 0.5, np.mod(v, 1.0) - 0.5)
    return np.clip((radius - distance) / soft + 0.5, 0, 1)


def _flowers(u: np.ndarray, v: np.ndarray, soft: float, seed: int) -> np.ndarray:
    """Return five-petalled flowers with leaves, one in each cell, turned its own way."""
    cell_u, cell_v = np.floor(u), np.floor(v)
    lot = _lots(cell_u, cell_v, seed)
    du = np.mod(u, 1.0) - 0.5 - 0.22 * (lot[0] - 0.5)
    dv = np.mod(v, 1.0) - 0.5 - 0.22 * (lot[1] - 0.5)
    radius = np.hypot(du, dv) / (0.75 + 0.35 * lot[2])
    angle = np.arctan2(dv, du) + 6.28 * lot[3]
    petals = 0.21 + 0.1 * np.abs(np.cos(2.5 * angle))
    flower = np.clip((petals - radius) / soft + 0.5, 0, 1)
    heart = np.clip((0.075 - radius) / soft + 0.5, 0, 1)
    leaf_radius = np.hypot(du - 0.3 * np.cos(6.28 * lot[1]), dv - 0.3 * np.sin(6.28 * lot[1]))
    leaf = 0.6 * np.clip((0.09 - leaf_radius) / soft + 0.5, 0, 1)
    return np.maximum(flower - heart, leaf).astype(np.float32)


def _lots(cell_u: np.ndarray, cell_v: np.ndarray, seed: int) -> list[np.ndarray]:
    """Return four numbers in 0..1 for each cell, the same for the same cell and seed."""
    base = cell_u * 127.1 + cell_v * 311.7 + (seed % 1000) * 7.3
    return [np.mod(np.sin(base * (1 + 0.37 * k)) * 43758.5453, 1.0) for k in range(4)]


def _emblem(alpha: np.ndarray, left: int, top: int, wide: int) -> np.ndarray:
    """Return a print on the chest: a ring around a star."""
    y, x = np.mgrid[: alpha.shape[0], : alpha.shape[1]].astype(np.float32)
    tall = int(np.nonzero(alpha.max(axis=1) > 0.5)[0].max(initial=top)) - top + 1
    u = (x - left - wide / 2) / (0.2 * wide)
    v = (y - top - 0.42 * tall) / (0.2 * wide)
    radius, angle = np.hypot(u, v), np.arctan2(v, u)
    soft = 8.0 / wide
    ring = np.clip((0.09 - np.abs(radius - 0.92)) / soft + 0.5, 0, 1)
    star = np.clip((0.36 + 0.24 * np.cos(5 * (angle + np.pi / 2)) - radius) / soft + 0.5, 0, 1)
    return np.maximum(ring, star)


def _blend(picture: np.ndarray, changed: np.ndarray, share: np.ndarray) -> np.ndarray:
    share = share[:, :, None]
    return (picture * (1 - share) + changed * share + 0.5).clip(0, 255).astype(np.uint8)


def _scale() -> np.ndarray:
    return np.array([LIGHTNESS_WEIGHT, 1, 1], np.float32)


def to_lab(rgb: np.ndarray) -> np.ndarray:
    """Return (H, W, 3) float32 CIE Lab, L in 0..100, of (H, W, 3) uint8."""
    return cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def _to_rgb(lab: np.ndarray) -> np.ndarray:
    return (cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB) * 255).clip(0, 255)
