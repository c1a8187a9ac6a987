"""The ledger: which files were delivered under which mark, and which mark a picture belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction

from catalog.models import Asset, Item
from media.seconds import own_seconds
from moderation.core import manifest
from moderation.models import CheckResult, Fingerprint, LedgerFile, LedgerPrint, Mark
from moderation.services import keys
from moderation.services.gathering import decode, read_bytes
from vision import hashing

# A second that looks like the one before needs no print of its own.
STILL_THE_SAME = 6

_NEAR = """
SELECT print.mark_id, print.second,
       bit_count(('x' || print.pdq)::bit(256) # ('x' || %s)::bit(256)) AS distance
FROM moderation_ledgerprint AS print
WHERE print.chunks && %s::integer[]
  AND bit_count(('x' || print.pdq)::bit(256) # ('x' || %s)::bit(256)) <= %s
ORDER BY distance, print.id
LIMIT %s
"""


@dataclass(frozen=True)
class Near:
    """A print of the ledger that looks like a picture, `distance` of 256 bits away."""

    mark_id: int
    second: float | None
    distance: int


def record_file(*, mark: Mark, role: str, version: int, data: bytes, mime: str) -> LedgerFile:
    """Enter a delivered file; harmless when it is entered already."""
    row, _ = LedgerFile.objects.get_or_create(
        mark=mark,
        role=role,
        sha256=hashlib.sha256(data).hexdigest(),
        defaults={
            "version": version,
            "manifest_sha256": manifest.digest(data, mime, keys.signing_keys()),
        },
    )
    return row


def record_item(*, item: Item, mark: Mark) -> None:
    """Enter all files of an item and how they look. Repeatable; a video is decoded once."""
    pictures: list[tuple[float | None, np.ndarray]] = []
    for asset in item.assets.exclude(role=Asset.Role.CAPTIONS):
        data = read_bytes(asset)
        record_file(mark=mark, role=asset.role, version=item.version, data=data, mime=asset.mime)
        if asset.mime == "video/mp4":
            pictures += own_seconds(data)
        elif asset.role == Asset.Role.MASTER or item.kind == Item.Kind.VIDEO:
            picture = decode(data)
            pictures += [(None, picture)] if picture is not None else []
    with transaction.atomic():
        # Two workers may be at it: the row of the mark is what they take turns by.
        Mark.objects.select_for_update().get(pk=mark.pk)
        mark.prints.all().delete()
        LedgerPrint.objects.bulk_create(_prints(mark, pictures))


def add_print(*, mark: Mark, second: float | None, picture: np.ndarray) -> None:
    """Enter how one more picture of the item looks, for example a still of a video."""
    LedgerPrint.objects.bulk_create(_prints(mark, [(second, picture)]))


def forget_looks(*, item_id: int) -> None:
    """Drop how an expired item looked and what the checks found in it.

    The payload and digests of its files stay: a copy that somebody kept still says it is ours.
    """
    LedgerPrint.objects.filter(mark__item_id=item_id).delete()
    Mark.objects.filter(item_id=item_id).update(pdq="")
    Fingerprint.objects.filter(item_id=item_id).delete()
    CheckResult.objects.filter(screening__item_id=item_id).delete()


def find_files(*, data: bytes, manifest_sha256: str = "") -> list[LedgerFile]:
    """Return rows of files with just these bytes; or else with this manifest."""
    rows = LedgerFile.objects.select_related("mark__item")
    found = list(rows.filter(sha256=hashlib.sha256(data).hexdigest())[:5])
    if not found and manifest_sha256:
        found = list(rows.filter(manifest_sha256=manifest_sha256)[:5])
    return found


def near_prints(
    picture: np.ndarray, *, within: int = hashing.SAME_PICTURE, limit: int = 20
) -> list[Near]:
    """Return the prints at most `within` (31 or fewer) bits from a picture, nearest first.

    Exact, by index. A picture with too little structure is near to nothing.
    """
    digest, quality = hashing.pdq(picture)
    return near_digests(digest, within, limit) if quality >= hashing.MIN_QUALITY else []


def near_digests(digest: str, within: int, limit: int) -> list[Near]:
    """Return the prints near a PDQ hash; see `near_prints`."""
    if within > hashing.SAME_PICTURE:
        raise ValueError("The index finds what is at most 31 bits away.")
    with transaction.atomic(), connection.cursor() as cursor:
        # The planner takes the 272 keys to hit a quarter of all prints; it is one in 250.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL jit = off")
        cursor.execute(_NEAR, [digest, hashing.probes(digest), digest, within, limit])
        return [Near(mark, second, int(bits)) for mark, second, bits in cursor.fetchall()]


def distance_to_mark(mark: Mark, pictures: Sequence[np.ndarray]) -> int:
    """Return the least distance in bits between any of these pictures and the marked item's."""
    known = list(mark.prints.values_list("pdq", flat=True)) or [mark.pdq]
    seen = [hashing.pdq(picture)[0] for picture in pictures]
    pairs = (hashing.distance(one, other) for one in seen for other in known if other)
    return min(pairs, default=hashing.BITS)


def _prints(mark: Mark, pictures: Iterable[tuple[float | None, np.ndarray]]) -> list[LedgerPrint]:
    rows: list[LedgerPrint] = []
    for second, picture in pictures:
        digest, quality = hashing.pdq(picture)
        if quality < hashing.MIN_QUALITY:
            continue
        if rows and hashing.distance(rows[-1].pdq, digest) <= STILL_THE_SAME:
            continue
        row = LedgerPrint(mark=mark, second=second, pdq=digest, chunks=hashing.chunks(digest))
        rows.append(row)
    return rows
