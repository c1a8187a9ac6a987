"""After an operation: judge what it made, try once more if it falls short, or say so honestly.

`finish(work, operation)` is what the runner calls. GeneRec 2023, section 3.3: post-processing
judges whether what was generated satisfies the person's need, and refines it. Workers only.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import logging
import time
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from PIL import Image

from catalog.models import Embedding, Item
from catalog.selectors import nearest_items
from catalog.services.vectors import load_current_encoder
from common.errors import DomainError
from common.guidance import Attributes, Guidance
from generation.conditions import get_history
from generation.core import quality
from generation.core.backends import GenerationRequest
from generation.core.memory import load_memory
from generation.core.quality import Judgement, Measure
from generation.core.upscaling import upscale
from generation.operations import Operation, Product, Work, open_video, read_picture
from media.errors import BadMediaError
from media.watching import Watched, watch
from vision.colours import measure_colours
from vision.relevance import other_requests, share_beaten, share_of_colour

if TYPE_CHECKING:
    from vision.encoder import Encoder

logger = logging.getLogger(__name__)

# Modes that draw by lot: only there does another seed help.
DRAWN = frozenset(("create", "edit", "revise", "thumbnail"))
# A second try must end well before the task's time limit.
LONGEST_FIRST_TRY_S = 80.0
QUICK_S = 15.0
MORE_GUIDANCE = 1.35
MORE_STRENGTH = 0.15
NEW_SEED = 7_919
STRANGERS = 256
NEIGHBOURS = 3


class CouldNotMakeError(DomainError):
    """Twice it came out badly; the message says why and what to change."""


@dataclass(frozen=True)
class Attempt:
    """One run of the operation, what came of it, and what its guidance was changed to."""

    product: Product
    judgement: Judgement
    changed: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        return {
            "changed": self.changed,
            "measures": [one.as_dict() for one in self.judgement.measures],
            "good": self.judgement.is_good,
        }


def finish(work: Work, operation: Operation) -> Product:
    """Return what the operation made, judged; its manifest holds all judgements as "quality".

    1. Run and judge. 2. On a shortfall, run once more with a new seed and more guidance, and keep
    the better one. 3. Still short of what is needed: `CouldNotMakeError`. 4. Upscale a picture
    where the person asked for it. Cancelling works in both tries. An exact repetition is neither
    judged nor tried again: it is wanted as it was.
    """
    if work.revision or not settings.GENERATION_JUDGES_RESULTS:
        return _enlarged(work, operation(work))
    started = time.monotonic()
    attempts = [_attempt(work, operation, {})]
    if _deserves_another(work, attempts[0], time.monotonic() - started):
        changed = insist(work.guidance, attempts[0].judgement)
        attempts.append(_attempt(_second(work, changed), operation, changed))
    kept = max(attempts, key=lambda one: one.judgement.rank)
    if kept.judgement.is_refused:
        raise CouldNotMakeError(kept.judgement.refusal()[:500])
    report = {"attempts": [one.as_dict() for one in attempts], "kept": attempts.index(kept)}
    manifest = kept.product.manifest | {"quality": report, "guidance_changed": kept.changed}
    return _enlarged(work, dataclasses.replace(kept.product, manifest=manifest))


def settled_guidance(guidance: Guidance, product: Product) -> Guidance:
    """Return the guidance that the product was made by: the second try's, if that was kept."""
    return dataclasses.replace(guidance, **product.manifest.get("guidance_changed", {}))


def insist(guidance: Guidance, judgement: Judgement) -> dict[str, Any]:
    """Return what to change of the guidance for a second try, by what the first fell short of."""
    short = {one.name for one in judgement.shortfalls}
    changed: dict[str, Any] = {"seed": guidance.seed % (2**31 - 1 - NEW_SEED) + NEW_SEED}
    usual = GenerationRequest(prompt="")
    if short & {"relevance", "colour"}:
        literal = guidance.literalness if guidance.literalness is not None else usual.guidance_text
        changed["literalness"] = round(min(12.0, literal * MORE_GUIDANCE), 2)
    if "kinship" in short:
        own = guidance.personality
        own = own if own is not None else usual.guidance_history
        changed["personality"] = round(min(12.0, own * MORE_GUIDANCE), 2)
    begins = guidance.mode in {"edit", "revise"} or bool(guidance.reference_item_ids)
    if short & {"change", "relevance", "colour"} and begins:
        changed["strength"] = round(min(1.0, guidance.strength + MORE_STRENGTH), 2)
    if "smoothness" in short and "literalness" not in changed:
        literal = guidance.literalness if guidance.literalness is not None else usual.guidance_text
        changed["literalness"] = round(literal / MORE_GUIDANCE, 2)
    return changed


