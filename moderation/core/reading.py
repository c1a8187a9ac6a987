"""Reading a tile: whiten the picture, fold its tiles into one, find tile and shift, decode."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from moderation.core import coding, spread
from moderation.core.spread import TILE, TileCode

SHORT_SIDE = 512
# Below this the message is not even decoded. Unmarked photographs reach it at some pose now and
# then; what keeps false accepts away is the checksum behind the gate.
PILOT_GATE = 4.6
# Of all tiles and both mirror images, how many are decoded at one pose.
MOST_DECODED = 2
# How many likeliest messages are put to the checksum: more where pilots are so clear that unmarked
# pictures hardly ever reach them, so that the list does not cost false accepts. The first version
# has no cycle of tiles to agree with, so only its likeliest message is believed.
LISTED, LISTED_IF_CLEAR = 16, 256
CLEAR_PILOTS = 5.6
_HIGH_PASS = 4.0
_LOCAL = 6.0
NOISE_FLOOR = 1.5


@dataclass(frozen=True)
class Reading:
    """What one folded tile says. `payload` is None unless its checksum and its tile agree."""

    payload: int | None
    z: float
    flipped: bool
    version: str


def read_folded(folded: np.ndarray, key: bytes) -> Reading:
    """Return the best reading of a folded tile (TILE, TILE) over all tiles of a key."""
    candidates = sorted(_candidates(folded, key), key=lambda one: -one[0])
    best_z, best_code, best_flip, _ = candidates[0]
    for z, code, flipped, bins in candidates[:MOST_DECODED]:
        if z < PILOT_GATE:
            break
        for payload in coding.decode_list(soft_bits(_aligned(bins, code), code), _listed(code, z)):
            # A payload belongs on one tile of the cycle: a wrong one seldom falls on it.
            if code.number in (-1, spread.place_of(key, payload).number):
                return Reading(payload, z, flipped, code.version)
    return Reading(None, best_z, best_flip, best_code.version)


def _listed(code: TileCode, z: float) -> int:
    if code.number < 0:
        return 1
    return LISTED_IF_CLEAR if z >= CLEAR_PILOTS else LISTED


def _candidates(folded: np.ndarray, key: bytes) -> list[tuple[float, TileCode, bool, np.ndarray]]:
    """Return (z, code, flipped, bins) of every tile, as it is and mirrored."""
    codes = spread.codes_of(key)
    found = []
    for flipped in (False, True):
        spectrum = np.fft.fft2(folded[:, ::-1] if flipped else folded)
        for version in {code.version for code in codes}:
            group = [code for code in codes if code.version == version]
            bins = limited(spectrum[group[0].rows, group[0].cols], group[0])
            surfaces = np.fft.ifft2(np.stack([_product(bins, code) for code in group])).real
            peaks = surfaces.max(axis=(1, 2)) / (surfaces.std(axis=(1, 2)) + 1e-12)
            found += [(float(z), code, flipped, bins) for z, code in zip(peaks, group, strict=True)]
    return found


def _product(bins: np.ndarray, code: TileCode) -> np.ndarray:
    """Return (TILE, TILE) the pilots' bins, turned by what they were sent with."""
    product = np.zeros((TILE, TILE), dtype=np.complex64)
    at = code.pilots
    product[code.rows[at], code.cols[at]] = bins[at] * np.conj(code.pilot_phase)
    return product


def _aligned(bins: np.ndarray, code: TileCode) -> np.ndarray:
    """Return the bins shifted back to the tile's origin, to a quarter of a pixel."""
    rows, cols = code.rows[code.pilots], code.cols[code.pilots]
    product = _product(bins, code)
    surface = np.fft.ifft2(product).real
    peak = np.unravel_index(int(surface.argmax()), surface.shape)
    fine = np.arange(-0.75, 0.76, 0.25)
    dy, dx = np.meshgrid(peak[0] + fine, peak[1] + fine, indexing="ij")
    phase = np.exp(2j * np.pi / TILE * (dy[..., None] * rows + dx[..., None] * cols))  # (F, F, P)
    at = np.unravel_index(int((phase @ product[rows, cols]).real.argmax()), dy.shape)
    return shifted(bins, code, float(dy[at]), float(dx[at]))


