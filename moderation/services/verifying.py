"""What a stranger's file carries: watermark, manifest, likeness. Nothing is stored.

Absence proves nothing, so the answer is never "human".
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.models import Asset, Item
from catalog.selectors import can_view
from common.errors import InvalidInputError
from media.child import read_upload
from media.errors import BadMediaError
from media.probe import HEAD_BYTES, sniff
from moderation.core import agreement, hashing, manifest, watermark
from moderation.models import Mark
from moderation.services import keys
from moderation.services.gathering import decode, nearest_by_hash, read_bytes

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

MAX_BYTES = 20 * 1024 * 1024
MIME = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "mov": "video/mp4"}
TOO_LARGE = "Please send a file of at most 20 MB."
VIDEO_MANIFEST_ONLY = "Of videos only the signed manifest is read."


@dataclass(frozen=True)
class Layer:
    """One layer of marks: found, not found, or in the way; with a sentence."""

    name: str
    state: str
    sentence: str


@dataclass(frozen=True)
class VerifyReport:
    """What was found. `outcome`: ours, transplanted, foreign, tampered or not_specified."""

    outcome: str
    sentence: str
    layers: tuple[Layer, ...]
    # The item, when everybody may see it.
    item: Item | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the report for the API."""
        return {
            "outcome": self.outcome,
            "sentence": self.sentence,
            "layers": [vars(layer) for layer in self.layers],
            "item": self.item.pk if self.item else None,
        }


OUTCOMES = {
    "ours": "Made or changed by AI on Weft: the file carries our mark.",
    "transplanted": "Warning: this file carries our mark, but it shows something else than the "
    "item that the mark stands for. The mark was probably copied onto it.",
    "tampered": "This file has a signed manifest that does not hold: it was changed after signing.",
    "foreign": "This file has a whole manifest from somebody else, whom we do not know.",
    "looks_like": "No mark of ours was found, but the picture looks like an AI item on Weft.",
    "not_specified": "Not specified: no mark of ours was found. This proves nothing: marks can be "
    "lost, and most files never had one.",
}


def verify_file(*, data: bytes, user: User | AnonymousUser | None = None) -> VerifyReport:
    """Return the marks that a file carries. What is no picture or video is refused."""
    if len(data) > MAX_BYTES:
        raise InvalidInputError(TOO_LARGE)
    sniffed = sniff(data[:HEAD_BYTES])
    mime = MIME.get(sniffed.name, "")
    report = (
        manifest.read(data, mime, keys.signing_keys())
        if mime
        else manifest.ManifestReport(manifest.State.ABSENT)
    )
    layers = [_manifest_layer(report)]
    if sniffed.kind == "video":
        layers.append(Layer("Watermark", "not_read", VIDEO_MANIFEST_ONLY))
        return _concluded(report, layers, None, None)
    picture = _decoded(data)
    read, mark = _find_mark(picture)
    layers.append(_watermark_layer(read, mark))
    agrees = None
    if mark is not None:
        agrees, layer = _compare(picture, mark, read)
        layers.append(layer)
    similar = None if mark else _similar_ai_item(picture)
    if similar is not None:
        layers.append(
            Layer("Likeness", "found", f"It looks like “{similar}”, which is labelled as AI.")
        )
    return _concluded(report, layers, mark, agrees, similar, user)


def _decoded(data: bytes) -> np.ndarray:
    """Return a stranger's picture as RGB, decoded in a child process with limits."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "upload").write_bytes(data)
        made = read_upload(folder / "upload", folder)
        master = next(one for one in made if one.role == "master")
        picture = decode(Path(master.data).read_bytes())  # type: ignore[arg-type]
    if picture is None:
        raise BadMediaError("This picture could not be read.")
    return picture


def _find_mark(picture: np.ndarray) -> tuple[watermark.Detection, Mark | None]:
    """Return the best reading over all keys, and the ledger's row if the payload is ours."""
    best = watermark.Detection(found=False)
    for key_id in keys.known_ids():
        read = watermark.detect(picture, keys.watermark_key(key_id))
        if read.found and read.payload is not None:
            mark = Mark.objects.select_related("item").filter(payload=read.payload).first()
            return read, mark
        best = max(best, read, key=lambda one: one.z)
    return best, None


