"""The main colours of a garment, measured from its picture in words of the vocabulary.

No torch: catalogue and moderation use it beside the model. The garment is told from its background
(what the border shows), its pixels are grouped, and each group is named by the nearest known tone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import cv2
import numpy as np
from PIL import Image, ImageOps

from common.errors import InvalidInputError
from common.vocabulary import COLOURS

LONG_SIDE = 128
BORDER = 0.06
# Lab distance from the border's colours at which a pixel may be garment.
APART = 14.0
# Below this share of the (centre-weighted) picture the separation has failed.
LEAST_GARMENT = 0.08
GROUPS = 5
LEAST_SHARE = 0.08
# Folds and shadow change lightness far more than hue.
LIGHTNESS_WEIGHT = 0.6

# Further tones of each name, as cloth shows them in daylight and in shade.
_TONES: dict[str, tuple[tuple[int, int, int], ...]] = {
    "black": ((48, 47, 50), (62, 60, 62), (16, 16, 20), (46, 42, 42)),
    "white": ((228, 228, 230), (200, 201, 204), (252, 252, 252), (232, 230, 222)),
    "grey": ((102, 104, 108), (118, 120, 124), (162, 164, 167), (150, 146, 142)),
    "red": ((165, 30, 40), (120, 28, 42), (214, 60, 62), (96, 26, 36), (150, 44, 58)),
    "pink": ((226, 110, 150), (246, 188, 204), (222, 60, 120), (214, 150, 160), (232, 196, 196)),
    "orange": ((220, 98, 36), (246, 160, 90), (236, 112, 80), (196, 90, 40)),
    "yellow": (
        (214, 172, 50),
        (250, 226, 120),
        (232, 214, 60),
        (196, 154, 30),
        (190, 174, 62),
        (206, 190, 90),
    ),
    "green": (
        (30, 92, 54),
        (112, 168, 108),
        (98, 104, 58),
        (62, 72, 46),
        (160, 196, 84),
        (150, 196, 170),
        (36, 66, 52),
        (128, 132, 84),
    ),
    "blue": (
        (36, 88, 170),
        (110, 160, 220),
        (168, 196, 224),
        (84, 112, 146),
        (52, 144, 168),
        (126, 150, 178),
        (64, 92, 130),
        (28, 70, 200),
        (44, 30, 140),
        (152, 168, 198),
    ),
    "navy": ((20, 28, 60), (38, 48, 84), (48, 60, 92), (36, 42, 62)),
    "brown": ((86, 54, 38), (140, 92, 60), (66, 46, 38), (160, 112, 76), (104, 82, 68)),
    "beige": ((200, 178, 146), (232, 220, 196), (184, 164, 136), (212, 196, 176)),
    "purple": ((96, 50, 120), (160, 120, 190), (190, 164, 212), (74, 38, 84), (128, 60, 120)),
}


@dataclass(frozen=True, eq=False)
class Garment:
    """A garment told from its ground, in the picture scaled to 128 pixels.

    lab: (h, w, 3) float32 CIE Lab; weight: (h, w) float32, 0 on the ground, most in the middle.
    """

    lab: np.ndarray
    weight: np.ndarray

    @property
    def mask(self) -> np.ndarray:
        """(h, w) bool, True where the garment is."""
        return self.weight > 0

    @cached_property
    def tones(self) -> list[tuple[tuple[float, ...], float]]:
        """The garment's colour groups as (CIE Lab, share of its area), largest first."""
        centres, shares = _group(self.lab.reshape(-1, 3), self.weight.reshape(-1))
        pairs = [
            (tuple(float(value) for value in centre), float(share))
            for centre, share in zip(centres, shares, strict=True)
        ]
        return sorted(pairs, key=lambda pair: -pair[1])

    def colours(self) -> list[tuple[str, float]]:
        """Return what `measure_colours` says of it."""
        totals: dict[str, float] = {}
        for centre, share in self.tones:
            name = _nearest_name(np.array(centre, np.float32))
            totals[name] = totals.get(name, 0.0) + share
        kept = {name: share for name, share in totals.items() if share >= LEAST_SHARE} or totals
        whole = sum(kept.values())
        ranked = sorted(kept.items(), key=lambda pair: -pair[1])
        return [(name, share / whole) for name, share in ranked]


def find_garment(image: Image.Image | np.ndarray) -> Garment:
    """Return the garment of a picture; see `measure_colours` for what the picture may be."""
    small = _small_rgb(image)
    lab = _to_lab(small)
    return Garment(lab, _garment_weight(small, lab))


def measure_colours(image: Image.Image | np.ndarray) -> list[tuple[str, float]]:
    """Return the garment's colours as (name, share of its area), largest first; shares sum to 1.

    `image` is a picture of one garment: PIL of any mode, or (H, W, 3) uint8 RGB. Names are those of
    `common.vocabulary.COLOURS`; colours under 8 % of the garment are left out. Deterministic.
    """
    return find_garment(image).colours()


def tones_of(name: str) -> np.ndarray:
    """Return (N, 3) CIE Lab of the tones that go by a name of the vocabulary."""
    names, tones = _tones()
    return tones[[place for place, one in enumerate(names) if one == name]]


def garment_mask(image: Image.Image | np.ndarray) -> np.ndarray:
    """Return (h, w) bool, True where the garment is, for the picture scaled to 128 pixels."""
    return find_garment(image).mask