def shifted(bins: np.ndarray, code: TileCode, dy: float, dx: float) -> np.ndarray:
    """Return the bins (B,) of a tile that began at (dy, dx), as if it began at the origin."""
    return bins * np.exp(2j * np.pi * (dy * code.rows + dx * code.cols) / TILE)


def limited(bins: np.ndarray, code: TileCode) -> np.ndarray:
    """Bins divided by their ring's usual size and limited, so that no stripe drowns the rest."""
    size = np.abs(bins)
    usual = np.empty_like(size)
    for ring in _rings(code.version):
        usual[ring] = np.median(size[ring]) + 1e-9
    ratio = size / usual
    return bins / usual * np.minimum(1.0, 2.0 / np.maximum(ratio, 1e-9))


@lru_cache(maxsize=4)
def _rings(version: str) -> tuple[np.ndarray, ...]:
    code = next(one for one in spread.codes_of(b"") if one.version == version)
    return tuple(np.array_split(np.argsort(code.radius, kind="stable"), 8))


def soft_bits(bins: np.ndarray, code: TileCode) -> np.ndarray:
    """Combine chips into (CODED_BITS,) soft values, rings weighted by how well pilots came in."""
    weight = np.zeros(len(code.rows))
    read = np.zeros(len(code.rows))
    known = np.zeros(len(code.rows), dtype=bool)
    read[code.pilots] = (bins[code.pilots] * np.conj(code.pilot_phase)).real
    known[code.pilots] = True
    overall = read[code.pilots].mean()
    for ring in _rings(code.version):
        pilots = ring[known[ring]]
        # Shrunk towards the overall mean: a ring has only some ten pilots.
        mean = (read[pilots].sum() + 6 * overall) / (len(pilots) + 6)
        power = (np.abs(bins[ring]) ** 2).mean() + 1e-12
        weight[ring] = max(mean, 0.05 * overall, 0.0) / power
    chips = spread.chip_responses(code, bins) * np.tile(weight[code.data], 2)
    return np.bincount(code.bit_of, weights=chips, minlength=coding.CODED_BITS)


def fold(front: np.ndarray) -> np.ndarray:
    """Return the mean of all tiles (TILE, TILE) of a whitened frame."""
    height, width = front.shape
    rows, cols = -(-height // TILE), -(-width // TILE)
    padded = np.zeros((rows * TILE, cols * TILE), dtype=np.float32)
    padded[:height, :width] = front
    return padded.reshape(rows, TILE, cols, TILE).sum(axis=(0, 2)) / (height * width / TILE**2)


def whiten(luma: np.ndarray) -> np.ndarray:
    """Whiten: high-pass, then divide by the local deviation; edges are limited."""
    high = luma - cv2.GaussianBlur(luma, (0, 0), _HIGH_PASS)
    return np.clip(high / (local_deviation(high) + NOISE_FLOOR), -2.5, 2.5)


def local_deviation(high: np.ndarray) -> np.ndarray:
    """Return (H, W) how much a high-passed picture varies around each place."""
    return np.sqrt(cv2.GaussianBlur(high * high, (0, 0), _LOCAL))


def canonical(luma: np.ndarray, scale: float = 1.0, angle: float = 0.0) -> np.ndarray:
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


def luma_of(image: np.ndarray) -> np.ndarray:
    """Return (H, W) float32 brightness of an RGB or grey image."""
    if image.ndim == 2:
        return image.astype(np.float32)
    return cv2.cvtColor(image[..., :3], cv2.COLOR_RGB2GRAY).astype(np.float32)
