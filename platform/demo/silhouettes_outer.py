"""Outlines of outwear: coat, quilted jacket and bomber."""

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
from demo.torso import (
    Body,
    body_folds,
    cuff_band,
    cuff_ribs,
    hem_line,
    hem_stitch,
    lifted_along,
    neck_back,
    sleeve,
)

if TYPE_CHECKING:
    from demo.garments import GarmentSpec


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
            lifted_along((ends[0][0] + 12, ends[0][1]), lean, d),
            lifted_along((ends[1][0] - 16, ends[1][1]), lean, d),
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
