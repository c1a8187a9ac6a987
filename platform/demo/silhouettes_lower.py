"""Outlines of dress, skirt, pants and shorts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
from demo.torso import Body, cuff_band, hem_stitch, sleeve

if TYPE_CHECKING:
    from demo.garments import GarmentSpec

DRESS_HEM = {"mini": 150.0, "midi": 196.0, "maxi": 236.0}


def dress(spec: GarmentSpec, rng: np.random.Generator) -> Garment:
    """Return a dress: fitted bodice, marked waist, a skirt that flares with the cut."""
    hem = DRESS_HEM.get(spec.length, 196.0)
    flare = {"fitted": 84.0, "a-line": 128.0, "flared": 160.0}.get(spec.cut, 128.0) + rng.uniform(
        -5, 5
    )
    bare = spec.sleeve == "sleeveless"
    sx = 72 if bare else 86
    body = Body(
        neck=(46, -212),
        shoulder=(sx, -206 if bare else -198),
        armpit=(76, -118),
        neck_depth=-158,
        v_neck=rng.random() < 0.4,
    )
    garment = Garment(motif_centre=(0, 66), motif_size=60, scale=1.06 if hem < 200 else 0.98)
    _dress_back(garment, body)
    _dress_sleeves(garment, body, spec, rng)
    (ax, ay), (px, py) = body.armpit[:2], body.shoulder[:2]
    outline = symmetric(
        [*body.neckline, (px, py, 1), (min(px, ax) - 8, ay * 0.6 + py * 0.4), (ax, ay, 1),
         (66, -70), (58, -38, 1),
         (flare * 0.62 + 16, 40), (flare * 0.9, hem * 0.66), (flare, hem, 1),
          *_wavy_hem(flare, hem, 0.2 if spec.cut == "fitted" else 1.0)]
    )  # fmt: skip
    garment.add(
        folded(Part(outline, roundness=0.85), _skirt_folds(rng, flare, hem, waist=-34, waist_x=54))
    )
    garment.add(*_darts())
    garment.add(
        Part(ribbon([(-60, -42), (0, -36), (60, -42)], 13), fabric="trim", tone=0.86, roundness=0.5)
    )
    garment.add(Line(smooth(body.whole_neckline), "edge", 2.4))
    garment.add(Line(smooth([(x, y + 6) for x, y, *_ in body.whole_neckline]), "stitch", 0.9))
    return garment


def _dress_back(garment: Garment, body: Body) -> None:
    x, y = body.neck[:2]
    back = smooth(
        [(-x, y, 1), (0, y + 14), (x, y, 1), (x * 0.7, -150), (0, -140), (-x * 0.7, -150)],
        closed=True,
    )
    garment.add(Part(back, fabric="inside", roundness=0.3))


def _dress_sleeves(
    garment: Garment, body: Body, spec: GarmentSpec, rng: np.random.Generator
) -> None:
    if spec.sleeve == "sleeveless":
        return
    long = spec.sleeve == "long"
    lean = rng.uniform(15, 19) if long else rng.uniform(26, 32)
    arm, ends = sleeve(
        body, length=200 if long else 74, lean=lean, cuff=34 if long else 58, puff=4 if long else 10
    )
    garment.add_pair(arm)
    garment.add_pair(cuff_band(ends, 14, lean) if long else hem_stitch(ends, lean, 7))


def _darts() -> list[Line]:
    return [
        Line(smooth([(s * 34, -40), (s * 38, -76), (s * 44, -112)]), "seam", 1.1) for s in (-1, 1)
    ]


def _wavy_hem(flare: float, hem: float, wave: float = 1.0) -> list[tuple[float, float]]:
    """Return the right half of a hem with shallow waves, inwards from the side."""
    shares = (0.84, 0.68, 0.52, 0.36, 0.2)
    return [
        (flare * s, hem + 13 - 11 * s + wave * (4 if k % 2 else -3)) for k, s in enumerate(shares)
    ] + [(0, hem + 13 + 2 * wave)]


def _skirt_folds(
    rng: np.random.Generator,
    flare: float,
    hem: float,
    *,
    waist: float,
    waist_x: float,
    count: int = 8,
) -> list:
    """Return long folds fanning from the waist to the hem."""
    folds = []
    for share in np.linspace(-0.86, 0.86, count) + rng.uniform(-0.05, 0.05, count):
        top = waist + rng.uniform(4, 60)
        folds.append(
            fold(
                (flare * share, hem + 10),
                (waist_x * share * 0.95, top),
                bend=-share * flare * 0.13,
                width=rng.uniform(12, 18),
            )
        )
    return folds


def skirt(spec: GarmentSpec, rng: np.random.Generator) -> Garment:
    """Return a skirt: waistband, then straight, flared or pleated down to the hem."""
    short = 112.0 if spec.cut == "pencil" else 92.0
    hem = {"mini": short, "midi": 150.0, "maxi": 205.0}.get(spec.length, 150.0) + rng.uniform(-5, 5)
    flare = {"pencil": 82.0, "a-line": 138.0, "pleated": 150.0}.get(spec.cut, 138.0) * (
        0.8 + 0.2 * hem / 150
    )
    pencil, top = spec.cut == "pencil", -hem
    hip = (89.0, top + 84) if pencil else (88.0 + 0.16 * flare, top + 0.36 * 2 * hem)
    knee = (flare + (89.0 - flare) * 0.35, hem * 0.6) if pencil else (flare * 0.96, hem * 0.7)
    hem_curve = _wavy_hem(flare, hem, 0.1 if pencil else 1.0)
    outline = symmetric(
        [(0, top + 8), (40, top + 7), (70, top + 2, 1), hip, knee, (flare, hem, 1), *hem_curve]
    )
    garment = Garment(
        motif_centre=(0, hem * 0.2),
        motif_size=62,
        scale={"mini": 1.35, "midi": 1.22}.get(spec.length, 1.02),
        upright_stripes=False,
    )
    garment.add(
        Part(
            smooth([(-70, top, 1), (0, top - 9), (70, top, 1), (0, top + 14, 1)], closed=True),
            fabric="inside",
        )
    )
    count = 13 if spec.cut == "pleated" else 4 if pencil else 8
    folds = _skirt_folds(rng, flare, hem, waist=top + 10, waist_x=66, count=count)
    garment.add(folded(Part(outline, roundness=0.9), folds))
    if spec.cut == "pleated":
        for share in np.linspace(-0.9, 0.9, 12):
            garment.add(
                Line(
                    smooth(
                        [
                            (66 * share, top + 18),
                            (flare * share * 0.86, hem * 0.3),
                            (flare * share, hem + 8),
                        ]
                    ),
                    "seam",
                    1.5,
                )
            )
    elif pencil:
        garment.add(Line(polyline((0, hem - 60), (0, hem + 12)), "edge", 2.0))
        garment.add(
            *[Line(polyline((s * 36, top + 20), (s * 42, top + 66)), "seam", 1.2) for s in (-1, 1)]
        )
    band = symmetric(
        [
            (0, top - 2),
            (40, top - 4),
            (69, top - 9, 1),
            (73, top + 13, 1),
            (40, top + 19),
            (0, top + 21),
        ]
    )
    garment.add(Part(band, fabric="trim", tone=0.92, roundness=0.7))
    garment.add(Button(0, top + 9, 5))
    low = [(x, y - 9) for x, y in reversed(hem_curve)]
    garment.add(Line(smooth([(-x, y) for x, y in reversed(low)] + low[1:]), "stitch", 1.1))
    return garment


def pants(spec: GarmentSpec, rng: np.random.Generator) -> Garment:
    """Return trousers: waistband with loops, fly, pockets and two legs of the cut's width."""
    knee, ankle = {"slim": (46.0, 33.0), "wide-leg": (66.0, 78.0)}.get(spec.cut, (54.0, 48.0))
    hem = 176.0 if spec.length == "cropped" else 228.0
    spread = rng.uniform(6, 11)
    outer = [
        (76, -212, 1),
        (94, -150),
        (99, -96),
        (54 + knee + spread * 0.4, 40),
        (52 + ankle + spread, hem, 1),
    ]
    inner = [
        (52 - ankle + spread, hem + 5, 1),
        (54 - knee + spread * 0.6, 40),
        (7, -84),
        (0, -92, 1),
    ]
    leg = smooth([(0, -206, 1), *outer, *inner], closed=True)
    garment = Garment(motif_centre=(50, 10), motif_size=40, scale=1.0, upright_stripes=True)
    folds = [
        fold((4, -96), (64, -122), bend=7, width=11),
        fold((6, -84), (74, -84), bend=9, width=10),
        fold((54 - knee * 0.7, 26), (54 + knee * 0.6, 40), bend=8, width=9),
        fold((54 + knee * 0.8, 54), (54 - knee * 0.2, 62), bend=-5, width=8),
        fold((50 + spread, hem), (58, 70), bend=4, width=12),
        fold((52 - ankle * 0.6 + spread, hem - 6), (54, hem - 42), bend=6, width=8),
    ]
    part = folded(Part(leg, angle=-3, roundness=1.0), folds)
    garment.add(
        Part(
            smooth([(-74, -222, 1), (0, -230), (74, -222, 1), (0, -196, 1)], closed=True),
            fabric="inside",
        )
    )
    garment.add(part.mirrored())
    garment.add(part)
    garment.add_pair(
        Line(
            smooth([(54, -190), (55, -80), (56, 60), (51 + spread, hem)]),
            "light" if spec.cut == "slim" else "seam",
            1.2,
        )
    )
    garment.add_pair(
        Line(
            polyline((52 - ankle + spread, hem - 5), (52 + ankle + spread, hem - 9)), "stitch", 1.1
        )
    )
    _waist(garment, -212)
    _fly_and_pockets(garment, -190, fly=84)
    return garment


