"""Micro-videos of a garment: it turns, it walks, or the camera goes close.

The garment is drawn once; every frame bends that drawing as a mesh, which costs milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import cv2
import numpy as np
import skia

from demo.backdrop import TINTS, mix
from demo.drawing import draw_garment
from demo.garments import GarmentSpec
from demo.stage import RGBA, Mesh, Stage, across_down, build_stage, draw_mesh, turned

CAMERA_MOVES: tuple[str, ...] = ("turntable", "runway", "close-up")
# How much larger than the frame a close-up is drawn, so that it stays sharp.
CLOSE_UP_DETAIL = 2

# Draws the frame at a share (0..1) of the clip: (H, W, 3) uint8 RGB.
Scene = Callable[[float], np.ndarray]


def render_clip(
    spec: GarmentSpec,
    move: str,
    *,
    seconds: float = 4.0,
    fps: int = 24,
    width: int = 480,
    height: int = 640,
) -> Iterator[np.ndarray]:
    """Yield the frames of a clip: (height, width, 3) uint8 RGB, `seconds * fps` of them."""
    if move not in CAMERA_MOVES:
        raise ValueError(f"move must be one of {', '.join(CAMERA_MOVES)}, got {move!r}")
    count = max(round(seconds * fps), 1)
    draw = _SCENES[move](spec, width, height, seconds)
    for index in range(count):
        yield draw(index / count)


class Film:
    """Pixels that both OpenCV (moves whole pictures fast) and skia (draws) write to."""

    def __init__(self, width: int, height: int) -> None:
        self.pixels = np.zeros((height, width, 4), np.uint8)
        self.surface = skia.Surface(self.pixels, colorType=RGBA, alphaType=skia.kPremul_AlphaType)
        self.canvas = self.surface.getCanvas()

    def picture(self) -> np.ndarray:
        """Return a copy of what is drawn, (H, W, 3)."""
        return cv2.cvtColor(self.pixels, cv2.COLOR_RGBA2RGB)


def _eased(share: float) -> float:
    """Return a smooth 0..1 that starts and stops gently."""
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)


def _zoomed(
    zoom_x: float, zoom_y: float, about: tuple[float, float], move: tuple[float, float] = (0, 0)
) -> np.ndarray:
    """Return the matrix that scales about a point and then moves."""
    (x, y), (dx, dy) = about, move
    return np.array(
        [[zoom_x, 0, x - zoom_x * x + dx], [0, zoom_y, y - zoom_y * y + dy]], dtype=np.float32
    )


def _turntable(spec: GarmentSpec, width: int, height: int, seconds: float) -> Scene:
    """Return the scene of a turn to either side that ends as it began, so that it loops."""
    # The plate stands where the plinth would.
    bare = replace(spec, background=spec.background.replace("plinth", "floor"))
    stage, film = build_stage(bare, width, height), Film(width, height)

    def draw(share: float) -> np.ndarray:
        phase = share * math.tau
        angle = 0.66 * math.sin(phase)
        _draw_wall(film, stage, math.cos(angle) * 0.9 + 0.1)
        _draw_plate(film.canvas, stage, angle)
        lag = -7 * stage.scale * math.cos(phase - 0.9)
        draw_mesh(film.canvas, stage, turned(stage, angle, swing=lag))
        return film.picture()

    return draw


def _draw_wall(film: Film, stage: Stage, squeeze: float) -> None:
    """Draw the backdrop and on it the garment's shadow, as narrow as the turned garment."""
    middle = ((stage.box[0] + stage.box[2]) / 2, stage.height / 2)
    matrix = _zoomed(squeeze, 1.0, middle, (14 * stage.scale, 20 * stage.scale))
    size = (stage.width, stage.height)
    lit = cv2.warpAffine(stage.shadow, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    cv2.multiply(stage.backdrop, lit, dst=film.pixels, scale=1 / 255)


def _draw_plate(canvas: skia.Canvas, stage: Stage, angle: float) -> None:
    """Draw the turning plate with its marks, and the garment's shadow on it."""
    rgb = TINTS[stage.spec.background.split(" ")[1]]
    canvas.save()
    canvas.translate(stage.width / 2, stage.floor + 14 * stage.scale)
    canvas.scale(stage.scale, stage.scale * 0.17)
    for drop, tone in ((58, 0.68), (0, 0.97)):
        canvas.drawCircle(
            0, drop, 172, skia.Paint(AntiAlias=True, Color=skia.Color(*mix(rgb, tone)))
        )
    marks = skia.Path()
    for k in range(36):
        turn = k * math.tau / 36 - angle
        marks.moveTo(math.sin(turn) * 150, math.cos(turn) * 150)
        marks.lineTo(math.sin(turn) * 164, math.cos(turn) * 164)
    paint = skia.Paint(
        AntiAlias=True,
        Color=skia.Color(*mix(rgb, 0.6)),
        StrokeWidth=3.4,
        Style=skia.Paint.kStroke_Style,
    )
    canvas.drawPath(marks, paint)
    _soft_spot(canvas, 140, 110)
    canvas.restore()


def _soft_spot(canvas: skia.Canvas, radius: float, alpha: int) -> None:
    """Draw a round shadow that fades outwards."""
    colours = [skia.Color(36, 28, 32, alpha), skia.Color(36, 28, 32, 0)]
    shader = skia.GradientShader.MakeRadial(skia.Point(0, 0), radius, colours)
    canvas.drawCircle(0, 0, radius, skia.Paint(AntiAlias=True, Shader=shader))


def _runway(spec: GarmentSpec, width: int, height: int, seconds: float) -> Scene:
    """Return the scene of a walk towards the camera that ends in a pose."""
    stage, film = build_stage(spec, width, height), Film(width, height)

    def draw(share: float) -> np.ndarray:
        _draw_hall(film, stage, share)
        _draw_walker(film.canvas, stage, share, seconds)
        return film.picture()

    return draw


def _draw_walker(canvas: skia.Canvas, stage: Stage, share: float, seconds: float) -> None:
    """Draw the garment where it has come to, in mid-step."""
    pose = _eased((share - 0.74) / 0.26)
    steps = share * seconds * math.tau * 0.9
    stride = (1 - pose) * min(share * 12, 1.0)
    zoom, ground = _approach(stage, share)
    rise = abs(math.sin(steps)) * 7 * stride * zoom * stage.scale
    canvas.save()
    canvas.translate(stage.width / 2, ground - rise)
    canvas.scale(zoom, zoom)
    canvas.rotate(1.6 * math.sin(steps) * stride)
    canvas.translate(-stage.width / 2, -stage.floor)
    draw_mesh(canvas, stage, _walking(stage, steps, stride, 0.42 * math.sin(pose * math.pi)))
    canvas.restore()


def _approach(stage: Stage, share: float) -> tuple[float, float]:
    """Return how large the walker is by now and the height of the ground under it."""
    walked = _eased(share / 0.8)
    far = stage.height * 0.845
    return 0.62 + 0.38 * walked, far + (max(stage.floor, far) - far) * walked


def _walking(stage: Stage, steps: float, stride: float, angle: float) -> Mesh:
    """Return the mesh of a walking garment: hips sway, the hem follows late, the cloth ripples."""
    across, down = across_down(stage)
    places, light = turned(stage, angle + 0.2 * stride * math.sin(steps))
    reach = 15 * stage.scale * stride
    late = steps - 1.5 * down
    sway = reach * down**1.6 * np.sin(late)
    ripple = 3.2 * stage.scale * stride * down * np.sin(2 * late + 4 * across)
    lift = (
        5.0
        * stage.scale
        * stride
        * down**2
        * np.sin(steps + math.pi * (across > 0))
        * np.abs(across)
    )
    moved = places + np.stack([sway + ripple, lift], axis=-1)
    return moved, light + 0.06 * stride * down * np.sin(2 * late + 4 * across)


def _draw_hall(film: Film, stage: Stage, share: float) -> None:
    """Draw the wall, which comes nearer, the runway and its lamps, which pass by."""
    size, middle = (stage.width, stage.height), stage.width / 2
    zoom, ground = _approach(stage, share)
    wall = _zoomed(0.84 + 0.26 * zoom, 0.84 + 0.26 * zoom, (middle, stage.height * 0.6))
    cv2.warpAffine(stage.backdrop, wall, size, dst=film.pixels, borderMode=cv2.BORDER_REPLICATE)
    _draw_catwalk(film.canvas, stage)
    horizon, reach = stage.height * 0.74, stage.height * 0.28
    for k in range(9):
        near = ((k / 9 + share * 0.9) % 1.0) ** 2
        for side in (-1, 1):
            x = middle + side * (68 + 250 * near) * stage.scale
            _draw_lamp(film.canvas, x, horizon + reach * near, (2.2 + 8 * near) * stage.scale)
    film.canvas.save()
    film.canvas.translate(middle, ground + 12 * zoom * stage.scale)
    film.canvas.scale(zoom * stage.scale, zoom * stage.scale * 0.13)
    _soft_spot(film.canvas, 165, 130)
    film.canvas.restore()


def _draw_catwalk(canvas: skia.Canvas, stage: Stage) -> None:
    """Draw the lit strip of floor that runs towards the camera."""
    unit, middle = stage.scale, stage.width / 2
    horizon, front = stage.height * 0.74, stage.height * 1.02
    corners = ((-74, horizon), (74, horizon), (330, front), (-330, front))
    path = skia.Path()
    path.addPoly([skia.Point(middle + x * unit, y) for x, y in corners], True)
    rgb = TINTS[stage.spec.background.split(" ")[1]]
    tones = [skia.Color(*mix(rgb, 0.8)), skia.Color(*mix(rgb, 1.04))]
    ends = [skia.Point(0, horizon), skia.Point(0, front)]
    shader = skia.GradientShader.MakeLinear(ends, tones)
    canvas.drawPath(path, skia.Paint(AntiAlias=True, Shader=shader))


def _draw_lamp(canvas: skia.Canvas, x: float, y: float, radius: float) -> None:
    glow = [skia.Color(255, 246, 214, 150), skia.Color(255, 246, 214, 0)]
    shader = skia.GradientShader.MakeRadial(skia.Point(x, y), radius * 3, glow)
    canvas.drawCircle(x, y, radius * 3, skia.Paint(Shader=shader))
    canvas.drawOval(
        skia.Rect.MakeLTRB(x - radius, y - radius * 0.5, x + radius, y + radius * 0.5),
        skia.Paint(AntiAlias=True, Color=skia.Color(255, 251, 236)),
    )


def _close_up(spec: GarmentSpec, width: int, height: int, seconds: float) -> Scene:
    """Return the scene of a slow glide over the cloth, with light that passes across it."""
    picture = draw_garment(spec, width * CLOSE_UP_DETAIL, height * CLOSE_UP_DETAIL)
    path = _camera_path(spec, build_stage(spec, width, height).box)
    light = _band_of_light(width, height)

    def draw(share: float) -> np.ndarray:
        x, y, zoom = _along(path, share)
        zoom *= 1 + 0.012 * math.sin(share * seconds * 2.2)
        x = min(max(x, width / 2 / zoom), width - width / 2 / zoom)
        y = min(max(y, height / 2 / zoom), height - height / 2 / zoom)
        near = zoom / CLOSE_UP_DETAIL
        matrix = np.array(
            [[near, 0, width / 2 - zoom * x], [0, near, height / 2 - zoom * y]], dtype=np.float32
        )
        frame = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        left = round((light.shape[1] - width) * (1 - share))
        return cv2.add(frame, light[:, left : left + width])

    return draw


def _camera_path(spec: GarmentSpec, box: tuple[float, float, float, float]) -> np.ndarray:
    """Return the camera's stops, rows of (x, y, zoom): collar, cloth, hem, then back."""
    left, top, right, bottom = box
    x, wide, tall = (left + right) / 2, right - left, bottom - top
    side = 1 if spec.seed % 2 else -1
    return np.array(
        [
            (x - side * wide * 0.06, top + tall * 0.2, 2.5),
            (x + side * wide * 0.16, top + tall * 0.42, 2.25),
            (x - side * wide * 0.1, top + tall * 0.7, 2.05),
            (x, top + tall * 0.52, 1.45),
        ]
    )


def _band_of_light(width: int, height: int) -> np.ndarray:
    """Return a slanted soft band, dark at both ends, over which the frame slides."""
    across = np.arange(3 * width) + 0.3 * np.arange(height)[:, None]
    centre = 1.5 * width + 0.15 * height
    glow = 30 * np.exp(-(((across - centre) / (0.24 * width)) ** 2))
    return np.dstack([glow, glow * 0.97, glow * 0.9]).astype(np.uint8)


def _along(path: np.ndarray, share: float) -> tuple[float, float, float]:
    """Return where the camera is after `share` of its way: a smooth curve through the stops."""
    place = _eased(share) * (len(path) - 1)
    index = min(int(place), len(path) - 2)
    t = place - index
    padded = np.vstack([path[0], path, path[-1]])
    p0, p1, p2, p3 = padded[index : index + 4]
    curve = p1 + 0.5 * t * (
        p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0))
    )
    return float(curve[0]), float(curve[1]), float(curve[2])


_SCENES = {"turntable": _turntable, "runway": _runway, "close-up": _close_up}
