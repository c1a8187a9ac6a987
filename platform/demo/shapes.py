"""Pieces a garment is drawn from: smooth outlines, cloth parts, seams, buttons.

Coordinates are design units: the frame is 480 x 640, a garment stands around (0, 0), y points down.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import skia

# (x, y) is a smooth point, (x, y, 1) a corner.
Point = tuple[float, ...]
Fabric = Literal["main", "trim", "inside", "second", "sole", "pale"]
Ink = Literal["seam", "edge", "stitch", "light", "lace", "metal"]


@dataclass(frozen=True)
class Part:
    """A piece of cloth. `angle` turns its pattern (degrees); `tone` lightens or darkens it."""

    path: skia.Path
    fabric: Fabric = "main"
    angle: float = 0.0
    tone: float = 1.0
    # 0 is flat, 1 is rounded like a sleeve.
    roundness: float = 1.0
    dark_folds: tuple[skia.Path, ...] = ()
    light_folds: tuple[skia.Path, ...] = ()
    # A part that lies upon others throws a soft shadow on them.
    lifted: bool = False

    def mirrored(self) -> Part:
        """Return the part on the other side of the garment."""
        return replace(
            self,
            path=mirror_path(self.path),
            angle=-self.angle,
            dark_folds=tuple(mirror_path(p) for p in self.dark_folds),
            light_folds=tuple(mirror_path(p) for p in self.light_folds),
        )


@dataclass(frozen=True)
class Line:
    """A seam, a stitch row, an edge or a cord."""

    path: skia.Path
    ink: Ink = "seam"
    width: float = 1.6

    def mirrored(self) -> Line:
        """Return the line on the other side of the garment."""
        return replace(self, path=mirror_path(self.path))


@dataclass(frozen=True)
class Button:
    """A round button or eyelet."""

    x: float
    y: float
    radius: float = 4.6
    metal: bool = False


Element = Part | Line | Button


@dataclass
class Garment:
    """Everything to draw, back to front, and where a printed motif goes."""

    elements: list[Element] = field(default_factory=list)
    motif_centre: tuple[float, float] = (0.0, -20.0)
    motif_size: float = 62.0
    # Whether stripes run down the garment rather than across.
    upright_stripes: bool = False
    scale: float = 1.0

    def add(self, *elements: Element) -> None:
        """Draw these on top of what is there."""
        self.elements.extend(elements)

    def add_pair(self, *elements: Part | Line) -> None:
        """Draw these on both sides."""
        for element in elements:
            self.elements.extend((element, element.mirrored()))


def mirror_path(path: skia.Path) -> skia.Path:
    """Return `path` reflected at the middle line."""
    mirrored = skia.Path(path)
    mirrored.transform(skia.Matrix.Scale(-1, 1))
    return mirrored


def _tangent(before: Point, after: Point, length: float) -> tuple[float, float]:
    dx, dy = after[0] - before[0], after[1] - before[1]
    norm = math.hypot(dx, dy) or 1.0
    return dx / norm * length, dy / norm * length


def smooth(points: Sequence[Point], *, closed: bool = False) -> skia.Path:
    """Return a curve through `points`, smooth except at corners and open ends."""
    path, count = skia.Path(), len(points)
    path.moveTo(*points[0][:2])
    for index in range(count if closed else count - 1):
        here, there = points[index], points[(index + 1) % count]
        third = math.hypot(there[0] - here[0], there[1] - here[1]) / 3
        sharp_here = len(here) > 2 or (not closed and index == 0)
        sharp_there = len(there) > 2 or (not closed and index == count - 2)
        chord = _tangent(here, there, third)
        out = chord if sharp_here else _tangent(points[index - 1], there, third)
        into = chord if sharp_there else _tangent(here, points[(index + 2) % count], third)
        path.cubicTo(
            here[0] + out[0],
            here[1] + out[1],
            there[0] - into[0],
            there[1] - into[1],
            *there[:2],
        )
    if closed:
        path.close()
    return path


def symmetric(right: Sequence[Point]) -> skia.Path:
    """Return a closed outline from its right half, top middle to bottom middle."""
    left = [(-p[0], *p[1:]) for p in reversed(right) if abs(p[0]) > 1e-6]
    return smooth([*right, *left], closed=True)


def ribbon(points: Sequence[Point], width: float) -> skia.Path:
    """Return a band of even `width` along the curve through `points`."""
    shifted_out, shifted_in = [], []
    for index, point in enumerate(points):
        before, after = points[max(index - 1, 0)], points[min(index + 1, len(points) - 1)]
        tx, ty = _tangent(before, after, width / 2)
        end = (1,) if index in (0, len(points) - 1) else ()
        shifted_out.append((point[0] - ty, point[1] + tx, *end))
        shifted_in.append((point[0] + ty, point[1] - tx, *end))
    return smooth([*shifted_out, *reversed(shifted_in)], closed=True)


def fold(start: Point, end: Point, *, bend: float = 0.0, width: float = 9.0) -> skia.Path:
    """Return a tapered sliver from `start` to `end`, bowed sideways by `bend`."""
    (x0, y0), (x1, y1) = start[:2], end[:2]
    norm = math.hypot(x1 - x0, y1 - y0) or 1.0
    nx, ny = -(y1 - y0) / norm, (x1 - x0) / norm
    mx, my = (x0 + x1) / 2 + nx * bend, (y0 + y1) / 2 + ny * bend
    path = skia.Path()
    path.moveTo(x0, y0)
    path.quadTo(mx + nx * width / 2, my + ny * width / 2, x1, y1)
    path.quadTo(mx - nx * width / 2, my - ny * width / 2, x0, y0)
    path.close()
    return path


def beside(path: skia.Path, dx: float = -7.0, dy: float = -2.0) -> skia.Path:
    """Return `path` moved a little: the lit flank of a fold."""
    moved = skia.Path(path)
    moved.offset(dx, dy)
    return moved


def folded(part: Part, folds: Iterable[skia.Path]) -> Part:
    """Return `part` with these folds in shadow and their flanks in light."""
    dark = tuple(folds)
    return replace(part, dark_folds=dark, light_folds=tuple(beside(p) for p in dark))


def rect(x: float, y: float, width: float, height: float, radius: float = 0.0) -> skia.Path:
    """Return a rectangle from its upper left corner, its corners rounded by `radius`."""
    path = skia.Path()
    path.addRoundRect(skia.Rect.MakeXYWH(x, y, width, height), radius, radius)
    return path


def ellipse(x: float, y: float, radius_x: float, radius_y: float) -> skia.Path:
    """Return an ellipse around (x, y)."""
    path = skia.Path()
    path.addOval(skia.Rect.MakeLTRB(x - radius_x, y - radius_y, x + radius_x, y + radius_y))
    return path


def polyline(*points: Point) -> skia.Path:
    """Return straight strokes through `points`."""
    return smooth([(p[0], p[1], 1) for p in points])


def strokes(pairs: Iterable[tuple[Point, Point]]) -> skia.Path:
    """Return one path of separate straight strokes."""
    path = skia.Path()
    for start, end in pairs:
        path.moveTo(*start[:2])
        path.lineTo(*end[:2])
    return path