def judge(work: Work, product: Product) -> Judgement:
    """Return all measures of a product that make sense for what was asked."""
    if work.guidance.mode not in DRAWN:
        return Judgement(tuple(_light_measures(work, product)))
    source = read_picture(work.source) if work.source is not None else None
    measures = _measures_of_still(work, product, source)
    if product.kind == "video":
        measures += _measures_of_video(work, product)
    return Judgement(tuple(measures))


def _attempt(work: Work, operation: Operation, changed: dict[str, Any]) -> Attempt:
    product = operation(work)
    work.check()
    return Attempt(product, judge(work, product), changed)


def _deserves_another(work: Work, first: Attempt, seconds: float) -> bool:
    """Return whether a second try can help and is affordable; for taste alone only a quick one."""
    if first.judgement.is_good or work.guidance.mode not in DRAWN:
        return False
    return seconds < (LONGEST_FIRST_TRY_S if first.judgement.is_refused else QUICK_S)


def _second(work: Work, changed: dict[str, Any]) -> Work:
    """Return the work of a second try; its steps are counted on from those of the first."""

    def report(done: int, total: int) -> None:
        work.report(total + done, 2 * total)

    guidance = dataclasses.replace(work.guidance, **changed)
    return dataclasses.replace(work, guidance=guidance, report=report)


def _measures_of_still(work: Work, product: Product, source: np.ndarray | None) -> list[Measure]:
    guidance, still = work.guidance, product.drawn
    found = [quality.clarity(still, source), quality.smoothness(still)]
    if guidance.mode == "edit" and source is not None:
        found.append(quality.change(source, still, _mask(guidance)))
    if guidance.wanted.colours:
        main = guidance.wanted.colours[0]
        found.append(quality.colour(_share_of_colour(still, main), main))
    encoder = _encoder()
    if encoder is None:
        return [*found, quality.relevance(None, is_edit=source is not None)]
    vector = encoder.encode_images([still])[0]
    share = _share(encoder, guidance, vector)
    found.append(quality.relevance(share, is_edit=source is not None))
    history, _ = get_history(guidance.liked_item_ids)
    if len(history) and guidance.personality != 0:
        strangers = _strangers(encoder.name, guidance)
        found.append(quality.kinship(vector, history, strangers))
    if guidance.mode == "create":
        found.append(_originality(encoder, still, vector, guidance))
    return found


def _measures_of_video(work: Work, product: Product) -> list[Measure]:
    """Judge the frames; what is made from a video may be as still, dark and unsteady as that is."""
    assert product.video is not None
    try:
        seen = watch(product.video, work.check)
    except BadMediaError:
        return [_broken()]
    before = _watch_source(work)
    found = [
        quality.light(seen.luma),
        quality.steadiness(seen.luma, before.luma if before else None),
    ]
    if before is None or not quality.motion(before.luma).falls_short:
        found.append(quality.motion(seen.luma))
    stills = [quality.clarity(one) for one in seen.stills]
    frames = dataclasses.replace(quality.typical(stills), name="clarity of frames")
    if before is not None:
        least = min((one.score or 0.0) for one in map(quality.clarity, before.stills))
        frames = dataclasses.replace(frames, threshold=min(frames.threshold, 0.85 * least))
    return [*found, frames]


def _watch_source(work: Work) -> Watched | None:
    if work.source is None or work.source.kind != Item.Kind.VIDEO:
        return None
    try:
        with open_video(work.source) as path:
            return watch(path, work.check)
    except DomainError:
        return None


def _light_measures(work: Work, product: Product) -> list[Measure]:
    """For what is cut, captioned or restyled: does it play, and did a style leave anything to see?

    What a source shows is its uploader's affair, so a dark or empty source stays as it is.
    """
    found = []
    if work.guidance.mode == "style" and work.source is not None:
        was_there = quality.clarity_score(read_picture(work.source)) > 0.0
        is_there = quality.clarity_score(product.still) > 0.0 or not was_there
        found.append(
            Measure("picture", float(is_there), 1.0, "it came out empty", "Try another style.")
        )
    if product.video is not None:
        try:
            watch(product.video, work.check)
        except BadMediaError:
            found.append(_broken())
        else:
            found.append(Measure("plays", 1.0, 1.0))
    return found


