"""The invisible watermark: 48 bits that survive compression, scaling, cropping and screenshots.

A keyed 64x64 tile is repeated over a canonical frame of the picture (luma, short side 512), so
that every part of the picture carries the whole message. The reader whitens the picture, folds
all tiles into one (which averages the picture away), finds the tile's shift by its pilot bins and
decodes the rest with soft decisions. Cropped or turned pictures are found by the lattice that the
repeated tile leaves in the autocorrelation.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from moderation.core import coding, spread
from moderation.core.lattice import candidate_poses
from moderation.core.spread import TILE, TileCode, tile_code

VERSION = "weft-tile-1"
SHORT_SIDE = 512
# A picture smaller than this has too few pixels for 48 bits.
MIN_SIDE = 128
# Tried in turn: the gentlest that still reads after strong compression is kept.
TARGETS_DB = (42.0, 40.5, 39.0)
PROOF_QUALITY = 45
# Below this the message is not even decoded. Unmarked photographs reach 5.4 at some pose, about one
# in five of them passes 5.0 at all; what keeps false accepts away is the CRC behind the gate.
PILOT_GATE = 5.0
# Rounds of informed embedding, and how far one of them moves the chips' gains.
ROUNDS = 5
RATE = 0.35
_HIGH_PASS = 4.0
_LOCAL = 6.0
_NOISE_FLOOR = 1.5
_DISC = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (17, 17))


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


def embed_measured(image: np.ndarray, payload: int, key: bytes) -> Embedded:
    """Mark an RGB image at the gentlest strength whose mark survives strong compression.

    Raises `WatermarkError` for pictures that are too small or too flat to carry one.
    """
    _require_picture(image)
    code, coded = tile_code(key), coding.encode(payload)
    for target in TARGETS_DB:
        marked = _embed_at(image, code, coded, target)
        read = detect(_compressed(marked, PROOF_QUALITY), key, search=False)
        if read.payload == payload:
            return Embedded(marked, psnr(image, marked), read.z)
    raise WatermarkError("The picture is too flat to carry an invisible mark.")


def detect(image: np.ndarray, key: bytes, *, search: bool = True, poses: int = 8) -> Detection:
    """Read the mark of this key from an RGB (H, W, 3) or grey (H, W) image.

    First as it stands; then, with `search`, at the scales and angles that the picture's own
    autocorrelation suggests (crops, screenshots, turns up to a few degrees, mirror images).
    `poses`: how many of them are tried; fewer are faster and lose the hardest cases.
    """
    luma = _luma(image)
    if min(luma.shape) < MIN_SIDE // 2:
        return Detection(found=False)
    code = tile_code(key)
    best = _read_pose(luma, code, 1.0, 0.0)
    if best.found or not search:
        return best
    front = _front(_canonical(luma, 1.0))
    for scale, angle in candidate_poses(front, poses):
        read = _read_near(luma, code, scale, angle)
        if read.found:
            return read
        if read.z > best.z:
            best = read
    return best


def psnr(first: np.ndarray, second: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio in dB; infinite for equal images."""
    error = float(((first.astype(np.float64) - second.astype(np.float64)) ** 2).mean())
    return float("inf") if error == 0 else 10.0 * np.log10(255.0**2 / error)


# --- reading --------------------------------------------------------------------------------


def _read_near(luma: np.ndarray, code: TileCode, scale: float, angle: float) -> Detection:
    """Read at a pose; where pilots answer but the message does not, also a hair beside it."""
    best = _read_pose(luma, code, scale, angle)
    if best.found or best.z < 0.88 * PILOT_GATE:
        return best
    for step in (0.002, 0.001):
        for ds, da in ((step, 0), (-step, 0), (0, 60 * step), (0, -60 * step)):
            read = _read_pose(luma, code, best.scale * (1 + ds), best.angle + da)
            if read.found:
                return read
            if read.z > best.z:
                best = read
    return best


