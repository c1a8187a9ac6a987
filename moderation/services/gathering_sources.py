"""Collect what the checks of truth, rights and domain look at: passages, licences, the set."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from django.utils import timezone

from catalog.models import Embedding, Item
from common.errors import DomainError
from common.vocabulary import ALIASES, TYPES
from knowledge.selectors import search_passages
from media.captions import Cue
from moderation.core.facts.claims import Claim, find_claims
from moderation.core.facts.holding import SourcePassage
from moderation.core.licences import Ingredient

if TYPE_CHECKING:
    from vision.encoder import Encoder

logger = logging.getLogger(__name__)

MAX_CLAIMS = 12
PASSAGES_PER_CLAIM = 4
MAX_ANCESTORS = 20
SET_SIZE = 20
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")


def gather_sources(item: Item, texts: Mapping[str, str], cues: list[Cue]) -> dict[str, Any]:
    """Return the fields of `ScreeningInput` that come from other rows than the item's own."""
    public = {name: text for name, text in texts.items() if name != "instruction"}
    named = named_type(texts.get("title", ""))
    return {
        "claims": find_sources(public),
        "today": timezone.localdate(),
        "named_type": named if item.origin == Item.Origin.HUMAN else "",
        "type_fits": _type_fits(item) if named and item.origin == Item.Origin.HUMAN else None,
        "licence": item.licence,
        "ingredients": ingredients_of(item),
        "commercial_use": settings.COMMERCIAL_USE,
        "jurisdictions": tuple(settings.RULE_JURISDICTIONS),
        "label": item.get_origin_display(),
        "set_cosines": _set_cosines(item),
        "seconds": max((asset.duration_s for asset in item.assets.all()), default=0.0),
        "cues": tuple((cue.start_s, cue.end_s, cue.text) for cue in cues),
    }


def find_sources(
    texts: Mapping[str, str],
) -> tuple[tuple[Claim, tuple[SourcePassage, ...]], ...]:
    """Return the claims of the texts, each with the passages that speak of the same."""
    claims = [one for name, text in texts.items() for one in find_claims(name, text)]
    return tuple((claim, _passages(claim.text)) for claim in claims[:MAX_CLAIMS])


def _passages(sentence: str) -> tuple[SourcePassage, ...]:
    return tuple(
        SourcePassage(
            found.passage.text,
            found.passage.pk,
            found.document.title,
            found.document.url or found.passage.get_absolute_url(),
            found.passage.start,
        )
        for found in search_passages(sentence, k=PASSAGES_PER_CLAIM)
    )


def named_type(text: str) -> str:
    """Return the one type of garment that a title names, or "" for none or several."""
    found = set()
    for word in _WORD.findall(text.lower()):
        if word in TYPES:
            found.add(word)
        elif ALIASES.get(word, ("", ""))[0] == "type":
            found.add(ALIASES[word][1])
    return found.pop() if len(found) == 1 else ""


def ingredients_of(item: Item) -> tuple[Ingredient, ...]:
    """Return what the item was made from, nearest first: its parent and that one's ancestors."""
    found: list[Ingredient] = []
    maker = item.owner_id or item.made_for_id
    child, one = item, item.parent
    while one is not None and len(found) < MAX_ANCESTORS:
        right = ((child.manifest or {}).get("authorship") or {}).get("right")
        found.append(
            Ingredient(
                one.pk,
                # What the platform made it may use.
                one.licence or ("cc0" if one.owner_id is None else ""),
                same_owner=one.owner_id is not None and one.owner_id == maker,
                allows_edits=one.allows_edits or bool(right),
                visible=one.state not in {Item.State.REMOVED, Item.State.EXPIRED},
            )
        )
        child, one = one, one.parent
    return tuple(found)


def _type_fits(item: Item) -> dict[str, float] | None:
    """Return the stored vector's cosine with every type of garment, or None without an encoder."""
    from catalog.services.vectors import load_current_encoder  # loads torch

    vector = item.embeddings.order_by("-pk").first()
    if vector is None:
        return None
    try:
        encoder = load_current_encoder()
    except (DomainError, OSError) as error:
        logger.warning("no encoder to compare words and picture: %s", error)
        return None
    if encoder.name != vector.model:
        return None
    fits = _type_vectors(encoder) @ _array(vector.vector)
    return {name: float(fit) for name, fit in zip(TYPES, fits, strict=True)}


@lru_cache(maxsize=2)
def _type_vectors(encoder: Encoder) -> np.ndarray:
    return encoder.encode_texts(list(TYPES))


def _set_cosines(item: Item) -> tuple[float, ...]:
    """Return the cosines with the newest public items of the same owner, or of whom it is for."""
    vector = item.embeddings.order_by("-pk").first()
    if vector is None:
        return ()
    others = Item.objects.filter(state=Item.State.PUBLISHED).exclude(pk=item.pk)
    if item.owner_id is not None:
        others = others.filter(owner_id=item.owner_id)
    elif item.parent is not None and item.parent.owner_id is not None:
        others = others.filter(owner_id=item.parent.owner_id)
    else:
        return ()
    ids = others.order_by("-published_at").values_list("pk", flat=True)[:SET_SIZE]
    rows = Embedding.objects.filter(item_id__in=list(ids), model=vector.model)
    own = _array(vector.vector)
    return tuple(float(own @ _array(row)) for row in rows.values_list("vector", flat=True))


def _array(vector: Any) -> np.ndarray:
    return np.asarray(vector.to_numpy() if hasattr(vector, "to_numpy") else vector, np.float32)