def name_colour(rgb: tuple[int, int, int]) -> str:
    """Return the vocabulary's name of one sRGB colour."""
    return _nearest_name(_to_lab(np.array([[rgb]], dtype=np.uint8))[0, 0])


def _small_rgb(image: Image.Image | np.ndarray) -> np.ndarray:
    if isinstance(image, np.ndarray):
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise InvalidInputError("A picture must be an RGB image of 8 bits.")
        image = Image.fromarray(image)
    picture = _flattened(ImageOps.exif_transpose(image))
    picture.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    if min(picture.size) < 8:
        raise InvalidInputError("This picture is too narrow to measure its colours.")
    return np.asarray(picture)


def _flattened(image: Image.Image) -> Image.Image:
    """Return an RGB copy; transparent parts become white, as a page shows them."""
    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
        return image.convert("RGB") if image.mode != "RGB" else image.copy()
    rgba = image.convert("RGBA")
    page = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(page, rgba).convert("RGB")


def _to_lab(rgb: np.ndarray) -> np.ndarray:
    """Return (h, w, 3) float32 CIE Lab, L in 0..100."""
    return cv2.cvtColor(rgb.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)


def _garment_weight(rgb: np.ndarray, lab: np.ndarray) -> np.ndarray:
    """Return (h, w) float32: centre weight on the garment, 0 on the background."""
    centre = _centre_weight(lab.shape[:2])
    apart = _distance_from_border(lab)
    seed = (apart > APART) & (centre > 0.15)
    if (seed * centre).sum() < LEAST_GARMENT * centre.sum():
        # Cloth and background are alike (white on white): believe the middle.
        return centre * (centre > 0.6)
    weight = centre * _refine(rgb, seed, apart)
    if weight.sum() < LEAST_GARMENT * centre.sum():
        weight = centre * seed
    return weight.astype(np.float32)


def _centre_weight(shape: tuple[int, int]) -> np.ndarray:
    y = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None] / 0.62
    x = np.linspace(-1, 1, shape[1], dtype=np.float32)[None, :] / 0.55
    return np.exp(-0.5 * (x**2 + y**2))


def _distance_from_border(lab: np.ndarray) -> np.ndarray:
    """Return (h, w): Lab distance of each pixel from the nearest main colour of the border."""
    border = lab[_border_mask(lab.shape[:2])]
    centres, shares = _group(border, np.ones(len(border), dtype=np.float32), groups=4)
    # A sleeve that leaves the picture is a small part of the border, not background.
    main = centres[shares >= 0.15] if (shares >= 0.15).any() else centres
    scale = np.array([LIGHTNESS_WEIGHT, 1, 1], dtype=np.float32)
    steps = (lab[:, :, None, :] - main[None, None]) * scale
    return np.sqrt((steps**2).sum(-1)).min(-1)


def _border_mask(shape: tuple[int, int]) -> np.ndarray:
    height, width = shape
    band = max(2, round(BORDER * min(shape)))
    mask = np.ones((height, width), dtype=bool)
    mask[band : height - band, band : width - band] = False
    return mask


def _refine(rgb: np.ndarray, seed: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """Return the garment as (h, w) bool: graph cut started from the pixels unlike the border."""
    labels = np.where(seed, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[_border_mask(seed.shape) & (apart < APART)] = cv2.GC_BGD
    if not (labels == cv2.GC_BGD).any():
        return seed
    cv2.setRNGSeed(1)
    bgr = np.ascontiguousarray(rgb[:, :, ::-1])
    empty = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(bgr, labels, (0, 0, 1, 1), *empty, 2, cv2.GC_INIT_WITH_MASK)
    return (labels == cv2.GC_PR_FGD) | (labels == cv2.GC_FGD)


def _group(
    pixels: np.ndarray, weight: np.ndarray, groups: int = GROUPS
) -> tuple[np.ndarray, np.ndarray]:
    """Group Lab pixels; return (G, 3) group colours and (G,) shares of the weight, sum 1."""
    kept = pixels[weight > 0].astype(np.float32)
    mass = weight[weight > 0]
    scale = np.array([LIGHTNESS_WEIGHT, 1, 1], dtype=np.float32)
    groups = min(groups, len(kept))
    cv2.setRNGSeed(1)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
    # OpenCV's stubs do not know that the labels to begin from may be None.
    _, found, _ = cv2.kmeans(  # type: ignore[call-overload]
        kept * scale, groups, None, stop, 2, cv2.KMEANS_PP_CENTERS
    )
    labels = found.reshape(-1)
    shares = np.bincount(labels, weights=mass, minlength=groups)
    # The median ignores seams, buttons and the pixels along the edge.
    centres = [np.median(kept[labels == g], 0) for g in range(groups) if shares[g] > 0]
    return np.array(centres, dtype=np.float32), shares[shares > 0] / shares.sum()


@cache
def _tones() -> tuple[tuple[str, ...], np.ndarray]:
    pairs = [(name, rgb) for name in COLOURS for rgb in (COLOURS[name], *_TONES[name])]
    colours = np.array([[rgb for _, rgb in pairs]], dtype=np.uint8)
    return tuple(name for name, _ in pairs), _to_lab(colours)[0]


def _nearest_name(lab: np.ndarray) -> str:
    names, tones = _tones()
    scale = np.array([LIGHTNESS_WEIGHT, 1, 1], dtype=np.float32)
    return names[int((((tones - lab) * scale) ** 2).sum(-1).argmin())]
