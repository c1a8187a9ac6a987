"""From `Guidance` to a generator's request: prompt, exclusions, liked items, picture to edit."""

from __future__ import annotations

import dataclasses

import numpy as np
from django.conf import settings
from PIL import Image

from catalog.models import Asset, Embedding, Item
from common.errors import InvalidInputError
from common.guidance import Attributes, Guidance
from generation.core.backends import GenerationRequest

MAX_HISTORY = 8
# Each older like counts this much of the next newer one.
RECENCY = 0.85
NO_HISTORY = (np.zeros((0, 128), np.float32), np.zeros(0, np.float32))


def build_request(guidance: Guidance, source: Item | None) -> GenerationRequest:
    """Return the generator's request for this guidance; reads the source's picture for an edit."""
    if guidance.mode == "edit" and source is None:
        raise InvalidInputError("The item that should be edited no longer exists.")
    vectors, weights = get_history(guidance.liked_item_ids)
    return GenerationRequest(
        history=vectors,
        history_weights=weights,
        prompt=prompt_of(guidance, source),
        negative=negative_of(guidance.unwanted),
        seed=guidance.seed,
        init_image=read_picture(source) if source is not None else None,
        strength=guidance.strength,
    )


def merged_attributes(guidance: Guidance, source: Item | None) -> Attributes:
    """Return what the result should be: what was asked for, the rest as the source has it.

    A colour or pattern that was asked away is not taken from the source.
    """
    wanted, unwanted = guidance.wanted, guidance.unwanted
    if source is None:
        return wanted
    kept = tuple(colour for colour in source.colours if colour not in unwanted.colours)
    pattern = source.pattern if source.pattern != unwanted.pattern else ""
    return dataclasses.replace(
        wanted,
        type=wanted.type or source.garment_type or None,
        colours=wanted.colours or kept,
        pattern=wanted.pattern or pattern or None,
    )


def prompt_of(guidance: Guidance, source: Item | None) -> str:
    """Return the text that conditions the generator: canonical words, then the style."""
    attributes = merged_attributes(guidance, source)
    text = dataclasses.replace(guidance, wanted=attributes).prompt
    return f"{text}, {guidance.style} style" if guidance.style else text


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
    from vision.encoder import load_encoder  # loads torch, which only workers may

    return load_encoder(settings.ENCODER_MODEL, settings.ENCODER_PRETRAINED).name


def read_picture(item: Item) -> np.ndarray:
    """Return the item's full-size picture as (H, W, 3) uint8."""
    master = Asset.objects.filter(item=item, role=Asset.Role.MASTER).first()
    if master is None or not master.mime.startswith("image/"):
        raise InvalidInputError("The picture that should be edited is not there any more.")
    with master.file.open("rb") as file, Image.open(file) as picture:
        return np.asarray(picture.convert("RGB"))
