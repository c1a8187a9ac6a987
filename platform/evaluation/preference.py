"""PS@K: what a trained MMGCN predicts for an item whose features were exchanged."""

from __future__ import annotations

from typing import Protocol

import numpy as np

VISUAL = "visual"
# Enough for a few hundred people and videos to settle; a fifth of each history steers the stop.
EPOCHS, PATIENCE, VALID_SHARE = 60, 10, 0.2


class Recommender(Protocol):
    """What PS@K needs of `recommender.core.mmgcn.MMGCN`."""

    def user_vectors(self) -> np.ndarray:
        """Return (U, d)."""

    def item_vectors(self) -> np.ndarray:
        """Return (I, d)."""

    def replace_item_features(
        self, items: np.ndarray, features: dict[str, np.ndarray]
    ) -> np.ndarray:
        """Return (n, d), the vectors of `items` as if they had these features."""


def train_recommender(
    interactions: list[tuple[int, int]], features: np.ndarray, people: int, seed: int
) -> Recommender:
    """Return an MMGCN trained on (person, item) pairs with the thumbnails' features (I, D).

    A fifth of each person's newest pairs decide when to stop; nothing that is evaluated is among
    them.
    """
    from recommender.core.mmgcn_training import train

    learnt, valid = _split(interactions, people)
    return train(
        learnt,
        {VISUAL: features},
        people,
        len(features),
        valid=valid,
        epochs=EPOCHS,
        patience=PATIENCE,
        seed=seed,
    )


def moved_vectors(recommender: Recommender, items: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Return (..., d): the items' vectors if they had these features.

    items (...), features (..., D); where there is no feature (NaN) the vector is NaN.
    """
    there = np.isfinite(features[..., 0])
    found = recommender.replace_item_features(items[there], {VISUAL: features[there]})  # (n, d)
    moved = np.full((*items.shape, found.shape[-1]), np.nan, dtype=np.float32)
    moved[there] = found
    return moved


def prediction_scores(recommender: Recommender, moved: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return PS and standardised PS, both (P, R, K), of items with vectors `moved` (P, R, K, d).

    PS is the dot product of person and item, as in GeneRec 2024, section 5.1.1. Its zero and unit
    differ from person to person, so the second one is in standard deviations of the person's scores
    of all items as they are, from their mean.
    """
    users = recommender.user_vectors()  # (P, d)
    known = users @ recommender.item_vectors().T  # (P, I)
    scores = np.einsum("prkd,pd->prk", moved, users)
    mean, spread = known.mean(axis=1), known.std(axis=1)
    return scores, (scores - mean[:, None, None]) / np.maximum(spread, 1e-9)[:, None, None]


def user_embeddings(
    recommender: Recommender,
    interactions: list[tuple[int, int]],
    thumbnails: np.ndarray,
    tastes: np.ndarray,
) -> np.ndarray:
    """Return (U, D) unit vectors: User_Emb in the encoder's space, made as the site makes it.

    The map from the recommender's items to their vectors `thumbnails` (I, D) is applied to the
    people's factors and blended with `tastes` (U, D), the mean of each person's liked items. How
    much of each is chosen on the last fifth of each person's interactions.
    """
    from recommender.core.graph import to_likes
    from recommender.core.ridge import fit_ridge
    from recommender.core.user_emb import blend, choose_blend

    mapped = fit_ridge(recommender.item_vectors(), thumbnails)(recommender.user_vectors())
    liked, later = (
        to_likes(part, len(tastes), len(thumbnails)) for part in _split(interactions, len(tastes))
    )
    share = choose_blend(mapped, liked, later, thumbnails)["blend"]
    return blend(tastes, mapped, share)


def _split(interactions: list[tuple[int, int]], people: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (n, 2) pairs to learn from and (m, 2) to stop by: each person's last fifth."""
    rows: list[list[tuple[int, int]]] = [[] for _ in range(people)]
    for person, item in interactions:
        rows[person].append((person, item))
    learnt, valid = [], []
    for own in rows:
        kept_back = int(VALID_SHARE * len(own))
        learnt += own[: len(own) - kept_back]
        valid += own[len(own) - kept_back :]
    return np.array(learnt).reshape(-1, 2), np.array(valid).reshape(-1, 2)
