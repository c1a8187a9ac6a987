"""Pictures: read the uploads that are safe to read, and write the renditions that we serve."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import ExifTags, Image, ImageCms

from media.errors import DAMAGED, BadMediaError
from media.limits import MASTER_LONG_SIDE, MAX_PIXELS, MIN_SIDE, POSTER_BOX, THUMB_BOX

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
TOO_MANY_PIXELS = (
    f"This picture is too large. Please make it smaller than {MAX_PIXELS // 1_000_000} megapixels."
)
TOO_SMALL = f"This picture is too small: each side needs at least {MIN_SIDE} pixels."
ANIMATED = "Animated pictures cannot be uploaded. Please send a video or a still picture."
# What EXIF says of the camera's position -> how to turn the pixels.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
Role = Literal["master", "poster", "thumb", "captions"]


@dataclass(frozen=True)
class Rendition:
    """One file that we made: its bytes, or the path of a file too large to hold in memory."""

    role: Role
    mime: str
    width: int
    height: int
    data: bytes | Path
    duration_s: float = 0.0
    has_sound: bool = False


def make_image_renditions(image: np.ndarray | Image.Image) -> list[Rendition]:
    """Return master, poster and thumb of a picture that is already decoded and trusted.

    image: (H, W, 3) uint8 RGB, or a PIL image.
    """
    picture = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    picture = picture.convert("RGB")
    return [
        _as_jpeg(picture, "master", (MASTER_LONG_SIDE, MASTER_LONG_SIDE), quality=90),
        *make_stills(picture),
    ]


def make_stills(picture: Image.Image) -> list[Rendition]:
    """Return poster and thumb of a picture or of a video's frame."""
    return [
        _as_jpeg(picture, "poster", POSTER_BOX, quality=85),
        _as_jpeg(picture, "thumb", THUMB_BOX, quality=80),
    ]


def _as_jpeg(picture: Image.Image, role: Role, box: tuple[int, int], quality: int) -> Rendition:
    small = picture.copy()
    small.thumbnail(box, Image.Resampling.LANCZOS, reducing_gap=3.0)
    buffer = io.BytesIO()
    # Full chroma: garments are about colour, and a thin red stripe blurs without it.
    small.save(buffer, "JPEG", quality=quality, subsampling=0 if role == "master" else 2)
    return Rendition(role, "image/jpeg", small.width, small.height, buffer.getvalue())


def open_upload(path: Path, name: str) -> Image.Image:
    """Return an upload as upright sRGB without metadata. Runs in a child process only.

    `name` is the format that `probe.sniff` found; no other decoder is tried.
    """
    if name == "HEIF":
        import pillow_heif  # loads libheif, which other formats need not pay for

        pillow_heif.register_heif_opener(thumbnails=False)
    # Our own cap is checked before any pixel is decoded, so that it is an error, not a warning.
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(path, formats=[name]) as image:
        _check_header(image)
        # JPEG can be decoded at a half, a quarter or an eighth: less memory for the same master.
        image.draft("RGB", (MASTER_LONG_SIDE, MASTER_LONG_SIDE))
        turn = _turn_of(image)
        small = _shrunk(_loaded(image))
    return _flattened(_as_srgb(small.transpose(turn) if turn is not None else small))


def _check_header(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise BadMediaError(TOO_MANY_PIXELS)
    if min(width, height) < MIN_SIDE:
        raise BadMediaError(TOO_SMALL)
    # A JPEG with several pictures (MPO) or a HEIC burst has a main one; the others move.
    if image.format in {"PNG", "WEBP"} and getattr(image, "n_frames", 1) > 1:
        raise BadMediaError(ANIMATED)


def _loaded(image: Image.Image) -> Image.Image:
    try:
        image.load()
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise BadMediaError(DAMAGED) from error
    return image


def _turn_of(image: Image.Image) -> Image.Transpose | None:
    """Return what brings the picture upright; a broken EXIF block must not cost the picture."""
    try:
        return UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, struct.error):
        return None


def _shrunk(image: Image.Image) -> Image.Image:
    """Return the picture at most as large as we serve it, before anything else copies it."""
    if image.mode in {"RGB", "RGBA", "L", "LA", "CMYK"}:
        image.thumbnail((MASTER_LONG_SIDE, MASTER_LONG_SIDE), reducing_gap=3.0)
    return image


def _as_srgb(image: Image.Image) -> Image.Image:
    """Convert by the embedded colour profile, if it is one that can be read."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I;16") or image.mode == "I":
        return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    if not profile or image.mode not in {"RGB", "RGBA", "CMYK", "L"}:
        return image
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    base = image.convert("RGB") if alpha else image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(
            base, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        # A broken profile, or one for another kind of pixel: the numbers are shown as they are.
        return image
    if converted is None:
        return image
    if alpha:
        converted.putalpha(alpha)
    return converted


def _flattened(image: Image.Image) -> Image.Image:
    """Return plain RGB with transparent parts on white, carrying no metadata at all."""
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        rgba = image.convert("RGBA")
        page = Image.new("RGBA", rgba.size, "white")
        image = Image.alpha_composite(page, rgba)
    plain = image.convert("RGB")
    plain.info = {}
    return plain