def _compare(
    picture: np.ndarray, mark: Mark, read: watermark.Detection
) -> tuple[bool | None, Layer]:
    """Return whether the picture shows what the marked item shows; None when that is unclear."""
    role = Asset.Role.MASTER if mark.item.kind == Item.Kind.IMAGE else Asset.Role.POSTER
    asset = mark.item.asset(role)
    original = decode(read_bytes(asset)) if asset else None
    if mark.pdq and hashing.distance(hashing.pdq(picture)[0], mark.pdq) <= hashing.SAME_PICTURE:
        return True, Layer("Agreement", "found", "It shows what the marked item shows.")
    score = agreement.likeness(picture, original, read) if original is not None else None
    if score is None or agreement.DIFFERENT < score < agreement.SAME:
        return None, Layer("Agreement", "unclear", "It cannot be told whether it shows the same.")
    if score >= agreement.SAME:
        return True, Layer("Agreement", "found", "It shows a part of what the marked item shows.")
    return False, Layer("Agreement", "differs", "It shows something else than the marked item.")


def _similar_ai_item(picture: np.ndarray) -> Item | None:
    """Return a published AI item whose picture looks the same, if there is one."""
    digest, quality = hashing.pdq(picture)
    if quality < hashing.MIN_QUALITY:
        return None
    items = Item.objects.visible().exclude(origin=Item.Origin.HUMAN)
    near = nearest_by_hash(digest, items, limit=1)
    if not near or near[0][1] > hashing.SAME_PICTURE:
        return None
    return Item.objects.get(pk=near[0][0])


def _manifest_layer(report: manifest.ManifestReport) -> Layer:
    match report.state:
        case manifest.State.VALID:
            said = "made or changed by AI" if report.says_ai else "no use of AI"
            sentence = f"Signed by Weft and unchanged since. It says: {said}."
            return Layer("Signed manifest", "found", sentence)
        case manifest.State.UNTRUSTED:
            who = report.issuer or "somebody"
            return Layer(
                "Signed manifest",
                "foreign",
                f"Whole, and signed by {who}, whom we do not know. That says nothing against it.",
            )
        case manifest.State.INVALID:
            return Layer("Signed manifest", "invalid", "Present, but the file was changed since.")
    return Layer("Signed manifest", "absent", "None. Screenshots and many sites remove it.")


def _watermark_layer(read: watermark.Detection, mark: Mark | None) -> Layer:
    numbers = f"z {read.z:.1f}"
    if mark is not None:
        how = " in a cropped or resized copy" if abs(read.scale - 1.0) > 0.02 else ""
        return Layer("Watermark", "found", f"Our invisible mark was read{how} ({numbers}).")
    if read.found:
        return Layer(
            "Watermark", "unknown", f"A mark of ours whose item no longer exists ({numbers})."
        )
    return Layer("Watermark", "absent", f"No invisible mark of ours was found ({numbers}).")


def _concluded(
    report: manifest.ManifestReport,
    layers: list[Layer],
    mark: Mark | None,
    agrees: bool | None,
    similar: Item | None = None,
    user: User | AnonymousUser | None = None,
) -> VerifyReport:
    item = mark.item if mark is not None else similar
    shown = item if item is not None and item.is_public and can_view(user, item) else None
    lost_item = any(layer.state == "unknown" for layer in layers)
    if agrees is False:
        outcome = "transplanted"
    elif mark is not None or lost_item or report.state == manifest.State.VALID:
        outcome = "ours"
    elif report.state == manifest.State.INVALID:
        outcome = "tampered"
    elif similar is not None:
        outcome = "looks_like"
    elif report.state == manifest.State.UNTRUSTED:
        outcome = "foreign"
    else:
        outcome = "not_specified"
    return VerifyReport(outcome, OUTCOMES[outcome], tuple(layers), shown)
