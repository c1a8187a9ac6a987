"""What the manifest of an item says: its sources, what made it, and how."""

from __future__ import annotations

import logging
from typing import Any

from catalog.models import Asset, Item
from media.credentials import UPLOAD_TITLE
from moderation.core import manifest
from moderation.services import keys
from moderation.services.gathering import read_bytes

logger = logging.getLogger(__name__)

MAX_INPUTS = 4
PRIVATE = "Something that is not public"
# What our own models learned from; see `metrics.json` beside their weights.
OWN_DATA = "Garments drawn by Weft's own code and photographs of a wardrobe; nobody's uploads."
OTHERS_DATA = "A model of somebody else: its maker tells what it learned from."
NO_LEARNING = "No learned model: pixels were worked on by rule."
_OWN = frozenset(("embedded", "clip", "captions", "faces"))
_BY_RULE = frozenset(("clip", "captions", "retouch", "faces"))


def claim_of(item: Item) -> manifest.Claim:
    """Return what the manifest says; of the person's likes it says only how many were used.

    Reads the files of sources: ask once for all files of an item.
    """
    made, guidance = item.manifest or {}, item.guidance or {}
    backend = str(made.get("backend") or made.get("model") or "Weft creator")[:100]
    parent = _parent(item)
    actions = ("c2pa.edited",) if item.is_ai and item.parent_id else ()
    if not item.is_ai and parent:
        actions = ("c2pa.transcoded",)
    return manifest.Claim(
        title=str(item),
        origin=item.origin,
        generator=backend if item.is_ai else "Weft",
        model_revision=str(made.get("revision") or made.get("model_revision") or "")[:100],
        actions=actions,
        conditions={
            "mode": guidance.get("mode", ""),
            "liked_items": len(guidance.get("liked_item_ids") or ()),
            "reference_items": len(guidance.get("reference_item_ids") or ()),
            "personal_vector": bool(guidance.get("user_vector_model")),
            **_authorship(made),
        },
        ingredients=(*parent, *_inputs(guidance)),
        training_data=training_note(backend) if item.is_ai else "",
    )


def _authorship(made: dict[str, Any]) -> dict[str, str]:
    """Return whose it is and by what right it was made; of people and grants nothing."""
    known = made.get("authorship") or {}
    return {key: str(known[key]) for key in ("belongs_to", "right") if key in known}


def training_note(backend: str) -> str:
    """Return a sentence on what the model behind a backend's name learned from."""
    if backend in _BY_RULE:
        return NO_LEARNING
    is_own = backend in _OWN or backend.startswith(("embedded", "Weft"))
    return OWN_DATA if is_own else OTHERS_DATA


def _parent(item: Item) -> tuple[manifest.Ingredient, ...]:
    """Return what the item was opened from: the item before, or the upload with its manifest."""
    if item.parent is not None and item.is_ai:
        return _packed(item.parent, "parentOf")
    archive = _kept_archive(item)
    if item.is_ai or not archive:
        return ()
    return (manifest.Ingredient(UPLOAD_TITLE, "parentOf", archive=archive),)


def _inputs(guidance: dict[str, Any]) -> tuple[manifest.Ingredient, ...]:
    """Return the pictures that were given as examples."""
    ids = [*(guidance.get("reference_item_ids") or ()), guidance.get("exemplar_item_id")]
    wanted = list(dict.fromkeys(pk for pk in ids if isinstance(pk, int)))[:MAX_INPUTS]
    items = Item.objects.with_assets().in_bulk(wanted)
    return tuple(
        one
        for pk in wanted
        if pk in items
        for one in _plain(items[pk], Asset.Role.THUMB, "inputTo")
    )


def _packed(item: Item, relationship: str) -> tuple[manifest.Ingredient, ...]:
    """Return a parent, packed: its files may be large, and several files of a child name it."""
    archive = _kept_archive(item)
    for one in _plain(item, Asset.Role.MASTER, relationship):
        if archive and not _has_manifest(one):
            return (manifest.Ingredient(UPLOAD_TITLE, "parentOf", archive=archive),)
        try:
            packed = manifest.pack_ingredient(one.data, one.mime, one.title, keys.signing_keys())
        except manifest.ManifestError as error:
            logger.warning("item %s cannot be named as a source: %s", item.pk, error)
            return ()
        return (manifest.Ingredient(one.title, "parentOf", archive=packed),)
    return ()


def _plain(item: Item, role: str, relationship: Any) -> tuple[manifest.Ingredient, ...]:
    asset = item.asset(role)
    if asset is None or asset.mime not in manifest.SIGNABLE:
        return ()
    title = str(item) if item.is_public and not item.is_personal else PRIVATE
    try:
        data = read_bytes(asset)
    except OSError as error:
        logger.warning("a file of item %s is not there: %s", item.pk, error)
        return ()
    return (manifest.Ingredient(title, relationship, asset.mime, data),)


def _has_manifest(one: manifest.Ingredient) -> bool:
    return manifest.read(one.data, one.mime, keys.signing_keys()).state != manifest.State.ABSENT


def _kept_archive(item: Item) -> bytes:
    """Return what was kept of the manifest that an upload came with, if it came with one."""
    kept = getattr(item, "credential", None)
    return bytes(kept.archive) if kept is not None else b""
