"""LightGCN finds neighbours' tastes and folds new people in linearly."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recommender.core.evaluate import evaluate, popularity_scorer
from recommender.core.graph import to_likes
from recommender.core.lightgcn import LightGCN, train_lightgcn


@pytest.fixture(scope="module")
def pairs() -> np.ndarray:
    rng = np.random.default_rng(4)
    rows = []
    for user in range(60):
        own = np.arange(user % 3, 45, 3)
        rows += [(user, item) for item in rng.permutation(own)[:9]]
    return rng.permutation(np.array(rows))


@pytest.fixture(scope="module")
def model(pairs) -> LightGCN:
    return train_lightgcn(pairs[:400], 60, 45, epochs=20, batch=64, rate=0.02, dimension=16)[0]


def test_it_finds_held_out_likes_better_than_popularity(model, pairs):
    train, test = to_likes(pairs[:400], 60, 45), to_likes(pairs[400:], 60, 45)
    found = evaluate(model.scores, train, test, k=5)
    popular = evaluate(popularity_scorer(train), train, test, k=5)
    assert found["recall@5"] > popular["recall@5"] + 0.2


def test_folding_in_gives_the_trained_vector_less_the_id(pairs):
    import torch

    from recommender.core.graph_training import Settings
    from recommender.core.lightgcn_training import Network

    likes = to_likes(pairs, 60, 45)
    network = Network(likes, Settings(dimension=8))
    with torch.no_grad():
        trained = network().numpy()[:60] - network.ids.numpy()[:60] / 4
    np.testing.assert_allclose(network.export().fold_in(likes), trained, atol=1e-5)


def test_parts_of_a_score_add_up_to_it(model):
    rows, values = np.array([3, 9, 12]), np.array([1.0, 0.4, -1.0])
    parts = model.contributions(rows, values, np.arange(45))
    profile = sparse.csr_matrix((values, (np.zeros(3, dtype=int), rows)), shape=(1, 45))
    np.testing.assert_allclose(parts.sum(axis=0), model.scores(profile)[0], atol=1e-5)
    assert not parts[2].any()


def test_it_is_read_back_as_written(model, tmp_path):
    model.save(tmp_path)
    np.testing.assert_array_equal(LightGCN.load(tmp_path).items, model.items)
