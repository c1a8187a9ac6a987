"""The watermark's channel code: CRC-24 over the payload, then a K=7 rate-1/3 convolutional code.

Soft decisions in, bits out. The CRC is what keeps false accepts away: a wrong payload passes it
with probability 2^-24. It also tells the right one among the likeliest few, which recovers messages
whose likeliest path is wrong (list decoding).
"""

from __future__ import annotations

import secrets

import numpy as np

PAYLOAD_BITS = 48
CRC_BITS = 24
CRC_POLYNOMIAL = 0x864CFB  # the CRC-24 of OpenPGP
CONSTRAINT = 7
GENERATORS = (0o133, 0o171, 0o165)
MESSAGE_BITS = PAYLOAD_BITS + CRC_BITS
CODED_BITS = (MESSAGE_BITS + CONSTRAINT - 1) * len(GENERATORS)
_STATES = 1 << (CONSTRAINT - 1)


def crc24(value: int, bits: int = PAYLOAD_BITS) -> int:
    """Return the CRC-24 of the lowest `bits` bits of `value`, most significant bit first."""
    register = 0xB704CE
    for position in range(bits - 1, -1, -1):
        feedback = ((register >> 23) & 1) ^ ((value >> position) & 1)
        register = (register << 1) & 0xFFFFFF
        if feedback:
            register ^= CRC_POLYNOMIAL
    return register


def random_payload() -> int:
    """Return 48 random bits, which nobody can guess."""
    return secrets.randbits(PAYLOAD_BITS)


def encode(payload: int) -> np.ndarray:
    """Return the coded bits (CODED_BITS,) in {0, 1} of a 48-bit payload."""
    if not 0 <= payload < 1 << PAYLOAD_BITS:
        raise ValueError(f"the payload must fit {PAYLOAD_BITS} bits")
    message = (payload << CRC_BITS) | crc24(payload)
    bits = [(message >> i) & 1 for i in range(MESSAGE_BITS - 1, -1, -1)] + [0] * (CONSTRAINT - 1)
    register = 0
    coded = []
    for bit in bits:
        register = ((register << 1) | bit) & ((1 << CONSTRAINT) - 1)
        coded += [(register & generator).bit_count() & 1 for generator in GENERATORS]
    return np.array(coded, dtype=np.uint8)


def _trellis() -> tuple[np.ndarray, np.ndarray]:
    """Return for each new state its two predecessors (S, 2) and their output signs (S, 2, 3).

    A sign is +1 for a coded 0 and -1 for a coded 1, as soft values have it.
    """
    states = np.arange(_STATES)
    # New state = the last six input bits; the register also holds the bit that falls out.
    before = np.stack([states >> 1, (states >> 1) | (_STATES >> 1)], axis=1)
    register = (before << 1) | (states & 1)[:, None]
    signs = np.stack(
        [1.0 - 2.0 * (np.bitwise_count(register & g) & 1).astype(float) for g in GENERATORS], axis=2
    )
    return before, signs


_BEFORE, _SIGNS = _trellis()


def decode(soft: np.ndarray) -> int | None:
    """Return the most likely payload, or None when its CRC does not hold.

    soft: (CODED_BITS,) log-likelihood ratios up to a factor, positive where a 0 was sent.
    """
    return next(iter(decode_list(soft, 1)), None)


def decode_list(soft: np.ndarray, most: int) -> list[int]:
    """Return the payloads whose CRC holds among the `most` likeliest messages, likeliest first.

    The list costs false accepts: noise passes with probability `most` * 2^-24.
    """
    if soft.shape != (CODED_BITS,):
        raise ValueError(f"expected {CODED_BITS} soft values, got {soft.shape}")
    messages = _likeliest(soft, most)[:, :MESSAGE_BITS]
    whole = messages[((messages @ _PARITY) % 2 == _OFFSET).all(axis=1)]
    return [int("".join(map(str, bits[:PAYLOAD_BITS])), 2) for bits in whole]


def _likeliest(soft: np.ndarray, most: int) -> np.ndarray:
    """Return (up to `most`, steps) the input bits of the likeliest paths, likeliest first.

    Forwards the best way to every state; then backwards from state 0, where the tail ends, keeping
    the `most` partial paths of the best whole. Each partial path is scored by its best completion,
    so no path that belongs in the list is dropped.
    """
    branches = np.moveaxis(_SIGNS @ soft.reshape(-1, 3).T, 2, 0)  # (steps, S, 2)
    metrics = np.full((len(branches) + 1, _STATES), -np.inf)
    metrics[0, 0] = 0.0
    for step, branch in enumerate(branches):
        metrics[step + 1] = (metrics[step][_BEFORE] + branch).max(axis=1)
    state, tail = np.zeros(1, dtype=np.int64), np.zeros(1)
    bits = np.zeros((1, len(branches)), dtype=np.int64)
    for step in range(len(branches) - 1, -1, -1):
        tails = (tail[:, None] + branches[step, state]).ravel()
        before = _BEFORE[state].ravel()
        whole = metrics[step, before] + tails
        kept = np.argsort(-whole, kind="stable")[:most]
        kept = kept[np.isfinite(whole[kept])]
        bits = bits[kept // 2]
        bits[:, step] = state[kept // 2] & 1
        state, tail = before[kept], tails[kept]
    return bits


def _checksum_map() -> tuple[np.ndarray, np.ndarray]:
    """Return (MESSAGE_BITS, CRC_BITS) and (CRC_BITS,): bits @ map = offset (mod 2) in a whole one.

    The CRC is affine over bits, so a list of messages is checked in one product.
    """
    shifts = np.arange(CRC_BITS - 1, -1, -1)
    offset = (crc24(0) >> shifts) & 1
    rows = [
        ((crc24(1 << place) >> shifts) & 1) ^ offset for place in range(PAYLOAD_BITS - 1, -1, -1)
    ]
    return np.vstack([rows, np.eye(CRC_BITS, dtype=np.int64)]), offset


_PARITY, _OFFSET = _checksum_map()
