"""PS@K and User_Emb from a recommender whose vectors are known."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.metrics import unit
from evaluation.preference import (
    moved_vectors,
    prediction_scores,
    train_recommender,
    user_embeddings,
)


class FeaturesAreVectors:
    """A recommender for which an item's vector is its features, doubled."""

    def __init__(self, users: np.ndarray, items: np.ndarray) -> None:
        self.users, self.items = users, items

    def user_vectors(self) -> np.ndarray:
        return self.users

    def item_vectors(self) -> np.ndarray:
        return self.items

    def replace_item_features(self, items, features):
        assert len(items) == len(features["visual"])
        return 2 * features["visual"]


def test_prediction_score_is_the_dot_product_with_the_exchanged_features():
    recommender = FeaturesAreVectors(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0], [3.0, 0.0]]))
    features = np.array([[[[5.0, 9.0], [np.nan, np.nan]]]])
    moved = moved_vectors(recommender, np.zeros((1, 1, 2), dtype=int), features)
    raw, standard = prediction_scores(recommender, moved)
    assert raw[0, 0, 0] == 10.0
    # The person's scores of the items as they are: 1 and 3, mean 2, deviation 1.
    assert standard[0, 0, 0] == 8.0
    assert np.isnan(raw[0, 0, 1])


def test_trained_recommender_rates_what_looks_like_the_likes_higher():
    """Two kinds of items, people who like one of them: exchanged features move the score."""
    rng = np.random.default_rng(0)
    kinds = np.arange(40) % 2
    features = unit(rng.normal(0, 0.3, (40, 12)) + 3 * np.eye(12)[kinds]).astype(np.float32)
    pairs = [
        (person, int(item))
        for person in range(60)
        for item in rng.choice(np.flatnonzero(kinds == person % 2), size=10, replace=False)
    ]
    recommender = train_recommender(pairs, features, 60, seed=0)
    looks = np.broadcast_to(features[[0, 1]], (60, 1, 2, 12))
    items = np.full((60, 1, 2), 2)
    raw, _ = prediction_scores(recommender, moved_vectors(recommender, items, looks))
    own = raw[np.arange(60), 0, np.arange(60) % 2]
    other = raw[np.arange(60), 0, 1 - np.arange(60) % 2]
    assert (own > other).mean() > 0.8


def test_user_embedding_points_to_the_persons_own_taste():
    rng = np.random.default_rng(1)
    hidden = rng.normal(size=(80, 6))
    vectors = unit(hidden @ rng.normal(size=(6, 20)))
    # Person n likes item n and the next two: their factor is the mean of those items'.
    likes = [(person, (person + step) % 80) for person in range(80) for step in range(3)]
    factors = np.stack([hidden[[(p + step) % 80 for step in range(3)]].mean(0) for p in range(80)])
    tastes = np.stack([vectors[[(p + step) % 80 for step in range(3)]].mean(0) for p in range(80)])
    found = user_embeddings(FeaturesAreVectors(factors, hidden), likes, vectors, tastes)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert ((found @ unit(tastes).T).argmax(axis=1) == np.arange(80)).mean() > 0.8
