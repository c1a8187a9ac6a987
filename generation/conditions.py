"""From `Guidance` to a generator's request: prompt, exclusions, liked items, picture to begin from.

SD-Creator (GeneRec 2025, section 3): instruction and liked items condition the drawing together.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from accounts.models import User
from catalog.models import Embedding, Item
from catalog.services.vectors import load_current_encoder
from common.errors import InvalidInputError
from common.guidance import MAX_HISTORY, Attributes, Guidance
from common.vocabulary import TYPES
from generation.core.backends import GenerationRequest
from generation.operations import read_picture
from generation.permissions import may_change

# Each older like counts this much of the next newer one.
RECENCY = 0.85
# Likes as near as this are of one taste: in photographs the embedded encoder's median is 0.58
# between two of one garment and 0.46 between two of different ones. Of a taste so many guide.
TASTE = 0.7
MOST_PER_TASTE = 3
# An example that was pointed at counts as much as this many plain likes.
EXAMPLE_WEIGHT = 2.0
# By this much the best garment type must lead: then 85 of 100 wardrobe photographs are named right.
CLEAR_MARGIN = 0.05
# Modes whose generator reads the liked items one by one.
DRAWN = frozenset(("create", "edit", "revise"))
NO_HISTORY = (np.zeros((0, 128), np.float32), np.zeros(0, np.float32))


@dataclass(frozen=True)
class Reference:
    """The picture a creation was asked to take after.

    is_canvas: it is painted over (img2img with `Guidance.strength`); else it is one more liked
    item, the heaviest. The latter for what the person may not change, and for another garment.
    """

    item: Item
    is_canvas: bool


def build_request(
    guidance: Guidance, source: Item | None, reference: Reference | None = None
) -> GenerationRequest:
    """Return the generator's request for a complete guidance; reads the picture to begin from."""
    ids, ratings = guidance.liked_item_ids, guidance.liked_weights
    most = guidance.history_size
    if reference is not None and not reference.is_canvas:
        ratings = (EXAMPLE_WEIGHT, *(ratings or (1.0,) * len(ids)))
        ids, most = (reference.item.pk, *ids), min(most + 1, MAX_HISTORY)
    vectors, weights = get_history(ids, ratings, most)
    canvas = source or (reference.item if reference and reference.is_canvas else None)
    return GenerationRequest(
        history=vectors,
        history_weights=weights,
        prompt=prompt_of(guidance),
        negative=negative_of(guidance.unwanted),
        seed=guidance.seed,
        init_image=read_picture(canvas) if canvas is not None else None,
        strength=guidance.strength,
        **scales_of(guidance),
    )


def find_reference(
    guidance: Guidance, granted_ids: frozenset[int] = frozenset()
) -> Reference | None:
    """Return the picture that a creation takes after; None where there is none any more.

    granted_ids: items that the job may paint over by a grant of their owners.
    """
    if guidance.mode != "create" or not guidance.reference_item_ids:
        return None
    item = Item.objects.with_assets().filter(pk=guidance.reference_item_ids[0]).first()
    user = User.objects.filter(pk=guidance.user_id).first()
    gone = {Item.State.REMOVED, Item.State.EXPIRED}
    if item is None or user is None or item.state in gone or not item.asset("master"):
        return None
    wanted, shown = guidance.wanted.type, item.garment_type or None
    fits = wanted is None or shown is None or wanted == shown
    fits = fits and guidance.strength < 1.0
    return Reference(item, is_canvas=fits and may_change(user, item, granted_ids))


def scales_of(guidance: Guidance) -> dict[str, Any]:
    """Return the guidance scales that the person set; the others are the generator's own."""
    asked = {"guidance_text": guidance.literalness, "guidance_history": guidance.personality}
    return {name: scale for name, scale in asked.items() if scale is not None}