def _read_pose(luma: np.ndarray, code: TileCode, scale: float, angle: float) -> Detection:
    """Read with the picture brought to short side 512 * scale and turned back by `angle`."""
    folded = _fold(_front(_canonical(luma, scale, angle)))
    best = Detection(found=False, scale=scale, angle=angle)
    for flipped in (False, True):
        spectrum = np.fft.fft2(folded[:, ::-1] if flipped else folded)
        bins, z = _align(spectrum[code.rows, code.cols], code)
        payload = None
        if z >= PILOT_GATE:
            payload = coding.decode(_soft_bits(bins, code))
        read = Detection(payload is not None, payload, z, scale, angle, flipped)
        if read.found:
            return read
        if z > best.z:
            best = read
    return best


def _align(bins: np.ndarray, code: TileCode) -> tuple[np.ndarray, float]:
    """Return the bins shifted back to the tile's origin, and the z of the pilots' peak."""
    bins = _limited(bins, code)
    product = np.zeros((TILE, TILE), dtype=complex)
    rows, cols = code.rows[code.pilots], code.cols[code.pilots]
    read = bins[code.pilots] * np.conj(code.pilot_phase)
    product[rows, cols] = read
    surface = np.fft.ifft2(product).real
    peak = np.unravel_index(int(surface.argmax()), surface.shape)
    z = float(surface[peak] / (surface.std() + 1e-12))
    fine = np.arange(-0.75, 0.76, 0.25)
    dy, dx = np.meshgrid(peak[0] + fine, peak[1] + fine, indexing="ij")
    phase = np.exp(2j * np.pi / TILE * (dy[..., None] * rows + dx[..., None] * cols))  # (F, F, P)
    at = np.unravel_index(int((phase @ read).real.argmax()), dy.shape)
    shift = (dy[at] * code.rows + dx[at] * code.cols) / TILE
    return bins * np.exp(2j * np.pi * shift), z


def _limited(bins: np.ndarray, code: TileCode) -> np.ndarray:
    """Bins divided by their ring's usual size and limited, so that no stripe drowns the rest."""
    size = np.abs(bins)
    usual = np.empty_like(size)
    for ring in _rings(code):
        usual[ring] = np.median(size[ring]) + 1e-9
    ratio = size / usual
    return bins / usual * np.minimum(1.0, 2.0 / np.maximum(ratio, 1e-9))


def _rings(code: TileCode) -> list[np.ndarray]:
    order = np.argsort(code.radius, kind="stable")
    return np.array_split(order, 8)


def _soft_bits(bins: np.ndarray, code: TileCode) -> np.ndarray:
    """Combine chips into (CODED_BITS,) soft values, rings weighted by how well pilots came in."""
    weight = np.zeros(len(code.rows))
    read = np.zeros(len(code.rows))
    known = np.zeros(len(code.rows), dtype=bool)
    read[code.pilots] = (bins[code.pilots] * np.conj(code.pilot_phase)).real
    known[code.pilots] = True
    overall = read[code.pilots].mean()
    for ring in _rings(code):
        pilots = ring[known[ring]]
        # Shrunk towards the overall mean: a ring has only some ten pilots.
        mean = (read[pilots].sum() + 6 * overall) / (len(pilots) + 6)
        power = (np.abs(bins[ring]) ** 2).mean()
        weight[ring] = max(mean, 0.05 * overall, 0.0) / power
    chips = spread.chip_responses(code, bins) * np.tile(weight[code.data], 2)
    return np.bincount(code.bit_of, weights=chips, minlength=coding.CODED_BITS)


