"""The invisible watermark: 48 bits that survive compression, scaling, cropping and screenshots.

A keyed 64x64 tile is repeated over a canonical frame of the picture (luma, short side 512), so
that every part of the picture carries the whole message. `writing` puts it in, `reading` takes it
out. Cropped or turned pictures are found by the lattice that the repeated tile leaves in the
autocorrelation (`lattice`).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from moderation.core import coding, reading, spread, writing
from moderation.core.lattice import CLEAR_LATTICE, candidate_poses
from moderation.core.reading import PILOT_GATE, SHORT_SIDE
from moderation.core.writing import Strength

VERSION = spread.CURRENT.version
# A picture smaller than this has too few pixels for 48 bits.
MIN_SIDE = 128
# Tried in turn: the gentlest that still reads after strong compression is kept.
STRENGTHS = (Strength(42.0, 0.985), Strength(40.5, 0.978), Strength(39.0, 0.97))
PROOF_QUALITY = 45
# A lattice's answer below which no pose is tried where every upload is searched. Chosen on 60
# photographs: 8 of 10 unmarked ones stay below; the least of 118 marked ones that were cropped,
# turned or taken from a screen, and that two poses could read, had 1.5.
QUICK_LATTICE = 1.4
TOO_SMALL = f"The picture is under {MIN_SIDE} pixels wide: too small for a mark."
TOO_FLAT = "The picture is too flat to carry an invisible mark."

__all__ = ["MIN_SIDE", "SHORT_SIDE", "VERSION", "Detection", "Embedded", "WatermarkError"]


class WatermarkError(Exception):
    """The picture cannot carry a mark; the message says why."""


@dataclass(frozen=True)
class Detection:
    """What was read. `found` means that pilots and checksum both held."""

    found: bool
    payload: int | None = None
    z: float = 0.0
    scale: float = 1.0
    angle: float = 0.0
    flipped: bool = False
    version: str = VERSION


@dataclass(frozen=True)
class Embedded:
    """A marked picture and how strongly it was marked."""

    image: np.ndarray
    psnr: float
    z: float


def derive_key(secret: str, key_id: str) -> bytes:
    """Return the 32-byte key of this id; every id gives unrelated tiles from one secret."""
    kdf = HKDF(
        algorithm=hashes.SHA256(), length=32, salt=None, info=b"weft watermark " + key_id.encode()
    )
    return kdf.derive(secret.encode())


def embed(image: np.ndarray, payload: int, key: bytes) -> np.ndarray:
    """Return the RGB image (H, W, 3 uint8) with the payload in it; see `embed_measured`."""
    return embed_measured(image, payload, key).image


def embed_measured(
    image: np.ndarray,
    payload: int,
    key: bytes,
    *,
    strengths: tuple[Strength, ...] = STRENGTHS,
) -> Embedded:
    """Mark an RGB image at the gentlest strength whose mark survives strong compression.

    Raises `WatermarkError` for pictures that are too small or too flat to carry one.
    """
    _require_picture(image)
    for strength in strengths:
        marked = embed_at(image, payload, key, strength)
        proof = writing.compressed(reading.luma_of(marked), ".jpg", PROOF_QUALITY)
        read = detect(proof, key, search=False)
        if read.payload == payload:
            return Embedded(marked, psnr(image, marked), read.z)
    raise WatermarkError(TOO_FLAT)


def embed_at(image: np.ndarray, payload: int, key: bytes, strength: Strength) -> np.ndarray:
    """Return the RGB image marked within these bounds; nothing says yet that it can be read."""
    place = spread.place_of(key, payload)
    code, coded = spread.codes_of(key)[place.number], coding.encode(payload)
    luma = reading.luma_of(image)
    gains, mask = writing.informed_gains(luma, code, place, coded, strength)
    pattern = writing.pattern_for(image.shape, code, place, coded, gains, mask)
    change = writing.whole_steps(luma, pattern, strength)
    return cv2.add(image, cv2.merge([change] * 3), dtype=cv2.CV_8U)


def detect(
    image: np.ndarray, key: bytes, *, search: bool = True, poses: int = 8, lattice: float = 0.0
) -> Detection:
    """Read the mark of this key from an RGB (H, W, 3) or grey (H, W) image.

    First as it stands; then, with `search`, at the scales and angles that the picture's own
    autocorrelation suggests (crops, screenshots, turns up to a few degrees, mirror images).
    `poses`: how many of them are tried; `lattice`: how clearly the picture must suggest any (see
    `QUICK_LATTICE`). Fewer and clearer ones are faster and lose the hardest cases.
    """
    lumas = [reading.luma_of(image)]
    return detect_folded(lumas, key, search=search, poses=poses, lattice=lattice)


def detect_folded(
    lumas: list[np.ndarray],
    key: bytes,
    *,
    search: bool = True,
    poses: int = 8,
    lattice: float = 0.0,
) -> Detection:
    """Read one mark from several pictures (H, W) float32 of one size, such as key frames."""
    lumas = [luma for luma in lumas if min(luma.shape) >= MIN_SIDE // 2]
    if not lumas:
        return Detection(found=False)
    fronts = [reading.whiten(reading.canonical(luma)) for luma in lumas]
    best = _read_fronts(fronts, key, 1.0, 0.0)
    if best.found or not search:
        return best
    # One picture is enough to see the lattice; the middle one is seldom a title.
    for scale, angle, answer in candidate_poses(fronts[len(fronts) // 2], poses, lattice):
        read = _read_near(lumas, key, scale, angle, is_clear=answer >= CLEAR_LATTICE)
        if read.found:
            return read
        best = max(best, read, key=lambda one: one.z)
    return best


def psnr(first: np.ndarray, second: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio in dB; infinite for equal images."""
    error = cv2.norm(first, second, cv2.NORM_L2SQR) / first.size
    return float("inf") if error == 0 else 10.0 * float(np.log10(255.0**2 / error))


def _read_near(
    lumas: list[np.ndarray], key: bytes, scale: float, angle: float, *, is_clear: bool
) -> Detection:
    """Read at a pose; where pilots or the lattice answer but not the message, also beside it."""
    best = _read_pose(lumas, key, scale, angle)
    if best.found or (best.z < PILOT_GATE and not is_clear):
        return best
    for step in (0.002, 0.001):
        for ds, da in ((step, 0), (-step, 0), (0, 60 * step), (0, -60 * step)):
            read = _read_pose(lumas, key, best.scale * (1 + ds), best.angle + da)
            if read.found:
                return read
            best = max(best, read, key=lambda one: one.z)
    return best


def _read_pose(lumas: list[np.ndarray], key: bytes, scale: float, angle: float) -> Detection:
    """Read with the pictures brought to short side 512 * scale and turned back by `angle`."""
    fronts = [reading.whiten(reading.canonical(luma, scale, angle)) for luma in lumas]
    return _read_fronts(fronts, key, scale, angle)


def _read_fronts(fronts: list[np.ndarray], key: bytes, scale: float, angle: float) -> Detection:
    """Read from whitened pictures that stand at this pose."""
    folded = sum(reading.fold(front) for front in fronts)
    read = reading.read_folded(np.asarray(folded), key)
    return Detection(
        read.payload is not None, read.payload, read.z, scale, angle, read.flipped, read.version
    )


def _require_picture(image: np.ndarray) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError("expected an RGB image (H, W, 3) of uint8")
    if min(image.shape[:2]) < MIN_SIDE:
        raise WatermarkError(TOO_SMALL)
