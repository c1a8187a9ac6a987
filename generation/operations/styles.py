"""Another style for a picture or a whole video (GeneRec 2023, section 5.1.3, style transfer)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from django.conf import settings
from PIL import Image

from accounts.models import User
from catalog.models import Asset, Item
from catalog.selectors import can_view
from catalog.services.captions import get_vtt
from common.errors import InvalidInputError
from common.guidance import Attributes, Guidance
from common.vocabulary import COLOURS, STYLES
from generation.core.backends import EMBEDDED, StepReporter
from generation.core.styles import EXEMPLAR, PALETTE, REVISION, Colours, Recipe, restyle_picture
from generation.core.styles.colour import group_colours, to_lab, to_rgb
from generation.core.styles.video import Rendered, restyle_video
from generation.operations import Product, Work, open_video, read_picture
from vision.colours import garment_mask, measure_colours

# Liked items whose colours make a person's palette, newest first, and how many colours it has.
PALETTE_ITEMS, PALETTE_COLOURS = 12, 6
# Each older like counts this much of the next newer one.
RECENCY = 0.9
# From this degree on, what a palette or an exemplar did to the colours is what the result shows.
RECOLOURED_FROM = 0.5
MAIN_SHARE = 0.2
NO_LIKES = "Like a few items first: your palette is made from their colours."
NO_STYLE = "Choose a style, or an item whose style should be taken."
GONE = "The item whose style should be taken is not there any more. Please choose another."


@dataclass(frozen=True)
class Request:
    """What is asked of a styler: style and degree, and what the style needs."""

    recipe: Recipe
    degree: float
    caption: str


def restyle(work: Work) -> Product:
    """Return the source, picture or video, in the style that the guidance names.

    `style` is one of the vocabulary's, "palette" (the colours of the viewer's liked items) or
    "exemplar" (the manner of `exemplar_item_id`); `style_degree` goes from 0, the source, to 1.
    """
    source = work.source
    assert source is not None
    work.check()
    work.announce("Choosing colours")
    request = _request_of(work.guidance, source)
    if source.kind == Item.Kind.VIDEO:
        return _restyled_video(work, source, request)
    return _restyled_picture(work, source, request)


def _request_of(guidance: Guidance, source: Item) -> Request:
    style = guidance.style or (EXEMPLAR if guidance.exemplar_item_id else "")
    if not style:
        raise InvalidInputError(NO_STYLE)
    recipe = Recipe(
        style,
        palette=palette_of(guidance) if style == PALETTE else (),
        exemplar=_exemplar(guidance) if style == EXEMPLAR else None,
        seed=guidance.seed,
    )
    shown = Attributes(
        type=source.garment_type or None,
        colours=tuple(source.colours),
        pattern=source.pattern or None,
    )
    return Request(recipe, guidance.style_degree, shown.as_caption() if shown else "")


def palette_of(guidance: Guidance) -> Colours:
    """Return the colours of the viewer's liked items, sRGB with weights, most important first.

    Measured on the garments in their thumbnails; the names in the catalogue stand in where there
    is no thumbnail.
    """
    ids = guidance.liked_item_ids[:PALETTE_ITEMS]
    kept = Item.objects.exclude(state__in=[Item.State.REMOVED, Item.State.EXPIRED])
    items = kept.with_assets().in_bulk(ids)
    pixels, weights = [], []
    for age, item in enumerate(items[pk] for pk in ids if pk in items):
        found = _garment_pixels(item)
        pixels.append(found)
        weights.append(np.full(len(found), RECENCY**age / max(len(found), 1)))
    if not pixels or not sum(map(len, pixels)):
        raise InvalidInputError(NO_LIKES)
    return _main_colours(np.concatenate(pixels), np.concatenate(weights))


def _garment_pixels(item: Item) -> np.ndarray:
    """Return (N, 3) uint8 colours of the garment that an item shows."""
    asset = item.asset(Asset.Role.THUMB)
    if asset is None:
        named = [COLOURS[name] for name in item.colours if name in COLOURS]
        return np.array(named, np.uint8).reshape(-1, 3)
    with asset.file.open("rb") as file, Image.open(file) as picture:
        small = picture.convert("RGB")
    mask = garment_mask(small)
    pixels = np.asarray(small.resize(mask.shape[::-1], Image.Resampling.BOX))
    return pixels[mask] if mask.any() else pixels.reshape(-1, 3)


def _main_colours(pixels: np.ndarray, weights: np.ndarray) -> Colours:
    # Drawn by weight, so that each item counts by its age and not by its size in the picture.
    rng = np.random.default_rng(0)
    drawn = pixels[rng.choice(len(pixels), 6_000, p=weights / weights.sum())]
    centres, shares = group_colours(to_lab(drawn.astype(np.float32) / 255.0), PALETTE_COLOURS, 0)
    rgb = np.round(to_rgb(centres) * 255).astype(int)
    return tuple(
        ((int(r), int(g), int(b)), float(share))
        for (r, g, b), share in zip(rgb, shares, strict=True)
    )


def _exemplar(guidance: Guidance) -> np.ndarray:
    """Return the poster of the item whose style is taken; it must be one the viewer may see."""
    viewer = User.objects.filter(pk=guidance.user_id).first()
    item = Item.objects.filter(pk=guidance.exemplar_item_id or 0).first()
    if item is None or not can_view(viewer, item):
        raise InvalidInputError(GONE)
    return read_picture(item)


def _restyled_picture(work: Work, source: Item, request: Request) -> Product:
    picture = read_picture(source)
    started = time.perf_counter()
    if _by_hub(request, settings.STYLE_MODEL):
        image, manifest = _picture_by_hub(work, picture, request)
    else:
        work.announce("Restyling")
        work.report(0, 1)
        image = restyle_picture(picture, request.recipe, degree=request.degree)
        work.report(1, 1)
        manifest = _own_manifest(request)
    work.check()
    manifest |= _common(request, {"render": round(1000 * (time.perf_counter() - started), 1)})
    return Product(image=image, manifest=manifest, attributes=_attributes(source, request, image))


def _restyled_video(work: Work, source: Item, request: Request) -> Product:
    folder = TemporaryDirectory(prefix="weft-style-")
    target = Path(folder.name) / "styled.mp4"
    work.announce("Restyling every frame")
    try:
        with open_video(source) as original:
            if _by_hub(request, settings.STYLE_VIDEO_MODEL):
                made, manifest = _video_by_hub(work, original, target, request)
            else:
                made = restyle_video(
                    original,
                    target,
                    request.recipe,
                    degree=request.degree,
                    report=work.report,
                    check=work.check,
                )
                manifest = _own_manifest(request)
    except BaseException:
        folder.cleanup()
        raise
    manifest |= _common(request, made.ms)
    manifest |= {"frames": made.frames, "shots": made.shots, "duration_s": made.duration_s}
    return Product(
        video=target,
        poster=made.poster,
        captions=get_vtt(source),
        manifest=manifest,
        attributes=_attributes(source, request, made.poster),
        folder=folder,
    )


def _by_hub(request: Request, model: str) -> bool:
    """Return whether a model of the hub does this: it knows styles by their names only."""
    return model != EMBEDDED and request.recipe.style in STYLES and request.degree > 0.0


def _picture_by_hub(
    work: Work, picture: np.ndarray, request: Request
) -> tuple[np.ndarray, dict[str, Any]]:
    from generation.core.styles import hub

    styler = hub.load_styler(settings.STYLE_MODEL, revision=settings.STYLE_REVISION)
    prompt = hub.prompt_of(request.recipe.style, request.caption)
    reporter = StepReporter(hub.steps_of(request.degree), work.report, work.should_stop)
    made = styler.restyle(
        [picture],
        prompt=prompt,
        degree=request.degree,
        seed=request.recipe.seed,
        reporter=reporter,
    )
    return made[0], styler.manifest(prompt, request.degree, request.recipe.seed)


def _video_by_hub(
    work: Work, original: Path, target: Path, request: Request
) -> tuple[Rendered, dict[str, Any]]:
    from generation.core.styles import hub

    styler = hub.load_styler(
        settings.STYLE_VIDEO_MODEL, revision=settings.STYLE_VIDEO_REVISION, moving=True
    )
    prompt = hub.prompt_of(request.recipe.style, request.caption)
    made = hub.restyle_video_by_model(
        styler,
        original,
        target,
        prompt=prompt,
        degree=request.degree,
        seed=request.recipe.seed,
        report=work.report,
        should_stop=work.should_stop,
    )
    return made, styler.manifest(prompt, request.degree, request.recipe.seed)


def _own_manifest(request: Request) -> dict[str, Any]:
    return {
        "backend": EMBEDDED,
        "revision": f"styles-{REVISION}",
        "seed": request.recipe.seed,
        "versions": {"opencv": cv2.__version__, "numpy": np.__version__},
    }


def _common(request: Request, ms: dict[str, float]) -> dict[str, Any]:
    recipe = request.recipe
    made: dict[str, Any] = {"style": recipe.style, "style_degree": request.degree, "ms": ms}
    if recipe.palette:
        made["palette"] = [
            {"rgb": list(colour), "share": round(share, 3)} for colour, share in recipe.palette
        ]
    return made


def _attributes(source: Item, request: Request, image: np.ndarray) -> Attributes | None:
    """Return what the result shows where the style gave the garment other colours."""
    if request.recipe.style in STYLES or request.degree < RECOLOURED_FROM:
        return None
    found = [name for name, share in measure_colours(image) if share >= MAIN_SHARE]
    return Attributes(
        type=source.garment_type or None, colours=tuple(found), pattern=source.pattern or None
    )
