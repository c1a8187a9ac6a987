"""Where a repeated tile may stand: scales and angles read from the autocorrelation.

A tile repeated with period P leaves peaks in the autocorrelation at every whole multiple of P in
two directions. Summing the autocorrelation over such a lattice scores one pose with some forty
look-ups, so hundreds of poses cost one Fourier transform.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from moderation.core.spread import TILE

SCALES = np.exp(np.arange(np.log(0.6), np.log(1.6), 0.004))
ANGLES = np.arange(-6.0, 6.01, 0.5)
MAX_LAG = 320
REACH = 4
# The spectrum is compressed before it is turned back: stripes and checks, which repeat too, would
# otherwise drown the tile.
EXPONENT = 0.6
# A pose with such an answer is very likely a marked picture's: of 40 unmarked photographs one
# reaches it, of marked ones that were cropped or taken from a screen nine in ten.
CLEAR_LATTICE = 1.8


def candidate_poses(
    front: np.ndarray, count: int = 8, least: float = 0.0
) -> list[tuple[float, float, float]]:
    """Return up to `count` (scale, angle, answer), best first, for a whitened frame (H, W).

    scale: by what the frame must be multiplied so that its tile becomes TILE wide; angle: degrees
    by which it must be turned back; answer: the lattice's sum there, in deviations. None where no
    pose answers by more than `least`.
    """
    scores = _scores(_autocorrelation(front))
    if scores.max() < least:
        return []
    poses: list[tuple[float, float, float]] = []
    for _ in range(count):
        at = np.unravel_index(int(scores.argmax()), scores.shape)
        if not np.isfinite(scores[at]) or scores[at] <= 0:
            break
        poses.append((float(SCALES[at[0]]), float(ANGLES[at[1]]), float(scores[at])))
        scores[max(0, at[0] - 3) : at[0] + 4, max(0, at[1] - 1) : at[1] + 2] = -np.inf
    return poses


def _autocorrelation(front: np.ndarray) -> np.ndarray:
    """Return (2 MAX_LAG + 1, 2 MAX_LAG + 1) of correlation by overlap, zero lag centred."""
    height, width = front.shape
    rows = cv2.getOptimalDFTSize(height + MAX_LAG)
    cols = cv2.getOptimalDFTSize(width + MAX_LAG)
    padded = np.zeros((rows, cols), dtype=np.float32)
    padded[:height, :width] = front - front.mean()
    # OpenCV skips the empty rows and is twice as fast there; half of a real spectrum is enough.
    spectrum = cv2.dft(padded, flags=cv2.DFT_COMPLEX_OUTPUT, nonzeroRows=height)
    half = spectrum[:, : cols // 2 + 1]
    power = cv2.pow(half[..., 0] ** 2 + half[..., 1] ** 2, EXPONENT / 2)
    full = np.fft.irfft2(power, s=(rows, cols))
    lags = np.arange(-MAX_LAG, MAX_LAG + 1)
    near = full[np.ix_(lags % rows, lags % cols)].astype(np.float32)
    overlap = np.outer(np.maximum(height - np.abs(lags), 0), np.maximum(width - np.abs(lags), 0))
    # The sum over an overlap of n pixels has deviation ~ sqrt(n): this makes lags comparable.
    near /= np.sqrt(overlap + 1.0)
    near[overlap < 0.15 * height * width] = 0.0
    return near - cv2.GaussianBlur(near, (0, 0), 5.0)


@lru_cache(maxsize=1)
def _lattice() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return maps (S*A, L) of lag columns and rows, and which of them lie within reach."""
    m, n = np.meshgrid(np.arange(-REACH, REACH + 1), np.arange(0, REACH + 1))
    half = (n > 0) | (m > 0)
    m, n = m[half], n[half]
    period = TILE / SCALES[:, None, None]
    turn = np.deg2rad(ANGLES)[None, :, None]
    x = period * (m * np.cos(turn) - n * np.sin(turn))
    y = period * (n * np.cos(turn) + m * np.sin(turn))
    shape = (len(SCALES) * len(ANGLES), len(m))
    inside = (np.abs(x) < MAX_LAG) & (np.abs(y) < MAX_LAG)
    return (
        (x + MAX_LAG).reshape(shape).astype(np.float32),
        (y + MAX_LAG).reshape(shape).astype(np.float32),
        inside.reshape(shape),
    )


def _scores(near: np.ndarray) -> np.ndarray:
    """Return (S, A): the lattice sums of every pose, in deviations."""
    x, y, inside = _lattice()
    values = cv2.remap(near, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    used = inside & (values != 0.0)
    total = np.where(used, values, 0.0).sum(axis=1) / np.sqrt(np.maximum(used.sum(axis=1), 1))
    return (total / (near.std() + 1e-9)).reshape(len(SCALES), len(ANGLES))
