"""Both marks of an AI item: written into its files, then read back from storage.

Nothing that AI made is published before `ensure_marked` has found both marks in the stored files.
"""

from __future__ import annotations

import hashlib
import io
import logging
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db import IntegrityError, transaction
from django.utils.dateparse import parse_datetime
from PIL import Image

from catalog.models import Asset, Item
from catalog.services import replace_asset
from common.errors import DomainError
from media.images import Rendition, make_stills
from moderation.core import coding, manifest, moving, watermark
from moderation.core.checks import Finding, Verdict
from moderation.models import Mark
from moderation.services import keys, ledger, second_marks
from moderation.services.finding import lumas_of
from moderation.services.gathering import decode, read_bytes
from moderation.services.provenance import claim_of
from vision import hashing

logger = logging.getLogger(__name__)

STILL_ROLES = (Asset.Role.MASTER, Asset.Role.POSTER, Asset.Role.THUMB)
QUALITY: dict[str, int] = {
    Asset.Role.MASTER: 92,
    Asset.Role.POSTER: 88,
    Asset.Role.THUMB: 88,
}
UNMARKED = "It carries no invisible mark"


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
        """Every file that is large enough reads back, and there is one."""
        wanted = [one for one in self.files.values() if one["watermark"] != "too small"]
        return bool(wanted) and all(one["watermark"] == "read" for one in wanted)

    @property
    def skipped(self) -> str:
        """Why there is no invisible mark, in a sentence; empty where there is one."""
        if self.watermarked:
            return ""
        reasons = [one["reason"] for one in self.files.values() if one.get("reason")]
        return f"{UNMARKED}: {reasons[0]}" if reasons else f"{UNMARKED}."

    def as_finding(self) -> Finding:
        """Return the report as a check's finding, for the reviewer and the item's page."""
        evidence = {"payload": f"{self.payload:012x}", "files": self.files}
        if not self.signed:
            return Finding(
                Verdict.FLAG, "The signed manifest could not be verified.", evidence=evidence
            )
        if not self.watermarked:
            return Finding(
                Verdict.CANNOT_TELL,
                f"{self.skipped} Its manifest is valid.",
                evidence=evidence | {"skipped": self.skipped},
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
                        "payload": coding.random_payload(),
                        "key_id": keys.current_id(),
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
    signing = keys.signing_keys()
    for asset in item.assets.exclude(role=Asset.Role.CAPTIONS):
        data = read_bytes(asset)
        found = manifest.read(data, asset.mime, signing)
        entry: dict[str, Any] = {"manifest": str(found.state), "sha256": asset.sha256}
        if found.stamped_at:
            entry["stamped_at"] = found.stamped_at
        entry |= read_back(data, asset.mime, mark)
        report.files[asset.role] = entry
    return report


def read_back(data: bytes, mime: str, mark: Mark) -> dict[str, Any]:
    """Return whether a stored file holds the mark: read, absent, too small or unreadable."""
    key = keys.watermark_key(mark.key_id)
    try:
        lumas = lumas_of(data, mime)
    except watermark.WatermarkError as error:
        return {"watermark": "unreadable", "reason": str(error)}
    read = watermark.detect_folded(lumas, key, search=False)
    if read.payload == mark.payload:
        return {"watermark": "read", "z": round(read.z, 2)}
    if min(lumas[0].shape) < watermark.MIN_SIDE:
        return {"watermark": "too small", "reason": watermark.TOO_SMALL, "z": round(read.z, 2)}
    return {"watermark": "absent", "reason": watermark.TOO_FLAT, "z": round(read.z, 2)}


def _write_marks(item: Item, mark: Mark) -> None:
    """Mark the largest still, remake the smaller ones from it, sign everything."""
    assets = {asset.role: asset for asset in item.assets.all()}
    claim = claim_of(item)
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
        _write_video(item, assets[Asset.Role.MASTER], mark, claim)


def _write_video(item: Item, asset: Asset, mark: Mark, claim: manifest.Claim) -> None:
    """Mark and sign a video. One that holds the mark already is not encoded a second time."""
    data = read_bytes(asset)
    if read_back(data, asset.mime, mark)["watermark"] == "absent":
        try:
            data = moving.embed_video(data, mark.payload, keys.watermark_key(mark.key_id)).data
        except watermark.WatermarkError as error:
            logger.info("The video of item %s stays without a mark: %s", item.pk, error)
    _store(item, asset.role, data, asset.mime, claim)


def _embedded(picture: np.ndarray, payload: int, key: bytes) -> tuple[np.ndarray, bool]:
    """Return the marked picture and True, or the picture as it is and False.

    Marks of configured models go first, so that ours is fitted to what they left.
    """
    try:
        return watermark.embed(second_marks.embed(picture, payload), payload, key), True
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


def _complete(item: Item, mark: Mark, report: MarkReport) -> None:
    """Write into the ledger what the marked files look like."""
    largest = Asset.Role.MASTER if item.kind == Item.Kind.IMAGE else Asset.Role.POSTER
    asset = item.assets.get(role=largest)
    data = read_bytes(asset)
    picture = decode(data)
    mark.watermarked, mark.skipped = report.watermarked, report.skipped[:200]
    mark.sha256 = hashlib.sha256(data).hexdigest()
    mark.pdq = hashing.pdq(picture)[0] if picture is not None else ""
    mark.stamped_at = parse_datetime(report.files[largest].get("stamped_at", ""))
    mark.manifest_sha256 = manifest.digest(data, asset.mime, keys.signing_keys())
    mark.full_clean(validate_unique=False)
    mark.save()
    ledger.record_item(item=item, mark=mark)