def complete(guidance: Guidance, source: Item | None) -> Guidance:
    """Return the guidance with all that the result should be, and what really guides it.

    What an edit does not mention stays as the source has it, except a colour or pattern that was
    asked away. Of the liked items those stay that are used: people are told how many there were.
    """
    if source is None and guidance.mode == "edit":
        raise InvalidInputError("The item that should be edited no longer exists.")
    if guidance.mode in DRAWN:
        guidance = _with_used_likes(guidance)
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
    """Return the text that conditions the generator, worded as the creator's captions are.

    "photo of a black skirt" or "black skirt, photo" is photographed; without "photo" it is drawn.
    A style is not among the words: it is laid over the picture afterwards.
    """
    words = guidance.prompt.strip()
    if not guidance.look:
        return words
    if guidance.wanted:
        return f"{guidance.look} of a {words}"
    return f"{words}, photo" if guidance.look == "photo" else words


def negative_of(unwanted: Attributes) -> str:
    """Return the words of what must not appear; empty when nothing was excluded."""
    words = [*unwanted.details, *unwanted.colours, unwanted.pattern, unwanted.type]
    return " ".join(word for word in words if word)


def get_history(
    item_ids: Sequence[int], ratings: Sequence[float] = (), most: int = MAX_HISTORY
) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors (K, D) and weights (K,) of the liked items that guide.

    `item_ids` come newest first, `ratings` beside them (1 each by default). Weights fall with age,
    rise with the rating and sum to 1. K is 0 without any vector.
    """
    _, vectors, weights = _used_likes(item_ids, ratings, most)
    return vectors, weights


def _used_likes(
    item_ids: Sequence[int], ratings: Sequence[float], most: int
) -> tuple[list[int], np.ndarray, np.ndarray]:
    """Return the places in `item_ids` of the likes that guide, their vectors and weights."""
    if not item_ids or not most:
        return [], *NO_HISTORY
    stored = Embedding.objects.filter(item_id__in=item_ids, model=encoder_name())
    found = dict(stored.values_list("item_id", "vector"))
    places = [place for place, pk in enumerate(item_ids) if pk in found]
    if not places:
        return [], *NO_HISTORY
    vectors = np.stack([np.asarray(found[item_ids[place]], np.float32) for place in places])
    kept = choose_likes(vectors, most)
    places = [places[row] for row in kept]
    weights = RECENCY ** np.arange(len(kept), dtype=np.float32)
    if ratings:
        weights = weights * np.asarray([ratings[place] for place in places], np.float32)
    return places, vectors[kept], weights / weights.sum()


def choose_likes(vectors: np.ndarray, most: int = MAX_HISTORY) -> list[int]:
    """Return the rows that guide, in their order: at most `most`, of one taste `MOST_PER_TASTE`.

    vectors: (M, D), newest first. A like belongs to the first taste whose newest like is as near to
    it as `TASTE`, else it begins one (leader clustering: deterministic, one pass). So a person's
    many black skirts leave room for the two red dresses. Choosing among the chosen changes nothing.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = vectors / np.maximum(lengths, 1e-6)
    leaders: list[int] = []
    counts: dict[int, int] = {}
    chosen: list[int] = []
    for row in range(len(units)):
        if len(chosen) == most:
            break
        near = (one for one in leaders if float(units[one] @ units[row]) >= TASTE)
        leader = next(near, row)
        if leader == row:
            leaders.append(row)
        counts[leader] = counts.get(leader, 0) + 1
        if counts[leader] <= MOST_PER_TASTE:
            chosen.append(row)
    return chosen


def _with_used_likes(guidance: Guidance) -> Guidance:
    ids, ratings = guidance.liked_item_ids, guidance.liked_weights
    if not ids:
        return guidance
    places, _, _ = _used_likes(ids, ratings, guidance.history_size)
    return dataclasses.replace(
        guidance,
        liked_item_ids=tuple(ids[place] for place in places),
        liked_weights=tuple(ratings[place] for place in places) if ratings else (),
    )


def encoder_name() -> str:
    """Return the name under which the configured encoder's vectors are stored."""
    return load_current_encoder().name
