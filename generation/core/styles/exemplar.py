"""Exemplar: a scene in the manner of another picture - its colours, surface, strokes and lines.

Statistics of fixed features are matched, as AdaIN matches mean and deviation of a network's
(Huang & Belongie 2017). Here the features are bands of a Laplacian pyramid, whose decoder is exact
and fast enough for video, and whole distributions are matched instead of two moments (Heeger &
Bergen 1995): that tells flat colour with hard edges from soft shading, which a deviation does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from generation.core.styles.cartoon import line_scale
from generation.core.styles.colour import ColourTable, group_colours, sample_pixels, to_lab
from generation.core.styles.filters import blur, fine_grey, line_response, smoothstep
from generation.core.styles.looks import REFERENCE_SIDE, Shot
from generation.core.styles.textures import TILE, Sheet
from generation.core.styles.transport import grade_map

BANDS = 4
# Steps of the curves that bend the bands' coefficients, and the largest coefficient they know.
CURVE_STEPS, LARGEST = 512, 0.5
# Shares of a band's coefficients at which distributions are compared.
LEVELS = np.array([0.3, 0.5, 0.65, 0.75, 0.82, 0.88, 0.92, 0.95, 0.97, 0.985, 0.995])
# Weak detail may nearly vanish, edges stay recognisable, nothing is blown up further than this.
LEAST_WEAK, LEAST_STRONG, MOST_GAIN = 0.15, 0.75, 2.0
SURFACE_PATCH = 128
PIXELS = 6_000


@dataclass(frozen=True)
class Manner:
    """What is taken from an exemplar.

    pixels: (PIXELS, 3) Lab, with rare colours drawn more often than they occur. quantiles:
    (BANDS, Q) of the bands' absolute coefficients. surface: (TILE, TILE) texture. dark, light: how
    strong thin dark and thin light lines are, 0..1, and their colours in sRGB of 0..1.
    """

    pixels: np.ndarray
    quantiles: np.ndarray
    surface: np.ndarray
    dark: tuple[float, np.ndarray]
    light: tuple[float, np.ndarray]


def study(exemplar: np.ndarray, seed: int = 0) -> Manner:
    """Return the manner of a picture (H, W, 3) uint8."""
    scale = REFERENCE_SIDE / min(exemplar.shape[:2])
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    picture = cv2.resize(exemplar, None, fx=scale, fy=scale, interpolation=method)
    return Manner(
        pixels=_even_pixels(picture, seed),
        quantiles=band_quantiles(picture),
        surface=surface_of(picture, seed),
        dark=thin_lines(picture, cv2.MORPH_BLACKHAT),
        light=thin_lines(picture, cv2.MORPH_TOPHAT),
    )


class Exemplar:
    """Graded by sliced optimal transport, bands bent to the exemplar's, its lines and surface."""

    def __init__(self, shot: Shot, manner: Manner) -> None:
        self.size, self.unit, self.manner = shot.size, shot.unit, manner
        pixels = to_lab(sample_pixels(shot.samples, PIXELS, shot.seed))
        self.table = ColourTable(grade_map(pixels, self.manner.pixels, seed=shot.seed))
        graded = [self.table(sample) for sample in shot.samples]
        own = np.mean([band_quantiles(sample) for sample in graded], axis=0)
        self.curves = gain_curves(own, self.manner.quantiles)
        self.scale = line_scale(shot)
        self.dark = _missing(graded, self.manner.dark[0], cv2.MORPH_BLACKHAT)
        self.light = _missing(graded, self.manner.light[0], cv2.MORPH_TOPHAT)

    def paint(self, frame: np.ndarray) -> np.ndarray:
        """Return colours and lines, (H, W, 4)."""
        lab = cv2.cvtColor(
            self.table(frame).astype(np.float32) * np.float32(1 / 255), cv2.COLOR_RGB2LAB
        )
        lab[..., 0] = 100.0 * bend(lab[..., 0] * np.float32(0.01), self.curves, self.unit)
        rgb = np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0.0, 1.0)
        if max(self.dark, self.light) == 0.0:
            return rgb
        response = line_response(fine_grey(frame), width=self.unit, coherence=5 * self.unit)
        return cv2.merge([rgb, smoothstep(0.35, 1.0, response / self.scale)])

    def finish(self, layers: np.ndarray, sheet: Sheet) -> np.ndarray:
        """Return the colours with lines, on the exemplar's surface."""
        colour = layers[..., :3]
        if layers.shape[2] == 4:
            dark = self.dark >= self.light
            share = self.dark if dark else self.light
            ink = (self.manner.dark if dark else self.manner.light)[1]
            colour = colour + (ink - colour) * (layers[..., 3:] * np.float32(share))
        surface = sheet.lay(self.manner.surface, self.size)
        # Paper and weave show in lights and middle tones, hardly in black.
        shown = 0.3 + 0.7 * smoothstep(0.02, 0.4, colour.mean(axis=2))
        return np.clip(colour + (surface * shown)[..., None], 0.0, 1.0)


