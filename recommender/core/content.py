"""Likeness by content: how near an item's vector is to what a person liked."""

from __future__ import annotations

import numpy as np


def content_scores(
    vectors: np.ndarray, liked: np.ndarray, disliked: np.ndarray, *, dislike_weight: float = 0.5
) -> np.ndarray:
    """Return a score per item, (I,): near to what was liked, far from what was disliked.

    vectors (I, D), liked (L, D), disliked (M, D); all rows of length 1 (or 0 where unknown).
    Half the cosine to the mean of the liked, half that to the most similar one, so that a person
    with two tastes is not served their middle; less the cosine to the nearest disliked item.
    """
    scores = np.zeros(len(vectors), dtype=np.float32)
    if len(liked):
        near = (vectors @ liked.T).max(axis=1)  # (I,)
        scores = 0.5 * (vectors @ mean_direction(liked)) + 0.5 * near
    if len(disliked):
        scores = scores - dislike_weight * np.maximum((vectors @ disliked.T).max(axis=1), 0.0)
    return scores.astype(np.float32)


def mean_direction(vectors: np.ndarray) -> np.ndarray:
    """Return the mean of the rows, scaled to length 1; zeros when they cancel out."""
    mean = vectors.mean(axis=0)
    norm = float(np.linalg.norm(mean))
    return (mean / norm if norm > 1e-8 else np.zeros_like(mean)).astype(np.float32)


def content_parts(vectors: np.ndarray, liked: np.ndarray) -> np.ndarray:
    """Return by how much each item's content score would fall without each liked item, (L, I).

    vectors (I, D), liked (L, D), rows of length 1. Exact: what `content_scores` gives with all of
    them less what it gives without that one. Without the only one nothing is left of the score.
    """
    cosines = liked @ vectors.T  # (L, I)
    whole = 0.5 * (mean_direction(liked) @ vectors.T) + 0.5 * cosines.max(axis=0)  # (I,)
    if len(liked) == 1:
        return whole[None].astype(np.float32)
    total = liked.sum(axis=0)
    rest = total[None] - liked  # (L, D), the sum of the others
    lengths = np.linalg.norm(rest, axis=1, keepdims=True)
    means = np.where(lengths > 1e-6, (rest @ vectors.T) / np.maximum(lengths, 1e-6), 0.0)
    best = np.sort(cosines, axis=0)[-2:]  # (2, I), second best and best
    nearest = cosines.argmax(axis=0)  # (I,)
    left = np.where(np.arange(len(liked))[:, None] == nearest[None], best[0], best[1])
    parts: np.ndarray = whole[None] - (0.5 * means + 0.5 * left)
    return parts.astype(np.float32)
