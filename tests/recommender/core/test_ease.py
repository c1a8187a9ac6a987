"""The closed form against arithmetic by hand and against the slow plain definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recommender.core.ease import contributions, fit_ease, fold_in, keep_strongest


def test_two_items_by_hand():
    """X = [[1,1],[1,0]]: G = [[2+l, 1],[1, 1+l]]; with l=1, P = [[2,-1],[-1,3]] / 5.

    B_12 = -P_12 / P_22 = 1/3 and B_21 = -P_21 / P_11 = 1/2.
    """
    weights = fit_ease(sparse.csr_matrix([[1.0, 1.0], [1.0, 0.0]]), l2=1.0)
    np.testing.assert_allclose(weights, [[0, 1 / 3], [1 / 2, 0]], atol=1e-6)


def _ridge_per_item(x: np.ndarray, l2: float) -> np.ndarray:
    """Each column is the ridge regression of one item on all the others: what B means."""
    items = x.shape[1]
    weights = np.zeros((items, items))
    for item in range(items):
        others = np.delete(np.arange(items), item)
        gram = x[:, others].T @ x[:, others] + l2 * np.eye(items - 1)
        weights[others, item] = np.linalg.solve(gram, x[:, others].T @ x[:, item])
    return weights


@pytest.mark.parametrize("feature_weight", [0.0, 2.5])
def test_equals_one_ridge_regression_per_item(feature_weight):
    rng = np.random.default_rng(0)
    x = (rng.random((40, 12)) < 0.3).astype(np.float64)
    features = rng.normal(size=(12, 4))
    stacked = np.vstack([x, np.sqrt(feature_weight) * features.T])
    fast = fit_ease(sparse.csr_matrix(x), l2=3.0, features=features, feature_weight=feature_weight)
    np.testing.assert_allclose(fast, _ridge_per_item(stacked, 3.0), atol=1e-4)


def test_features_relate_items_that_nobody_liked_together():
    alike = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    nobody = sparse.csr_matrix(np.eye(3))
    weights = fit_ease(nobody, l2=1.0, features=alike, feature_weight=5.0)
    assert weights[0, 1] > 0.5
    assert abs(weights[0, 2]) < 1e-6


def test_wrong_input_is_an_error():
    with pytest.raises(ValueError, match="positive"):
        fit_ease(sparse.csr_matrix(np.eye(2)), l2=0.0)
    with pytest.raises(ValueError, match="feature rows"):
        fit_ease(sparse.csr_matrix(np.eye(2)), l2=1.0, features=np.eye(3), feature_weight=1.0)


def test_kept_weights_are_the_strongest_of_each_row():
    dense = np.array([[0, 0.5, -0.9, 0.1], [0.2, 0, 0.3, 0.4], [1, 2, 0, 3], [0, 0, 0.1, 0]], "f4")
    kept = keep_strongest(dense, 2).toarray()
    np.testing.assert_allclose(kept[0], [0, 0.5, -0.9, 0])
    np.testing.assert_allclose(kept[2], [0, 2, 0, 3])


def test_fold_in_and_contributions_equal_the_matrix_product():
    rng = np.random.default_rng(1)
    dense = rng.normal(size=(9, 9)).astype(np.float32)
    kept = keep_strongest(dense, 9)
    rows, values = np.array([1, 4, 6]), np.array([1.0, -0.5, 0.4])
    person = np.zeros(9)
    person[rows] = values
    np.testing.assert_allclose(fold_in(kept, rows, values), person @ dense, rtol=1e-5)
    parts = contributions(kept, rows, values, np.arange(9))
    np.testing.assert_allclose(parts.sum(axis=0), person @ dense, rtol=1e-5)
