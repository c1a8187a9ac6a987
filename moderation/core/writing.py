"""Writing a tile: how much each place may change, and which chips need it most.

Two measures bound the change: PSNR (the mean squared error) and SSIM (the error against the local
variance). The mask is the shape that gives the reader the most under both, after compression has
taken what it takes: most of a mark on flat ground, little of one in texture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from moderation.core import reading, spread
from moderation.core.spread import TILE, Place, TileCode

# Rounds of informed embedding, and how far one of them moves the chips' gains.
ROUNDS = 7
RATE = 0.35
# What the rounds compress with in turn, so that the mark is not fitted to one quantisation alone.
ROUND_QUALITIES = ((".jpg", 50), (".webp", 50), (".jpg", 30))
# A picture larger than the canonical frame loses less to compression: the first of them does.
LARGE_ROUNDS = 3
_HIGH_PASS = 4.0
# SSIM's own constants: a Gaussian window of 1.5 pixels, and (0.03 * 255)^2 beside the variances.
_WINDOW = 1.5
_C2 = 58.5
# How much of the tile's energy SSIM sees: its lower waves count as brightness, not as structure.
_SEEN = 0.6
_BALANCES = (100.0, 300.0, 1000.0, 3000.0, 10_000.0, 30_000.0)
# What strong compression leaves of a mark: this share on flat ground, rising to all of it; half of
# the rise is reached at this local deviation. JPEG 30 and WebP 50 of photographs leave .2 to .4
# where the deviation is below 3 and .7 to .9 above 12.
_KEPT_FLAT = 0.25
_KEPT_HALF = 8.0
# Of the powers 0 to 4, the one that let most photographs survive both.
KEPT_POWER = 3
# What rounding to whole grey levels adds to the squared error.
_ROUNDING = 1.0 / 12.0


@dataclass(frozen=True)
class Strength:
    """The bounds that a mark keeps to, and how far it moves from flat ground into texture."""

    psnr: float
    ssim: float
    kept_power: int = KEPT_POWER

    @property
    def error(self) -> float:
        """The mean squared error that the mark may spend."""
        return max(255.0**2 / 10.0 ** (self.psnr / 10.0) - _ROUNDING, 0.1)


def informed_gains(
    luma: np.ndarray, code: TileCode, place: Place, coded: np.ndarray, strength: Strength
) -> tuple[np.ndarray, np.ndarray]:
    """Return (gains (2D,), mask at canonical size) for a picture's luma (H, W) float32.

    Informed embedding: after each round the marked picture is compressed and read, and chips of
    weak bits are raised while those of strong bits are lowered.
    """
    is_large = min(luma.shape) > reading.SHORT_SIDE
    luma = reading.canonical(luma) if is_large else luma
    rounds = LARGE_ROUNDS if is_large else ROUNDS
    qualities = ROUND_QUALITIES[:1] if is_large else ROUND_QUALITIES
    mask = shape_of(luma, strength)
    gains = np.ones(2 * len(code.data))
    wanted = 1.0 - 2.0 * coded
    for round_ in range(rounds - 1):
        pattern = pattern_for(luma.shape, code, place, coded, gains, mask)
        marked = luma + amplitude(luma, pattern, strength) * pattern
        folded = reading.fold(
            reading.whiten(
                reading.canonical(compressed(marked, *qualities[round_ % len(qualities)]))
            )
        )
        bins = reading.limited(np.fft.fft2(folded)[code.rows, code.cols], code)
        bins = reading.shifted(bins, code, place.dy, place.dx)
        soft = reading.soft_bits(bins, code) * wanted
        margin = soft / (np.abs(soft).mean() + 1e-9)
        gains = np.clip(gains * np.exp(RATE * (1.0 - margin))[code.bit_of], 0.35, 2.5)
        # The pilots keep their share of the energy, or raised chips would drown them.
        gains /= np.sqrt((gains**2).mean())
    return gains, mask


def pattern_for(
    shape: tuple[int, ...],
    code: TileCode,
    place: Place,
    coded: np.ndarray,
    gains: np.ndarray,
    mask: np.ndarray,
) -> np.ndarray:
    """Return the masked mark (H, W) for a picture of this shape, before its amplitude."""
    height, width = shape[:2]
    factor = reading.SHORT_SIDE / min(height, width)
    rows, cols = round(height * factor), round(width * factor)
    tile = np.roll(spread.synthesise(code, coded, gains), (place.dy, place.dx), axis=(0, 1))
    tiled = np.tile(tile, (-(-rows // TILE), -(-cols // TILE)))[:rows, :cols].astype(np.float32)
    way = cv2.INTER_AREA if factor > 1 else cv2.INTER_CUBIC
    pattern = cv2.resize(tiled, (width, height), interpolation=way)
    return pattern * cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)


def amplitude(luma: np.ndarray, pattern: np.ndarray, strength: Strength) -> float:
    """Return by what the pattern is multiplied so that it stays within both bounds."""
    by_error = strength.error / float(np.mean(pattern * pattern))
    if min(luma.shape) > reading.SHORT_SIDE:
        # SSIM sees more of the mark in a smaller copy: quicker, and on the safe side.
        luma, pattern = reading.canonical(luma), reading.canonical(pattern)
    cost = 1.0 / (2.0 * _variance(luma) + _C2)
    # 1 - SSIM is, to first order, the mark's local variance over twice the picture's.
    share = float((_variance(pattern) * cost).mean())
    allowed = max(1.0 - strength.ssim - _ROUNDING * float(cost.mean()), 1e-3)
    return float(np.sqrt(min(by_error, allowed / share)))


def whole_steps(luma: np.ndarray, pattern: np.ndarray, strength: Strength) -> np.ndarray:
    """Return (H, W) int16 by how many grey levels the mark changes each place, within the PSNR."""
    power = amplitude(luma, pattern, strength)
    change = np.rint(power * pattern)
    # Rounding may add a little more than `_ROUNDING`.
    excess = float(np.mean(change * change)) * 10.0 ** (strength.psnr / 10.0) / 255.0**2
    if excess > 1.0:
        change = np.rint(power / excess * pattern)
    return change.astype(np.int16)


def shape_of(luma: np.ndarray, strength: Strength) -> np.ndarray:
    """Return (H, W) how much each place may change, for the best reading within both bounds.

    The reader divides by the local deviation s, so a change e counts e / s there, as far as
    compression keeps it; it costs e^2 of PSNR and e^2 / (2 v + C2) of SSIM. The best shape is
    (kept / s) / (1 + balance / (2 v + C2)); the balance between the two is found by trying.
    """
    deviation = reading.local_deviation(luma - cv2.GaussianBlur(luma, (0, 0), _HIGH_PASS))
    kept = _KEPT_FLAT + (1.0 - _KEPT_FLAT) * deviation / (deviation + _KEPT_HALF)
    weight = kept**strength.kept_power / (deviation + reading.NOISE_FLOOR)
    cost = 1.0 / (2.0 * _variance(luma) + _C2)
    best, best_score = weight, -1.0
    for balance in _BALANCES:
        mask = weight / (1.0 + balance * cost)
        energy = mask * mask
        power = min(
            strength.error / float(energy.mean()),
            (1.0 - strength.ssim) / (_SEEN * float((energy * cost).mean())),
        )
        score = float(np.sqrt(power) * (mask * weight).mean())
        if score > best_score:
            best, best_score = mask, score
    return (best / np.sqrt((best**2).mean())).astype(np.float32)


def _variance(picture: np.ndarray) -> np.ndarray:
    mean = cv2.GaussianBlur(picture, (11, 11), _WINDOW)
    return np.maximum(cv2.GaussianBlur(picture * picture, (11, 11), _WINDOW) - mean * mean, 0.0)


def compressed(luma: np.ndarray, suffix: str, quality: int) -> np.ndarray:
    """Return luma (H, W) float32 after compression."""
    grey = np.clip(np.rint(luma), 0, 255).astype(np.uint8)
    flag = cv2.IMWRITE_JPEG_QUALITY if suffix == ".jpg" else cv2.IMWRITE_WEBP_QUALITY
    _, data = cv2.imencode(suffix, grey, [flag, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)).astype(np.float32)
