"""The stage of a clip: everything drawn once, and the mesh that bends the garment."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import skia

from demo.backdrop import HEIGHT, WIDTH
from demo.drawing import fill_backdrop, floor_of, garment_layer, shadow_of
from demo.garments import GarmentSpec

RGBA = skia.kRGBA_8888_ColorType
# The mesh that bends the drawing: columns and rows of its cells.
COLUMNS, ROWS = 20, 14
LINEAR = skia.SamplingOptions(skia.FilterMode.kLinear)

# (columns + 1) x (rows + 1) places in the frame, and how brightly each is lit (0..1).
Mesh = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Stage:
    """What stays the same in every frame of a clip."""

    spec: GarmentSpec
    # (H, W, 4) RGBA, opaque.
    backdrop: np.ndarray
    garment: skia.Shader
    # (H, W, 4): 255 where the wall keeps its brightness, less where the garment shades it.
    shadow: np.ndarray
    # The garment's box in the frame: left, top, right, bottom.
    box: tuple[float, float, float, float]
    grid: np.ndarray
    texture: list[skia.Point]
    cells: list[int]
    width: int
    height: int

    @property
    def scale(self) -> float:
        """Return how many pixels a design unit has."""
        return min(self.width / WIDTH, self.height / HEIGHT)

    @property
    def floor(self) -> float:
        """Return the height of the floor in the frame."""
        return self.height / 2 + floor_of(self.spec) * self.scale


def build_stage(spec: GarmentSpec, width: int, height: int) -> Stage:
    """Draw garment, shadow and backdrop once."""
    wall = skia.Surface(width, height)
    fill_backdrop(wall.getCanvas(), spec, width, height)
    layer = garment_layer(spec, width, height)
    opaque = layer.toarray(colorType=RGBA)[..., 3] > 40
    columns, rows = np.flatnonzero(opaque.any(axis=0)), np.flatnonzero(opaque.any(axis=1))
    box = (columns[0] - 3.0, rows[0] - 3.0, columns[-1] + 4.0, rows[-1] + 4.0)
    xs, ys = np.linspace(box[0], box[2], COLUMNS + 1), np.linspace(box[1], box[3], ROWS + 1)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    shader = layer.makeShader(skia.TileMode.kDecal, skia.TileMode.kDecal, LINEAR)
    texture = [skia.Point(*p) for p in grid.tolist()]
    return Stage(
        spec=spec,
        backdrop=wall.toarray(colorType=RGBA),
        garment=shader,
        shadow=_wall_shadow(layer),
        box=box,
        grid=grid,
        texture=texture,
        cells=_cells(),
        width=width,
        height=height,
    )


def _wall_shadow(layer: skia.Image) -> np.ndarray:
    """Return how much of the wall's light the garment leaves, for every pixel and channel."""
    cover = shadow_of(layer).toarray(colorType=RGBA)[..., 3]
    soft = cv2.resize(cover, (layer.width(), layer.height()), interpolation=cv2.INTER_CUBIC)
    return np.dstack([(255 - 0.36 * soft).astype(np.uint8)] * 3 + [np.full_like(soft, 255)])


def _cells() -> list[int]:
    """Return the corners of the mesh's triangles, two for each cell."""
    corners = []
    for row in range(ROWS):
        for column in range(COLUMNS):
            a = row * (COLUMNS + 1) + column
            b, c = a + 1, a + COLUMNS + 1
            corners += [a, b, c, b, c + 1, c]
    return corners


def draw_mesh(canvas: skia.Canvas, stage: Stage, mesh: Mesh) -> None:
    """Draw the garment bent to `mesh`."""
    places, light = mesh
    level = np.clip(light * 255, 0, 255).astype(int).tolist()
    vertices = skia.Vertices(
        skia.Vertices.VertexMode.kTriangles_VertexMode,
        [skia.Point(*p) for p in places.tolist()],
        stage.texture,
        [skia.Color(v, v, v) for v in level],
        stage.cells,
    )
    canvas.drawVertices(vertices, skia.Paint(Shader=stage.garment), skia.BlendMode.kModulate)


def across_down(stage: Stage) -> tuple[np.ndarray, np.ndarray]:
    """Return every mesh point's place in the garment: -1..1 across, 0..1 down."""
    left, top, right, bottom = stage.box
    across = (stage.grid[:, 0] - (left + right) / 2) / ((right - left) / 2)
    return across, (stage.grid[:, 1] - top) / (bottom - top)


def turned(stage: Stage, angle: float, *, swing: float = 0.0) -> Mesh:
    """Return the mesh of a garment turned by `angle` (radians) about its upright axis.

    The garment is a shallow bulge: near parts move more than far ones and grow with nearness.
    swing: how far the hem lags behind, in pixels.
    """
    left, _, right, _ = stage.box
    across, down = across_down(stage)
    radius = (right - left) / 2
    depth = 0.34 * radius * (1 - across**2)
    x, z = across * radius, depth
    turned_x = x * math.cos(angle) + z * math.sin(angle)
    turned_z = z * math.cos(angle) - x * math.sin(angle)
    near = 1 / (1 - turned_z / (6.5 * radius))
    middle_y = stage.height * 0.5
    places = np.stack(
        [
            (left + right) / 2
            + (turned_x - 0.17 * radius * math.sin(angle)) * near
            + swing * down**2,
            middle_y + (stage.grid[:, 1] - middle_y) * near,
        ],
        axis=-1,
    )
    facing = np.arctan(0.68 * across) + angle
    return places, 0.66 + 0.34 * np.cos(facing + 0.35)