def _fold(front: np.ndarray) -> np.ndarray:
    """Return the mean of all tiles (TILE, TILE) of a whitened frame."""
    height, width = front.shape
    rows, cols = -(-height // TILE), -(-width // TILE)
    padded = np.zeros((rows * TILE, cols * TILE), dtype=np.float32)
    padded[:height, :width] = front
    return padded.reshape(rows, TILE, cols, TILE).sum(axis=(0, 2)) / (height * width / TILE**2)


def _front(luma: np.ndarray) -> np.ndarray:
    """Whiten: high-pass, then divide by the local deviation; edges are limited."""
    high = luma - cv2.GaussianBlur(luma, (0, 0), _HIGH_PASS)
    local = np.sqrt(cv2.GaussianBlur(high * high, (0, 0), _LOCAL))
    return np.clip(high / (local + _NOISE_FLOOR), -2.5, 2.5)


def _canonical(luma: np.ndarray, scale: float, angle: float = 0.0) -> np.ndarray:
    """Return the picture with short side 512 * scale, turned back by `angle` degrees."""
    height, width = luma.shape
    factor = SHORT_SIDE * scale / min(height, width)
    size = (max(TILE, round(width * factor)), max(TILE, round(height * factor)))
    if angle == 0.0:
        way = cv2.INTER_AREA if factor < 1.0 else cv2.INTER_CUBIC
        return cv2.resize(luma, size, interpolation=way)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, factor)
    turn[:, 2] += np.array(size) / 2 - np.array([width / 2, height / 2])
    return cv2.warpAffine(luma, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def _luma(image: np.ndarray) -> np.ndarray:
    if image.ndim == 2:
        return image.astype(np.float32)
    return cv2.cvtColor(image[..., :3], cv2.COLOR_RGB2GRAY).astype(np.float32)


# --- writing --------------------------------------------------------------------------------


def _require_picture(image: np.ndarray) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError("expected an RGB image (H, W, 3) of uint8")
    if min(image.shape[:2]) < MIN_SIDE:
        raise WatermarkError(f"The picture is under {MIN_SIDE} pixels wide: too small for a mark.")


def _embed_at(image: np.ndarray, code: TileCode, coded: np.ndarray, target_db: float) -> np.ndarray:
    """Mark at a fixed PSNR, spending it on the chips that the reader finds weakest.

    Informed embedding: after each round the marked picture is compressed and read, and chips of
    weak bits are raised while those of strong bits are lowered.
    """
    height, width = image.shape[:2]
    luma = _luma(image)
    mask = _texture_mask(_canonical(luma, 1.0))
    gains = np.ones(2 * len(code.data))
    wanted = 1.0 - 2.0 * coded
    way = cv2.INTER_AREA if width < mask.shape[1] else cv2.INTER_CUBIC
    marked = image
    for round_ in range(ROUNDS):
        tile = spread.synthesise(code, coded, gains)
        pattern = _tiled(tile, mask.shape) * mask
        pattern = cv2.resize(pattern, (width, height), interpolation=way)
        marked = _add(image, pattern, target_db)
        if round_ == ROUNDS - 1:
            break
        folded = _fold(_front(_canonical(_luma(_compressed(marked, 50)), 1.0)))
        bins = _limited(np.fft.fft2(folded)[code.rows, code.cols], code)
        soft = _soft_bits(bins, code) * wanted
        margin = soft / (np.abs(soft).mean() + 1e-9)
        gains = np.clip(gains * np.exp(RATE * (1.0 - margin))[code.bit_of], 0.35, 2.5)
        # The pilots keep their share of the energy, or raised chips would drown them.
        gains /= np.sqrt((gains**2).mean())
    return marked


def _texture_mask(canonical: np.ndarray) -> np.ndarray:
    """Return (H, W) how much each place may change: textured places hide more.

    The erosion takes back what a lone edge lends to the smooth ground beside it, where a mark
    would show as a halo.
    """
    high = canonical - cv2.GaussianBlur(canonical, (0, 0), 3.0)
    local = np.sqrt(cv2.GaussianBlur(high * high, (0, 0), 4.0))
    local = cv2.GaussianBlur(cv2.erode(local, _DISC), (0, 0), 3.0)
    mask = (np.minimum(local, 16.0) + 2.0) ** 0.6
    return (mask / np.sqrt((mask**2).mean())).astype(np.float32)


def _tiled(tile: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    rows, cols = -(-shape[0] // TILE), -(-shape[1] // TILE)
    return np.tile(tile, (rows, cols))[: shape[0], : shape[1]].astype(np.float32)


def _add(image: np.ndarray, pattern: np.ndarray, target_db: float) -> np.ndarray:
    """Add the pattern to all channels with the amplitude that gives this PSNR."""
    error = 255.0**2 / 10.0 ** (target_db / 10.0)
    # Rounding to whole grey levels adds 1/12 of its own.
    amplitude = np.sqrt(max(error - 1.0 / 12.0, 0.1) / float((pattern**2).mean()))
    changed = image.astype(np.float32) + (amplitude * pattern)[..., None]
    return np.clip(np.rint(changed), 0, 255).astype(np.uint8)


def _compressed(image: np.ndarray, quality: int) -> np.ndarray:
    """Return the image after JPEG at this quality."""
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1]
