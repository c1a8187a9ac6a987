"""Draws a garment: cloth, pattern, folds, light and shadow, in front of a backdrop."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import skia

from demo import (
    silhouettes_lower,
    silhouettes_outer,
    silhouettes_small,
    silhouettes_tailored,
    silhouettes_upper,
)
from demo.backdrop import HEIGHT, WIDTH, draw_backdrop
from demo.fabric import RGB, Cloth, draw_motif, draw_pattern, ink, scaled, shaded, weave
from demo.garments import GarmentSpec
from demo.shapes import Button, Garment, Line, Part

BUILDERS = {
    "t-shirt": silhouettes_upper.t_shirt,
    "longsleeve": silhouettes_upper.longsleeve,
    "undershirt": silhouettes_upper.undershirt,
    "top": silhouettes_upper.top,
    "hoodie": silhouettes_upper.hoodie,
    "polo": silhouettes_upper.polo,
    "shirt": silhouettes_tailored.shirt,
    "blouse": silhouettes_tailored.blouse,
    "blazer": silhouettes_tailored.blazer,
    "outwear": silhouettes_outer.outwear,
    "dress": silhouettes_lower.dress,
    "skirt": silhouettes_lower.skirt,
    "pants": silhouettes_lower.pants,
    "shorts": silhouettes_lower.shorts,
    "shoes": silhouettes_small.shoes,
    "hat": silhouettes_small.hat,
}
# The width of one stripe and its gap on the frame, in design units.
PITCH = (20.0, 25.0)
# How far below the middle things stand that lie on the floor; the rest hangs above it.
FLOOR = {
    "sneakers": 116.0,
    "boots": 136.0,
    "heels": 132.0,
    "cap": 110.0,
    "beanie": 145.0,
    "brimmed": 112.0,
}
SOLE, PALE, METAL = (238.0, 236.0, 230.0), (240.0, 240.0, 242.0), (196.0, 198.0, 204.0)


def draw_garment(spec: GarmentSpec, width: int = 480, height: int = 640) -> np.ndarray:
    """Return the picture of a garment in front of its backdrop: (height, width, 3) uint8 RGB."""
    surface = skia.Surface(width, height)
    canvas = surface.getCanvas()
    fill_backdrop(canvas, spec, width, height)
    layer = garment_layer(spec, width, height)
    _draw_shadow(canvas, shadow_of(layer), width, height)
    _contact_shadow(canvas, spec, width, height)
    canvas.drawImage(layer, 0, 0)
    return np.ascontiguousarray(surface.toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3])


def fill_backdrop(canvas: skia.Canvas, spec: GarmentSpec, width: int, height: int) -> None:
    """Draw the backdrop so that it covers the frame."""
    scale = max(width / WIDTH, height / HEIGHT)
    canvas.save()
    canvas.translate((width - WIDTH * scale) / 2, (height - HEIGHT * scale) / 2)
    canvas.scale(scale, scale)
    draw_backdrop(canvas, spec.background)
    canvas.restore()


def garment_layer(spec: GarmentSpec, width: int, height: int) -> skia.Image:
    """Return the garment alone on a transparent ground."""
    rng = np.random.default_rng(spec.seed)
    cloth = cloth_of(spec, rng)
    garment = BUILDERS[spec.type](spec, rng)
    surface = skia.Surface(width, height)
    canvas = surface.getCanvas()
    scale = min(width / WIDTH, height / HEIGHT)
    canvas.translate(width / 2, height / 2)
    canvas.scale(scale, scale)
    canvas.save()
    canvas.translate(rng.uniform(-9, 9), rng.uniform(-8, 8))
    canvas.rotate(rng.uniform(-2.2, 2.2))
    zoom = garment.scale * rng.uniform(0.95, 1.05)
    canvas.scale(zoom, zoom)
    pitch = rng.uniform(*PITCH) / zoom
    for element in garment.elements:
        _draw_element(canvas, element, garment, cloth, pitch, spec.seed)
    canvas.restore()
    _draw_texture(canvas)
    return surface.makeImageSnapshot()


def cloth_of(spec: GarmentSpec, rng: np.random.Generator) -> Cloth:
    """Return the cloth the garment is cut from."""
    main = shaded(spec.colour, spec.shade, rng)
    second = shaded(spec.second_colour, 0.0, rng) if spec.second_colour else scaled(main, 0.6)
    return weave(main, second, spec.pattern)


def shadow_of(layer: skia.Image) -> skia.Image:
    """Return the shadow a garment throws, at an eighth of its size.

    Drawn large again it is as soft as a blur and far cheaper.
    """
    small = skia.Surface(max(layer.width() // 8, 12), max(layer.height() // 8, 16))
    linear = skia.SamplingOptions(skia.FilterMode.kLinear, skia.MipmapMode.kLinear)
    tint = skia.ColorFilters.Blend(skia.Color(44, 34, 40), skia.BlendMode.kSrcIn)
    frame = skia.Rect.MakeWH(small.width(), small.height())
    small.getCanvas().drawImageRect(layer, frame, linear, skia.Paint(ColorFilter=tint))
    return small.makeImageSnapshot()


def _draw_shadow(canvas: skia.Canvas, shadow: skia.Image, width: int, height: int) -> None:
    """Draw the shadow on the wall: a far soft one and a near one."""
    scale = min(width / WIDTH, height / HEIGHT)
    whole = skia.Rect.MakeWH(width, height)
    cubic = skia.SamplingOptions(skia.CubicResampler.Mitchell())
    for dx, dy, alpha in ((13, 20, 0.24), (4, 7, 0.26)):
        moved = whole.makeOffset(dx * scale, dy * scale)
        canvas.drawImageRect(shadow, moved, cubic, skia.Paint(Alphaf=alpha))


def floor_of(spec: GarmentSpec) -> float:
    """Return how far below the middle the floor under the garment is, in design units."""
    return FLOOR.get(spec.cut, 262.0)


def _contact_shadow(canvas: skia.Canvas, spec: GarmentSpec, width: int, height: int) -> None:
    scale = min(width / WIDTH, height / HEIGHT)
    canvas.save()
    canvas.translate(width / 2, height / 2 + floor_of(spec) * scale)
    canvas.scale(scale, scale * 0.11)
    colours = [skia.Color(40, 30, 34, 96), skia.Color(40, 30, 34, 0)]
    shader = skia.GradientShader.MakeRadial(skia.Point(0, 0), 170, colours)
    canvas.drawCircle(0, 0, 170, skia.Paint(AntiAlias=True, Shader=shader))
    canvas.restore()


def _draw_element(
    canvas: skia.Canvas,
    element: Part | Line | Button,
    garment: Garment,
    cloth: Cloth,
    pitch: float,
    seed: int,
) -> None:
    if isinstance(element, Part):
        _draw_part(canvas, element, garment, cloth, pitch, seed)
    elif isinstance(element, Line):
        _draw_line(canvas, element, cloth)
    else:
        _draw_button(canvas, element, cloth)


def _draw_part(
    canvas: skia.Canvas, part: Part, garment: Garment, cloth: Cloth, pitch: float, seed: int
) -> None:
    """Draw one piece: what it throws on those below, its cloth, then light and shadow upon it."""
    if part.lifted:
        below = skia.Path(part.path)
        below.offset(2, 5)
        canvas.drawPath(below, _blurred(cloth.shadow, cloth.shadow_alpha * 0.7, 4.5))
    rgb = _base_colour(part, cloth)
    canvas.drawPath(part.path, skia.Paint(AntiAlias=True, Color4f=ink(rgb)))
    canvas.save()
    canvas.clipPath(part.path, skia.ClipOp.kIntersect, True)
    if part.fabric == "main":
        canvas.save()
        canvas.rotate(part.angle)
        draw_pattern(canvas, cloth, pitch, upright=garment.upright_stripes, seed=seed)
        canvas.restore()
        if cloth.pattern == "printed":
            draw_motif(canvas, cloth, garment.motif_centre, garment.motif_size, seed)
    _light(canvas, part, cloth)
    canvas.restore()
    canvas.drawPath(part.path, _stroke(_edge_ink(cloth), 1.5, 0.75))


def _base_colour(part: Part, cloth: Cloth) -> RGB:
    if part.fabric == "inside":
        return (
            scaled(cloth.main, 0.62 * part.tone) if not cloth.is_dark else scaled(cloth.main, 0.55)
        )
    base = {"second": cloth.second, "sole": SOLE, "pale": PALE}.get(part.fabric, cloth.main)
    return scaled(base, part.tone)


def _light(canvas: skia.Canvas, part: Part, cloth: Cloth) -> None:
    """Shade a piece inside its clip: roundness, folds, a darker rim."""
    bounds = part.path.getBounds()
    reach = max(bounds.width() * 0.5, 8.0)
    cx, cy, turn = bounds.centerX(), bounds.centerY(), math.radians(part.angle)
    dx, dy = math.cos(turn) * reach, math.sin(turn) * reach
    dark, bright = cloth.shadow_alpha * 0.62 * part.roundness, cloth.light_alpha * part.roundness
    shadow = [ink(cloth.shadow, dark * k).toColor() for k in (0.55, 0.0)]
    shine = ink((255, 255, 255), bright).toColor()
    clear, far = ink((255, 255, 255), 0.0).toColor(), ink(cloth.shadow, dark).toColor()
    shader = skia.GradientShader.MakeLinear(
        [skia.Point(cx - dx, cy - dy), skia.Point(cx + dx, cy + dy)],
        [shadow[0], shadow[1], clear, shine, clear, shadow[1], far],
        [0.0, 0.2, 0.2, 0.34, 0.55, 0.55, 1.0],
    )
    canvas.drawPaint(skia.Paint(Shader=shader))
    if part.dark_folds:
        canvas.drawPath(
            _joined(part.light_folds), _blurred((255, 255, 255), cloth.light_alpha * 1.25, 4.0)
        )
        canvas.drawPath(
            _joined(part.dark_folds), _blurred(cloth.shadow, cloth.shadow_alpha * 0.8, 3.2)
        )
    # A narrow band would be all rim and look soiled.
    breadth = min(bounds.width(), bounds.height(), 60.0) / 60.0
    rim = _blurred(cloth.shadow, cloth.shadow_alpha * 0.7 * max(breadth, 0.3), 4.0)
    rim.setStyle(skia.Paint.kStroke_Style)
    rim.setStrokeWidth(7)
    canvas.drawPath(part.path, rim)


def _joined(paths: tuple[skia.Path, ...]) -> skia.Path:
    joined = skia.Path()
    for path in paths:
        joined.addPath(path)
    return joined


@lru_cache(maxsize=64)
def _blur(sigma: float) -> skia.MaskFilter:
    return skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, sigma)


def _blurred(rgb: RGB, alpha: float, sigma: float) -> skia.Paint:
    return skia.Paint(AntiAlias=True, Color4f=ink(rgb, min(alpha, 1.0)), MaskFilter=_blur(sigma))


def _stroke(rgb: RGB, width: float, alpha: float) -> skia.Paint:
    return skia.Paint(
        AntiAlias=True,
        Color4f=ink(rgb, alpha),
        Style=skia.Paint.kStroke_Style,
        StrokeWidth=width,
        StrokeCap=skia.Paint.kRound_Cap,
        StrokeJoin=skia.Paint.kRound_Join,
    )


def _edge_ink(cloth: Cloth) -> RGB:
    return (84.0, 84.0, 96.0) if cloth.is_dark else scaled(cloth.shadow, 0.8)


def _draw_line(canvas: skia.Canvas, line: Line, cloth: Cloth) -> None:
    edge = _edge_ink(cloth)
    if line.ink == "stitch":
        paint = _stroke(edge, line.width, 0.7)
        paint.setPathEffect(skia.DashPathEffect.Make([4.5, 3.2], 0))
        canvas.drawPath(line.path, paint)
    elif line.ink == "lace":
        canvas.drawPath(line.path, _stroke((60, 60, 66), line.width + 1.4, 0.55))
        canvas.drawPath(line.path, _stroke((246, 245, 240), line.width, 1.0))
    elif line.ink == "metal":
        canvas.drawPath(line.path, _stroke(METAL, line.width, 0.95))
    elif line.ink == "light":
        canvas.drawPath(line.path, _stroke((255, 255, 255), line.width, cloth.light_alpha * 1.6))
    else:
        canvas.drawPath(line.path, _stroke(edge, line.width, 0.9 if line.ink == "edge" else 0.5))


def _draw_button(canvas: skia.Canvas, button: Button, cloth: Cloth) -> None:
    """Draw a button that shows on the cloth: pale on dark cloth, dark on pale."""
    rgb = (
        METAL
        if button.metal
        else (226.0, 222.0, 212.0)
        if cloth.is_dark
        else scaled(cloth.main, 0.5)
    )
    canvas.drawCircle(
        button.x + 1,
        button.y + 1.6,
        button.radius,
        skia.Paint(AntiAlias=True, Color4f=ink((0, 0, 0), 0.35)),
    )
    canvas.drawCircle(
        button.x, button.y, button.radius, skia.Paint(AntiAlias=True, Color4f=ink(rgb))
    )
    gleam = _stroke((255, 255, 255), 0.9, 0.45)
    canvas.drawCircle(button.x, button.y, button.radius * 0.68, gleam)


@lru_cache(maxsize=1)
def _grain() -> skia.Shader:
    """Return a tile of woven grain around middle grey."""
    rng = np.random.default_rng(7)
    noise = rng.normal(0, 1, (256, 256))
    grain = noise + 0.8 * np.roll(noise, 1, 0) + 0.8 * np.roll(noise, 1, 1)
    level = np.clip(128 + grain * 11, 0, 255).astype(np.uint8)
    pixels = np.dstack([level, level, level, np.full_like(level, 255)])
    tile = skia.Image.fromarray(np.ascontiguousarray(pixels), colorType=skia.kRGBA_8888_ColorType)
    return tile.makeShader(
        skia.TileMode.kRepeat, skia.TileMode.kRepeat, skia.SamplingOptions(skia.FilterMode.kLinear)
    )


def _draw_texture(canvas: skia.Canvas) -> None:
    """Give what is drawn so far the grain of cloth; the transparent ground stays as it is."""
    canvas.drawPaint(skia.Paint(Shader=_grain(), BlendMode=skia.BlendMode.kSrcATop, Alphaf=0.05))
