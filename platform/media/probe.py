"""What a file really is, told by its first bytes: never by its name or declared type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from media.errors import BadMediaError

HEAD_BYTES = 4096

EMPTY = "This file is empty."
NO_GIF = "Animated GIFs cannot be uploaded. Please send a video or a still picture."
UNKNOWN = (
    "This is neither a picture nor a video that Weft can read. "
    "Please upload JPEG, PNG, WebP, HEIC, MP4, MOV, WebM or MKV."
)


@dataclass(frozen=True)
class Sniffed:
    """A known format: `name` is Pillow's format for images, FFmpeg's demuxer for videos."""

    kind: Literal["image", "video"]
    name: str


HEIF_BRANDS = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1")
)
MOVIE_BRANDS = frozenset(
    (
        b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9",
        b"mp41", b"mp42", b"mp71", b"avc1", b"hvc1", b"qt  ", b"M4V ", b"M4VH", b"M4VP",
        b"MSNV", b"mmp4", b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3gs7", b"3ge6", b"3g2a",
        b"dash", b"XAVC", b"f4v ", b"av01",
    )
)  # fmt: skip
# Boxes that may open a QuickTime file written without a brand.
BARE_QUICKTIME = frozenset((b"moov", b"mdat", b"wide", b"free", b"skip"))


def sniff(head: bytes) -> Sniffed:
    """Return what the file is, from its first `HEAD_BYTES`; anything else is refused."""
    if not head:
        raise BadMediaError(EMPTY)
    if head.startswith((b"GIF87a", b"GIF89a")):
        raise BadMediaError(NO_GIF)
    if head.startswith(b"\xff\xd8\xff"):
        return Sniffed("image", "JPEG")
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Sniffed("image", "PNG")
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Sniffed("image", "WEBP")
    if head.startswith(b"\x1a\x45\xdf\xa3") and (b"webm" in head[:64] or b"matroska" in head[:64]):
        return Sniffed("video", "matroska")
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head[4:8] in BARE_QUICKTIME:
        return Sniffed("video", "mov")
    raise BadMediaError(UNKNOWN)


def _by_brand(head: bytes) -> Sniffed:
    """Return the kind of an ISO media file from its major brand, then its compatible ones."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    for brand in brands:
        if brand in HEIF_BRANDS:
            return Sniffed("image", "HEIF")
        if brand in MOVIE_BRANDS:
            return Sniffed("video", "mov")
    raise BadMediaError(UNKNOWN)