def _waist(garment: Garment, top: float, *, loops: bool = True) -> None:
    """Add a waistband, its button and the belt loops."""
    band = symmetric(
        [
            (0, top - 4),
            (40, top - 6),
            (75, top - 12, 1),
            (80, top + 11, 1),
            (40, top + 18),
            (0, top + 20),
        ]
    )
    garment.add(Part(band, fabric="trim", tone=0.95, roundness=0.8, lifted=True))
    if loops:
        garment.add_pair(
            *[
                Part(rect(x, top - 11, 7, 30, 2), fabric="trim", lifted=True, roundness=0.1)
                for x in (24, 58)
            ]
        )
        garment.add(Button(0, top + 8, 5.4, metal=True))


def _fly_and_pockets(garment: Garment, top: float, *, fly: float) -> None:
    garment.add(Line(polyline((0, top), (0, top + fly + 14)), "edge", 1.8))
    garment.add(Line(smooth([(19, top), (18, top + fly * 0.6), (2, top + fly)]), "stitch", 1.2))
    garment.add_pair(Line(smooth([(44, top), (54, top + 28), (90, top + 42)]), "edge", 2.0))
    garment.add_pair(Line(smooth([(41, top + 2), (51, top + 33), (90, top + 47)]), "stitch", 1.1))


