"""The C2PA manifest that an upload came with: kept before the upload is re-encoded and dropped.

Runs in a child process, as everything that reads a stranger's file. What is kept is an archive by
which a later manifest can name the upload as its source, with the upload's own history inside.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, BinaryIO

# The name by which actions refer to what a file was opened from.
SOURCE_LABEL = "source"
UPLOAD_TITLE = "The upload as it came"
MIME = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "mov": "video/mp4"}
NO_NETWORK = {
    "version": 1,
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},
}
MAX_ARCHIVE_BYTES = 4 * 1024 * 1024
# In the metadata of cameras: where a picture was taken must not travel on.
_PLACES = ("gpsl", "gps_l", "latitude", "longitude")
_BLOCK = 1024 * 1024


def may_have_manifest(source: Path) -> bool:
    """Return whether the file holds the label of a manifest store at all; fast."""
    tail = b""
    with source.open("rb") as file:
        while block := file.read(_BLOCK):
            if b"c2pa" in tail + block:
                return True
            tail = block[-3:]
    return False


def pack(source: BinaryIO, mime: str, title: str, settings: dict[str, Any]) -> bytes:
    """Return the archive of a file as a source, with the manifest that it carries, if any."""
    import c2pa  # a large library that few children need

    described = {
        "title": title,
        "relationship": "parentOf",
        "instance_id": SOURCE_LABEL,
        "label": SOURCE_LABEL,
    }
    target = io.BytesIO()
    maker = {"claim_generator_info": [{"name": "Weft", "version": "1"}]}
    with (
        c2pa.Context.from_dict(settings) as context,
        c2pa.Builder(maker, context=context) as builder,
    ):
        builder.add_ingredient(described, mime, source)
        builder.write_ingredient_archive(SOURCE_LABEL, target)
    return target.getvalue()


def keep(source: Path, name: str, target: Path) -> dict[str, Any]:
    """Write the archive of an upload's manifest to `target`; return what the manifest says.

    {} when it has none. "kept" is false where the manifest tells a place, or is too large.
    """
    mime = MIME.get(name)
    if mime is None or not may_have_manifest(source):
        return {}
    import c2pa

    with c2pa.Context.from_dict(NO_NETWORK) as context:
        try:
            with source.open("rb") as file, c2pa.Reader(mime, file, context=context) as reader:
                text = reader.json()
        except c2pa.C2paError as error:
            known = f"{type(error).__name__} {error}"
            is_none = any(word in known for word in ("ManifestNotFound", "JumbfNotFound"))
            return {} if is_none else {"state": "invalid", "kept": False}
    summary = _summary(json.loads(text))
    if any(place in text.lower() for place in _PLACES):
        return {**summary, "kept": False, "why": "place"}
    with source.open("rb") as file:
        archive = pack(file, mime, UPLOAD_TITLE, NO_NETWORK)
    if len(archive) > MAX_ARCHIVE_BYTES:
        return {**summary, "kept": False, "why": "size"}
    target.write_bytes(archive)
    return {**summary, "kept": True}


def _summary(store: dict[str, Any]) -> dict[str, Any]:
    active = (store.get("manifests") or {}).get(store.get("active_manifest"), {})
    actions = [
        action
        for one in active.get("assertions") or []
        if str(one.get("label", "")).startswith("c2pa.actions")
        for action in (one.get("data") or {}).get("actions", [])
    ]
    maker = (active.get("claim_generator_info") or [{}])[0]
    types = " ".join(str(action.get("digitalSourceType", "")) for action in actions)
    codes = [str(one.get("code", "")) for one in store.get("validation_status") or []]
    wrong = [code for code in codes if code != "signingCredential.untrusted"]
    return {
        "state": "invalid" if wrong else "whole",
        "generator": str(maker.get("name") or active.get("claim_generator") or "")[:200],
        "issuer": str((active.get("signature_info") or {}).get("issuer") or "")[:200],
        "actions": [str(action.get("action", ""))[:80] for action in actions[:12]],
        "says_ai": "lgorithmicMedia" in types or "compositeSynthetic" in types,
    }
