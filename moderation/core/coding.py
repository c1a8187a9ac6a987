"""The watermark's channel code: CRC-24 over the payload, then a K=7 rate-1/3 convolutional code.

Soft decisions in, bits out. The CRC is what keeps false accepts away: a wrong payload passes it
with probability 2^-24.
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
    if soft.shape != (CODED_BITS,):
        raise ValueError(f"expected {CODED_BITS} soft values, got {soft.shape}")
    metric = np.full(_STATES, -np.inf)
    metric[0] = 0.0
    choices = np.empty((CODED_BITS // 3, _STATES), dtype=np.int64)
    rows = np.arange(_STATES)
    for step, triple in enumerate(soft.reshape(-1, 3)):
        candidates = metric[_BEFORE] + _SIGNS @ triple  # (S, 2)
        choice = candidates.argmax(axis=1)
        choices[step] = choice
        metric = candidates[rows, choice]
    # The tail drove the encoder back to state 0, so the best path ends there.
    state, message = 0, 0
    for step in range(len(choices) - 1, -1, -1):
        if step < MESSAGE_BITS:
            message |= (state & 1) << (MESSAGE_BITS - 1 - step)
        state = int(_BEFORE[state, choices[step, state]])
    payload, check = message >> CRC_BITS, message & ((1 << CRC_BITS) - 1)
    return payload if check == crc24(payload) else None
