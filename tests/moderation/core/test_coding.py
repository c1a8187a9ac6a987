"""The channel code: what goes in comes out, also when some of it is noise."""

from __future__ import annotations

import numpy as np
import pytest

from moderation.core import coding


@pytest.mark.parametrize("payload", [0, 1, 0xC0FFEE123456, (1 << 48) - 1])
def test_a_clean_message_comes_back(payload: int) -> None:
    soft = 1.0 - 2.0 * coding.encode(payload)
    assert coding.decode(soft) == payload


def test_noise_as_strong_as_the_signal_is_corrected() -> None:
    rng = np.random.default_rng(1)
    soft = 1.0 - 2.0 * coding.encode(0xABCDEF) + rng.normal(0.0, 0.8, coding.CODED_BITS)
    hard_errors = (np.sign(soft) != 1.0 - 2.0 * coding.encode(0xABCDEF)).sum()
    assert hard_errors > 10
    assert coding.decode(soft) == 0xABCDEF


def test_pure_noise_is_never_taken_for_a_message() -> None:
    rng = np.random.default_rng(2)
    assert all(coding.decode(rng.normal(size=coding.CODED_BITS)) is None for _ in range(300))


def test_the_checksum_matches_its_published_check_value() -> None:
    # CRC-24/OPENPGP of the ASCII string "123456789".
    text = int.from_bytes(b"123456789", "big")
    assert coding.crc24(text, bits=72) == 0x21CF02


def test_a_payload_of_more_than_48_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="48 bits"):
        coding.encode(1 << 48)
