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


def noisy(payload: int, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0.0, 1.25, coding.CODED_BITS)
    return 1.0 - 2.0 * coding.encode(payload) + noise


def test_a_list_recovers_messages_whose_likeliest_path_is_wrong() -> None:
    sent = [1000 * seed for seed in range(60)]
    alone = [coding.decode(noisy(payload, seed)) == payload for seed, payload in enumerate(sent)]
    listed = [coding.decode_list(noisy(payload, seed), 64) for seed, payload in enumerate(sent)]
    assert all(one in ([], [payload]) for one, payload in zip(listed, sent, strict=True))
    assert sum(map(bool, listed)) >= sum(alone) + 10


def test_a_list_holds_the_likeliest_messages_in_order() -> None:
    soft = noisy(5, 3)
    paths = coding._likeliest(soft, 16)
    states = np.hstack([np.zeros((16, coding.CONSTRAINT - 1), dtype=int), paths])
    windows = np.lib.stride_tricks.sliding_window_view(states, coding.CONSTRAINT, axis=1)
    taps = np.array([[int(bit) for bit in f"{one:07b}"] for one in coding.GENERATORS])
    coded = (windows @ taps.T % 2).reshape(16, -1)
    agreement = (1 - 2 * coded) @ soft
    assert (np.diff(agreement) <= 1e-9).all()
    assert len({bytes(one) for one in coded.astype(np.uint8)}) == 16
    assert (paths[:, coding.MESSAGE_BITS :] == 0).all()
    # One bit of the message changed: never better than what the list left out.
    for at in range(coding.MESSAGE_BITS):
        other = states[0].copy()
        other[at + coding.CONSTRAINT - 1] ^= 1
        windows = np.lib.stride_tricks.sliding_window_view(other, coding.CONSTRAINT)
        changed = (windows @ taps.T % 2).ravel()
        listed = (coded == changed).all(axis=1).any()
        assert listed or (1 - 2 * changed) @ soft <= agreement[-1] + 1e-9


def test_pure_noise_is_never_taken_for_a_message() -> None:
    rng = np.random.default_rng(2)
    for _ in range(300):
        assert coding.decode_list(rng.normal(size=coding.CODED_BITS), 16) == []


def test_the_checksum_matches_its_published_check_value() -> None:
    # CRC-24/OPENPGP of the ASCII string "123456789".
    text = int.from_bytes(b"123456789", "big")
    assert coding.crc24(text, bits=72) == 0x21CF02


def test_a_payload_of_more_than_48_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="48 bits"):
        coding.encode(1 << 48)
