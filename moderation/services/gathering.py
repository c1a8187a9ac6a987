"""Collect what the checks look at: one item's files, words, lineage and neighbours."""

from __future__ import annotations

import io
import logging
from collections.abc import Collection
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db.models import IntegerField, QuerySet
from django.db.models.expressions import RawSQL
from PIL import Image, UnidentifiedImageError

from catalog.models import Asset, Embedding, Frame, Item
from catalog.selectors import nearest_items
from catalog.services.captions import get_cues
from common.errors import DomainError
from common.guidance import Attributes, Guidance
from media.caption_files import read_caption_text
from media.captions import Cue, spoken_text
from media.errors import BadMediaError
from media.looking import Looked, look_at
from moderation.core import watermark
from moderation.core.checks import DeliveredFile, Neighbour, ScreeningInput
from moderation.models import Fingerprint, Mark
from moderation.services import keys
from moderation.services.gathering_sources import gather_sources
from moderation.services.observing import observe
from vision import hashing
from vision.colours import Garment, find_garment
from vision.relevance import other_requests, share_beaten

if TYPE_CHECKING:
    from vision.encoder import Encoder

logger = logging.getLogger(__name__)

# Of a video, metadata lies at either end; its pictures need not be read for it.
VIDEO_ENDS = 1024 * 1024
MAX_NEIGHBOURS = 4
FAR_PDQ = 90


def gather(item: Item) -> ScreeningInput:
    """Return everything the checks need. Loads the encoder for AI items: workers only."""
    files = tuple(_delivered(asset) for asset in item.assets.all())
    still = read_still(item)
    fingerprint = remember_fingerprint(item, still) if still is not None else None
    master = item.asset(Asset.Role.MASTER)
    guidance = Guidance.from_dict(item.guidance) if item.guidance else None
    request = _request(item, guidance)
    texts, cues = _texts(item, guidance), _cues(item)
    looked = look_through(item)
    garment = _garment(still) if guidance and item.is_ai else None
    relevance, model = _relevance(still, request.as_caption()) if request else (None, "")
    return ScreeningInput(
        kind=item.kind,
        origin=item.origin,
        authorship=item.authorship,
        still=still,
        width=master.width if master else 0,
        height=master.height if master else 0,
        files=files,
        texts=texts,
        pdq_quality=fingerprint.quality if fingerprint else None,
        neighbours=find_neighbours(item, fingerprint) if fingerprint else (),
        request=request.as_caption() if request else "",
        # A style such as neon or pencil changes every colour: that is what was asked for.
        asked_colours=guidance.wanted.colours if guidance and not guidance.style else (),
        measured_colours=(
            tuple(garment.colours()) if garment and guidance and guidance.wanted.colours else None
        ),
        garment=garment,
        relevance=relevance,
        relevance_model=model,
        has_generator_manifest=bool(item.manifest),
        has_guidance=bool(item.guidance),
        parent_origin=item.parent.origin if item.parent else "",
        carries_mark_of=_foreign_mark(item, still) if not item.is_ai else None,
        course=looked.course if looked else None,
        **gather_sources(item, texts, cues),
        **observe(item, still, looked),
    )


def read_still(item: Item) -> np.ndarray | None:
    """Return the picture (a video's poster) as RGB, or None when it cannot be read."""
    role = Asset.Role.MASTER if item.kind == Item.Kind.IMAGE else Asset.Role.POSTER
    asset = item.asset(role)
    return None if asset is None else decode(read_bytes(asset))


def look_through(item: Item) -> Looked | None:
    """Return what all of a video shows, decoded once; None for pictures and broken files."""
    asset = item.asset(Asset.Role.MASTER) if item.kind == Item.Kind.VIDEO else None
    if asset is None:
        return None
    try:
        return look_at(read_bytes(asset))
    except BadMediaError as error:
        logger.warning("the video of item %s could not be played: %s", item.pk, error)
        return None


def read_bytes(asset: Asset | Frame) -> bytes:
    """Return the stored bytes, read anew."""
    with asset.file.storage.open(str(asset.file.name)) as file:
        return file.read()


def decode(data: bytes) -> np.ndarray | None:
    """Return a picture of our own making as (H, W, 3) uint8 RGB, or None if it is none."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG", "PNG", "WEBP"]) as image:
            return np.ascontiguousarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError):
        return None


def remember_fingerprint(item: Item, still: np.ndarray) -> Fingerprint:
    """Store and return the picture's PDQ hash."""
    digest, quality = hashing.pdq(still)
    fingerprint, _ = Fingerprint.objects.update_or_create(
        item=item, defaults={"pdq": digest, "quality": quality}
    )
    return fingerprint


def find_neighbours(item: Item, fingerprint: Fingerprint) -> tuple[Neighbour, ...]:
    """Return published items of others that are nearest in look, by hash or by vector."""
    family = _family(item)
    others = _others(item, family)
    by_hash = nearest_by_hash(fingerprint.pdq, others)
    vector = item.embeddings.order_by("-pk").first()
    cosines: dict[int, float] = {}
    if vector is not None:
        near = nearest_items(
            vector=vector.vector, model=vector.model, limit=8, exclude_ids=[item.pk, *family]
        )
        cosines = dict(near)
    ids = {pk for pk, distance in by_hash if distance <= FAR_PDQ} | set(cosines)
    return _described(ids, others, fingerprint.pdq, vector)


