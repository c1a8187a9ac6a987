"""The papers' metrics as plain functions over features of the judge network.

Letters: P people, R runs, K items, M liked items of one person, N pictures, T frames, D features.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

COPY_COSINE = 0.95


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return the vectors (..., D) scaled to length 1; NaN stays NaN."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(length, 1e-12)


def cosine_to_each(results: np.ndarray, liked: list[np.ndarray]) -> np.ndarray:
    """Return (P, R, K): mean cosine of each result with the person's liked items, one by one.

    results (P, R, K, D): unit vectors, or means of several, which give the mean of their cosines;
    liked: per person (M, D). GeneRec 2024, section 5.1.1, Cosine@K before the mean over K. People
    with no liked item get NaN.
    """
    # The mean of cosines with unit vectors is the dot product with their mean.
    means = np.stack(
        [
            unit(own).mean(axis=0) if len(own) else np.full(results.shape[-1], np.nan)
            for own in liked
        ]
    )  # (P, D)
    return np.einsum("prkd,pd->prk", results, means)


def nearest_liked(results: np.ndarray, liked: list[np.ndarray]) -> np.ndarray:
    """Return (P, R, K): each result's largest cosine with any liked item of its person."""
    largest = [
        (unit(own_results) @ unit(own).T).max(axis=-1)
        if len(own)
        else np.full(own_results.shape[:2], np.nan)
        for own_results, own in zip(results, liked, strict=True)
    ]
    return np.stack(largest)


def copy_share(results: np.ndarray, liked: list[np.ndarray]) -> np.ndarray:
    """Return (P,): share of a person's results that nearly repeat a liked item (cosine > .95)."""
    nearest = nearest_liked(results, liked)
    return per_person(np.where(np.isfinite(nearest), nearest > COPY_COSINE, np.nan))


def at_k(values: np.ndarray, k: int) -> np.ndarray:
    """Return (P,): mean over the first k items of each run, then over runs; NaN is left out.

    values (P, R, K).
    """
    if not 0 < k <= values.shape[2]:
        raise ValueError(f"k must be in 1..{values.shape[2]}, got {k}")
    return per_person(values[:, :, :k])


def per_person(values: np.ndarray) -> np.ndarray:
    """Return (P,) means over all other axes of `values`, NaN where a person has none."""
    flat = values.reshape(len(values), -1)
    known = np.isfinite(flat)
    total = np.where(known, flat, 0.0).sum(axis=1)
    count = known.sum(axis=1)
    return np.divide(total, count, out=np.full(len(flat), np.nan), where=count > 0)


def diversity(results: np.ndarray, rng: np.random.Generator, pairs: int = 2000) -> np.ndarray:
    """Return (pairs,): 1 - cosine between results of two different people, drawn at random.

    results (P, R, K, D). Empty when fewer than two people have a result.
    """
    flat = unit(results.reshape(len(results), -1, results.shape[-1]))  # (P, R K, D)
    own = [rows[np.isfinite(rows[:, 0])] for rows in flat]
    own = [rows for rows in own if len(rows)]
    if len(own) < 2:
        return np.zeros(0)
    first = rng.integers(len(own), size=pairs)
    second = (first + rng.integers(1, len(own), size=pairs)) % len(own)
    return np.array(
        [
            1 - own[a][rng.integers(len(own[a]))] @ own[b][rng.integers(len(own[b]))]
            for a, b in zip(first, second, strict=True)
        ]
    )


def frechet_distance(made: np.ndarray, real: np.ndarray) -> float:
    """Return the Frechet distance of two sets of features, (N, D) and (M, D).

    |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)); GeneRec 2024, eq. 3. Biased upwards for small N:
    compare only rows of the same N.
    """
    shift = made.mean(axis=0) - real.mean(axis=0)
    s1, s2 = np.cov(made, rowvar=False), np.cov(real, rowvar=False)
    # S1 S2 has the eigenvalues of the symmetric R S1 R with R = S2^(1/2): fast, and never complex.
    values, vectors = linalg.eigh(s2)
    r = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    root = np.sqrt(np.clip(linalg.eigvalsh(r @ s1 @ r), 0, None)).sum()
    return float(max(shift @ shift + np.trace(s1) + np.trace(s2) - 2 * root, 0.0))


def kernel_distance(made: np.ndarray, real: np.ndarray) -> float:
    """Return the kernel distance (KID): unbiased MMD^2 with the kernel (x.y / D + 1)^3.

    made (N, D), real (M, D). Its expectation does not depend on N.
    """
    d = made.shape[1]

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a @ b.T / d + 1) ** 3

    def off_diagonal_mean(a: np.ndarray) -> float:
        matrix = kernel(a, a)
        return float((matrix.sum() - np.trace(matrix)) / (len(a) * (len(a) - 1)))

    cross = float(kernel(made, real).mean())
    return off_diagonal_mean(made) + off_diagonal_mean(real) - 2 * cross


def inception_score(posterior: np.ndarray) -> float:
    """Return exp of the mean KL divergence of (N, C) class posteriors from their mean."""
    safe = np.clip(posterior, 1e-12, None)
    kl = (safe * (np.log(safe) - np.log(safe.mean(axis=0, keepdims=True)))).sum(axis=1)
    return float(np.exp(kl.mean()))


def video_features(frames: np.ndarray) -> np.ndarray:
    """Return (N, 2 D) features of videos given their frame features (N, T, D).

    The mean over frames tells what is shown, the mean absolute change from frame to frame how it
    moves.
    """
    if frames.shape[1] < 2:
        raise ValueError("a video needs at least two frames")
    change = np.abs(np.diff(frames, axis=1)).mean(axis=1)
    return np.concatenate([frames.mean(axis=1), change], axis=1)
