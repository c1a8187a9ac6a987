"""Editing a picture by instruction: what nobody asked to change stays as it is.

A change of colour, pattern or background is worked into the picture itself (`core.retouch`), at
its own size. What needs new content (another garment, a painted region filled with something) is
drawn by the creator.
"""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import numpy as np
from PIL import Image

from common.errors import InvalidInputError
from common.guidance import Attributes, Edit, Guidance
from common.vocabulary import COLOURS
from generation.conditions import build_request
from generation.core.hub import library_versions
from generation.core.retouch.colour import lay_pattern, recolour
from generation.core.retouch.masks import garment_alpha, read_mask
from generation.core.retouch.scenes import fill_region, name_backdrop, replace_background
from generation.loading import load_backend
from generation.operations import Product, Work, read_picture
from generation.operations.pictures import draw, lay_style
from vision.colours import measure_colours

# Above this strength a person wants a new picture rather than this one retouched.
MOST_RETOUCH = 0.8
RETOUCH_REVISION = "1"
WHAT_TO_PAINT = "Brush over the part of the picture that should change first."
# Around a painted region, the share of its size that the creator sees beside it.
SURROUNDINGS = 0.5


def edit(work: Work) -> Product:
    """Return the source's next version.

    guidance.edit names the change; left empty, it follows from what the words change. A painted
    mask limits every change to what is under it.
    """
    source = work.source
    assert source is not None
    picture = read_picture(source)
    guidance = dataclasses.replace(work.guidance, edit=work.guidance.edit or infer(work))
    match guidance.edit:
        case "recolour" | "pattern" | "background" | "remove":
            product = _retouched(work, guidance, picture)
        case "replace":
            product = _replaced(work, picture)
        case _:
            product = _redrawn(work)
    return lay_style(work, product)


def infer(work: Work) -> Edit:
    """Return the edit that the wanted attributes come to, beside what the source already has.

    "" stands for a new drawing by the creator: another garment, or more than a retouch may change.
    """
    guidance, source = work.guidance, work.source
    assert source is not None
    wanted = guidance.wanted
    other_type = bool(wanted.type and source.garment_type and wanted.type != source.garment_type)
    if other_type or guidance.strength > MOST_RETOUCH or wanted.details:
        return "replace" if guidance.mask_png else ""
    if wanted.pattern and wanted.pattern != (source.pattern or "plain"):
        return "pattern"
    if wanted.colours and list(wanted.colours) != list(source.colours):
        return "recolour"
    return "replace" if guidance.mask_png else ""


def _retouched(work: Work, guidance: Guidance, picture: np.ndarray) -> Product:
    """Return the picture with one change worked into it."""
    started = time.perf_counter()
    work.report(0, 2)
    work.check()
    alpha = _alpha(guidance, picture)
    masked = time.perf_counter()
    work.report(1, 2)
    work.check()
    image = _RETOUCHES[guidance.edit](picture, alpha, guidance)
    ms = {"mask": (masked - started) * 1000, "retouch": (time.perf_counter() - masked) * 1000}
    work.report(2, 2)
    return Product(
        image=image,
        manifest=_manifest(guidance, picture, ms),
        attributes=_attributes(guidance, image),
    )


def _alpha(guidance: Guidance, picture: np.ndarray) -> np.ndarray:
    """Return where the picture changes, (H, W): the painted mask, else the garment."""
    if guidance.mask_png and guidance.edit == "background":
        # Painted background changes; what is not painted stays in front.
        return 1 - read_mask(guidance.mask_png, picture)
    if guidance.mask_png:
        painted = read_mask(guidance.mask_png, picture)
        if guidance.edit == "remove":
            return painted
        inside = painted * garment_alpha(picture)
        # Painted outside of what was taken for the garment: the person knows better.
        return inside if inside.mean() > 0.5 * painted.mean() else painted
    if guidance.edit == "remove":
        raise InvalidInputError(WHAT_TO_PAINT)
    return garment_alpha(picture)


def _recoloured(picture: np.ndarray, alpha: np.ndarray, guidance: Guidance) -> np.ndarray:
    if not guidance.wanted.colours:
        raise InvalidInputError("Say which colour it should have, for example “navy”.")
    return recolour(picture, alpha, guidance.wanted.colours[0])


