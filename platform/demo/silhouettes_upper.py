"""Outlines of what is worn above the waist and closes over the head: t-shirt to hoodie."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import skia

from demo.shapes import (
    Button,
    Garment,
    Line,
    Part,
    Point,
    fold,
    folded,
    polyline,
    rect,
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
            [(-x, y, 1), (0, y - rise), (x, y, 1), (x * 0.7, body.neck_depth), (0, body.neck_depth + 12),
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
        [(sx - 16, sy - 4, 1), (sx, sy), cap, mid_outer, (*outer, 1), (*inner, 1), mid_inner, (ax, ay, 1),
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
                fold((side * (ax - 4), ay + 6 + 12 * k), (side * (ax - reach), ay + rng.uniform(36, 84) + 34 * k),
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
        smooth([(-hx, hy - up), (-hx / 2, hy + drop - up), (0, hy + drop - up), (hx / 2, hy + drop - up), (hx, hy - up)]),
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


def t_shirt(spec: GarmentSpec, rng: np.random.Generator) -> Garment:
    """Return a short-sleeved jersey shirt with a ribbed neck."""
    body = body_for(spec, rng)
    body = Body(
        **{
            **body.__dict__,
            "v_neck": spec.cut == "v-neck",
            "neck_depth": -138 if spec.cut == "v-neck" else -163,
        }
    )
    lean = rng.uniform(27, 34)
    arm, ends = sleeve(body, length=88, lean=lean, cuff=76, bend=2)
    garment = Garment(motif_centre=(0, -30), motif_size=64, scale=1.05)
    garment.add(neck_back(body))
    garment.add_pair(arm, hem_stitch(ends, lean))
    garment.add(folded(Part(body.outline(), roundness=0.8), body_folds(body, rng)))
    garment.add(hem_line(body), *collar_band(body))
    return garment


def longsleeve(spec: GarmentSpec, rng: np.random.Generator) -> Garment:
    """Return a knitted pullover with ribbed cuffs and hem; a turtleneck has a high collar."""
    body = body_for(spec, rng)
    v_neck = spec.cut == "v-neck"
    body = Body(
        **{
            **body.__dict__,
            "v_neck": v_neck,
            "neck_depth": -128 if v_neck else -166,
            "hem": (body.hem[0] - 3, body.hem[1] - 6),
        }
    )
    lean = rng.uniform(10, 14)
    arm, ends = sleeve(body, length=258, lean=lean, cuff=42)
    garment = Garment(motif_centre=(0, -30), motif_size=62, scale=1.0)
    garment.add(neck_back(body))
    garment.add_pair(arm, cuff_band(ends, 26, lean), cuff_ribs(ends, 26, lean))
    garment.add(folded(Part(body.outline(), roundness=0.8), body_folds(body, rng, 4)))
    garment.add(*hem_band(body))
    if spec.cut != "turtleneck":
        garment.add(*collar_band(body, 15))
        return garment
    collar = symmetric(
        [(0, -226), (34, -224), (40, -218, 1), (46, -190), (44, -176, 1), (24, -164), (0, -160)]
    )
    ribs = strokes(((x * 0.86, -223), (x, -164 - abs(x) * 0.28)) for x in np.linspace(-38, 38, 11))
    garment.add(Part(collar, fabric="trim", lifted=True), Line(ribs, "seam", 1.0))
    garment.add(Line(smooth([(-42, -196), (0, -186), (42, -196)]), "edge", 1.6))
    return garment


def undershirt(spec: GarmentSpec, rng: np.random.Generator) -> Garment:
    """Return a sleeveless ribbed vest with broad straps and deep armholes."""
    fit = FIT.get(spec.cut, 1.0) * rng.uniform(0.97, 1.02)
    hem = 186 + {"cropped": -40, "long": 22}.get(spec.length, 0)
    depth = rng.uniform(-122, -112)
    neck = [(0, depth), (30, depth - 16), (44, -150), (48, -202, 1)]
    arm = [(70, -199, 1), (66, -150), (72, -104), (92 * fit, -74, 1)]
    outline = symmetric(
        [*neck, *arm, (86 * fit, 20), (94 * fit, hem, 1), (50, hem + 6), (0, hem + 6)]
    )
    back = smooth(
        [
            (-66, -199, 1),
            (-48, -166),
            (0, -152),
            (48, -166),
            (66, -199, 1),
            (72, -100, 1),
            (0, -70),
            (-72, -100, 1),
        ],
        closed=True,
    )
    body = Body(armpit=(92 * fit, -74), hem=(94 * fit, hem))
    garment = Garment(motif_centre=(0, -8), motif_size=56, scale=1.14)
    garment.add(Part(back, fabric="inside", roundness=0.4))
    garment.add(folded(Part(outline, roundness=0.9), body_folds(body, rng, 5)))
    if spec.pattern == "plain":
        ribs = strokes(
            ((x, depth + 10 - abs(x) * 0.5), (x * 1.04, hem))
            for x in np.linspace(-80 * fit, 80 * fit, 25)
        )
        garment.add(Line(ribs, "seam", 0.5))
    left = [(-p[0], p[1]) for p in reversed(neck[1:])]
    garment.add(
        Part(ribbon([*left, *[p[:2] for p in neck]], 9), fabric="trim", tone=0.96, roundness=0.2)
    )
    garment.add_pair(Part(ribbon([p[:2] for p in arm], 9), fabric="trim", tone=0.96, roundness=0.2))
    garment.add(hem_line(body))
    return garment


def top(spec: GarmentSpec, rng: np.random.Generator) -> Garment:
    """Return a camisole: thin straps, a heart-shaped neckline and a short flared hem."""
    flare = {"fitted": 0.0, "regular": 10.0}.get(spec.cut, 34.0)
    hem = {"cropped": 96.0, "long": 150.0}.get(spec.length, 122.0) + rng.uniform(-4, 6)
    outline = symmetric(
        [(0, -66, 1), (24, -84), (52, -92), (76, -98, 1), (80, -66), (96, -34, 1), (84, 24), (92 + flare * 0.6, 80),
         (98 + flare, hem, 1), (50 + flare / 2, hem + 12), (0, hem + 14)]
    )  # fmt: skip
    back = smooth(
        [(-92, -40, 1), (-50, -62), (0, -68), (50, -62), (92, -40, 1), (0, 0, 1)], closed=True
    )
    garment = Garment(motif_centre=(0, 18), motif_size=56, scale=1.3)
    garment.add(Part(back, fabric="inside", roundness=0.3))
    garment.add_pair(
        Part(
            ribbon([(50, -204), (68, -208), (78, -166), (80, -96)], 7),
            fabric="trim",
            tone=0.9,
            roundness=0.1,
        )
    )
    garment.add_pair(
        Part(ribbon([(50, -204), (58, -150), (64, -90)], 8), fabric="trim", roundness=0.1)
    )
    shadows = [
        fold((x, hem + 12), (x * 0.72, 12 + abs(x) * 0.3), bend=x * 0.06, width=13)
        for x in (-84, -50, -18, 18, 50, 84)
    ]
    shadows += [fold((s * 88, -26), (s * 36, 4), bend=s * 8, width=10) for s in (-1, 1)]
    garment.add(folded(Part(outline, roundness=0.9), shadows))
    edge = [(0, -64), (24, -82), (52, -90), (76, -96)]
    garment.add_pair(Part(ribbon(edge, 7), fabric="trim", tone=0.95, roundness=0.1))
    garment.add(Line(smooth([(-82, 22), (0, 34), (82, 22)]), "seam", 1.5))
    hem_curve = [
        (-98 - flare, hem - 9),
        (-50 - flare / 2, hem + 3),
        (0, hem + 5),
        (50 + flare / 2, hem + 3),
        (98 + flare, hem - 9),
    ]
    garment.add(Line(smooth(hem_curve), "stitch", 1.1))
    return garment


def hoodie(spec: GarmentSpec, rng: np.random.Generator) -> Garment:
    """Return a hooded sweatshirt with drawstrings and a pouch pocket; a zip hoodie opens in front."""
    body = body_for(spec, rng, width=1.08)
    body = Body(
        **{
            **body.__dict__,
            "neck": (46, -186),
            "neck_depth": -142,
            "hem": (body.hem[0] - 6, body.hem[1] - 4),
        }
    )
    lean = rng.uniform(11, 15)
    arm, ends = sleeve(body, length=250, lean=lean, cuff=48, puff=5)
    garment = Garment(motif_centre=(0, -62), motif_size=50, scale=0.93)
    hood_back = symmetric([(0, -266), (38, -256), (64, -214), (58, -176, 1), (0, -130)])
    garment.add(Part(hood_back, roundness=1.0))
    garment.add(
        Part(
            symmetric([(0, -246), (30, -236), (44, -204), (36, -164), (0, -140)]),
            fabric="inside",
            roundness=0.7,
        )
    )
    garment.add_pair(arm, cuff_band(ends, 26, lean), cuff_ribs(ends, 26, lean))
    garment.add(folded(Part(body.outline(), roundness=0.85), body_folds(body, rng, 4)))
    garment.add(*hem_band(body, 22))
    _pouch(garment, body)
    side = smooth(
        [
            (4, -132, 1),
            (20, -152),
            (32, -186),
            (36, -218),
            (30, -244, 1),
            (52, -232),
            (66, -206),
            (66, -178),
            (44, -146),
        ],
        closed=True,
    )
    garment.add_pair(
        folded(
            Part(side, roundness=0.8, lifted=True),
            [fold((58, -214), (36, -150), bend=-8, width=10)],
        )
    )
    garment.add_pair(Line(smooth([(26, -240), (30, -214), (26, -186), (12, -150)]), "stitch", 1.1))
    if spec.cut == "zip":
        bottom = body.hem[1] + body.hem_drop
        garment.add(
            Line(polyline((0, -134), (0, bottom)), "edge", 4.2),
            Line(polyline((0, -134), (0, bottom)), "metal", 2),
        )
        garment.add(Part(rect(-3, -128, 6, 15, 2), fabric="pale"))
    for x, low in ((-17, rng.uniform(-74, -62)), (17, rng.uniform(-70, -56))):
        cord = smooth([(x, -140), (x * 1.15, -110), (x * 1.05, low)])
        garment.add(
            Button(x, -141, 3.6, metal=True),
            Line(cord, "lace", 4.2),
            Line(polyline((x * 1.05, low - 3), (x * 1.05, low + 7)), "metal", 4.4),
        )
    return garment


def _pouch(garment: Garment, body: Body) -> None:
    """Add the pouch pocket above the hem band."""
    low = body.hem[1] - 18
    top_y = low - 86
    path = symmetric(
        [(0, top_y, 1), (42, top_y, 1), (72, top_y + 52, 1), (72, low, 1), (0, low + 4, 1)]
    )
    garment.add(Part(path, roundness=0.25, lifted=True))
    garment.add_pair(Line(polyline((37, top_y + 6), (66, top_y + 54)), "stitch", 1.1))
    garment.add(Line(polyline((-42, top_y + 5), (42, top_y + 5)), "stitch", 1.1))


def polo(spec: GarmentSpec, rng: np.random.Generator) -> Garment:
    """Return a short-sleeved shirt with a soft collar and a placket of three buttons."""
    body = Body(
        **{**body_for(spec, rng).__dict__, "neck": (40, -194), "neck_depth": -158, "v_neck": True}
    )
    lean = rng.uniform(24, 30)
    arm, ends = sleeve(body, length=92, lean=lean, cuff=66, bend=2)
    garment = Garment(motif_centre=(0, 14), motif_size=60, scale=1.05)
    garment.add(neck_back(body, 14))
    garment.add_pair(arm, cuff_band(ends, 13, lean), cuff_ribs(ends, 13, lean, 11))
    garment.add(folded(Part(body.outline(), roundness=0.8), body_folds(body, rng)))
    garment.add(
        hem_line(body), Part(rect(-11, -160, 22, 92, 2), fabric="trim", roundness=0.1, lifted=True)
    )
    garment.add(Line(polyline((-7, -156), (-7, -72), (7, -72), (7, -156)), "stitch", 1.0))
    garment.add(*[Button(0, y) for y in (-138, -112, -86)])
    leaf = smooth(
        [
            (0, -158, 1),
            (14, -182),
            (36, -207),
            (46, -206, 1),
            (66, -184),
            (56, -146, 1),
            (38, -138, 1),
        ],
        closed=True,
    )
    garment.add_pair(Part(leaf, fabric="trim", angle=35, tone=1.03, roundness=0.2, lifted=True))
    garment.add_pair(Line(polyline((8, -152), (38, -144), (52, -150)), "stitch", 1.0))
    return garment
