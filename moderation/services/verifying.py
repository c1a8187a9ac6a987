"""What a stranger's file carries: manifest, watermark, ledger, likeness. Nothing is stored.

Absence proves nothing, so the answer is never "human".
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from django.conf import settings

from catalog.models import Asset, Frame, Item
from catalog.selectors import can_view
from common.errors import InvalidInputError
from media.child import read_seconds, read_upload
from media.errors import BadMediaError
from media.probe import HEAD_BYTES, Sniffed, sniff
from moderation.core import agreement, manifest, watermark
from moderation.models import LedgerFile, Mark
from moderation.services import keys, ledger
from moderation.services.finding import find_mark
from moderation.services.gathering import decode, read_bytes
from moderation.services.verify_report import (
    Layer,
    VerifyReport,
    history_of,
    manifest_layer,
    watermark_layer,
)
from vision import hashing

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

MIME = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "mov": "video/mp4"}
# Pictures of a video that are compared, and those in which the mark is looked for.
EVERY_S, MOST_PICTURES, MOST_READ = 0.5, 24, 6
# So many of a video's pictures must look like one item; a single one may be chance.
LEAST_SHARE = 0.2


@dataclass
class _Look:
    """A file while it is looked at."""

    data: bytes
    mime: str
    report: manifest.ManifestReport
    pictures: list[np.ndarray]
    is_video: bool
    layers: list[Layer] = field(default_factory=list)


def verify_file(*, data: bytes, user: User | AnonymousUser | None = None) -> VerifyReport:
    """Return the marks that a file carries. What is no picture or video is refused."""
    require_size(len(data))
    sniffed = sniff(data[:HEAD_BYTES])
    # Also says whether it is a picture or video at all, before anything else reads it.
    pictures = _decoded(data, sniffed)
    mime = MIME.get(sniffed.name, "")
    signing = keys.signing_keys()
    absent = manifest.ManifestReport(manifest.State.ABSENT)
    report = manifest.read(data, mime, signing) if mime else absent
    look = _Look(data, mime, report, pictures, sniffed.kind == "video")
    return _verified(look, user)


def require_size(size: int) -> None:
    """Refuse a file that is too large, before it is read."""
    if size > settings.VERIFY_MAX_BYTES:
        most = settings.VERIFY_MAX_BYTES // 1024**2
        raise InvalidInputError(f"Please send a file of at most {most} MB.")


def _verified(look: _Look, user: User | AnonymousUser | None) -> VerifyReport:
    read, mark = _find_mark(look.pictures)
    entry = _ledger_entry(look)
    look.layers += [manifest_layer(look.report), watermark_layer(read, mark)]
    if entry is not None:
        look.layers.append(_ledger_layer(look, entry))
    agrees: bool | None = None
    if mark is not None:
        agrees = _agreement(look, mark, read, entry)
    similar = None if mark or entry else _similar(look)
    item = mark.item if mark else entry.mark.item if entry else similar
    is_shown = item is not None and item.is_public and can_view(user, item)
    return VerifyReport(
        outcome=_outcome(look, read, mark, entry, agrees, similar),
        layers=tuple(look.layers),
        history=history_of(look.report),
        item=item if is_shown else None,
    )


def _decoded(data: bytes, sniffed: Sniffed) -> list[np.ndarray]:
    """Return a stranger's picture, or pictures of their video, decoded in a child with limits."""
    with tempfile.TemporaryDirectory(prefix="weft-verify-") as name:
        folder = Path(name)
        upload = folder / "upload"
        upload.write_bytes(data)
        if sniffed.kind == "video":
            files = read_seconds(upload, folder, every_s=EVERY_S, most=MOST_PICTURES)
            paths = [path for _, path in files]
        else:
            made = read_upload(upload, folder)
            paths = [Path(one.data) for one in made if one.role == "master"]  # type: ignore[arg-type]
        found = [picture for path in paths if (picture := decode(path.read_bytes())) is not None]
    if not found:
        raise BadMediaError("This picture could not be read.")
    return found