def _patterned(picture: np.ndarray, alpha: np.ndarray, guidance: Guidance) -> np.ndarray:
    """Lay the pattern in the first colour wanted and the second, else in one that stands out."""
    if not guidance.wanted.pattern:
        raise InvalidInputError("Say which pattern it should have, for example “striped”.")
    colours = [*guidance.wanted.colours] or [measure_colours(picture)[0][0]]
    second = colours[1] if len(colours) > 1 else _contrasting(colours[0])
    return lay_pattern(picture, alpha, guidance.wanted.pattern, colours[0], second, guidance.seed)


def _before_backdrop(picture: np.ndarray, alpha: np.ndarray, guidance: Guidance) -> np.ndarray:
    return replace_background(picture, alpha, name_backdrop(guidance.instruction))


def _removed(picture: np.ndarray, alpha: np.ndarray, guidance: Guidance) -> np.ndarray:
    return fill_region(picture, alpha)


_RETOUCHES = {
    "recolour": _recoloured,
    "pattern": _patterned,
    "background": _before_backdrop,
    "remove": _removed,
}


def _contrasting(colour: str) -> str:
    """Return white on dark colours, navy on light ones."""
    red, green, blue = COLOURS[colour]
    return "white" if 0.3 * red + 0.6 * green + 0.1 * blue < 150 else "navy"


def _redrawn(work: Work) -> Product:
    """Return the picture drawn anew by the creator, started from the source."""
    request = build_request(work.guidance, work.source)
    image, manifest = draw(work, load_backend(work.revision), request)
    return Product(image=image, manifest=manifest)


def _replaced(work: Work, picture: np.ndarray) -> Product:
    """Return the picture with the painted region drawn anew by the creator, the rest untouched.

    The creator sees a portrait window around the region and its drawing is laid back into it.
    """
    guidance = work.guidance
    if not guidance.mask_png:
        raise InvalidInputError(WHAT_TO_PAINT)
    mask = read_mask(guidance.mask_png, picture)
    top, left, height, width = _window(mask)
    part = (slice(top, top + height), slice(left, left + width))
    request = dataclasses.replace(
        build_request(guidance, None),
        init_image=np.ascontiguousarray(picture[part]),
        mask=np.ascontiguousarray(mask[part]),
        strength=max(guidance.strength, 0.75),
    )
    made, facts = draw(work, load_backend(work.revision), request)
    drawn = Image.fromarray(made).resize((width, height), Image.Resampling.LANCZOS)
    image = picture.copy()
    share = mask[part][:, :, None]
    image[part] = (picture[part] * (1 - share) + np.asarray(drawn) * share + 0.5).astype(np.uint8)
    manifest = facts | {"edit": "replace", "window": [top, left, height, width]}
    return Product(image=image, manifest=manifest)


def _window(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Return top, left, height and width of the 3:4 window around a mask, as far as it fits."""
    rows, columns = np.nonzero(mask > 0.2)
    tall, wide = int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
    height = min(mask.shape[0], max(160, round(max(tall, wide * 4 / 3) * (1 + SURROUNDINGS))))
    width = min(mask.shape[1], max(wide, round(height * 3 / 4)))
    top = int(np.clip((rows.min() + rows.max() - height) // 2, 0, mask.shape[0] - height))
    left = int(np.clip((columns.min() + columns.max() - width) // 2, 0, mask.shape[1] - width))
    return top, left, height, width


def _attributes(guidance: Guidance, image: np.ndarray) -> Attributes:
    """Return what the retouched picture shows; colours are measured where they were not asked."""
    wanted = guidance.wanted
    if guidance.edit in {"recolour", "pattern"} or wanted.colours:
        return wanted
    measured = tuple(name for name, share in measure_colours(image) if share >= 0.15)
    return dataclasses.replace(wanted, colours=measured[:3])


def _manifest(guidance: Guidance, picture: np.ndarray, ms: dict[str, float]) -> dict[str, Any]:
    return {
        "backend": "retouch",
        "revision": RETOUCH_REVISION,
        "edit": guidance.edit,
        "prompt": guidance.instruction or guidance.prompt,
        "seed": guidance.seed,
        "size": [picture.shape[1], picture.shape[0]],
        "painted": bool(guidance.mask_png),
        "ms": {stage: round(spent, 1) for stage, spent in ms.items()},
        "versions": library_versions(),
        "warnings": [],
    }
