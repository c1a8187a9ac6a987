"""The keyed spread-spectrum tiles: which DFT bins carry what, and how a folded tile is read.

One key gives a cycle of tiles. Which of them a picture carries, and where the tile begins, follows
from its payload: pictures that are averaged cancel each other's mark instead of laying it bare.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from moderation.core.coding import CODED_BITS

TILE = 64
PILOT_SHARE = 0.25
# How many tiles a key has.
CYCLE = 8


@dataclass(frozen=True)
class Band:
    """A version of the tile: the ring of bins it uses, in cycles per tile, and how it falls off."""

    version: str
    radius_min: float
    radius_max: float
    # Lower frequencies carry more: they are what compression and down-scaling leave.
    tilt: float


FIRST = Band("weft-tile-1", 4.0, 13.0, 0.3)
CURRENT = Band("weft-tile-2", 2.0, 10.5, 0.3)


@dataclass(frozen=True)
class TileCode:
    """Where one tile puts pilots and data. Every array is keyed; without the key it is noise.

    rows, cols: (B,) bins of the upper half-plane. pilots: (P,) indices of bins; data: (D,) the
    others. pilot_phase: (P,) complex units. signs: (2D,) chips, real parts first. bit_of: (2D,)
    the coded bit each chip carries. profile: (B,) amplitude of each bin before gains. number: its
    place in the key's cycle; -1 for the first version, which had one tile.
    """

    version: str
    number: int
    rows: np.ndarray
    cols: np.ndarray
    radius: np.ndarray
    profile: np.ndarray
    pilots: np.ndarray
    data: np.ndarray
    pilot_phase: np.ndarray
    signs: np.ndarray
    bit_of: np.ndarray


@dataclass(frozen=True)
class Place:
    """Which tile of the cycle a payload uses, and by how many pixels it is shifted."""

    number: int
    dy: int
    dx: int


def place_of(key: bytes, payload: int) -> Place:
    """Return where a payload goes; as unpredictable as the key."""
    drawn = hashlib.shake_256(b"weft place" + key + payload.to_bytes(8, "big")).digest(3)
    return Place(drawn[0] % CYCLE, drawn[1] % TILE, drawn[2] % TILE)


@lru_cache(maxsize=16)
def codes_of(key: bytes) -> tuple[TileCode, ...]:
    """Return the tiles of this key: the cycle, then that of the first version."""
    cycle = [
        _code(CURRENT, b"weft tile cycle %d" % number + key, number) for number in range(CYCLE)
    ]
    return (*cycle, _code(FIRST, b"weft tile" + key, -1))


def _half_plane(band: Band) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    axis = np.fft.fftfreq(TILE, 1.0 / TILE).astype(int)
    ky, kx = np.meshgrid(axis, axis, indexing="ij")
    radius = np.hypot(ky, kx)
    inside = (radius >= band.radius_min) & (radius <= band.radius_max)
    chosen = inside & ((ky > 0) | ((ky == 0) & (kx > 0)))
    return ky[chosen], kx[chosen], radius[chosen]


def _code(band: Band, seed: bytes, number: int) -> TileCode:
    """Return the code that a seed gives.

    The randomness comes from SHAKE-256 and not from a library's generator, whose stream may
    change with its version: files marked today must be readable for good.
    """
    rows, cols, radius = _half_plane(band)
    count = len(rows)
    pilots_wanted = round(PILOT_SHARE * count)
    chips = 2 * (count - pilots_wanted)
    stream = np.frombuffer(hashlib.shake_256(seed).digest(8 * (2 * count + 2 * chips)), dtype=">u8")
    order = np.argsort(stream[:count], kind="stable")
    pilots, data = np.sort(order[:pilots_wanted]), np.sort(order[pilots_wanted:])
    phases = stream[count : count + pilots_wanted].astype(np.float64) / 2.0**64
    chip_stream = stream[2 * count :]
    bit_of = np.arange(chips)[np.argsort(chip_stream[:chips], kind="stable")] % CODED_BITS
    signs = np.where(chip_stream[chips:] & np.uint64(1), 1.0, -1.0)
    return TileCode(
        version=band.version,
        number=number,
        rows=rows,
        cols=cols,
        radius=radius,
        profile=(band.radius_min / radius) ** band.tilt,
        pilots=pilots,
        data=data,
        pilot_phase=np.exp(2j * np.pi * phases),
        signs=signs,
        bit_of=bit_of,
    )


def synthesise(code: TileCode, coded: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """Return the tile (TILE, TILE) of unit rms that carries `coded`; gains: (2D,) per chip."""
    half = len(code.data)
    chips = code.signs * (1.0 - 2.0 * coded[code.bit_of]) * gains / np.sqrt(2.0)
    values = np.zeros(len(code.rows), dtype=complex)
    values[code.data] = chips[:half] + 1j * chips[half:]
    values[code.pilots] = code.pilot_phase
    spectrum = np.zeros((TILE, TILE), dtype=complex)
    spectrum[code.rows, code.cols] = values * code.profile
    spectrum[-code.rows, -code.cols] = np.conj(values * code.profile)
    tile = np.fft.ifft2(spectrum).real
    return tile / np.sqrt((tile**2).mean())


def chip_responses(code: TileCode, bins: np.ndarray) -> np.ndarray:
    """Return (2D,) the keyed chips read from aligned bins (B,); positive where a 0 was sent."""
    read = bins[code.data]
    return code.signs * np.concatenate([read.real, read.imag])
