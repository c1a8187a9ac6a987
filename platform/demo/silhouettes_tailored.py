"""Outlines of what opens in front: shirt, blouse, blazer and outwear."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
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
    symmetric,
)
from demo.torso import (
    Body,
    body_folds,
    body_for,
    cuff_band,
    hem_stitch,
    lifted_along,
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
    """Return a flowing blouse: swelling sleeves, a bow or ruffle, a gathered waist."""
    body = replace(
        body_for(spec, rng, width=0.94), neck=(40, -194),
         neck_depth=-120 if spec.cut == "v-neck" else -160,
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
            _between(ends, s),
            lifted_along(_between(ends, s), lean, 46 if short else 90),
            bend=4,
            width=7,
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


def _peplum_outline(body: Body) -> tuple[skia.Path, float]:
    (sx, sy), (ax, ay) = body.shoulder[:2], body.armpit[:2]
    flare = 122.0
    armhole = (min(sx, ax) - 7, ay * 0.58 + sy * 0.42)
    path = symmetric(
        [*body.neckline, (sx, sy, 1), armhole, (ax, ay, 1), (ax - 4, 0), (80, 48, 1), (98, 100),
         (flare, 170, 1),
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
    for (x0, y0), (x1, y1) in pairwise(line):
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
        [(36, -196, 1), (sx + 2, sy - 4, 1), (min(sx, ax) - 4, ay * 0.58 + sy * 0.42),
         (ax, ay, 1), body.waist,
         (body.hem[0] + 2, low, 1), (50, low + 6), (26, low + 3), (2, low - 26),
          (-overlap, low - 60 if overlap < 20 else low + 4, 1),
         (-overlap, roll, 1), (14, -80)],
        closed=True,
    )  # fmt: skip
