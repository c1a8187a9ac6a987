"""Outlines of what opens in front: shirt, blouse, blazer and outwear."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import skia

from demo.shapes import (
    Button,
    Garment,
    Line,
    Part,
    fold,
    folded,
    polyline,
    rect,
    ribbon,
    smooth,
    strokes,
    symmetric,
)
from demo.silhouettes_upper import (
    Body,
    body_folds,
    body_for,
    cuff_band,
    cuff_ribs,
    hem_line,
    hem_stitch,
    neck_back,
    sleeve,
)

if TYPE_CHECKING:
    from demo.garments import GarmentSpec


def shirt(spec: GarmentSpec, rng: np.random.Generator) -> Garment:
    """Return a buttoned shirt: pointed collar, placket, chest pocket, cuffs and curved tails."""
    body = replace(body_for(spec, rng), neck=(38, -192), neck_depth=-156, v_neck=True, hem_drop=30)
    garment = Garment(motif_centre=(0, 40), motif_size=58, upright_stripes=True, scale=1.06)
    garment.add(neck_back(body, 16))
    if spec.sleeve == "short":
        lean = rng.uniform(24, 29)
        arm, ends = sleeve(body, length=96, lean=lean, cuff=72, bend=2)
        garment.add_pair(arm, hem_stitch(ends, lean, 14))
    else:
        garment.scale, lean = 0.99, rng.uniform(10, 14)
        arm, ends = sleeve(body, length=252, lean=lean, cuff=46, puff=2)
        garment.add_pair(arm, cuff_band(ends, 32, lean), hem_stitch(ends, lean, -27))
        garment.add(*[Button(side * (ends[0][0] - 16), ends[0][1] + 21, 3.4) for side in (-1, 1)])
    garment.add(folded(Part(_shirt_outline(body), roundness=0.8), body_folds(body, rng)))
    low = body.hem[1] + body.hem_drop
    garment.add(Part(rect(-12, -154, 24, low + 152), fabric="main", roundness=0.1, lifted=True))
    garment.add_pair(Line(polyline((8.5, -150), (8.5, low - 4)), "stitch", 0.9))
    garment.add(*[Button(0, y, 4.2) for y in np.linspace(-132, low - 46, 7)])
    pocket = smooth(
        [(34, -84, 1), (76, -84, 1), (76, -38, 1), (55, -28, 1), (34, -38, 1)], closed=True
    )
    garment.add(
        Part(pocket, roundness=0.2, lifted=True),
        Line(polyline((35, -76), (75, -76)), "stitch", 1.0),
    )
    _pointed_collar(garment)
    return garment


def _shirt_outline(body: Body) -> skia.Path:
    """Return a torso whose hem is cut high at the sides."""
    (ax, ay), (sx, sy), (hx, hy) = body.armpit[:2], body.shoulder[:2], body.hem[:2]
    armhole = (min(sx, ax) - 7, ay * 0.58 + sy * 0.42)
    return symmetric(
        [*body.neckline, (sx, sy, 1), armhole, (ax, ay, 1), body.waist, (hx, hy - 22, 1),
         (hx * 0.78, hy + 16), (hx * 0.4, hy + 29), (0, hy + body.hem_drop)]
    )  # fmt: skip


def _pointed_collar(garment: Garment) -> None:
    stand = smooth(
        [(-34, -198, 1), (0, -188), (34, -198, 1), (36, -186, 1), (0, -158, 1), (-36, -186, 1)],
        closed=True,
    )
    garment.add(Part(stand, fabric="inside", roundness=0.2))
    leaf = smooth(
        [(0, -160, 1), (16, -186), (34, -212), (44, -208, 1), (64, -180, 1), (48, -128, 1)],
        closed=True,
    )
    garment.add_pair(Part(leaf, fabric="trim", angle=30, tone=1.04, roundness=0.2, lifted=True))
    garment.add_pair(Line(polyline((7, -159), (46, -135), (58, -177)), "stitch", 1.0))
    garment.add(Button(0, -153, 3.8))


def blouse(spec: GarmentSpec, rng: np.random.Generator) -> Garment:
    """Return a flowing blouse with swelling sleeves; a bow or a ruffle at the neck, a gathered waist."""
    body = replace(
        body_for(spec, rng, width=0.94), neck=(40, -194), neck_depth=-120 if spec.cut == "v-neck" else -160,
        v_neck=spec.cut == "v-neck",
    )  # fmt: skip
    garment = Garment(motif_centre=(0, -4), motif_size=54, scale=1.07)
    garment.add(neck_back(body, 8))
    short = spec.sleeve == "short"
    lean = rng.uniform(24, 28) if short else rng.uniform(14, 18)
    arm, ends = sleeve(
        body,
        length=92 if short else 220,
        lean=lean,
        cuff=52 if short else 38,
        puff=20 if short else 24,
    )
    gathers = [
        fold(
            _between(ends, s), _lift(_between(ends, s), lean, 46 if short else 90), bend=4, width=7
        )
        for s in (0.15, 0.4, 0.65, 0.9)
    ]
    garment.add_pair(
        folded(arm, [*arm.dark_folds, *gathers]),
        cuff_band(ends, 14 if short else 24, lean, flare=3),
    )
    outline, flare = _peplum_outline(body)
    folds = [
        fold((x, 166), (x * 0.74, 60), bend=x * 0.05, width=11)
        for x in np.linspace(-flare * 0.85, flare * 0.85, 8)
    ]
    folds += [fold((x * 0.9, -110), (x, 40), bend=-x * 0.08, width=10) for x in (-62, -34, 34, 62)]
    garment.add(folded(Part(outline, roundness=0.8), folds))
    garment.add(
        Part(ribbon([(-81, 46), (0, 55), (81, 46)], 11), fabric="trim", tone=0.94, roundness=0.5)
    )
    hem = [(-flare, 160), (-flare / 2, 170), (0, 172), (flare / 2, 170), (flare, 160)]
    garment.add(Line(smooth(hem), "stitch", 1.0))
    if spec.cut == "bow":
        _bow(garment)
    else:
        _ruffle(garment, body)
    return garment


def _between(ends: tuple, share: float) -> tuple[float, float]:
    (ox, oy), (ix, iy) = ends
    return ox + (ix - ox) * share, oy + (iy - oy) * share


def _lift(point: tuple[float, float], lean: float, length: float) -> tuple[float, float]:
    tilt = np.radians(lean)
    return point[0] - float(np.sin(tilt)) * length, point[1] - float(np.cos(tilt)) * length


def _peplum_outline(body: Body) -> tuple[skia.Path, float]:
    (sx, sy), (ax, ay) = body.shoulder[:2], body.armpit[:2]
    flare = 122.0
    armhole = (min(sx, ax) - 7, ay * 0.58 + sy * 0.42)
    path = symmetric(
        [*body.neckline, (sx, sy, 1), armhole, (ax, ay, 1), (ax - 4, 0), (80, 48, 1), (98, 100), (flare, 170, 1),
         (flare * 0.75, 176), (flare * 0.5, 181), (flare * 0.25, 180), (0, 182)]
    )  # fmt: skip
    return path, flare


def _bow(garment: Garment) -> None:
    garment.add(
        Part(
            ribbon([(-42, -194), (-22, -166), (0, -154), (22, -166), (42, -194)], 17),
            fabric="trim",
            roundness=0.2,
        )
    )
    tail = smooth(
        [(-3, -146, 1), (12, -100), (14, -44, 1), (40, -54, 1), (30, -110), (8, -148, 1)],
        closed=True,
    )
    garment.add_pair(
        folded(
            Part(tail, fabric="trim", tone=0.98, lifted=True),
            [fold((8, -140), (26, -60), bend=3, width=6)],
        )
    )
    loop = smooth(
        [(0, -150, 1), (26, -180), (56, -176), (60, -146), (50, -126), (24, -134)], closed=True
    )
    garment.add_pair(
        folded(
            Part(loop, fabric="trim", tone=1.03, lifted=True),
            [fold((6, -149), (46, -156), bend=-3, width=9)],
        )
    )
    garment.add(Part(rect(-10, -162, 20, 25, 7), fabric="trim", lifted=True))


def _ruffle(garment: Garment, body: Body) -> None:
    line = [p[:2] for p in body.whole_neckline]
    garment.add(
        Part(ribbon([(x, y + 4) for x, y in line], 22), fabric="trim", roundness=0.2, lifted=True)
    )
    curls = [fold((x * 0.92, y - 5), (x * 1.12, y + 15), width=6) for x, y in _dense(line)]
    for curl in curls:
        garment.add(Line(curl, "seam", 1.0))
    if body.v_neck:
        garment.add(*[Button(0, y, 3.6) for y in (-92, -66, -40, -14, 12)])
        garment.add(Line(polyline((0, body.neck_depth + 14), (0, 44)), "seam", 1.2))


def _dense(line: list) -> list[tuple[float, float]]:
    """Return points between those of `line`, for gathers along it."""
    points = []
    for (x0, y0), (x1, y1) in zip(line, line[1:], strict=False):
        points += [(x0 + (x1 - x0) * t, y0 + (y1 - y0) * t) for t in (0.0, 0.25, 0.5, 0.75)]
    return points


def blazer(spec: GarmentSpec, rng: np.random.Generator) -> Garment:
    """Return a tailored jacket: notched lapels, flap pockets, one or two columns of buttons."""
    body = replace(
        body_for(spec, rng, width=1.03, length=8), neck=(34, -194), waist=(86, 6), neck_depth=-190
    )
    double = spec.cut == "double-breasted"
    garment = Garment(motif_centre=(0, 70), motif_size=46, scale=0.95, upright_stripes=True)
    lean = rng.uniform(9, 12)
    arm, ends = sleeve(body, length=270, lean=lean, cuff=54, bend=6)
    garment.add_pair(Part(cuff_band(ends, 10, lean).path, fabric="pale"), arm)
    garment.add(
        *[Button(s * (ends[0][0] - 10), ends[0][1] - y, 3.2) for s in (-1, 1) for y in (12, 22, 32)]
    )
    _inner_shirt(garment)
    low, overlap = body.hem[1], 24 if double else 8
    roll = 2 if double else 18
    left = _jacket_front(body, overlap, roll, low)
    folds = [
        fold((88, -70), (44, 10), bend=8, width=11),
        fold((82, low), (70, 40), bend=-6, width=11),
        fold((40, low - 8), (46, 110), bend=5, width=10),
    ]
    panel = folded(Part(left, roundness=0.7), folds)
    garment.add(replace(panel.mirrored()))
    garment.add(replace(panel, lifted=True))
    lapel = smooth(
        [
            (-overlap, roll, 1),
            (16, -70),
            (36, -196, 1),
            (50, -186, 1),
            (66, -138, 1),
            (52, -128, 1),
            (74, -118, 1),
            (40, -44),
        ],
        closed=True,
    )
    garment.add_pair(Part(lapel, angle=24, tone=1.03, roundness=0.25, lifted=True))
    garment.add_pair(
        Line(smooth([(70, -119, 1), (38, -46), (-overlap + 5, roll - 3)]), "stitch", 0.9)
    )
    for x, y, width in ((34, 84, 50), (-84, 84, 50)):
        garment.add(Part(rect(x, y, width, 17, 3), tone=1.0, roundness=0.1, lifted=True))
    garment.add(
        Part(
            smooth([(42, -68, 1), (76, -76, 1), (76, -65, 1), (42, -57, 1)], closed=True),
            roundness=0.1,
            lifted=True,
        )
    )
    square = smooth(
        [(48, -69, 1), (55, -84, 1), (61, -77, 1), (67, -86, 1), (72, -75, 1)], closed=True
    )
    garment.add(Part(square, fabric="pale", roundness=0.1))
    columns = (-22, 22) if double else (0,)
    garment.add(*[Button(x, y, 5.4) for x in columns for y in ((14, 62) if double else (24, 74))])
    return garment


def _inner_shirt(garment: Garment) -> None:
    """Add the lining and the pale shirt that a jacket shows at the neck."""
    garment.add(
        Part(
            smooth(
                [(-38, -194, 1), (0, -208), (38, -194, 1), (30, 30, 1), (-30, 30, 1)], closed=True
            ),
            fabric="inside",
        )
    )
    garment.add(
        Part(
            smooth(
                [(-36, -188, 1), (0, -176), (36, -188, 1), (26, 40, 1), (-26, 40, 1)], closed=True
            ),
            fabric="pale",
            roundness=0.3,
        )
    )
    leaf = smooth(
        [(0, -160, 1), (14, -182), (30, -204), (40, -196, 1), (40, -160, 1), (24, -134, 1)],
        closed=True,
    )
    garment.add_pair(Part(leaf, fabric="pale", roundness=0.1, lifted=True))
    garment.add(
        Line(polyline((0, -158), (0, 30)), "seam", 1.0),
        *[Button(0, y, 2.6) for y in (-138, -100, -62, -26)],
    )


def _jacket_front(body: Body, overlap: float, roll: float, low: float) -> skia.Path:
    """Return the right front of a jacket, which crosses the middle by `overlap`."""
    (sx, sy), (ax, ay) = body.shoulder[:2], body.armpit[:2]
    return smooth(
        [(36, -196, 1), (sx + 2, sy - 4, 1), (min(sx, ax) - 4, ay * 0.58 + sy * 0.42), (ax, ay, 1), body.waist,
         (body.hem[0] + 2, low, 1), (50, low + 6), (26, low + 3), (2, low - 26), (-overlap, low - 60 if overlap < 20 else low + 4, 1),
         (-overlap, roll, 1), (14, -80)],
        closed=True,
    )  # fmt: skip


def outwear(spec: GarmentSpec, rng: np.random.Generator) -> Garment:
    """Return a coat with broad lapels, a parka-like quilted jacket or a zipped bomber."""
    if spec.cut == "puffer":
        return _puffer(spec, rng)
    if spec.cut == "bomber":
        return _bomber(spec, rng)
    body = Body(
        neck=(38, -206),
        shoulder=(104, -182),
        armpit=(99, -96),
        waist=(90, 4),
        hem=(128, 222),
        neck_depth=-190,
    )
    garment = Garment(motif_centre=(4, 130), motif_size=58, scale=0.97)
    lean = rng.uniform(9, 12)
    arm, ends = sleeve(body, length=248, lean=lean, cuff=60, bend=6, puff=3)
    garment.add(
        Part(
            smooth(
                [(-40, -204, 1), (0, -216), (40, -204, 1), (30, -80, 1), (-30, -80, 1)], closed=True
            ),
            fabric="inside",
        )
    )
    garment.add_pair(arm, hem_stitch(ends, lean, 26), hem_stitch(ends, lean, 22))
    outline = symmetric(
        [
            (0, -100, 1),
            (20, -130),
            (40, -206, 1),
            (104, -182, 1),
            (92, -140),
            (99, -96, 1),
            (90, 4),
            (108, 90),
            (128, 222, 1),
            (60, 230),
            (0, 231),
        ]
    )
    folds = [
        fold((x, 228), (x * 0.66, 40), bend=x * 0.04, width=14)
        for x in (-104, -66, -30, 40, 76, 108)
    ]
    folds += [fold((s * 94, -80), (s * 50, -24), bend=s * 9, width=11) for s in (-1, 1)]
    garment.add(folded(Part(outline, roundness=0.85), folds))
    garment.add(Line(polyline((-26, -40), (-30, 229)), "edge", 1.8))
    lapel = smooth(
        [
            (-26, -40, 1),
            (6, -100),
            (26, -150),
            (42, -214, 1),
            (60, -204, 1),
            (92, -150, 1),
            (72, -138, 1),
            (94, -124, 1),
            (50, -76),
        ],
        closed=True,
    )
    garment.add_pair(Part(lapel, angle=24, tone=1.04, roundness=0.25, lifted=True))
    garment.add(*[Button(x, y, 6.2) for x in (-22, 24) for y in (-26, 62, 106)])
    garment.add(
        Part(
            ribbon([(-92, 10), (0, 18), (92, 10)], 20),
            fabric="trim",
            tone=0.94,
            roundness=0.5,
            lifted=True,
        )
    )
    garment.add(
        Part(rect(-16, 2, 32, 31, 4), fabric="trim", tone=0.82, roundness=0.1),
        Part(rect(-9, 9, 18, 17, 2), fabric="trim", roundness=0.1),
    )
    flap = smooth([(46, 72, 1), (92, 62, 1), (95, 80, 1), (49, 90, 1)], closed=True)
    garment.add_pair(Part(flap, roundness=0.1, lifted=True))
    return garment


def _puffer(spec: GarmentSpec, rng: np.random.Generator) -> Garment:
    body = Body(
        neck=(46, -192),
        shoulder=(112, -170),
        armpit=(112, -76),
        waist=(116, 40),
        hem=(108, 168),
        neck_depth=-172,
    )
    garment = Garment(motif_centre=(-54, -50), motif_size=40, scale=0.93)
    garment.add(neck_back(body, 30))
    lean = rng.uniform(11, 14)
    arm, ends = sleeve(body, length=244, lean=lean, cuff=58, puff=13)
    rows = [
        fold(
            _lift((ends[0][0] + 12, ends[0][1]), lean, d),
            _lift((ends[1][0] - 16, ends[1][1]), lean, d),
            bend=-9,
            width=9,
        )
        for d in range(34, 220, 36)
    ]
    garment.add_pair(
        folded(Part(arm.path, angle=-lean), rows),
        cuff_band(ends, 18, lean),
        cuff_ribs(ends, 18, lean),
    )
    channels = np.linspace(-124, 132, 8)
    quilting = [fold((-120, y), (120, y), bend=12, width=13) for y in channels]
    front = replace(
        Part(body.outline()),
        dark_folds=tuple(quilting),
        light_folds=tuple(_raised(q, 15) for q in quilting),
    )
    garment.add(front)
    garment.add(*[Line(smooth([(-114, y), (0, y + 6), (114, y)]), "seam", 1.3) for y in channels])
    collar = symmetric(
        [(0, -214), (42, -220), (54, -214, 1), (60, -184), (54, -158, 1), (20, -140), (0, -137)]
    )
    garment.add(
        folded(
            Part(collar, roundness=0.9, lifted=True),
            [fold((-56, -184), (56, -184), bend=12, width=10)],
        )
    )
    garment.add(
        Part(rect(-9, -214, 18, 386, 3), fabric="trim", tone=0.96, roundness=0.2, lifted=True)
    )
    garment.add(
        Line(polyline((0, -212), (0, 170)), "metal", 3.0),
        Part(rect(-4, -132, 8, 20, 3), fabric="pale"),
    )
    garment.add(Part(ribbon([(-106, 170), (0, 177), (106, 170)], 14), fabric="trim", tone=0.9))
    garment.add_pair(Line(polyline((58, 62), (88, 104)), "edge", 3.0))
    return garment


def _raised(path: skia.Path, up: float) -> skia.Path:
    moved = skia.Path(path)
    moved.offset(0, -up)
    return moved


def _bomber(spec: GarmentSpec, rng: np.random.Generator) -> Garment:
    body = Body(
        neck=(44, -192),
        shoulder=(112, -168),
        armpit=(108, -76),
        waist=(114, 40),
        hem=(98, 150),
        neck_depth=-166,
    )
    garment = Garment(motif_centre=(-54, -46), motif_size=40, scale=0.97)
    garment.add(neck_back(body, 10))
    lean = rng.uniform(13, 16)
    arm, ends = sleeve(body, length=240, lean=lean, cuff=52, puff=10)
    garment.add_pair(arm, cuff_band(ends, 26, lean), cuff_ribs(ends, 26, lean))
    garment.add(folded(Part(body.outline()), body_folds(body, rng, 5)))
    low = [(0, 136), (60, 134), (100, 128, 1), (90, 172, 1), (50, 178), (0, 178)]
    ribs = strokes(((x, 134), (x * 0.95, 176)) for x in np.linspace(-94, 94, 29))
    garment.add(Part(symmetric(low), fabric="trim", tone=0.92), Line(ribs, "seam", 1.0))
    line = [(x, y + 5) for x, y, *_ in body.whole_neckline]
    garment.add(Part(ribbon(line, 24), fabric="trim", tone=0.92, roundness=0.4, lifted=True))
    garment.add(
        Line(polyline((0, -160), (0, 176)), "edge", 6.0),
        Line(polyline((0, -160), (0, 176)), "metal", 2.8),
    )
    garment.add(Part(rect(-4, -152, 8, 20, 3), fabric="pale"))
    pocket = smooth([(46, 36, 1), (58, 30, 1), (88, 88, 1), (76, 94, 1)], closed=True)
    garment.add_pair(Part(pocket, fabric="trim", tone=0.95, roundness=0.1, lifted=True))
    garment.add(hem_line(replace(body, hem=(100, 128), hem_drop=8), 4))
    return garment
