"""The keyed spread-spectrum tile: which DFT bins carry what, and how a folded tile is read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from moderation.core.coding import CODED_BITS

TILE = 64
RADIUS_MIN = 4.0
RADIUS_MAX = 13.0
PILOT_SHARE = 0.25
# Lower frequencies carry more: they are what compression and down-scaling leave.
TILT = 0.3


@dataclass(frozen=True)
class TileCode:
    """Where one key puts pilots and data. Every array is keyed; without the key it is noise.

    rows, cols: (B,) bins of the upper half-plane. pilots: (P,) indices of bins; data: (D,) the
    others. pilot_phase: (P,) complex units. signs: (2D,) chips, real parts first. bit_of: (2D,)
    the coded bit each chip carries. profile: (B,) amplitude of each bin before gains.
    """

    rows: np.ndarray
    cols: np.ndarray
    radius: np.ndarray
    profile: np.ndarray
    pilots: np.ndarray
    data: np.ndarray
    pilot_phase: np.ndarray
    signs: np.ndarray
    bit_of: np.ndarray


def _half_plane() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    axis = np.fft.fftfreq(TILE, 1.0 / TILE).astype(int)
    ky, kx = np.meshgrid(axis, axis, indexing="ij")
    radius = np.hypot(ky, kx)
    chosen = (radius >= RADIUS_MIN) & (radius <= RADIUS_MAX) & ((ky > 0) | ((ky == 0) & (kx > 0)))
    return ky[chosen], kx[chosen], radius[chosen]


@lru_cache(maxsize=16)
def tile_code(key: bytes) -> TileCode:
    """Return the code of this key.

    The randomness comes from SHAKE-256 and not from a library's generator, whose stream may
    change with its version: files marked today must be readable for good.
    """
    rows, cols, radius = _half_plane()
    count = len(rows)
    pilots_wanted = round(PILOT_SHARE * count)
    chips = 2 * (count - pilots_wanted)
    stream = np.frombuffer(
        hashlib.shake_256(b"weft tile" + key).digest(8 * (2 * count + 2 * chips)), dtype=">u8"
    )
    order = np.argsort(stream[:count], kind="stable")
    pilots, data = np.sort(order[:pilots_wanted]), np.sort(order[pilots_wanted:])
    phases = stream[count : count + pilots_wanted].astype(np.float64) / 2.0**64
    chip_stream = stream[2 * count :]
    bit_of = np.arange(chips)[np.argsort(chip_stream[:chips], kind="stable")] % CODED_BITS
    signs = np.where(chip_stream[chips:] & np.uint64(1), 1.0, -1.0)
    return TileCode(
        rows=rows,
        cols=cols,
        radius=radius,
        profile=(RADIUS_MIN / radius) ** TILT,
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
