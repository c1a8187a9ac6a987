"""iALS against the definition solved slowly, and its fold-in against training."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recommender.core.evaluate import evaluate, popularity_scorer
from recommender.core.ials import IALS, fit_ials


@pytest.fixture(scope="module")
def opinions() -> sparse.csr_matrix:
    """Forty people of two tastes over thirty items, some with a dislike."""
    rng = np.random.default_rng(0)
    matrix = np.zeros((40, 30), dtype=np.float32)
    for user in range(40):
        own = np.arange(30)[np.arange(30) % 2 == user % 2]
        matrix[user, rng.permutation(own)[:9]] = rng.choice([0.4, 1.0, 1.8], size=9)
        if user % 5 == 0:
            matrix[user, rng.permutation(np.arange(30)[np.arange(30) % 2 != user % 2])[0]] = -1.0
    return sparse.csr_matrix(matrix)


def _slow(items: np.ndarray, row: np.ndarray, l2: float, alpha: float) -> np.ndarray:
    """Solve the weighted least squares of one person by its definition."""
    confidence = np.where(row != 0, alpha * np.abs(row), 1.0)
    wanted = (row > 0).astype(float)
    system = items.T @ (confidence[:, None] * items) + l2 * np.eye(items.shape[1])
    return np.linalg.solve(system, items.T @ (confidence * wanted))


@pytest.mark.parametrize("factors", [4, 16])
def test_a_persons_factor_is_the_least_squares_solution(opinions, factors):
    model = fit_ials(opinions, factors=factors, l2=3.0, alpha=10.0, sweeps=3)
    found = model.fold_in(opinions)
    for user in range(opinions.shape[0]):
        row = opinions[user].toarray()[0]
        np.testing.assert_allclose(found[user], _slow(model.items, row, 3.0, 10.0), atol=2e-3)


@pytest.mark.parametrize("factors", [3, 8])
def test_parts_are_what_a_score_loses_without_each_opinion(opinions, factors):
    model = fit_ials(opinions, factors=factors, l2=3.0, alpha=10.0)
    row = opinions[5]
    assert row.nnz > 3
    parts = model.contributions(row.indices, row.data, np.arange(30))
    whole = model.scores(row)[0]
    for at in range(row.nnz):
        without = row.copy()
        without.data[at] = 0
        without.eliminate_zeros()
        np.testing.assert_allclose(parts[at], whole - model.scores(without)[0], atol=2e-3)
    assert model.contributions(np.zeros(0, dtype=int), np.zeros(0), np.arange(3)).shape == (0, 3)


def test_it_finds_held_out_likes_better_than_popularity(opinions):
    rng = np.random.default_rng(1)
    entries = opinions.tocoo()
    later = rng.random(entries.nnz) < 0.25
    parts = [
        sparse.csr_matrix(
            (entries.data[part], (entries.row[part], entries.col[part])), shape=opinions.shape
        )
        for part in (~later, later)
    ]
    model = fit_ials(parts[0], factors=8, l2=2.0, alpha=10.0)
    found = evaluate(model.scores, *parts, k=5)
    popular = evaluate(popularity_scorer(parts[0]), *parts, k=5)
    assert found["recall@5"] > popular["recall@5"] + 0.1


def test_a_dislike_pushes_alike_items_down(opinions):
    model = fit_ials(opinions, factors=8, l2=2.0, alpha=10.0)
    likes = np.zeros((2, 30), dtype=np.float32)
    likes[:, [0, 2]] = 1.0
    likes[1, 1] = -1.0
    plain, with_dislike = model.scores(sparse.csr_matrix(likes))
    assert with_dislike[1::2].mean() < plain[1::2].mean()


def test_a_person_without_opinions_has_no_factor(opinions):
    model = fit_ials(opinions, factors=4)
    assert not model.fold_in(sparse.csr_matrix((1, 30), dtype=np.float32)).any()


def test_long_and_short_histories_are_solved_alike():
    rng = np.random.default_rng(2)
    rows = (rng.random((6, 50)) < np.array([0.02, 0.1, 0.3, 0.6, 0.9, 1.0])[:, None]).astype(float)
    matrix = sparse.csr_matrix(rows.astype(np.float32))
    model = fit_ials(matrix, factors=3, l2=1.0, alpha=5.0, sweeps=2)
    for user, row in enumerate(rows):
        expected = _slow(model.items, row, 1.0, 5.0)
        np.testing.assert_allclose(model.fold_in(matrix)[user], expected, atol=2e-3)


def test_it_is_read_back_as_written(opinions, tmp_path):
    model = fit_ials(opinions, factors=4)
    model.save(tmp_path)
    again = IALS.load(tmp_path)
    assert isinstance(again.items, np.memmap)
    np.testing.assert_array_equal(again.scores(opinions), model.scores(opinions))


@pytest.mark.parametrize("bad", [{"l2": 0.0}, {"alpha": -1.0}])
def test_senseless_settings_are_refused(opinions, bad):
    with pytest.raises(ValueError, match="positive"):
        fit_ials(opinions, **bad)
