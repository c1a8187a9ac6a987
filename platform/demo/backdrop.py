"""Studio backdrops: quiet walls, arches, floors and light, in tints that are never a pure white."""

from __future__ import annotations

import skia

WIDTH, HEIGHT = 480.0, 640.0

RGB = tuple[int, ...]
TINTS: dict[str, RGB] = {
    "sand": (226, 213, 194),
    "blush": (232, 205, 199),
    "sage": (196, 208, 192),
    "sky": (192, 209, 222),
    "lilac": (209, 202, 222),
    "stone": (205, 204, 201),
    "clay": (216, 184, 164),
    "mint": (190, 215, 207),
    "straw": (230, 217, 176),
}


def draw_backdrop(canvas: skia.Canvas, name: str) -> None:
    """Draw a backdrop ("arch sage") over the frame of 480 x 640 design units."""
    kind, tint = name.split(" ")
    rgb = TINTS[tint]
    _fill(canvas, (mix(rgb, 1.07), rgb, mix(rgb, 0.9)), (0, 0.6, 1))
    _SHAPES[kind](canvas, rgb)
    _vignette(canvas)


def mix(rgb: RGB, tone: float) -> RGB:
    """Return `rgb` lightened towards white (tone > 1) or darkened."""
    if tone <= 1:
        return tuple(int(v * tone) for v in rgb)
    return tuple(int(v + (255 - v) * min((tone - 1) * 4, 1)) for v in rgb)


def _colour(rgb: RGB, alpha: float = 1.0) -> int:
    return skia.Color(*rgb, int(alpha * 255))


def _fill(canvas: skia.Canvas, rgbs: tuple[RGB, ...], stops: tuple[float, ...]) -> None:
    shader = skia.GradientShader.MakeLinear(
        [skia.Point(0, 0), skia.Point(0, HEIGHT)], [_colour(c) for c in rgbs], list(stops)
    )
    canvas.drawPaint(skia.Paint(Shader=shader))


def _paint(top: RGB, bottom: RGB, y0: float, y1: float) -> skia.Paint:
    shader = skia.GradientShader.MakeLinear(
        [skia.Point(0, y0), skia.Point(0, y1)], [_colour(top), _colour(bottom)]
    )
    return skia.Paint(AntiAlias=True, Shader=shader)


def _vignette(canvas: skia.Canvas) -> None:
    shader = skia.GradientShader.MakeRadial(
        skia.Point(WIDTH * 0.46, HEIGHT * 0.4),
        HEIGHT * 0.78,
        [skia.Color(0, 0, 0, 0), skia.Color(40, 30, 30, 46)],
        [0.45, 1],
    )
    canvas.drawPaint(skia.Paint(Shader=shader))


def _plain(canvas: skia.Canvas, rgb: RGB) -> None:
    shader = skia.GradientShader.MakeRadial(
        skia.Point(WIDTH / 2, HEIGHT * 0.42),
        330,
        [skia.Color(255, 255, 255, 90), skia.Color(255, 255, 255, 0)],
    )
    canvas.drawPaint(skia.Paint(Shader=shader))


def _arch(canvas: skia.Canvas, rgb: RGB) -> None:
    path = skia.Path()
    path.addRoundRect(skia.Rect.MakeLTRB(60, 44, 420, 900), 180, 180)
    canvas.drawPath(path, _paint(mix(rgb, 0.86), mix(rgb, 0.97), 44, 600))
    _floor(canvas, rgb, 584)


def _disc(canvas: skia.Canvas, rgb: RGB) -> None:
    canvas.drawCircle(240, 300, 208, _paint(mix(rgb, 1.1), mix(rgb, 0.97), 90, 510))


def _floor(canvas: skia.Canvas, rgb: RGB, horizon: float = 548) -> None:
    canvas.drawRect(
        skia.Rect.MakeLTRB(-200, horizon, 680, 900),
        _paint(mix(rgb, 0.84), mix(rgb, 0.95), horizon, 640),
    )


def _panels(canvas: skia.Canvas, rgb: RGB) -> None:
    canvas.drawRect(
        skia.Rect.MakeLTRB(-200, -200, 128, 900), _paint(mix(rgb, 0.93), mix(rgb, 0.86), 0, 640)
    )
    canvas.drawRect(
        skia.Rect.MakeLTRB(352, -200, 680, 900), _paint(mix(rgb, 1.05), mix(rgb, 0.95), 0, 640)
    )


def _window(canvas: skia.Canvas, rgb: RGB) -> None:
    canvas.save()
    canvas.skew(-0.42, 0)
    light = skia.Paint(AntiAlias=True, Color=skia.Color(255, 252, 240, 66))
    for x in (250, 372):
        for y, height in ((40, 190), (246, 210)):
            canvas.drawRect(skia.Rect.MakeXYWH(x, y, 108, height), light)
    canvas.restore()
    _floor(canvas, rgb, 572)


def _plinth(canvas: skia.Canvas, rgb: RGB) -> None:
    _floor(canvas, rgb, 556)
    canvas.drawOval(
        skia.Rect.MakeLTRB(70, 548, 410, 622), _paint(mix(rgb, 0.8), mix(rgb, 0.8), 0, 1)
    )
    canvas.drawOval(
        skia.Rect.MakeLTRB(70, 536, 410, 608), _paint(mix(rgb, 1.06), mix(rgb, 1.0), 536, 608)
    )


def _hills(canvas: skia.Canvas, rgb: RGB) -> None:
    for tone, top, bulge in ((0.95, 430, 120), (0.89, 520, -90)):
        path = skia.Path()
        path.moveTo(-200, top)
        path.cubicTo(100, top - bulge, 340, top + bulge, 680, top - bulge * 0.4)
        path.lineTo(680, 900)
        path.lineTo(-200, 900)
        path.close()
        canvas.drawPath(path, _paint(mix(rgb, tone), mix(rgb, tone * 0.96), top - 100, 640))


_SHAPES = {
    "plain": _plain,
    "arch": _arch,
    "disc": _disc,
    "floor": _floor,
    "panels": _panels,
    "window": _window,
    "plinth": _plinth,
    "hills": _hills,
}
BACKDROPS: tuple[str, ...] = tuple(_SHAPES)
