"""Both marks of an AI item: written into its files, then read back from storage.

Nothing that AI made is published before `ensure_marked` has found both marks in the stored files.
"""

from __future__ import annotations

import hashlib
import io
import secrets
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db import IntegrityError, transaction
from PIL import Image

from catalog.models import Asset, Item
from catalog.services import replace_asset
from common.errors import DomainError
from media.images import Rendition, make_stills
from moderation.core import coding, hashing, manifest, watermark
from moderation.core.checks import Finding, Verdict
from moderation.models import Mark
from moderation.services import keys
from moderation.services.gathering import decode, read_bytes

STILL_ROLES = (Asset.Role.MASTER, Asset.Role.POSTER, Asset.Role.THUMB)
QUALITY: dict[str, int] = {
    Asset.Role.MASTER: 92,
    Asset.Role.POSTER: 88,
    Asset.Role.THUMB: 88,
}
TOO_FLAT = "This picture is too flat or too small for an invisible mark."


class MarkingError(DomainError):
    """The item could not be marked, so it cannot be published."""


@dataclass
class MarkReport:
    """What was read back, by role of the file."""

    payload: int
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def signed(self) -> bool:
        return bool(self.files) and all(one["manifest"] == "valid" for one in self.files.values())

    @property
    def watermarked(self) -> bool:
        """The largest still and every other that is large enough read back."""
        stills = [one for one in self.files.values() if "watermark" in one]
        wanted = [one for one in stills if one["watermark"] != "too small"]
        return bool(wanted) and all(one["watermark"] == "read" for one in wanted)

    def as_finding(self) -> Finding:
        """Return the report as a check's finding, for the reviewer and the item's page."""
        evidence = {"payload": f"{self.payload:012x}", "files": self.files}
        if not self.signed:
            return Finding(
                Verdict.FLAG, "The signed manifest could not be verified.", evidence=evidence
            )
        if not self.watermarked:
            return Finding(
                Verdict.CANNOT_TELL, f"{TOO_FLAT} Its manifest is valid.", evidence=evidence
            )
        return Finding(
            Verdict.PASS, "Watermark and signed manifest were read back.", evidence=evidence
        )


def ensure_marked(item: Item) -> MarkReport:
    """Mark the item's files unless they are marked already; return what they hold. Repeatable.

    No transaction should be open: this takes a good part of a second.
    """
    mark = allocate_mark(item)
    report = inspect(item, mark)
    if not (report.signed and report.watermarked):
        _write_marks(item, mark)
        report = inspect(item, mark)
    _complete(item, mark, report)
    return report


def allocate_mark(item: Item) -> Mark:
    """Return the item's row in the ledger, with a fresh random payload on first use."""
    for _ in range(5):
        try:
            with transaction.atomic():
                mark, _ = Mark.objects.get_or_create(
                    item=item,
                    defaults={
                        "payload": secrets.randbits(coding.PAYLOAD_BITS),
                        "key_id": keys.CURRENT_KEY_ID,
                    },
                )
        except IntegrityError:
            # Another worker was faster, or one payload in 2^48 was taken: look again.
            continue
        return mark
    raise MarkingError("No payload could be allocated for this item.")


def inspect(item: Item, mark: Mark) -> MarkReport:
    """Read both marks back from every stored file."""
    report = MarkReport(mark.payload)
    key, signing = keys.watermark_key(mark.key_id), keys.signing_keys()
    for asset in item.assets.exclude(role=Asset.Role.CAPTIONS):
        data = read_bytes(asset)
        found = manifest.read(data, asset.mime, signing)
        entry: dict[str, Any] = {"manifest": str(found.state), "sha256": asset.sha256}
        if asset.mime.startswith("image/"):
            entry |= _read_watermark(data, key, mark.payload)
        report.files[asset.role] = entry
    return report


def _read_watermark(data: bytes, key: bytes, payload: int) -> dict[str, Any]:
    picture = decode(data)
    if picture is None:
        return {"watermark": "unreadable"}
    read = watermark.detect(picture, key, search=False)
    state = "read" if read.payload == payload else "absent"
    if state == "absent" and min(picture.shape[:2]) < watermark.MIN_SIDE:
        state = "too small"
    return {"watermark": state, "z": round(read.z, 2)}