def _find_mark(pictures: list[np.ndarray]) -> tuple[watermark.Detection, Mark | None]:
    """Return the best reading over pictures and keys, and the ledger's row if it is ours."""
    step = max(1, len(pictures) // MOST_READ)
    read = find_mark(pictures[::step][:MOST_READ]).read
    if read.payload is None:
        return read, None
    return read, Mark.objects.select_related("item").filter(payload=read.payload).first()


def _ledger_entry(look: _Look) -> LedgerFile | None:
    """Return the ledger's row of this file, or of the file whose manifest it carries."""
    known = ""
    if look.report.state == manifest.State.VALID:
        known = manifest.digest(look.data, look.mime, keys.signing_keys())
    return next(iter(ledger.find_files(data=look.data, manifest_sha256=known)), None)


def _ledger_layer(look: _Look, entry: LedgerFile) -> Layer:
    whole = f"version {entry.version}, {entry.role}"
    return Layer("Ledger", "found", f"Weft delivered this very file ({whole}).")


def _agreement(
    look: _Look, mark: Mark, read: watermark.Detection, entry: LedgerFile | None
) -> bool | None:
    """Say whether the layers speak of one item and the picture shows it; None when unclear."""
    if entry is not None and entry.mark_id != mark.pk:
        sentence = "The manifest stands for another item than the watermark."
        look.layers.append(Layer("Agreement", "differs", sentence))
        return False
    agrees, layer = _compare(look, mark, read)
    look.layers.append(layer)
    return agrees


def _compare(look: _Look, mark: Mark, read: watermark.Detection) -> tuple[bool | None, Layer]:
    """Return whether the file shows what the marked item shows; None when that is unclear."""
    if ledger.distance_to_mark(mark, look.pictures) <= hashing.SAME_PICTURE:
        return True, Layer("Agreement", "found", "It shows what the marked item shows.")
    picture = look.pictures[0]
    original, distance = _nearest_original(mark.item, hashing.pdq(picture)[0])
    if distance <= hashing.SAME_PICTURE:
        return True, Layer("Agreement", "found", "It shows what the marked item shows.")
    score = agreement.likeness(picture, original, read) if original is not None else None
    if score is None or agreement.DIFFERENT < score < agreement.SAME:
        return None, Layer("Agreement", "unclear", "It cannot be told whether it shows the same.")
    if score >= agreement.SAME:
        return True, Layer("Agreement", "found", "It shows a part of what the marked item shows.")
    return False, Layer("Agreement", "differs", "It shows something else than the marked item.")


def _nearest_original(item: Item, digest: str) -> tuple[np.ndarray | None, int]:
    """Return which marked picture of the item looks most like this hash, and how far it is.

    A video is marked in its poster and in every still that may stand in for it.
    """
    rows: list[Asset | Frame | None] = [item.asset(Asset.Role.MASTER)]
    if item.kind == Item.Kind.VIDEO:
        rows = [item.asset(Asset.Role.POSTER), *item.frames.servable()]
    pictures = [decode(read_bytes(row)) for row in rows if row is not None]
    found = [
        (hashing.distance(digest, hashing.pdq(picture)[0]), at)
        for at, picture in enumerate(pictures)
        if picture is not None
    ]
    if not found:
        return None, hashing.BITS
    distance, at = min(found)
    return pictures[at], distance


def _similar(look: _Look) -> Item | None:
    """Return the published AI item that it looks like, if there is one; adds a layer."""
    votes: Counter[int] = Counter()
    for picture in look.pictures:
        votes.update({near.mark_id for near in ledger.near_prints(picture)})
    least = max(1, round(LEAST_SHARE * len(look.pictures)))
    marks = [pk for pk, count in votes.most_common() if count >= least]
    items = Item.objects.visible().exclude(origin=Item.Origin.HUMAN)
    found = items.filter(mark__in=marks).select_related("mark")
    by_votes = sorted(found, key=lambda item: (-votes[item.mark.pk], item.pk))
    if not by_votes:
        return None
    item, count = by_votes[0], votes[by_votes[0].mark.pk]
    how = f" in {count} of {len(look.pictures)} moments" if look.is_video else ""
    sentence = f"It looks{how} like “{item}”, which is labelled as AI."
    look.layers.append(Layer("Likeness", "found", sentence))
    return item


def _outcome(
    look: _Look,
    read: watermark.Detection,
    mark: Mark | None,
    entry: LedgerFile | None,
    agrees: bool | None,
    similar: Item | None,
) -> str:
    state, says_ai = look.report.state, look.report.says_ai
    if agrees is False:
        return "transplanted"
    if mark is not None or read.found or entry is not None:
        return "ours"
    if state == manifest.State.VALID:
        return "ours" if says_ai else "ours_not_ai"
    if state == manifest.State.INVALID:
        return "tampered"
    if similar is not None:
        return "looks_like"
    if state in {manifest.State.UNTRUSTED, manifest.State.KNOWN}:
        return "foreign_ai" if says_ai else "foreign"
    return "not_specified"
