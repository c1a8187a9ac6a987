"""The torso, sleeves, cuffs and hems that garments above the waist share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import skia

from demo.shapes import (
    Line,
    Part,
    Point,
    fold,
    folded,
    polyline,
    ribbon,
    smooth,
    strokes,
    symmetric,
)

if TYPE_CHECKING:
    from demo.garments import GarmentSpec

FIT = {"slim": 0.92, "regular": 1.0, "loose": 1.1}


@dataclass(frozen=True)
class Body:
    """Measures of a torso: (x, y) of the right side."""

    neck: Point = (42, -196)
    shoulder: Point = (106, -172)
    armpit: Point = (98, -84)
    waist: Point = (95, 30)
    hem: Point = (101, 190)
    neck_depth: float = -160
    v_neck: bool = False
    hem_drop: float = 5

    @property
    def neckline(self) -> list[Point]:
        """Return the front neckline from the middle to the right."""
        x, y = self.neck[:2]
        if self.v_neck:
            return [(0, self.neck_depth, 1), (x * 0.56, (y + self.neck_depth) / 2 + 2), (x, y, 1)]
        return [
            (0, self.neck_depth),
            (x * 0.66, self.neck_depth + (y - self.neck_depth) * 0.3),
            (x, y, 1),
        ]

    @property
    def whole_neckline(self) -> list[Point]:
        """Return the front neckline from left to right."""
        right = self.neckline
        return [(-p[0], *p[1:]) for p in reversed(right[1:])] + right

    def outline(self) -> skia.Path:
        """Return the closed outline of the torso."""
        (sx, sy), (ax, ay) = self.shoulder[:2], self.armpit[:2]
        armhole = (min(sx, ax) - 7, ay * 0.58 + sy * 0.42)
        return symmetric(
            [
                *self.neckline,
                (sx, sy, 1),
                armhole,
                (ax, ay, 1),
                self.waist,
                (*self.hem[:2], 1),
                (self.hem[0] * 0.5, self.hem[1] + self.hem_drop),
                (0, self.hem[1] + self.hem_drop),
            ]
        )


def body_for(
    spec: GarmentSpec, rng: np.random.Generator, *, width: float = 1.0, length: float = 0.0
) -> Body:
    """Return a torso of the garment's cut and length, varied a little."""
    fit = FIT.get(spec.cut, 1.0) * width * rng.uniform(0.98, 1.03)
    drop = {"cropped": -52.0, "long": 26.0}.get(spec.length, 0.0) + length + rng.uniform(-5, 6)
    waist = 0.97 if spec.cut == "slim" else 1.0
    return Body(
        neck=(42, -196),
        shoulder=(106 * (0.6 + 0.4 * fit), -172),
        armpit=(98 * fit, -84),
        waist=(95 * fit * waist, 20 + drop * 0.3),
        hem=(101 * fit, 190 + drop),
    )


def neck_back(body: Body, rise: float = 9) -> Part:
    """Return the inner back of the neck that shows above the front."""
    x, y = body.neck[:2]
    return Part(
        smooth(
            [(-x, y, 1), (0, y - rise), (x, y, 1), (x * 0.7, body.neck_depth),
             (0, body.neck_depth + 12),
             (-x * 0.7, body.neck_depth)],
            closed=True,
        ),
        fabric="inside",
        roundness=0.3,
    )  # fmt: skip


def collar_band(body: Body, width: float = 13) -> list[Part | Line]:
    """Return the ribbed band around the neckline."""
    line = body.whole_neckline
    down = [(x, y + width * 0.36, *c) for x, y, *c in line]
    return [
        Part(ribbon(down, width), fabric="trim", roundness=0.5),
        Line(smooth(down), "seam", 0.9),
    ]


def sleeve(
    body: Body,
    *,
    length: float,
    lean: float = 15,
    cuff: float = 40,
    puff: float = 0.0,
    bend: float = 4,
) -> tuple[Part, tuple[Point, Point]]:
    """Return the right sleeve and the two ends (outer, inner) of its cuff edge.

    lean: degrees away from straight down. puff: how far the cloth swells.
    """
    (sx, sy), (ax, ay) = body.shoulder[:2], body.armpit[:2]
    tilt = math.radians(lean)
    dx, dy = math.sin(tilt), math.cos(tilt)
    px, py = dy, -dx
    cx, cy = (sx + ax) / 2 + 8, (sy + ay) / 2
    ex, ey = cx + dx * length, cy + dy * length
    outer, inner = (
        (ex + px * cuff / 2, ey + py * cuff / 2),
        (ex - px * cuff / 2, ey - py * cuff / 2),
    )
    mid_outer = ((sx + outer[0]) / 2 + bend + puff + 5, (sy + outer[1]) / 2)
    mid_inner = ((ax + inner[0]) / 2 - puff * 0.5, (ay + inner[1]) / 2 + puff * 0.4)
    cap = (sx + 13 + puff * 0.6, sy + 19 - puff * 0.3)
    path = smooth(
        [(sx - 16, sy - 4, 1), (sx, sy), cap, mid_outer, (*outer, 1), (*inner, 1),
         mid_inner, (ax, ay, 1),
         (ax - 22, ay + 6, 1)],
        closed=True,
    )  # fmt: skip
    creases = [
        fold((ax + 2, ay + 2), (sx + 10, sy + 56), bend=5, width=9),
        fold(
            (ax + 6, ay + 6),
            (cx + dx * length * 0.5 + 6, cy + dy * length * 0.42),
            bend=-6,
            width=10,
        ),
    ]
    if length > 160:
        ex2, ey2 = cx + dx * length * 0.56, cy + dy * length * 0.56
        creases += [
            fold(
                (ex2 - px * 22, ey2 - py * 22), (ex2 + px * 12, ey2 + py * 12 - 16), bend=4, width=8
            ),
            fold((ex2 - px * 20, ey2 + 20), (ex2 + px * 14, ey2 + 12), bend=-4, width=8),
            fold((ex - px * 10, ey - 16), (ex + px * 4 - dx * 70, ey - dy * 70), bend=3, width=7),
        ]
    return folded(Part(path, angle=-lean), creases), (outer, inner)


