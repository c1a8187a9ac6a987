"""Vectors of items by the encoder in force. Loads torch, so only workers and commands call it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from django.conf import settings
from django.db.models import Q, QuerySet
from PIL import Image

from catalog.models import Embedding, FrameVectors, Item

if TYPE_CHECKING:
    from vision.encoder import Encoder

BATCH = 64


def load_current_encoder(model: str | None = None) -> Encoder:
    """Return the encoder that settings name, or the one called `model`."""
    from vision.encoder import load_encoder  # loads torch

    if model is None or model == settings.ENCODER_MODEL:
        return load_encoder(settings.ENCODER_MODEL, settings.ENCODER_PRETRAINED)
    name, _, pretrained = model.partition("/")
    return load_encoder(name, pretrained or None)


def embed_items(*, items: Iterable[Item], model: str | None = None) -> int:
    """Store the vector of each item's still; return how many were made. Safe to repeat.

    Items without media are left out. `model` is an encoder's name, by default the one in force. The
    frames of videos are sampled and embedded as well where that has not been done.
    """
    from catalog.services.frames import make_missing_frames  # breaks the import cycle

    encoder = load_current_encoder(model)
    done = 0
    for batch in _batches(items):
        stills = [(item, still) for item in batch if (still := _still(item)) is not None]
        vectors = encoder.encode_images([still for _, still in stills])
        _store(encoder.name, [item for item, _ in stills], vectors)
        make_missing_frames([item for item, _ in stills], encoder)
        done += len(stills)
    return done


def store_vectors(*, model: str, items: list[Item], vectors: np.ndarray) -> None:
    """Store ready-made vectors, one row of (N, D) per item; they replace older ones."""
    _store(model, items, vectors)


def list_unembedded(*, model_name: str) -> QuerySet[Item]:
    """Items with media that the encoder of this full name has not seen, or not all frames of."""
    seen = Embedding.objects.filter(model=model_name).values("item_id")
    sampled = FrameVectors.objects.filter(model=model_name).values("item_id")
    unseen = ~Q(pk__in=seen) | Q(kind=Item.Kind.VIDEO) & ~Q(pk__in=sampled)
    return Item.objects.filter(unseen, media_state=Item.MediaState.READY)


def encode_stills(stills: list[Image.Image]) -> tuple[str, np.ndarray]:
    """Return the name of the encoder in force and its vectors of these pictures."""
    encoder = load_current_encoder()
    return encoder.name, encoder.encode_images(stills)


def _store(model: str, items: list[Item], vectors: np.ndarray) -> None:
    rows = [
        Embedding(item=item, model=model, vector=vector)
        for item, vector in zip(items, vectors, strict=True)
    ]
    Embedding.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["item", "model"], update_fields=["vector"]
    )


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _still(item: Item) -> Image.Image | None:
    """Return the item's poster as a picture, decoded; it is a file that we made ourselves."""
    asset = item.asset("poster")
    if asset is None:
        return None
    with asset.file.open("rb") as file, Image.open(file, formats=["JPEG", "PNG", "WEBP"]) as image:
        return image.convert("RGB")
