"""Outlines of what is worn above the waist and closes over the head: t-shirt to hoodie."""

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
    strokes,
    symmetric,
)
from demo.torso import (
    FIT,
    Body,
    body_folds,
    body_for,
    collar_band,
    cuff_band,
    cuff_ribs,
    hem_band,
    hem_line,
    hem_stitch,
    neck_back,
    sleeve,
)

if TYPE_CHECKING:
    from demo.garments import GarmentSpec


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
        [(0, -66, 1), (24, -84), (52, -92), (76, -98, 1), (80, -66), (96, -34, 1), (84, 24),
         (92 + flare * 0.6, 80),
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
    """Return a hooded sweatshirt with drawstrings and a pouch; a zip hoodie opens in front."""
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
