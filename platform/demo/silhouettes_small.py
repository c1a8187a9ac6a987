"""Outlines of shoes and hats."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import skia

from demo.shapes import (
    Button,
    Element,
    Garment,
    Line,
    Part,
    ellipse,
    fold,
    folded,
    rect,
    ribbon,
    smooth,
    strokes,
    symmetric,
)

if TYPE_CHECKING:
    from demo.garments import GarmentSpec


def shoes(spec: GarmentSpec, rng: np.random.Generator) -> Garment:
    """Return a pair of shoes from the side: sneakers, boots or pumps."""
    draw = {"boots": _boot, "heels": _pump}.get(spec.cut, _sneaker)
    single, (motif_x, motif_y), size = draw(rng)
    garment = Garment(motif_centre=(motif_x - 16, motif_y + 38), motif_size=size, scale=1.12)
    garment.add(*[_placed(e, 34, -62, 0.94, dim=0.9) for e in single])
    garment.add(*[_placed(e, -16, 38, 1.0) for e in single])
    return garment


def _placed(element: Element, dx: float, dy: float, scale: float, dim: float = 1.0) -> Element:
    """Return `element` scaled about the middle, moved and dimmed."""
    matrix = skia.Matrix.Translate(dx, dy)
    matrix.preScale(scale, scale)
    if isinstance(element, Button):
        return replace(
            element,
            x=element.x * scale + dx,
            y=element.y * scale + dy,
            radius=element.radius * scale,
        )
    if isinstance(element, Line):
        return replace(element, path=_moved(element.path, matrix))
    return replace(
        element,
        path=_moved(element.path, matrix),
        tone=element.tone * dim,
        dark_folds=tuple(_moved(p, matrix) for p in element.dark_folds),
        light_folds=tuple(_moved(p, matrix) for p in element.light_folds),
    )


def _moved(path: skia.Path, matrix: skia.Matrix) -> skia.Path:
    moved = skia.Path(path)
    moved.transform(matrix)
    return moved


def _sneaker(rng: np.random.Generator) -> tuple[list[Element], tuple[float, float], float]:
    """Return a laced sneaker, its toe to the right, and where a motif goes."""
    upper = smooth(
        [(-128, 42, 1), (-134, -14), (-128, -64), (-116, -84, 1), (-92, -72), (-62, -78),
         (-42, -92, 1), (-22, -94, 1),
         (6, -62), (48, -30), (92, -18), (126, 2), (136, 42, 1)],
        closed=True,
    )  # fmt: skip
    tongue = smooth(
        [(-46, -80, 1), (-54, -112), (-38, -122), (-18, -112), (20, -54, 1)], closed=True
    )
    sole = smooth(
        [
            (-138, 22, 1),
            (-60, 32),
            (40, 30),
            (138, 24, 1),
            (148, 38),
            (138, 58),
            (100, 64),
            (-96, 64),
            (-136, 60),
            (-144, 42),
        ],
        closed=True,
    )
    toe = smooth([(78, 42, 1), (74, 2), (88, -18), (122, -2), (136, 42, 1)], closed=True)
    heel = smooth([(-128, 42, 1), (-134, -14), (-130, -50), (-104, -44), (-98, 42, 1)], closed=True)
    elements: list[Element] = [
        Part(tongue, fabric="trim", tone=0.86, roundness=0.4),
        folded(
            Part(upper, roundness=0.5),
            [
                fold((30, -30), (54, 18), bend=8, width=9),
                fold((-92, -64), (-70, 10), bend=-8, width=10),
            ],
        ),
        Part(toe, fabric="trim", tone=0.95, roundness=0.3),
        Part(heel, fabric="trim", tone=0.9, roundness=0.3),
        Line(smooth([(-114, -80), (-92, -68), (-62, -74), (-42, -88)]), "edge", 3.0),
        Line(smooth([(-52, -76), (-34, -40), (10, -14), (56, -22)]), "edge", 1.6),
        Line(smooth([(-47, -74), (-30, -45), (11, -20), (50, -26)]), "stitch", 1.1),
        Part(sole, fabric="sole", roundness=0.3),
        Line(smooth([(-140, 46), (-60, 52), (40, 52), (146, 46)]), "seam", 1.4),
        Line(strokes(((x, 56), (x, 63)) for x in range(-124, 132, 12)), "seam", 1.6),
    ]
    for k in range(5):
        x, y = -38 + 17 * k, -84 + 14.5 * k
        elements.append(
            Line(smooth([(x - 2, y + 16), (x + 10, y + 5), (x + 22, y - 3)]), "lace", 5.4)
        )
        elements.append(Button(x - 3, y + 17, 2.6, metal=True))
    return elements, (-58, -16), 30


def _boot(rng: np.random.Generator) -> tuple[list[Element], tuple[float, float], float]:
    """Return an ankle boot with an elastic side."""
    upper = smooth(
        [(-110, 48, 1), (-112, 0), (-100, -60), (-104, -132, 1), (-60, -126), (-12, -134, 1),
         (-14, -66), (6, -24), (58, -8),
         (104, 6), (122, 30), (124, 50, 1)],
        closed=True,
    )  # fmt: skip
    sole = smooth(
        [
            (-114, 46, 1),
            (20, 48),
            (124, 46, 1),
            (132, 56),
            (126, 64, 1),
            (-34, 64),
            (-44, 82, 1),
            (-112, 82, 1),
        ],
        closed=True,
    )
    gore = smooth([(-76, -122, 1), (-44, -123, 1), (-46, -60), (-58, -34), (-72, -60)], closed=True)
    ribs = strokes(((x, -120), (x * 0.6 - 23, -44)) for x in range(-72, -44, 6))
    elements: list[Element] = [
        Part(
            smooth([(-104, -132, 1), (-60, -142), (-12, -134, 1), (-60, -122)], closed=True),
            fabric="inside",
        ),
        folded(
            Part(upper, roundness=0.8),
            [
                fold((-8, -44), (-64, -6), bend=8, width=12),
                fold((-96, -40), (-56, -14), bend=-8, width=10),
                fold((34, -14), (24, 36), bend=-8, width=10),
            ],
        ),
        Part(gore, fabric="inside", tone=1.15, roundness=0.3),
        Line(ribs, "seam", 1.2),
        Line(smooth([(-108, 34), (20, 37), (124, 34)]), "seam", 1.5),
        Part(
            ribbon([(-106, -134), (-106, -158), (-96, -158), (-95, -128)], 6),
            fabric="trim",
            tone=0.8,
        ),
        Part(sole, fabric="sole", tone=0.32, roundness=0.2),
    ]
    return elements, (-62, 12), 28


def _pump(rng: np.random.Generator) -> tuple[list[Element], tuple[float, float], float]:
    """Return a pump with a slim heel."""
    upper = smooth(
        [(-122, -74, 1), (-128, -34), (-104, -6), (-60, 0), (-10, 28), (40, 52), (100, 62),
         (140, 56, 1), (134, 38), (98, 22),
         (56, 14), (6, -10), (-50, -44), (-96, -62)],
        closed=True,
    )  # fmt: skip
    mouth = smooth(
        [(-121, -74, 1), (-60, -56), (0, -28), (50, 14, 1), (4, -8), (-52, -42), (-98, -60)],
        closed=True,
    )
    heel = smooth(
        [
            (-126, -26, 1),
            (-100, -6),
            (-76, 0, 1),
            (-96, 34),
            (-104, 76, 1),
            (-116, 76, 1),
            (-118, 30),
        ],
        closed=True,
    )
    sole = ribbon([(-62, 3), (-10, 32), (40, 56), (96, 66), (138, 61)], 6)
    elements: list[Element] = [
        Part(mouth, fabric="inside", roundness=0.3),
        Part(heel, fabric="trim", tone=0.86, roundness=1.0),
        folded(Part(upper, roundness=0.5), [fold((-112, -20), (-40, 4), bend=-7, width=10)]),
        Line(
            smooth([(-120, -71), (-96, -59), (-50, -41), (6, -7), (56, 17), (96, 25)]), "light", 2.0
        ),
        Part(sole, fabric="sole", tone=0.35, roundness=0.1),
        Part(rect(-117, 72, 14, 8, 2), fabric="sole", tone=0.3),
    ]
    return elements, (66, 38), 22


def hat(spec: GarmentSpec, rng: np.random.Generator) -> Garment:
    """Return a cap, a knitted beanie or a brimmed hat."""
    return {"beanie": _beanie, "brimmed": _brimmed}.get(spec.cut, _cap)(rng)


def _cap(rng: np.random.Generator) -> Garment:
    garment = Garment(motif_centre=(20, -38), motif_size=38, scale=1.28)
    crown = smooth(
        [
            (-116, 40, 1),
            (-114, -30),
            (-74, -92),
            (-2, -110),
            (66, -90),
            (104, -32),
            (108, 32, 1),
            (20, 50),
        ],
        closed=True,
    )
    visor = smooth(
        [
            (-24, 34, 1),
            (40, 22),
            (108, 28, 1),
            (150, 46),
            (164, 70),
            (140, 82, 1),
            (86, 60),
            (20, 62),
            (-22, 58),
        ],
        closed=True,
    )
    under = smooth(
        [(-22, 56, 1), (20, 62), (86, 60), (141, 82, 1), (96, 76), (30, 76)], closed=True
    )
    folds = [
        fold((-104, 30), (-60, -72), bend=-10, width=12),
        fold((60, -70), (96, 20), bend=-8, width=12),
    ]
    garment.add(Part(under, fabric="inside"))
    garment.add(folded(Part(crown, roundness=1.0), folds))
    seams = (
        [(-2, -110), (-40, -40), (-46, 48)],
        [(-2, -110), (62, -56), (84, 30)],
        [(-2, -110), (-84, -50), (-100, 40)],
    )
    for line in seams:
        garment.add(
            Line(smooth(line), "seam", 1.5),
            Line(smooth([(x + 4, y + 1) for x, y in line]), "stitch", 0.9),
        )
    garment.add(Part(visor, angle=-6, roundness=0.5, lifted=True))
    for inset in (8, 16, 24):
        garment.add(
            Line(
                smooth(
                    [
                        (-18 + inset, 58 - inset * 0.6),
                        (40, 60 - inset),
                        (96, 64 - inset),
                        (146 - inset * 0.6, 76 - inset * 0.9),
                    ]
                ),
                "stitch",
                0.9,
            )
        )
    garment.add(
        Part(ellipse(-2, -111, 9, 5), fabric="trim", tone=0.85),
        Button(-66, -40, 3, metal=True),
        Button(40, -62, 3, metal=True),
    )
    return garment


def _beanie(rng: np.random.Generator) -> Garment:
    garment = Garment(motif_centre=(0, -36), motif_size=38, scale=1.36)
    crown = symmetric([(0, -118), (46, -108), (88, -64), (104, 0), (106, 52, 1), (0, 62)])
    if rng.random() < 0.5:
        puff = ellipse(0, -128, 30, 28)
        garment.add(
            folded(
                Part(puff, fabric="trim", tone=1.05),
                [fold((-20, -118), (14, -110), bend=8, width=9)],
            )
        )
    garment.add(
        folded(
            Part(crown, roundness=1.0),
            [fold((s * 70, 40), (s * 24, -100), bend=s * 16, width=12) for s in (-1, 1)],
        )
    )
    for x in np.linspace(-96, 96, 17):
        garment.add(Line(smooth([(x * 0.12, -112), (x * 0.8, -50), (x, 46)]), "seam", 0.9))
    band = symmetric(
        [(0, 38), (60, 34), (108, 24, 1), (116, 58), (109, 92, 1), (56, 102), (0, 104)]
    )
    ribs = strokes(
        ((x, 40 - abs(x) * 0.1), (x * 1.02, 102 - abs(x) * 0.08))
        for x in np.linspace(-104, 104, 27)
    )
    garment.add(
        Part(band, fabric="trim", tone=0.97, roundness=1.0, lifted=True), Line(ribs, "seam", 1.6)
    )
    return garment


def _brimmed(rng: np.random.Generator) -> Garment:
    garment = Garment(motif_centre=(0, -34), motif_size=34, scale=1.14)
    brim = symmetric([(0, 22), (80, 20), (150, 34), (182, 52), (160, 74), (90, 90), (0, 94)])
    garment.add(
        folded(
            Part(brim, roundness=0.8),
            [
                fold((-150, 60), (-60, 82), bend=-6, width=9),
                fold((150, 60), (60, 82), bend=6, width=9),
            ],
        )
    )
    crown = symmetric(
        [(0, -84), (26, -96), (60, -98), (84, -66), (94, 0), (98, 44, 1), (50, 58), (0, 61)]
    )
    dent = [
        fold((0, -84), (6, 4), bend=8, width=18),
        fold((-70, -70), (-52, -4), bend=-8, width=13),
        fold((74, -66), (52, -2), bend=6, width=13),
    ]
    garment.add(folded(Part(crown, roundness=1.0, lifted=True), dent))
    garment.add(
        Part(
            ribbon([(-97, 22), (-50, 37), (0, 41), (50, 37), (97, 22)], 32),
            fabric="second",
            roundness=1.0,
        )
    )
    bow = smooth([(62, 18, 1), (78, 10), (84, 30), (80, 52), (64, 54, 1)], closed=True)
    garment.add(Part(bow, fabric="second", tone=0.86, lifted=True))
    garment.add(
        Line(smooth([(-176, 56), (-90, 84), (0, 88), (90, 84), (176, 56)]), "stitch", 1.2),
    )
    return garment