def cuff_band(ends: tuple[Point, Point], depth: float, lean: float, *, flare: float = 0.0) -> Part:
    """Return a cuff that sits at the end of a sleeve."""
    (ox, oy), (ix, iy) = ends[0][:2], ends[1][:2]
    tilt = math.radians(lean)
    dx, dy = math.sin(tilt) * depth, math.cos(tilt) * depth
    path = smooth(
        [
            (ox + flare, oy, 1),
            (ox + dx - 1, oy + dy, 1),
            (ix + dx + 1, iy + dy, 1),
            (ix - flare, iy, 1),
        ],
        closed=True,
    )
    return Part(path, fabric="trim", angle=-lean, tone=0.97)


def cuff_ribs(ends: tuple[Point, Point], depth: float, lean: float, count: int = 7) -> Line:
    """Return the ribs of a knitted cuff."""
    (ox, oy), (ix, iy) = ends[0][:2], ends[1][:2]
    tilt = math.radians(lean)
    dx, dy = math.sin(tilt) * depth, math.cos(tilt) * depth
    shares = [(k + 0.5) / count for k in range(count)]
    starts = [(ox + (ix - ox) * s, oy + (iy - oy) * s) for s in shares]
    return Line(strokes(((x, y), (x + dx, y + dy)) for x, y in starts), "seam", 1.0)


def hem_stitch(ends: tuple[Point, Point], lean: float, back: float = 8) -> Line:
    """Return a row of stitches just above the end of a sleeve."""
    tilt = math.radians(lean)
    dx, dy = math.sin(tilt) * back, math.cos(tilt) * back
    (ox, oy), (ix, iy) = ends[0][:2], ends[1][:2]
    return Line(polyline((ox - dx, oy - dy), (ix - dx, iy - dy)), "stitch", 1.1)


def body_folds(body: Body, rng: np.random.Generator, count: int = 5) -> list[skia.Path]:
    """Return the folds of a hanging torso: from the armpits and up from the hem."""
    ax, ay = body.armpit[:2]
    hx, hy = body.hem[:2]
    folds = []
    for side in (-1, 1):
        for k in range(2):
            reach = rng.uniform(40, 66) - 12 * k
            folds.append(
                fold((side * (ax - 4), ay + 6 + 12 * k), (side * (ax - reach),
                 ay + rng.uniform(36, 84) + 34 * k),
                     bend=side * rng.uniform(6, 12), width=11)
            )  # fmt: skip
    for k in range(count):
        x = -hx * 0.8 + 1.6 * hx * (k + rng.uniform(0.25, 0.75)) / count
        top = hy - rng.uniform(70, 150)
        folds.append(
            fold(
                (x, hy + 2),
                (x * 0.8 + rng.uniform(-10, 10), top),
                bend=rng.uniform(-9, 9),
                width=12,
            )
        )
    return folds


def hem_line(body: Body, up: float = 9) -> Line:
    """Return the stitches above the hem."""
    hx, hy, drop = body.hem[0], body.hem[1], body.hem_drop
    return Line(
        smooth([(-hx, hy - up), (-hx / 2, hy + drop - up), (0, hy + drop - up),
         (hx / 2, hy + drop - up), (hx, hy - up)]),
        "stitch", 1.1,
    )  # fmt: skip


def hem_band(body: Body, depth: float = 20) -> list[Part | Line]:
    """Return the ribbed band at the hem of a knitted garment."""
    hx, hy, drop = body.hem[0], body.hem[1], body.hem_drop
    top = [(0, hy + drop - depth), (hx * 0.5, hy + drop - depth), (hx + 1, hy - depth, 1)]
    low = [(hx - 1, hy + 6, 1), (hx * 0.5, hy + drop + 3), (0, hy + drop + 3)]
    ribs = strokes(
        ((x, hy + drop - depth - abs(x) * 0.02), (x * 0.97, hy + drop))
        for x in np.linspace(-hx * 0.96, hx * 0.96, 27)
    )
    return [Part(symmetric([*top, *low]), fabric="trim", tone=0.97), Line(ribs, "seam", 1.0)]


def lifted_along(point: tuple[float, float], lean: float, length: float) -> tuple[float, float]:
    """Return `point` moved up a sleeve that leans by `lean` degrees."""
    tilt = math.radians(lean)
    return point[0] - math.sin(tilt) * length, point[1] - math.cos(tilt) * length