def _broken() -> Measure:
    return Measure("plays", 0.0, 1.0, "the video cannot be played", "Please try again.")


def _encoder() -> Encoder | None:
    """Return the encoder in force; without one, what needs it counts as not measured."""
    try:
        return load_current_encoder()
    except (DomainError, OSError) as error:
        logger.warning("no encoder to judge results with: %s", error)
        return None


def _share(encoder: Encoder, guidance: Guidance, vector: np.ndarray) -> float | None:
    """Return the share of other requests that fit worse; None where none was made in our words."""
    wanted = guidance.wanted
    if not (wanted.type or wanted.colours or wanted.pattern):
        return None
    request = Attributes(wanted.type, wanted.colours, wanted.pattern).as_caption()
    asked = encoder.encode_texts([request])[0]
    captions, vectors = _plain_requests(encoder)
    others = [index for index, caption in enumerate(captions) if caption != request]
    return share_beaten(vector, asked, vectors[others])


def _share_of_colour(still: np.ndarray, asked: str) -> float | None:
    """Return how much of the garment has this colour; None where none can be told apart."""
    try:
        return float(share_of_colour(asked, measure_colours(still)))
    except DomainError:
        return None


@lru_cache(maxsize=2)
def _plain_requests(encoder: Encoder) -> tuple[list[str], np.ndarray]:
    """Return a plain request for every colour and type, and their vectors (N, D)."""
    captions = other_requests("")
    return captions, encoder.encode_texts(captions)


def _strangers(model: str, guidance: Guidance) -> np.ndarray:
    """Return (N, D) vectors of published items not among the likes, by lot of the seed."""
    ids = Embedding.objects.filter(model=model, item__in=Item.objects.visible())
    ids = ids.exclude(item_id__in=guidance.liked_item_ids).order_by("item_id")
    known = list(ids.values_list("pk", flat=True)[:20_000])
    if not known:
        return np.zeros((0, 1), np.float32)
    lot = np.random.default_rng(guidance.seed).permutation(len(known))[:STRANGERS]
    rows = Embedding.objects.filter(pk__in=[known[index] for index in lot])
    return np.stack([np.asarray(row, np.float32) for row in rows.values_list("vector", flat=True)])


def _originality(
    encoder: Encoder, still: np.ndarray, vector: np.ndarray, guidance: Guidance
) -> Measure:
    """Compare with the site's nearest items, those liked above all, and with training pictures."""
    near = nearest_items(vector=vector, model=encoder.name, limit=NEIGHBOURS)
    # What it was asked to begin from it may resemble.
    asked = guidance.reference_item_ids
    ids = [pk for pk, _ in near if pk not in asked]
    found = [
        quality.originality(*quality.likeness(still, picture), f"“{item}”")
        for item in Item.objects.with_assets().filter(pk__in=ids)
        if (picture := _poster(item)) is not None
    ]
    found.append(quality.originality(*load_memory().nearest(still), "a picture it learnt from"))
    measured = [one for one in found if one.score is not None]
    return min(measured, key=lambda one: one.score or 0.0, default=found[-1])


def _poster(item: Item) -> np.ndarray | None:
    asset = item.asset("poster")
    if asset is None:
        return None
    try:
        with asset.file.open("rb") as file, Image.open(file) as picture:
            return np.asarray(picture.convert("RGB"))
    except OSError:
        return None


def _mask(guidance: Guidance) -> np.ndarray | None:
    """Return the painted mask as (H, W) uint8; None without a readable one."""
    if not guidance.mask_png:
        return None
    try:
        data = base64.b64decode(guidance.mask_png)
        with Image.open(BytesIO(data), formats=["PNG"]) as picture:
            return np.asarray(picture.convert("L"))
    except (binascii.Error, OSError, ValueError):
        return None


def _enlarged(work: Work, product: Product) -> Product:
    """Return the product with its picture 2 or 4 times as large, where that was asked for."""
    factor = work.guidance.upscale
    if product.image is None or factor == 1:
        return product
    image, done = upscale(
        product.image, factor, drawn=product.manifest.get("backend") == "embedded"
    )
    return dataclasses.replace(product, image=image, manifest=product.manifest | {"upscaled": done})