def shorts(spec: GarmentSpec, rng: np.random.Generator) -> Garment:
    """Return short trousers; the relaxed cut has an elastic waist with a drawstring."""
    hem = {"mini": 24.0, "long": 86.0}.get(spec.length, 54.0) + rng.uniform(-3, 5)
    wide = {"loose": 16.0, "slim": -4.0}.get(spec.cut, 6.0)
    outer = [(78, -122, 1), (96, -66), (106 + wide * 0.6, hem * 0.3), (114 + wide, hem, 1)]
    inner = [(60, hem + 11), (9, hem + 12, 1), (5, 20), (0, 4, 1)]
    leg = smooth([(0, -116, 1), *outer, *inner], closed=True)
    folds = [
        fold((4, 2), (66, -30), bend=8, width=11),
        fold((8, 18), (78, 4), bend=9, width=10),
        fold((34, hem + 10), (50, -18), bend=6, width=12),
        fold((92, hem + 4), (80, -40), bend=-8, width=12),
    ]
    part = folded(Part(leg, angle=-4, roundness=0.9), folds)
    garment = Garment(motif_centre=(58, -10), motif_size=40, scale=1.4, upright_stripes=True)
    garment.add(
        Part(
            smooth([(-76, -132, 1), (0, -140), (76, -132, 1), (0, -106, 1)], closed=True),
            fabric="inside",
        )
    )
    garment.add(part.mirrored())
    garment.add(part)
    cuff = [(9, hem - 2), (60, hem - 2), (113 + wide, hem - 12)]
    garment.add_pair(
        Line(smooth(cuff), "stitch", 1.2),
        Line(smooth([(x, y - 4) for x, y in cuff]), "stitch", 0.9),
    )
    _waist(garment, -122, loops=spec.cut != "loose")
    _fly_and_pockets(garment, -100, fly=60)
    if spec.cut == "loose":
        gathers = [
            Line(polyline((x, -128), (x * 1.03, -104)), "seam", 1.1)
            for x in np.linspace(-70, 70, 19)
        ]
        cords = [
            Line(smooth([(s * 6, -112), (s * 15, -84), (s * 11, low)]), "lace", 4.0)
            for s, low in ((-1, -48), (1, -40))
        ]
        garment.add(*gathers, *cords)
    return garment