def bands_of(grey: np.ndarray, unit: float) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the Laplacian bands of (H, W) float32, finest first, and the rest; they sum to it."""
    bands, rest = [], grey
    for number in range(BANDS):
        below = blur(rest, unit * 2.0**number)
        bands.append(rest - below)
        rest = below
    return bands, rest


def bend(grey: np.ndarray, curves: np.ndarray, unit: float) -> np.ndarray:
    """Return (H, W) in 0..1 with each coefficient of each band multiplied by its band's curve."""
    bands, total = bands_of(grey, unit)
    for band, curve in zip(bands, curves, strict=True):
        step = np.minimum(np.abs(band) * ((CURVE_STEPS - 1) / LARGEST), CURVE_STEPS - 1)
        total = total + band * curve[step.astype(np.int32)]
    return np.clip(total, 0.0, 1.0)


def band_quantiles(picture: np.ndarray) -> np.ndarray:
    """Return (BANDS, Q): the absolute band coefficients of a picture's lightness at `LEVELS`."""
    lightness = cv2.cvtColor(picture.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)[..., 0] / 100.0
    bands, _ = bands_of(lightness, min(picture.shape[:2]) / REFERENCE_SIDE)
    return np.stack([np.quantile(np.abs(band), LEVELS) for band in bands])


def gain_curves(own: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return (BANDS, CURVE_STEPS): the factor for each size of coefficient.

    It takes the distribution `own` to `wanted`, (BANDS, Q) each, within limits that keep the scene
    recognisable.
    """
    least = np.linspace(LEAST_WEAK, LEAST_STRONG, len(LEVELS))
    gains = np.clip(wanted / np.maximum(own, 1e-4), least, MOST_GAIN)
    sizes = np.linspace(0.0, LARGEST, CURVE_STEPS)
    return np.stack(
        [np.interp(sizes, here, gain) for here, gain in zip(own, gains, strict=True)]
    ).astype(np.float32)


def surface_of(picture: np.ndarray, seed: int) -> np.ndarray:
    """Return (TILE, TILE) float32: a seamless texture like the picture's flattest part.

    Spot noise: white noise convolved with the patch's fine detail has the patch's spectrum, so
    paper, weave and hatching keep grain, direction and strength (Galerne et al. 2011, "Random phase
    textures").
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255.0
    coarse = blur(grey, 6.0)
    side = min(SURFACE_PATCH, *grey.shape)
    unrest = cv2.boxFilter(coarse * coarse, -1, (side, side)) - np.square(
        cv2.boxFilter(coarse, -1, (side, side))
    )
    # Burnt-out white and black have no surface to show.
    middle = cv2.boxFilter(np.abs(coarse - 0.55), -1, (side, side))
    half = side // 2
    unfit = (unrest + 0.02 * middle)[
        half : grey.shape[0] - half + 1, half : grey.shape[1] - half + 1
    ]
    top, left = np.unravel_index(int(unfit.argmin()), unfit.shape)
    patch = (grey - coarse)[top : top + side, left : left + side]
    # Strong coefficients are edges of things, not surface.
    limit = 3.0 * float(np.median(np.abs(patch))) + 1e-4
    patch = np.clip(patch, -limit, limit)
    window = np.hanning(patch.shape[0])[:, None] * np.hanning(patch.shape[1])[None, :]
    spot = (patch - patch.mean()) * np.sqrt(window)
    white = np.random.default_rng(seed).standard_normal((TILE, TILE))
    noise = np.fft.irfft2(np.fft.rfft2(white) * np.fft.rfft2(spot, s=(TILE, TILE)), s=(TILE, TILE))
    strength = min(float(patch.std()), 0.10)
    return (noise * (strength / max(float(noise.std()), 1e-9))).astype(np.float32)


def thin_lines(picture: np.ndarray, operation: int) -> tuple[float, np.ndarray]:
    """Return how strong a picture's thin lines are, 0..1, and their colour (3,) in 0..1.

    Black-hat (dark lines) or top-hat (light lines) over about seven pixels of 480 answers to lines
    and not to edges; the strength is its 97th percentile.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    side = 2 * max(1, round(3 * min(grey.shape) / REFERENCE_SIDE)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    hat = cv2.morphologyEx(grey, operation, kernel)
    strength = float(np.percentile(hat, 97)) / 255.0
    drawn = picture[hat >= max(np.percentile(hat, 98), 1)]
    colour = drawn.mean(axis=0) / 255.0 if len(drawn) else np.zeros(3)
    return strength, colour.astype(np.float32)


def _missing(graded: list[np.ndarray], wanted: float, operation: int) -> float:
    """Return how much line must be added to look like the exemplar, 0..1."""
    own = float(np.mean([thin_lines(sample, operation)[0] for sample in graded]))
    return float(np.clip(3.0 * (wanted - own - 0.03), 0.0, 1.0))


def _even_pixels(picture: np.ndarray, seed: int) -> np.ndarray:
    """Return (PIXELS, 3) Lab of the picture, its colour groups drawn by the root of their area.

    A garment on a wide white ground would else make everything white.
    """
    pixels = to_lab(sample_pixels([picture], 4 * PIXELS, seed))
    centres, shares = group_colours(pixels, 10, seed)
    nearest = ((pixels[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    weight = (1.0 / np.sqrt(np.maximum(shares, 1e-3)))[nearest]
    chosen = np.random.default_rng(seed).choice(
        len(pixels), PIXELS, p=weight / weight.sum(), replace=True
    )
    return pixels[chosen]