def _write_marks(item: Item, mark: Mark) -> None:
    """Mark the largest still, remake the smaller ones from it, sign everything."""
    assets = {asset.role: asset for asset in item.assets.all()}
    claim = _claim(item)
    largest = Asset.Role.MASTER if item.kind == Item.Kind.IMAGE else Asset.Role.POSTER
    picture = decode(read_bytes(assets[largest])) if largest in assets else None
    if picture is None:
        raise MarkingError("The picture of this item could not be read.")
    key = keys.watermark_key(mark.key_id)
    marked, ok = _embedded(picture, mark.payload, key)
    smaller: dict[str, Rendition] = {one.role: one for one in make_stills(Image.fromarray(marked))}
    _store(item, largest, _jpeg(marked, largest), "image/jpeg", claim)
    for role in (Asset.Role.POSTER, Asset.Role.THUMB):
        if role == largest or role not in assets:
            continue
        small = decode(bytes(smaller[role].data))  # type: ignore[arg-type]
        if small is None:
            raise MarkingError("A smaller picture of this item could not be made.")
        if ok and watermark.detect(small, key, search=False).payload != mark.payload:
            # Same tile, same place: marking again adds to what scaling left.
            small, _ = _embedded(small, mark.payload, key)
        _store(item, role, _jpeg(small, role), "image/jpeg", claim)
    if item.kind == Item.Kind.VIDEO:
        video = assets[Asset.Role.MASTER]
        _store(item, Asset.Role.MASTER, read_bytes(video), video.mime, claim)


def _embedded(picture: np.ndarray, payload: int, key: bytes) -> tuple[np.ndarray, bool]:
    """Return the marked picture and True, or the picture as it is and False."""
    try:
        return watermark.embed(picture, payload, key), True
    except watermark.WatermarkError:
        return picture, False


def _store(item: Item, role: str, data: bytes, mime: str, claim: manifest.Claim) -> None:
    """Sign and store one file. Bytes that are signed already keep their first manifest."""
    signing = keys.signing_keys()
    if manifest.read(data, mime, signing).state != manifest.State.VALID:
        try:
            data = manifest.sign(data, mime, claim, signing)
        except manifest.ManifestError as error:
            raise MarkingError(str(error)) from error
    replace_asset(item=item, role=role, content=data, mime=mime)


def _jpeg(picture: np.ndarray, role: str) -> bytes:
    buffer = io.BytesIO()
    sampling = 0 if role == Asset.Role.MASTER else 2
    Image.fromarray(picture).save(buffer, "JPEG", quality=QUALITY[role], subsampling=sampling)
    return buffer.getvalue()


def _claim(item: Item) -> manifest.Claim:
    """Return what the manifest says; of the person's likes it says only how many were used."""
    made = item.manifest or {}
    guidance = item.guidance or {}
    conditions = {
        "mode": guidance.get("mode", ""),
        "liked_items": len(guidance.get("liked_item_ids") or ()),
        "reference_items": len(guidance.get("reference_item_ids") or ()),
        "personal_vector": bool(guidance.get("user_vector_model")),
    }
    edited = ("c2pa.edited",) if item.parent_id else ()
    return manifest.Claim(
        title=str(item),
        origin=item.origin,
        generator=str(made.get("backend") or made.get("model") or "Weft creator")[:100],
        model_revision=str(made.get("revision") or made.get("model_revision") or "")[:100],
        actions=edited,
        conditions=conditions,
    )


def _complete(item: Item, mark: Mark, report: MarkReport) -> None:
    """Write into the ledger what the marked files look like."""
    largest = Asset.Role.MASTER if item.kind == Item.Kind.IMAGE else Asset.Role.POSTER
    asset = item.assets.get(role=largest)
    data = read_bytes(asset)
    picture = decode(data)
    mark.watermarked = report.watermarked
    mark.sha256 = hashlib.sha256(data).hexdigest()
    mark.pdq = hashing.pdq(picture)[0] if picture is not None else ""
    mark.manifest_sha256 = manifest.digest(data, asset.mime, keys.signing_keys())
    mark.full_clean(validate_unique=False)
    mark.save()
