"""From `Guidance` to a generator's request: prompt, exclusions, liked items, picture to edit."""

from __future__ import annotations

import dataclasses

import numpy as np
from PIL import Image

from catalog.models import Asset, Embedding, Item
from catalog.services.vectors import load_current_encoder
from common.errors import InvalidInputError
from common.guidance import Attributes, Guidance
from common.vocabulary import TYPES
from generation.core.backends import GenerationRequest

MAX_HISTORY = 8
# Each older like counts this much of the next newer one.
RECENCY = 0.85
# By this much the best garment type must lead: then 85 of 100 wardrobe photographs are named right.
CLEAR_MARGIN = 0.05
NO_HISTORY = (np.zeros((0, 128), np.float32), np.zeros(0, np.float32))


def build_request(guidance: Guidance, source: Item | None) -> GenerationRequest:
    """Return the generator's request for a complete guidance; reads the picture to edit."""
    vectors, weights = get_history(guidance.liked_item_ids)
    return GenerationRequest(
        history=vectors,
        history_weights=weights,
        prompt=prompt_of(guidance),
        negative=negative_of(guidance.unwanted),
        seed=guidance.seed,
        init_image=read_picture(source) if source is not None else None,
        strength=guidance.strength,
    )


def complete(guidance: Guidance, source: Item | None) -> Guidance:
    """Return the guidance with all that the result should be: what an edit does not mention stays
    as the source has it, except a colour or pattern that was asked away.
    """
    if source is None and guidance.mode == "edit":
        raise InvalidInputError("The item that should be edited no longer exists.")
    if source is None:
        return guidance
    wanted, unwanted = guidance.wanted, guidance.unwanted
    kept = tuple(colour for colour in source.colours if colour not in unwanted.colours)
    pattern = source.pattern if source.pattern != unwanted.pattern else ""
    attributes = dataclasses.replace(
        wanted,
        type=wanted.type or source.garment_type or guess_type(source),
        colours=wanted.colours or kept,
        pattern=wanted.pattern or pattern or None,
    )
    return dataclasses.replace(guidance, wanted=attributes)


def guess_type(item: Item) -> str | None:
    """Return what kind of garment the picture shows by its vector; None when that is not clear.

    Uploaders need not say it, and an edit that does not know it would draw just any garment.
    """
    stored = Embedding.objects.filter(item=item).values_list("model", "vector")
    vectors = dict(stored) if item.pk else {}
    if not vectors:
        return None
    encoder = load_current_encoder()
    if encoder.name not in vectors:
        return None
    names = encoder.encode_texts([f"a photo of a {name}" for name in TYPES])  # (16, D)
    likeness = names @ np.asarray(vectors[encoder.name], np.float32)
    order = np.argsort(likeness)
    is_clear = likeness[order[-1]] - likeness[order[-2]] > CLEAR_MARGIN
    return TYPES[order[-1]] if is_clear else None


def prompt_of(guidance: Guidance) -> str:
    """Return the text that conditions the generator: canonical words, then the style."""
    return f"{guidance.prompt}, {guidance.style} style" if guidance.style else guidance.prompt


def negative_of(unwanted: Attributes) -> str:
    """Return the words of what must not appear; empty when nothing was excluded."""
    words = [*unwanted.details, *unwanted.colours, unwanted.pattern, unwanted.type]
    return " ".join(word for word in words if word)


def get_history(item_ids: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors (K, D) and weights (K,) of the newest liked items that have a vector.

    `item_ids` come newest first; weights fall with age and sum to 1. K is 0 without any vector.
    """
    if not item_ids:
        return NO_HISTORY
    found = dict(
        Embedding.objects.filter(item_id__in=item_ids, model=encoder_name()).values_list(
            "item_id", "vector"
        )
    )
    vectors = [np.asarray(found[pk], np.float32) for pk in item_ids if pk in found][:MAX_HISTORY]
    if not vectors:
        return NO_HISTORY
    weights = RECENCY ** np.arange(len(vectors), dtype=np.float32)
    return np.stack(vectors), weights / weights.sum()


def encoder_name() -> str:
    """Return the name under which the configured encoder's vectors are stored."""
    return load_current_encoder().name


def read_picture(item: Item) -> np.ndarray:
    """Return the item's full-size picture as (H, W, 3) uint8."""
    master = Asset.objects.filter(item=item, role=Asset.Role.MASTER).first()
    if master is None or not master.mime.startswith("image/"):
        raise InvalidInputError("The picture that should be edited is not there any more.")
    with master.file.open("rb") as file, Image.open(file) as picture:
        return np.asarray(picture.convert("RGB"))
