"""What the checks of privacy and safety look at: faces, codes, flashes, sound, whose data it is."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.conf import settings
from django.db.models import IntegerField, QuerySet
from django.db.models.expressions import RawSQL
from pgvector.django import MaxInnerProduct

from accounts.models import Consent
from accounts.services import get_consent
from catalog.models import Embedding, Item
from common.guidance import Guidance
from media.looking import Looked
from moderation.core.checks.contract import FlashReport, Neighbour, SoundReport, Spot
from moderation.models import Fingerprint
from vision import hashing
from vision.codes import read_codes
from vision.faces import FaceDetectorError, find_faces

logger = logging.getLogger(__name__)

NEAREST = 4


def observe(item: Item, still: np.ndarray | None, looked: Looked | None) -> dict[str, Any]:
    """Return those fields of a `ScreeningInput`; `looked`: what all of a video showed."""
    fields: dict[str, Any] = {
        "age_rating": item.age_rating,
        "people_agreed": item.people_agreed,
        **whose_data(item),
    }
    if still is not None:
        stills = [still, *(looked.searched if looked else [])]
        try:
            # What AI made from nothing shows nobody, and no other check costs as much.
            from_nothing = item.origin == Item.Origin.AI and item.parent is None
            fields["faces"] = () if from_nothing else _faces(stills)
        except FaceDetectorError as error:
            # Not looked for: then a person looks.
            logger.error("faces cannot be looked for: %s", error)
        fields["codes"] = _codes(stills)
        fields |= _detected(still)
    if looked is not None:
        fields["flashes"] = FlashReport(
            looked.general_flashes, looked.red_flashes, looked.flashes_at_s
        )
        fields["sound"] = SoundReport(looked.loudness, looked.peak)
    if item.is_ai and still is not None:
        fields["remembered"] = find_remembered(item, still)
    return fields


def whose_data(item: Item) -> dict[str, Any]:
    """Return whose private data conditioned the item, and what may follow from it."""
    guidance = Guidance.from_dict(item.guidance) if item.guidance else None
    if guidance is None:
        return {}
    private = _private_ingredients(item, guidance)
    person = item.made_for if item.owner_id is None else None
    theirs = [one.pk for one in private if person and one.owner_id == person.pk]
    others = [one.pk for one in private if one.owner_id not in {item.owner_id, item.made_for_id}]
    if person is None:
        # What somebody owns goes through their hands before anybody sees it.
        return {"private_ingredients": tuple(others)}
    liked = bool(guidance.liked_item_ids or guidance.user_vector or guidance.user_vector_model)
    return {
        "conditioned_on": int(liked or bool(theirs)),
        "may_be_shared": not theirs and get_consent(user=person, kind=Consent.Kind.SHARING),
        "private_ingredients": tuple(others),
    }


def find_remembered(item: Item, still: np.ndarray) -> tuple[Neighbour, ...]:
    """Return what people made that is nearest in look, published or not, the item's own kin aside.

    Private pictures were never hashed: those nearest by vector are hashed here.
    """
    items = Item.objects.filter(origin=Item.Origin.HUMAN).exclude(pk__in=_kin(item))
    for person_id in {item.owner_id, item.made_for_id} - {None}:
        items = items.exclude(owner_id=person_id)
    digest, quality = hashing.pdq(still)
    cosines = _nearest_by_vector(item, items)
    ids = {*cosines, *(_nearest_by_hash(digest, items) if quality >= hashing.MIN_QUALITY else ())}
    found = []
    for one in items.filter(pk__in=ids).select_related("fingerprint").with_assets():
        other = _hash_of(one)
        bits = hashing.distance(digest, other) if other else None
        is_private = not one.is_public or one.is_personal or one.is_attachment
        found.append(
            Neighbour(one.pk, str(one), bits, cosines.get(one.pk), is_private, not is_private)
        )
    return tuple(found)


def _faces(stills: Sequence[np.ndarray]) -> tuple[Spot, ...]:
    path = settings.FACE_DETECTOR_PATH
    return tuple(
        Spot(box, still=index)
        for index, picture in enumerate(stills)
        for box in find_faces(picture, path)
    )


def _detected(still: np.ndarray) -> dict[str, Any]:
    """Return what the configured AI-image detector says, or why it says nothing."""
    model = settings.AI_DETECTOR_MODEL
    if not model:
        return {}
    from vision.ai_detector import AiDetectorError, ai_hint_of  # loads torch

    try:
        hint = ai_hint_of(still, model, settings.AI_DETECTOR_REVISION)
    except AiDetectorError as error:
        logger.error("no hint: %s", error)
        return {"detector": model, "detector_problem": str(error)[:300]}
    return {"detector": hint.model, "detector_share": hint.share}


def _codes(stills: Sequence[np.ndarray]) -> tuple[Spot, ...]:
    found: dict[str, Spot] = {}
    for index, picture in enumerate(stills):
        for code in read_codes(picture):
            found.setdefault(code.text, Spot(code.box, code.text, index))
    return tuple(found.values())


def _private_ingredients(item: Item, guidance: Guidance) -> list[Item]:
    ids = {*guidance.reference_item_ids, *guidance.liked_item_ids}
    ids |= {pk for pk in (guidance.exemplar_item_id, item.parent_id) if pk}
    rows = Item.objects.filter(pk__in=ids)
    return [one for one in rows if not one.is_public or one.is_personal or one.is_attachment]


def _kin(item: Item) -> list[int]:
    """Return the item and what it was made from: an edit is meant to look like its source."""
    found, one = [item.pk], item
    while one.parent is not None and one.parent_id not in found and len(found) < 20:
        found.append(one.parent.pk)
        one = one.parent
    return found


def _nearest_by_hash(digest: str, items: QuerySet[Item]) -> list[int]:
    distance = RawSQL(
        "bit_count(('x' || moderation_fingerprint.pdq)::bit(256) # ('x' || %s)::bit(256))",
        (digest,),
        output_field=IntegerField(),
    )
    rows = Fingerprint.objects.filter(item__in=items).annotate(distance=distance)
    return list(rows.order_by("distance", "item_id").values_list("item_id", flat=True)[:NEAREST])


def _nearest_by_vector(item: Item, items: QuerySet[Item]) -> dict[int, float]:
    seen = item.embeddings.order_by("-pk").first()
    if seen is None:
        return {}
    rows = (
        Embedding.objects.filter(model=seen.model, item__in=items)
        .annotate(distance=MaxInnerProduct("vector", seen.vector))
        .order_by("distance", "item_id")
        .values_list("item_id", "distance")[:NEAREST]
    )
    return {pk: -distance for pk, distance in rows}


def _hash_of(item: Item) -> str:
    from moderation.services.gathering import read_still  # breaks the import cycle

    kept = getattr(item, "fingerprint", None)
    if kept is not None:
        return str(kept.pdq)
    try:
        still = read_still(item)
    except OSError:
        return ""
    return str(hashing.pdq(still)[0]) if still is not None else ""
