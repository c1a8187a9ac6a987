"""Signed manifests (C2PA): who made a file, of what, how, and proof that it was not changed since.

Written with c2pa-python by keys of our own (`authority`). Nothing here reaches the network, unless
a time-stamping authority is configured: it is sent a digest of the signature, and nothing else.
Reading them is `manifest_reading`, whose names are offered here too.
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass, field
from typing import Any, Literal

import c2pa

from media import credentials
from moderation.core.authority import Keys, ensure_keys
from moderation.core.manifest_reading import (
    COMPOSITE,
    SOURCE_TYPES,
    IngredientReport,
    ManifestReport,
    State,
    digest,
    read,
    settings_of,
)

__all__ = [
    "COMPOSITE",
    "SIGNABLE",
    "SOURCE_TYPES",
    "Claim",
    "Ingredient",
    "IngredientReport",
    "Keys",
    "ManifestError",
    "ManifestReport",
    "State",
    "digest",
    "ensure_keys",
    "pack_ingredient",
    "read",
    "sign",
]

logger = logging.getLogger(__name__)

SIGNABLE = frozenset({"image/jpeg", "image/png", "image/webp", "video/mp4"})
_TRAINING_ENTRIES = ("ai_inference", "ai_generative_training", "ai_training", "data_mining")


class ManifestError(Exception):
    """The file could not be signed; the message says why."""


@dataclass(frozen=True)
class Ingredient:
    """What a file was made of: another file, or one that was packed when it was at hand.

    `parentOf` is what was opened and changed, at most one; `inputTo` what was looked at.
    """

    title: str
    relationship: Literal["parentOf", "inputTo"] = "parentOf"
    mime: str = ""
    data: bytes = b""
    # From `pack_ingredient`; counts instead of the data.
    archive: bytes = b""


@dataclass(frozen=True)
class Claim:
    """What a manifest says about an item. `origin`: ai, ai_assisted, or human for what we only
    re-encoded and whose own manifest must not be lost."""

    title: str
    origin: str
    generator: str
    model_revision: str = ""
    actions: tuple[str, ...] = ()
    # What conditioned it, as counts: whom it was made for and what they like stays with us.
    conditions: dict[str, Any] = field(default_factory=dict)
    ingredients: tuple[Ingredient, ...] = ()
    # A sentence on what the model learned from.
    training_data: str = ""


def sign(data: bytes, mime: str, claim: Claim, keys: Keys) -> bytes:
    """Return the file with a signed manifest inside. For video: after the final mux only.

    What the file held of manifests goes: name it as an ingredient if it must stay. With a
    time-stamping authority in `keys` the signature is stamped; where that one does not answer, it
    is signed without, which the log says and the report of `read` shows.
    """
    if mime not in SIGNABLE:
        raise ManifestError(f"Files of type {mime} cannot carry a manifest.")
    if keys.time_authority:
        try:
            return _signed(data, mime, claim, keys, keys.time_authority)
        except ManifestError as error:
            logger.warning("signed without a time stamp: %s", error)
    return _signed(data, mime, claim, keys, None)


def _signed(data: bytes, mime: str, claim: Claim, keys: Keys, time_authority: str | None) -> bytes:
    target = io.BytesIO()
    try:
        info = c2pa.C2paSignerInfo(
            alg=c2pa.C2paSigningAlg.ES256,
            sign_cert=keys.chain.encode(),
            private_key=keys.private_key.encode(),
            ta_url=time_authority,
        )
        with (
            c2pa.Signer.from_info(info) as signer,
            c2pa.Context.from_dict(settings_of(keys)) as context,
            c2pa.Builder(_definition(claim, mime), context=context) as builder,
        ):
            for number, one in enumerate(claim.ingredients):
                _add(builder, one, _label(claim, number))
            builder.sign(signer, mime, io.BytesIO(data), target)
    except c2pa.C2paError as error:
        raise ManifestError(f"The manifest could not be written: {error}") from error
    return target.getvalue()


def pack_ingredient(data: bytes, mime: str, title: str, keys: Keys) -> bytes:
    """Return what must be kept of a file so that it can be named as parent when it is gone."""
    try:
        return credentials.pack(io.BytesIO(data), mime, title, settings_of(keys))
    except c2pa.C2paError as error:
        raise ManifestError(f"The manifest could not be kept: {error}") from error


_WEFT = {"name": "Weft", "version": "1"}
_PARENT = credentials.SOURCE_LABEL


def _label(claim: Claim, number: int) -> str:
    """Return the name by which actions refer to an ingredient; that of a packed one is fixed."""
    return _PARENT if claim.ingredients[number].relationship == "parentOf" else f"input{number}"


def _add(builder: c2pa.Builder, one: Ingredient, label: str) -> None:
    if one.archive:
        builder.add_ingredient_from_archive(io.BytesIO(one.archive))
        return
    described = {
        "title": one.title,
        "relationship": one.relationship,
        "instance_id": label,
        "label": label,
    }
    builder.add_ingredient(described, one.mime, io.BytesIO(one.data))


def _definition(claim: Claim, mime: str) -> dict[str, Any]:
    parents = [one for one in claim.ingredients if one.relationship == "parentOf"]
    if len(parents) > 1:
        raise ManifestError("A file has at most one parent.")
    if claim.origin not in SOURCE_TYPES and not parents:
        raise ManifestError(
            "Only what AI made or changed gets a manifest of ours, and what came with one."
        )
    model = {"name": claim.generator, "version": claim.model_revision or "unknown"}
    if claim.training_data:
        model["training_data"] = claim.training_data
    assertions = [
        {"label": "c2pa.actions.v2", "data": {"actions": _actions(claim, bool(parents))}},
        {"label": "cawg.training-mining", "data": {"entries": _TRAINING}},
    ]
    if claim.origin in SOURCE_TYPES:
        assertions += [
            {"label": "org.weft.model", "data": model},
            {"label": "org.weft.conditions", "data": dict(claim.conditions)},
        ]
    return {
        "claim_generator_info": [_WEFT],
        "title": claim.title,
        "format": mime,
        "assertions": assertions,
    }


def _actions(claim: Claim, has_parent: bool) -> list[dict[str, Any]]:
    """Return the actions. The first says how the file began: opened from another, or created."""
    inputs = [
        _label(claim, number)
        for number, one in enumerate(claim.ingredients)
        if one.relationship == "inputTo"
    ]
    agent = {"name": claim.generator, "version": claim.model_revision or "unknown"}
    by_ai: dict[str, Any] = {"softwareAgent": agent}
    if source := SOURCE_TYPES.get(claim.origin):
        by_ai["digitalSourceType"] = source
    later = [{"action": action, **by_ai} for action in claim.actions]
    if not has_parent:
        first = {"action": "c2pa.created", **by_ai}
        if inputs:
            first["parameters"] = {"ingredientIds": inputs}
        return [first, *later]
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": [_PARENT]}}
    if inputs and later:
        later[0] = {**later[0], "parameters": {"ingredientIds": inputs}}
    return [opened, *later]


# Said of the file, for those who gather files to train on: not without asking.
_TRAINING = {f"cawg.{name}": {"use": "notAllowed"} for name in _TRAINING_ENTRIES}