def nearest_by_hash(
    digest: str, items: QuerySet[Item], limit: int = MAX_NEIGHBOURS
) -> list[tuple[int, int]]:
    """Return (item id, distance in bits) of the items whose pictures look most like it."""
    distance = RawSQL(
        "bit_count(('x' || moderation_fingerprint.pdq)::bit(256) # ('x' || %s)::bit(256))",
        (digest,),
        output_field=IntegerField(),
    )
    rows = Fingerprint.objects.filter(item__in=items, quality__gte=hashing.MIN_QUALITY)
    return list(
        rows.annotate(distance=distance)
        .order_by("distance", "item_id")
        .values_list("item_id", "distance")[:limit]
    )


def _described(
    ids: Collection[int], others: QuerySet[Item], digest: str, vector: Embedding | None
) -> tuple[Neighbour, ...]:
    items = others.filter(pk__in=ids).select_related("fingerprint")
    vectors: dict[int, Any] = {}
    if vector is not None:
        rows = Embedding.objects.filter(model=vector.model, item_id__in=ids)
        vectors = dict(rows.values_list("item_id", "vector"))
    found = []
    for one in items:
        print_ = getattr(one, "fingerprint", None)
        cosine = None
        if vector is not None and one.pk in vectors:
            cosine = float(np.dot(_array(vector.vector), _array(vectors[one.pk])))
        distance = hashing.distance(digest, print_.pdq) if print_ else None
        found.append(Neighbour(one.pk, str(one), distance, cosine))
    found.sort(key=_unlikeness)
    return tuple(found[: 2 * MAX_NEIGHBOURS])


def _unlikeness(one: Neighbour) -> float:
    """Return a number to sort by, smallest for the same picture (distance 0, cosine 1)."""
    distance = 256 if one.pdq_distance is None else one.pdq_distance
    return distance - 100 * (one.cosine or 0.0)


def _array(vector: Any) -> np.ndarray:
    return np.asarray(vector.to_numpy() if hasattr(vector, "to_numpy") else vector, np.float32)


def _others(item: Item, family: Collection[int]) -> QuerySet[Item]:
    """Published items of other owners; what the platform owns counts as one owner's."""
    items = Item.objects.visible().exclude(pk=item.pk).exclude(pk__in=family)
    items = items.exclude(parent_id__in=[item.pk, *family])
    if item.owner_id is None:
        return items.filter(owner__isnull=False)
    # `exclude(owner=…)` keeps rows without an owner, which is meant.
    return items.exclude(owner_id=item.owner_id)


def _family(item: Item) -> list[int]:
    """Return the ids of the items that this one was made from, nearest first."""
    found: list[int] = []
    one = item
    while one.parent is not None and one.parent_id not in found and len(found) < 20:
        found.append(one.parent.pk)
        one = one.parent
    return found


def _delivered(asset: Asset) -> DeliveredFile:
    if asset.mime != "video/mp4" or asset.bytes <= 2 * VIDEO_ENDS:
        return DeliveredFile(asset.role, asset.mime, read_bytes(asset))
    with asset.file.storage.open(str(asset.file.name)) as file:
        head = file.read(VIDEO_ENDS)
        file.seek(asset.bytes - VIDEO_ENDS)
        return DeliveredFile(asset.role, asset.mime, head + file.read(VIDEO_ENDS))


def _texts(item: Item, guidance: Guidance | None) -> dict[str, str]:
    texts = {"title": item.title, "description": item.description}
    if guidance:
        texts["instruction"] = guidance.instruction
    texts["captions"] = spoken_text(_cues(item))
    return {name: text for name, text in texts.items() if text}


def _cues(item: Item) -> list[Cue]:
    """Return the captions beside the video, or those drawn into it, which its manifest keeps."""
    drawn = ((item.manifest or {}).get("captions") or {}).get("vtt")
    return get_cues(item) or (read_caption_text(drawn).cues if drawn else [])


def _request(item: Item, guidance: Guidance | None) -> Attributes | None:
    """Return what the picture must show, or None where nothing was said about that.

    Beneath a style such as neon no encoder tells garments apart; what it was laid over was judged
    by post-processing, or screened when it was uploaded.
    """
    if guidance is None or guidance.style:
        return None
    if not (guidance.wanted.type or guidance.wanted.colours or guidance.wanted.pattern):
        return None
    wanted = guidance.wanted
    return Attributes(
        type=wanted.type or item.garment_type or None,
        colours=wanted.colours,
        pattern=wanted.pattern,
    )


def _garment(still: np.ndarray | None) -> Garment | None:
    if still is None:
        return None
    try:
        return find_garment(still)
    except DomainError as error:
        logger.info("the garment could not be told from its ground: %s", error)
        return None


def _relevance(still: np.ndarray | None, request: str) -> tuple[float | None, str]:
    """Return the share of other requests that fit worse, and the encoder's name."""
    from catalog.services.vectors import load_current_encoder  # loads torch

    if still is None:
        return None, ""
    try:
        encoder = load_current_encoder()
    except (DomainError, OSError) as error:
        logger.warning("no encoder to compare picture and request: %s", error)
        return None, ""
    picture = encoder.encode_images([still])[0]
    asked = encoder.encode_texts([request])[0]
    return share_beaten(picture, asked, _other_vectors(encoder, request)), encoder.name


@lru_cache(maxsize=32)
def _other_vectors(encoder: Encoder, request: str) -> np.ndarray:
    return encoder.encode_texts(other_requests(request))


def _foreign_mark(item: Item, still: np.ndarray | None) -> int | None:
    """Return the AI item whose mark this picture carries, if it does."""
    if still is None:
        return None
    for key_id in keys.known_ids():
        # Every upload is searched, so this must stay cheap.
        key = keys.watermark_key(key_id)
        read = watermark.detect(still, key, poses=2, lattice=watermark.QUICK_LATTICE)
        if read.payload is not None:
            mark = Mark.objects.filter(payload=read.payload).exclude(item=item).first()
            if mark is not None:
                return mark.item_id
    return None
