"""Colour, shading inks, patterns and motifs of cloth."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import skia

from common.vocabulary import COLOURS
from demo.shapes import ellipse, rect, smooth

RGB = tuple[float, ...]
# Half the side of the square that pattern paths cover: a garment's diagonal with room to turn.
REACH = 340


def to_lab(rgb: np.ndarray) -> np.ndarray:
    """Return CIE L*a*b* (D65) of sRGB values 0..255 in the last axis."""
    unit = np.asarray(rgb, dtype=np.float64) / 255.0
    linear = np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = linear @ matrix.T / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])],
        axis=-1,
    )


@lru_cache(maxsize=512)
def colour_distance(first: str, second: str) -> float:
    """Return the CIE76 distance of two colour names of the vocabulary."""
    a, b = to_lab(np.array(COLOURS[first])), to_lab(np.array(COLOURS[second]))
    return float(np.linalg.norm(a - b))


def shaded(name: str, shade: float, rng: np.random.Generator) -> RGB:
    """Return the sRGB of a colour name, varied as dye lots vary: lighter or darker by `shade`."""
    factor = 1.0 + 0.07 * shade
    rgb = np.array(COLOURS[name]) * factor + 4.0 * max(shade, 0) + rng.uniform(-4, 4, 3)
    return tuple(float(v) for v in np.clip(rgb, 0, 252))


def scaled(rgb: RGB, tone: float) -> RGB:
    """Return `rgb` made lighter (tone > 1) or darker."""
    return tuple(min(v * tone, 255.0) for v in rgb)


def ink(rgb: RGB, alpha: float = 1.0) -> skia.Color4f:
    """Return a skia colour."""
    return skia.Color4f(rgb[0] / 255, rgb[1] / 255, rgb[2] / 255, alpha)


@dataclass(frozen=True)
class Cloth:
    """The colours of one garment and how strongly light and shadow show on it."""

    main: RGB
    second: RGB
    pattern: str
    shadow: RGB
    shadow_alpha: float
    light_alpha: float

    @property
    def is_dark(self) -> bool:
        """Whether seams must be lighter than the cloth to be seen."""
        return luma(self.main) < 52


def luma(rgb: RGB) -> float:
    """Return the brightness of a colour, 0 to 255."""
    return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]


def weave(main: RGB, second: RGB, pattern: str) -> Cloth:
    """Return the cloth of these colours. Dark cloth gets more light, pale cloth gentler shadows."""
    brightness = luma(main) / 255
    cool = (38.0, 42.0, 66.0)
    mix = 0.34 + 0.2 * brightness
    shadow = tuple(m * mix + c * 0.3 for m, c in zip(main, cool, strict=True))
    if brightness < 0.2:
        shadow = (4.0, 4.0, 8.0)
    return Cloth(main, second, pattern, shadow, 0.62 - 0.16 * brightness, 0.15 + 0.16 * brightness)


def draw_pattern(
    canvas: skia.Canvas, cloth: Cloth, pitch: float, *, upright: bool, seed: int
) -> None:
    """Draw the repeating pattern over the whole plane; the caller clips and turns it."""
    paint = skia.Paint(AntiAlias=True, Color4f=ink(cloth.second))
    if cloth.pattern == "striped":
        if upright:
            canvas.rotate(90)
        canvas.drawPath(stripes(round(pitch, 1)), paint)
    elif cloth.pattern == "checked":
        paint.setAlphaf(0.8)
        canvas.drawPath(bars(round(pitch * 1.7, 1)), paint)
        canvas.rotate(90)
        canvas.drawPath(bars(round(pitch * 1.7, 1)), paint)
    elif cloth.pattern == "dotted":
        canvas.drawPath(dots(round(pitch * 1.25, 1)), paint)
    elif cloth.pattern == "floral":
        _draw_flowers(canvas, cloth, round(pitch * 2.1, 1), seed % 3)


@lru_cache(maxsize=64)
def stripes(period: float) -> skia.Path:
    """Return stripes across that sag a little, as on a rounded body."""
    path, thick = skia.Path(), period * 0.4
    for y in np.arange(-REACH, REACH, period).tolist():
        path.moveTo(-REACH, y)
        path.quadTo(0, y + 14, REACH, y)
        path.lineTo(REACH, y + thick)
        path.quadTo(0, y + thick + 14, -REACH, y + thick)
        path.close()
    return path


@lru_cache(maxsize=64)
def bars(period: float) -> skia.Path:
    """Return the straight bars of one direction of a check: a broad one and a fine one."""
    path = skia.Path()
    for y in np.arange(-REACH, REACH, period).tolist():
        path.addRect(skia.Rect.MakeXYWH(-REACH, y, 2 * REACH, period * 0.18))
        path.addRect(skia.Rect.MakeXYWH(-REACH, y + period * 0.55, 2 * REACH, period * 0.05))
    return path


@lru_cache(maxsize=64)
def dots(period: float) -> skia.Path:
    """Return dots in staggered rows."""
    path, radius = skia.Path(), period * 0.27
    for row, y in enumerate(np.arange(-REACH, REACH, period * 0.87).tolist()):
        for x in np.arange(-REACH + (row % 2) * period / 2, REACH, period).tolist():
            path.addCircle(x, y, radius)
    return path


@lru_cache(maxsize=32)
def flowers(period: float, variant: int) -> tuple[skia.Path, skia.Path, skia.Path]:
    """Return petals, hearts and leaves of scattered flowers."""
    rng = np.random.default_rng(variant)
    petals, hearts, leaves = skia.Path(), skia.Path(), skia.Path()
    for row, y in enumerate(np.arange(-REACH, REACH, period * 0.87).tolist()):
        for x in np.arange(-REACH + (row % 2) * period / 2, REACH, period).tolist():
            dx, dy = rng.uniform(-0.1, 0.1, 2) * period
            size = period * rng.uniform(0.25, 0.36)
            _add_flower(petals, hearts, leaves, x + dx, y + dy, size, rng.uniform(0, math.tau))
    return petals, hearts, leaves


def _add_flower(
    petals: skia.Path,
    hearts: skia.Path,
    leaves: skia.Path,
    x: float,
    y: float,
    size: float,
    turn: float,
) -> None:
    for k in range(5):
        angle = turn + k * math.tau / 5
        petals.addCircle(
            x + math.cos(angle) * size * 0.56, y + math.sin(angle) * size * 0.56, size * 0.44
        )
    hearts.addCircle(x, y, size * 0.3)
    for angle in (turn + 0.5, turn + 2.6):
        tip = (x + math.cos(angle) * size * 1.75, y + math.sin(angle) * size * 1.75)
        side = (
            (math.cos(angle + 0.6), math.sin(angle + 0.6)),
            (math.cos(angle - 0.6), math.sin(angle - 0.6)),
        )
        leaves.moveTo(x, y)
        leaves.quadTo(x + side[0][0] * size * 1.2, y + side[0][1] * size * 1.2, *tip)
        leaves.quadTo(x + side[1][0] * size * 1.2, y + side[1][1] * size * 1.2, x, y)


def _draw_flowers(canvas: skia.Canvas, cloth: Cloth, period: float, variant: int) -> None:
    petals, hearts, leaves = flowers(period, variant)
    leaf = tuple(0.45 * m + 0.55 * g for m, g in zip(cloth.main, (70, 120, 66), strict=True))
    heart = (250, 226, 120) if luma(cloth.second) < 190 else (232, 150, 60)
    for path, rgb in ((leaves, leaf), (petals, cloth.second), (hearts, heart)):
        canvas.drawPath(path, skia.Paint(AntiAlias=True, Color4f=ink(rgb)))


def draw_motif(
    canvas: skia.Canvas, cloth: Cloth, centre: tuple[float, float], size: float, seed: int
) -> None:
    """Draw one bold graphic of about 2 x `size` around `centre`."""
    solid, cut = MOTIFS[seed % len(MOTIFS)]()
    canvas.save()
    canvas.translate(*centre)
    canvas.scale(size, size)
    canvas.drawPath(solid, skia.Paint(AntiAlias=True, Color4f=ink(cloth.second)))
    canvas.drawPath(cut, skia.Paint(AntiAlias=True, Color4f=ink(cloth.main)))
    canvas.restore()


# What is printed in the second colour, and what is left out of it in the main colour.
Motif = tuple[skia.Path, skia.Path]


def _ring_points(count: int, outer: float, inner: float) -> list[tuple[float, float, int]]:
    radii = (outer, inner)
    return [
        (
            math.sin(k * math.pi / count) * radii[k % 2],
            -math.cos(k * math.pi / count) * radii[k % 2],
            1,
        )
        for k in range(2 * count)
    ]


def _star() -> Motif:
    return smooth(_ring_points(5, 1.05, 0.46), closed=True), smooth(
        _ring_points(5, 0.5, 0.22), closed=True
    )


def _heart() -> Motif:
    heart = smooth(
        [
            (0, -0.5, 1),
            (0.5, -0.88),
            (1.0, -0.36),
            (0.62, 0.36),
            (0, 0.95, 1),
            (-0.62, 0.36),
            (-1.0, -0.36),
            (-0.5, -0.88),
        ],
        closed=True,
    )
    return heart, smooth([(-0.68, -0.4), (-0.48, -0.62), (-0.3, -0.6), (-0.5, -0.36)], closed=True)


def _sun() -> Motif:
    return smooth(_ring_points(12, 1.08, 0.72), closed=True), _ring(0.62, 0.5)


def _ring(outer: float, inner: float) -> skia.Path:
    path = ellipse(0, 0, outer, outer)
    path.addCircle(0, 0, inner)
    path.setFillType(skia.PathFillType.kEvenOdd)
    return path


def _mountain() -> Motif:
    peaks = smooth(
        [(-0.8, 0.5, 1), (-0.3, -0.3, 1), (-0.02, 0.08, 1), (0.28, -0.18, 1), (0.8, 0.5, 1)],
        closed=True,
    )
    peaks.addCircle(0.32, -0.5, 0.2)
    return ellipse(0, 0, 1, 1), peaks


def _bolt() -> Motif:
    bolt = smooth(
        [
            (0.2, -1.1, 1),
            (-0.62, 0.16, 1),
            (-0.06, 0.16, 1),
            (-0.24, 1.1, 1),
            (0.64, -0.26, 1),
            (0.06, -0.26, 1),
        ],
        closed=True,
    )
    return bolt, skia.Path()


def _waves() -> Motif:
    cut = skia.Path()
    for y in (-0.36, 0.0, 0.36):
        crest = [(-1.1 + 0.275 * k, y + (0.1 if k % 2 else -0.1)) for k in range(9)]
        low = [(x, py + 0.15) for x, py in reversed(crest)]
        cut.addPath(smooth([*crest[:-1], (*crest[-1], 1), (*low[0], 1), *low[1:]], closed=True))
    return ellipse(0, 0, 1, 1), cut


def _face() -> Motif:
    cut = ellipse(-0.34, -0.24, 0.13, 0.2)
    cut.addOval(skia.Rect.MakeLTRB(0.21, -0.44, 0.47, -0.04))
    cut.addPath(smooth([(-0.56, 0.16, 1), (0, 0.5), (0.56, 0.16, 1), (0, 0.76)], closed=True))
    return ellipse(0, 0, 1, 1), cut


def _leaf() -> Motif:
    leaf = smooth(
        [(0, -1.1, 1), (0.62, -0.36), (0.56, 0.4), (0, 1.05, 1), (-0.56, 0.4), (-0.62, -0.36)],
        closed=True,
    )
    veins = rect(-0.04, -0.7, 0.08, 1.7)
    for y in (-0.3, 0.05, 0.4):
        for side in (-1, 1):
            veins.addPath(
                smooth(
                    [
                        (0, y + 0.16, 1),
                        (side * 0.38, y - 0.16, 1),
                        (side * 0.38, y - 0.08, 1),
                        (0, y + 0.26, 1),
                    ],
                    closed=True,
                )
            )
    return leaf, veins


MOTIFS: tuple[Callable[[], Motif], ...] = (
    _star,
    _heart,
    _sun,
    _mountain,
    _bolt,
    _waves,
    _face,
    _leaf,
)
